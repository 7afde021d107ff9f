/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the exported functions that the end of a client module uses.
 */
#ifndef _CSTATS_API_H
#define _CSTATS_API_H

struct module;

unsigned int cstats_forget_module(const struct module *mod);

#endif /* _CSTATS_API_H */
