/* SPDX-License-Identifier: GPL-2.0 */
struct module;
#define THIS_MODULE	((struct module *)NULL)
