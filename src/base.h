/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Resets, and each CPU's part of a snapshot.
 */
#ifndef _CSTATS_BASE_H
#define _CSTATS_BASE_H

#include "set.h"

u64 *cstats_parts(struct cstats_set *set, struct cstats_snapshot *snap);
int cstats_reset_set(struct cstats_set *set);
int cstats_clear_set(struct cstats_set *set);

#endif /* _CSTATS_BASE_H */
