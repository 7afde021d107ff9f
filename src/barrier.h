/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The barrier that readers supply for writers, on all CPUs.
 */
#ifndef _CSTATS_BARRIER_H
#define _CSTATS_BARRIER_H

#include <linux/types.h>
#include <linux/workqueue.h>

/**
 * enum cstats_proof - the proof that the end of a barrier gives
 * @CSTATS_SEEN: each CPU has executed a full barrier: a section that goes on
 *		 there with the old generation has its sequence counter odd
 * @CSTATS_OVER: no section with the old generation goes on
 */
enum cstats_proof { CSTATS_SEEN, CSTATS_OVER };

/**
 * struct cstats_barrier - a barrier that can be started and waited for
 * @proof: what its end proves
 * @work: waits for an expedited grace period
 * @over: that has ended
 * @gp: an ordinary one, if @work has not been queued
 * @queued: it has
 */
struct cstats_barrier {
	enum cstats_proof proof;
	struct work_struct work;
	bool over;
	unsigned long gp;
	bool queued;
};

int cstats_barrier_init(void (*ended)(void));
void cstats_barrier_exit(void);
enum cstats_proof cstats_barrier_plan(bool rcu);
void cstats_barrier_start(struct cstats_barrier *barrier, enum cstats_proof plan);
bool cstats_barrier_done(struct cstats_barrier *barrier);
void cstats_expedite(struct work_struct *work);

#define CSTATS_BARRIER_INIT(name)					\
	{ .work = __WORK_INITIALIZER((name).work, cstats_expedite) }

/* Does somebody have to look whether it is over? */
static inline bool cstats_barrier_polled(const struct cstats_barrier *barrier)
{
	return !barrier->queued;
}

#endif /* _CSTATS_BARRIER_H */
