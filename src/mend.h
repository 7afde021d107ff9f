/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sections that have ended without cstats_release().
 */
#ifndef _CSTATS_MEND_H
#define _CSTATS_MEND_H

#include "set.h"

int cstats_mend_start(void);
void cstats_mend_stop(void);
void cstats_mend_init(struct cstats_set *set);
void cstats_mend(struct cstats_set *set, int cpu);

#endif /* _CSTATS_MEND_H */
