/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the exported functions and the end of a client module have in common.
 */
#ifndef _CSTATS_API_H
#define _CSTATS_API_H

struct module;

unsigned int cstats_forget_module(const struct module *mod);

#endif /* _CSTATS_API_H */
