/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The last snapshot of a set, for readers in any context.
 */
#ifndef _CSTATS_LATCH_H
#define _CSTATS_LATCH_H

#include "set.h"

void cstats_publish(struct cstats_set *set, const struct cstats_published *head);
void cstats_copy(const struct cstats_set *set, struct cstats_snapshot *snap);

/* When the last snapshot was cut; the caller must exclude cstats_publish(). */
static inline u64 cstats_last_time(const struct cstats_set *set)
{
	return set->latch.published[set->latch.newest & 1].time_ns;
}

#endif /* _CSTATS_LATCH_H */
