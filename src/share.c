// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: readers share rotations
 *
 * A reader asks for a rotation of its set (rotate.c) and waits here until that
 * is done. If no rotation is under way, the reader leads: it does the work
 * itself, and comes again until its own rotation is done, which saves two
 * switches of task. Readers that ask meanwhile leave the work to a worker. The
 * next batch serves them, as with RCU's expedited grace periods.
 *
 * A reader sleeps until its rotation is done, its deadline passes, it is killed
 * or the set is destroyed, whichever comes first. It never sleeps for the
 * mutex for longer than others need for one batch.
 *
 * The crowd. A batch wakes all its readers at once. If the next one began while
 * they wait for a CPU, it would serve few of them. So nobody begins one while
 * at least as many woken readers are pending as CPUs are online. The worker
 * looks again soon, and it waits for a millisecond at most, since those readers
 * may be of low priority. In User-mode Linux, 64 readers in a loop on two CPUs
 * see 1.05 rotations pass during a read, and 25 without this rule. Their slowest
 * reads take 12 ms with it, and 65 ms without.
 *
 * Real-time readers do not wait for the crowd, and leave nothing to the worker. They
 * sleep for the mutex, whose owner inherits their priority on PREEMPT_RT.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/sched/prio.h>
#include <linux/sched/signal.h>

#include "rotate.h"
#include "share.h"

/* The worker sleeps for up to this many microseconds, and leaves more to a timer. */
#define CSTATS_NAP_US		2000

/* The worker looks at the crowd this often, at intervals of CSTATS_CROWD_US. */
#define CSTATS_CROWD_LOOKS	10
#define CSTATS_CROWD_US		50

static struct workqueue_struct *cstats_share_wq;

/* This many readers have been woken and have not left the queue yet. */
static atomic_t cstats_pending = ATOMIC_INIT(0);

static bool cstats_crowd(void)
{
	return atomic_read(&cstats_pending) >= num_online_cpus();
}

/* Wake a reader, which is pending until it leaves the queue. */
static int cstats_wake(struct wait_queue_entry *wait, unsigned int mode,
		       int flags, void *key)
{
	wait->flags |= WQ_FLAG_WOKEN;
	atomic_inc(&cstats_pending);
	default_wake_function(wait, mode, flags, key);
	list_del_init_careful(&wait->entry);	/* From here on it may be gone. */
	return 1;
}

/* Leave the queue. From then on nobody else writes to the entry. */
static void cstats_leave_queue(struct cstats_set *set, struct wait_queue_entry *wait)
{
	finish_wait(&set->waiters.queue, wait);
	if (wait->flags & WQ_FLAG_WOKEN)
		atomic_dec(&cstats_pending);
	wait->flags = 0;
}

/* Take one turn of cstats_rotate(), and wait for the mutex. */
static unsigned int cstats_turn(void)
{
	unsigned int us;

	mutex_lock(&cstats_rotate_mutex);
	us = cstats_rotate();
	mutex_unlock(&cstats_rotate_mutex);
	return us;
}

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
	queue_delayed_work(cstats_share_wq, to_delayed_work(work), usecs_to_jiffies(us));
}

static DECLARE_DELAYED_WORK(cstats_work, cstats_work_fn);

/* Run @work in @delay jiffies, and not when it was to run before. */
void cstats_share_queue(struct delayed_work *work, unsigned long delay)
{
	mod_delayed_work(cstats_share_wq, work, delay);
}

/* Let the worker look now. */
void cstats_kick(void)
{
	cstats_share_queue(&cstats_work, 0);
}

/*
 * Do what others wait for whose grace period has ended. If there are only requests now,
 * their rotation begins with the next reader, or else with the next tick. That reader is
 * likely one that has just been served: two readers in a loop share all rotations. With a
 * worker that begins at once, each would wait for two grace periods, and read half as
 * often.
 */
void cstats_serve(void)
{
	bool under_way;
	unsigned int us;

	mutex_lock(&cstats_rotate_mutex);
	us = cstats_rotate();
	under_way = cstats_rotating();
	mutex_unlock(&cstats_rotate_mutex);
	if (us && under_way)
		cstats_kick();
	else if (us)
		cstats_share_queue(&cstats_work, 1);
}

/* SCHED_DEADLINE, too, which rt_task() includes in some kernels only. */
static bool cstats_real_time(void)
{
	return current->prio < MAX_RT_PRIO;
}

/* Take the mutex for a turn: a real-time task sleeps for it, others may not get it. */
static bool cstats_trylock(void)
{
	return cstats_real_time() ? !mutex_lock_killable(&cstats_rotate_mutex) :
				    mutex_trylock(&cstats_rotate_mutex);
}

/*
 * Take the mutex for a first turn, unless others are at it. Any reader sleeps for it if
 * this is the only look that it gets.
 */
static bool cstats_first_lock(struct cstats_set *set, unsigned long want)
{
	if (cstats_stalled(set, want))
		return !mutex_lock_killable(&cstats_rotate_mutex);
	return (cstats_real_time() || !cstats_crowd()) && cstats_trylock();
}

/*
 * Do all that can be done here and now. Returns how many microseconds from now
 * the caller should come again, or 0 if others do the rest.
 */
static unsigned int cstats_help(struct cstats_set *set, unsigned long want)
{
	unsigned int us;
	bool lead;

	if (!cstats_first_lock(set, want)) {
		cstats_kick();	/* Our request may have come too late. */
		return 0;
	}
	lead = !cstats_rotating() || cstats_real_time();
	cstats_look_at(set);
	us = cstats_rotate();
	mutex_unlock(&cstats_rotate_mutex);
	if (lead || !us)
		return us;
	cstats_kick();
	return 0;
}

/* Come again as the leader. Returns what cstats_help() returns. */
static unsigned int cstats_lead(unsigned int us)
{
	if (!cstats_trylock())
		return us;
	us = cstats_rotate();
	mutex_unlock(&cstats_rotate_mutex);
	return us;
}

/* Is there a reason to wait no longer, with @left jiffies until the deadline? */
static int cstats_obstacle(struct cstats_set *set, unsigned long want, long left)
{
	if (READ_ONCE(set->dead))
		return -ENODEV;
	if (left <= 0 || cstats_stalled(set, want))
		return -ETIMEDOUT;
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/* Sleep until woken: the leader for @us microseconds at most, all for @left jiffies. */
static void cstats_sleep(unsigned int us, long left)
{
	ktime_t nap = us * NSEC_PER_USEC;

	if (us && usecs_to_jiffies(us) <= left)
		schedule_hrtimeout_range(&nap, nap / 4, HRTIMER_MODE_REL);
	else
		schedule_timeout(left);
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
	DEFINE_WAIT_FUNC(wait, cstats_wake);
	unsigned int us;
	int err = 0;

	if (cstats_done(set, want))
		return 0;
	us = cstats_help(set, want);
	/* Most readers that have done their own work need not visit the queue. */
	while (!cstats_done(set, want)) {
		long left = deadline - jiffies;

		/* await:J, pairs with finish:J in rotate.c */
		prepare_to_wait(&set->waiters.queue, &wait, TASK_KILLABLE);
		err = cstats_obstacle(set, want, left);
		if (err || cstats_done(set, want))
			break;
		cstats_sleep(us, left);
		cstats_leave_queue(set, &wait);
		if (us)
			us = cstats_lead(us);
	}
	cstats_leave_queue(set, &wait);
	if (us)
		cstats_kick();	/* The worker does the rest. */
	if (cstats_done(set, want))
		return 0;
	if (err == -ETIMEDOUT)
		cstats_give_up(set);
	return err;
}

/**
 * cstats_let_go - let rotations of a set go on
 * @set: the set
 * @held: what cstats_request_hold() returned, or cstats_hold() stored
 */
void cstats_let_go(struct cstats_set *set, unsigned long held)
{
	if (cstats_unhold(set, held))
		cstats_kick();
}

/**
 * cstats_await_hold - cstats_await() for a snapshot that is to be held
 * @set: the set
 * @want: what cstats_request_hold() or cstats_hold_last() returned
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
 * cstats_make_way - let a rotation begin that waits for those who hold the snapshot
 * @set: the set
 *
 * For a task that is about to hold it without a rotation of its own: tasks that do so
 * all the time would otherwise keep all rotations of the set from beginning. Waits for
 * a second at most.
 */
void cstats_make_way(struct cstats_set *set)
{
	unsigned long end = jiffies + HZ;

	while (cstats_deferred(set) && !READ_ONCE(set->dead) && time_before(jiffies, end) &&
	       !fatal_signal_pending(current))
		usleep_range(1000, 2000);
}

/**
 * cstats_hold - hold the last snapshot of a set
 * @set: the set
 * @deadline: when to give up, in jiffies
 * @held: where to store what has to be given to cstats_let_go()
 *
 * It waits only if the sums of a later one are being made, and then for that.
 *
 * Return: as cstats_await_hold().
 */
int cstats_hold(struct cstats_set *set, unsigned long deadline, unsigned long *held)
{
	*held = cstats_hold_last(set);
	return cstats_await_hold(set, *held, deadline);
}

/* Send all readers of a set home that has been destroyed. */
void cstats_abandon(struct cstats_set *set)
{
	wake_up_all(&set->waiters.queue);
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

	while ((us = cstats_turn()))
		usleep_range(us, us + 50);
	cancel_delayed_work_sync(&cstats_work);
	destroy_workqueue(cstats_share_wq);
}
