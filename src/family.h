/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instances of families: how they come, are renamed and go.
 */
#ifndef _CSTATS_FAMILY_H
#define _CSTATS_FAMILY_H

#include "member.h"

int cstats_family_start(void);
void cstats_family_stop(void);
void cstats_family_init(struct cstats_set *set);
int cstats_family_add(struct cstats_set *set, struct cstats_instance *inst,
		      const char *name);
int cstats_family_rename(struct cstats_instance *inst, const char *name);
void cstats_family_remove(struct cstats_instance *inst);
void cstats_family_orphan(struct cstats_set *set);
void cstats_family_forget(const struct module *owner);

#endif /* _CSTATS_FAMILY_H */
