/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The registry: which sets there are.
 */
#ifndef _CSTATS_REGISTRY_H
#define _CSTATS_REGISTRY_H

#include "set.h"

int cstats_register(struct cstats_set *set, const struct cstats *user,
		    struct module *owner);
void cstats_list(struct cstats_set *set);
void cstats_disown(struct cstats *user);
struct cstats_set *cstats_retire_freed(const struct cstats *user);
struct cstats_set *cstats_retire(struct cstats *user);
struct cstats_set *cstats_retire_of(const struct module *owner, u32 *id);
void cstats_unregister(struct cstats_set *set);
struct cstats_set *cstats_peek_set(u32 *id);
struct cstats_set *cstats_next_set(u32 *id);
unsigned int cstats_nr_sets(void);

#endif /* _CSTATS_REGISTRY_H */
