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
int cstats_await_hold(struct cstats_set *set, unsigned long want,
		      unsigned long deadline);
void cstats_make_way(struct cstats_set *set);
int cstats_hold(struct cstats_set *set, unsigned long deadline, unsigned long *held);
void cstats_let_go(struct cstats_set *set, unsigned long held);
void cstats_kick(void);
void cstats_serve(void);
void cstats_share_queue(struct delayed_work *work, unsigned long delay);
void cstats_abandon(struct cstats_set *set);

#endif /* _CSTATS_SHARE_H */
