/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Resets, and each CPU's part of a snapshot.
 */
#ifndef _CSTATS_BASE_H
#define _CSTATS_BASE_H

#include "set.h"

int cstats_base_prepare(struct cstats_set *set, struct cstats_cells *cells);
bool cstats_base_prepared(struct cstats_set *set, struct cstats_cells *cells);
int cstats_parts_begin(struct cstats_set *set, unsigned long *held);
u64 *cstats_parts_of(struct cstats_set *set, struct cstats_cells *cells);
void cstats_parts_end(struct cstats_set *set, unsigned long held);
int cstats_reset_set(struct cstats_set *set);
int cstats_clear_set(struct cstats_set *set);

#endif /* _CSTATS_BASE_H */
