// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: readers share rotations
 *
 * A reader asks for a rotation of its set (rotate.c) and waits here until that
 * is done. If no rotation is under way, it leads: it does the work itself, and
 * comes again until its own rotation is done, which saves two switches of
 * task. Readers that ask meanwhile leave the work to a worker. The next batch
 * serves them, as with RCU's expedited grace periods.
 *
 * A reader sleeps until its rotation is done, its deadline passes, it is killed
 * or the set is destroyed, whichever comes first. It never sleeps for the
 * mutex for longer than others need for one batch.
 *
 * The crowd. A batch wakes all its readers at once. Were the next one to begin
 * while they wait for a CPU, it would serve few of them, and then again. So
 * nobody begins one while at least as many woken readers are pending as CPUs
 * are online. The worker looks again soon, and waits for a millisecond at
 * most, since those readers may be of low priority. Real-time readers do not
 * wait for the crowd: they take the mutex, whose owner inherits their priority
 * on PREEMPT_RT.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/sched/rt.h>
#include <linux/sched/signal.h>

#include "params.h"
#include "rotate.h"
#include "share.h"

/* Delays up to this many microseconds are slept, longer ones are timers. */
#define CSTATS_NAP_US		2000

/* Looks at the crowd, at intervals of CSTATS_CROWD_US. */
#define CSTATS_CROWD_LOOKS	10
#define CSTATS_CROWD_US		50

static struct workqueue_struct *cstats_share_wq;

/* A reader in a queue. */
struct cstats_waiter {
	struct wait_queue_entry entry;
	bool woken;
};

/* Readers that have been woken and have not run since. */
static atomic_t cstats_pending = ATOMIC_INIT(0);

static bool cstats_crowd(void)
{
	return atomic_read(&cstats_pending) >= num_online_cpus();
}

/* One turn of cstats_rotate(), for those that can wait for the mutex. */
static unsigned int cstats_turn(void)
{
	unsigned int us;

	mutex_lock(&cstats_rotate_mutex);
	us = cstats_rotate();
	mutex_unlock(&cstats_rotate_mutex);
	return us;
}

static void cstats_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(cstats_work, cstats_work_fn);

/* Rotate for sleeping readers, until none is left or the next look is far away. */
static void cstats_work_fn(struct work_struct *work)
{
	unsigned int looks, us;

	for (;;) {
		for (looks = 0; looks < CSTATS_CROWD_LOOKS && cstats_crowd(); looks++)
			usleep_range(CSTATS_CROWD_US, 2 * CSTATS_CROWD_US);
		us = cstats_turn();
		if (!us)
			return;
		if (us > CSTATS_NAP_US)
			break;
		if (us > 1)
			usleep_range(us, 2 * us);
		cond_resched();
	}
	queue_delayed_work(cstats_share_wq, &cstats_work, usecs_to_jiffies(us));
}

/* Run @work in @delay jiffies, at the latest. */
void cstats_share_queue(struct delayed_work *work, unsigned long delay)
{
	mod_delayed_work(cstats_share_wq, work, delay);
}

/* Let the worker look now. */
void cstats_kick(void)
{
	cstats_share_queue(&cstats_work, 0);
}

/* Something can be done that others wait for. */
void cstats_serve(void)
{
	unsigned int us = cstats_turn();

	if (us)
		cstats_share_queue(&cstats_work, usecs_to_jiffies(us));
}

int cstats_share_start(void)
{
	cstats_share_wq = alloc_workqueue("cstats", WQ_UNBOUND | WQ_HIGHPRI |
						    WQ_MEM_RECLAIM, 0);
	return cstats_share_wq ? 0 : -ENOMEM;
}

/* All sets are dead by now: let go of them. */
void cstats_share_stop(void)
{
	unsigned int us;

	do {
		us = cstats_turn();
		usleep_range(us, us + 50);
	} while (us);
	cancel_delayed_work_sync(&cstats_work);
	destroy_workqueue(cstats_share_wq);
}

/* As autoremove_wake_function(), which leaves an entry that it has not woken. */
static int cstats_wake(struct wait_queue_entry *entry, unsigned int mode,
		       int flags, void *key)
{
	struct cstats_waiter *waiter = container_of(entry, struct cstats_waiter,
						    entry);

	/* Before it is woken: then it may be gone. */
	waiter->woken = true;
	atomic_inc(&cstats_pending);
	if (autoremove_wake_function(entry, mode, flags, key))
		return 1;
	waiter->woken = false;
	atomic_dec(&cstats_pending);
	return 0;
}

/* Leave the queue; from then on nobody else writes to ->woken. */
static void cstats_leave(struct cstats_set *set, struct cstats_waiter *waiter)
{
	finish_wait(&set->waiters.queue, &waiter->entry);
	if (waiter->woken)
		atomic_dec(&cstats_pending);
	waiter->woken = false;
}

/*
 * Do what can be done here and now, unless others are at it. Returns how many
 * microseconds from now the caller should come again, or 0 if others will.
 */
static unsigned int cstats_help(struct cstats_set *set)
{
	unsigned int us;
	bool lead;

	if (rt_task(current) || cstats_stalled(set)) {
		if (mutex_lock_killable(&cstats_rotate_mutex)) {
			cstats_kick();	/* our request may have come too late */
			return 0;
		}
	} else if (cstats_crowd() || !mutex_trylock(&cstats_rotate_mutex)) {
		cstats_kick();
		return 0;
	}
	lead = !cstats_rotating();
	us = cstats_rotate();
	mutex_unlock(&cstats_rotate_mutex);
	if (lead || !us)
		return us;
	cstats_kick();
	return 0;
}

/* The same for the leader, which comes again. */
static unsigned int cstats_lead(unsigned int us)
{
	if (!mutex_trylock(&cstats_rotate_mutex))
		return us;
	us = cstats_rotate();
	mutex_unlock(&cstats_rotate_mutex);
	return us;
}

/**
 * cstats_await - wait for a rotation, or make it
 * @set: the set
 * @want: what cstats_request() returned
 * @deadline: when to give up, in jiffies
 *
 * A rotation that somebody has waited for in vain is not waited for again: it
 * gets one more look.
 *
 * Return: 0, or -ENODEV (destroyed), -ETIMEDOUT, -EINTR (killed).
 */
int cstats_await(struct cstats_set *set, unsigned long want,
		 unsigned long deadline)
{
	struct cstats_waiter waiter = { .woken = false };
	unsigned int us;
	int err;

	if (cstats_done(set, want))
		return 0;
	us = cstats_help(set);
	if (cstats_done(set, want)) {	/* no visit to the queue, mostly */
		if (us)
			cstats_kick();
		return 0;
	}
	init_wait(&waiter.entry);
	waiter.entry.func = cstats_wake;
	for (;;) {
		long left = deadline - jiffies;

		/* await:J, pairs with finish:J in rotate.c */
		prepare_to_wait(&set->waiters.queue, &waiter.entry, TASK_KILLABLE);
		if (cstats_done(set, want))
			break;
		err = -ENODEV;
		if (READ_ONCE(set->dead))
			break;
		err = -ETIMEDOUT;
		if (left <= 0 || cstats_stalled(set))
			break;
		err = -EINTR;
		if (fatal_signal_pending(current))
			break;
		if (us) {
			ktime_t nap = us * NSEC_PER_USEC;

			schedule_hrtimeout_range(&nap, nap / 4, HRTIMER_MODE_REL);
		} else {
			schedule_timeout(left);
		}
		cstats_leave(set, &waiter);
		if (us)
			us = cstats_lead(us);
	}
	cstats_leave(set, &waiter);
	if (us)
		cstats_kick();	/* the rest is the worker's */
	if (cstats_done(set, want))
		return 0;
	if (err == -ETIMEDOUT)
		cstats_give_up(set);
	return err;
}

/**
 * cstats_let_go - let rotations of a set go on
 * @set: the set
 * @held: what cstats_request_hold() returned, or cstats_hold_last() stored
 */
void cstats_let_go(struct cstats_set *set, unsigned long held)
{
	if (cstats_unhold(set, held))
		cstats_kick();
}

/**
 * cstats_await_hold - cstats_await() for a snapshot that is to be held
 * @set: the set
 * @want: what cstats_request_hold() returned
 * @deadline: when to give up, in jiffies
 *
 * Return: 0, and cstats_let_go() has to follow; or an error of cstats_await().
 */
int cstats_await_hold(struct cstats_set *set, unsigned long want,
		      unsigned long deadline)
{
	int err = cstats_await(set, want, deadline);

	if (err)
		cstats_let_go(set, want);
	return err;
}

/**
 * cstats_hold - hold the last snapshot of a set
 * @set: the set
 * @deadline: when to give up, in jiffies
 * @held: where to store what has to be given to cstats_let_go()
 *
 * Waits only if the sums of a later one are being made: then for the next.
 *
 * Return: as cstats_await_hold().
 */
int cstats_hold(struct cstats_set *set, unsigned long deadline, unsigned long *held)
{
	if (cstats_hold_last(set, held))
		return 0;
	*held = cstats_request_hold(set, true);
	return cstats_await_hold(set, *held, deadline);
}

/* Send all readers of a set home that has been destroyed. */
void cstats_abandon(struct cstats_set *set)
{
	wake_up_all(&set->waiters.queue);
}
