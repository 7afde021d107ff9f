/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rotations: the algorithm.
 */
#ifndef _CSTATS_ROTATE_H
#define _CSTATS_ROTATE_H

#include <linux/mutex.h>

#include "set.h"

extern struct mutex cstats_rotate_mutex;

/* What is done under it at a time, in cache lines of other CPUs: about a millisecond. */
#define CSTATS_BATCH	10000

unsigned long cstats_request(struct cstats_set *set, bool urgent);
unsigned long cstats_request_hold(struct cstats_set *set, bool urgent);
unsigned long cstats_hold_last(struct cstats_set *set);
bool cstats_deferred(struct cstats_set *set);
bool cstats_unhold(struct cstats_set *set, unsigned long want);
bool cstats_done(struct cstats_set *set, unsigned long want);
bool cstats_stalled(const struct cstats_set *set, unsigned long want);
void cstats_give_up(struct cstats_set *set);
void cstats_look_at(struct cstats_set *set);
bool cstats_rotating(void);
unsigned int cstats_rotate(void);
void cstats_republish(struct cstats_set *set);
void cstats_publish_zero(struct cstats_set *set);

#endif /* _CSTATS_ROTATE_H */
