/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Readers that wait for rotations, and the tasks that make those.
 */
#ifndef _CSTATS_SHARE_H
#define _CSTATS_SHARE_H

#include "set.h"

int cstats_share_start(void);
void cstats_share_stop(void);
int cstats_await(struct cstats_set *set, unsigned long want,
		 unsigned long deadline);
void cstats_kick(void);
void cstats_share_queue(struct delayed_work *work, unsigned long delay);
void cstats_abandon(struct cstats_set *set);

#endif /* _CSTATS_SHARE_H */
