// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: rotations and reads
 *
 * Every CPU has a sequence counter, odd while a section is open there, and two
 * slots, each with a running sum for every field. The set's generation says
 * which slot sections add to. Slots are never cleared, so that a reader only
 * reads the writers' cache lines. A rotation takes a snapshot:
 *
 *	closed = gen; gen = 1 - closed;
 *	barrier on every online CPU;
 *	wait until no CPU is in a section that may have seen gen == closed;
 *	last[closed] = sum over the possible CPUs of slot[closed];
 *	snapshot = last[0] + last[1];
 *
 * last[1 - closed] is from when that slot was closed, and nobody has written
 * to it since. What an offline CPU counted stays in its slots. Slots hold sums
 * modulo 2^64: wrapping is harmless.
 *
 * One store to gen closes the slot for all CPUs, so the cut is causal: a
 * section that is opened after one that saw the new generation, on the same
 * CPU or through release and acquire, sees it too.
 *
 * The barrier. Writer and reader each store to one variable and then load the
 * other's, and one of them has to see the other's store:
 *
 *	writer (cstats_acquire)		reader (cstats_rotate)
 *
 *	seq = odd;			gen = new;
 *	[no barrier]			barrier, here and at the writer's
 *	slot = slot[gen];		wait while seq is odd
 *
 * Without it the writer could add to the closed slot while the reader finds
 * seq even and sums that slot: a torn snapshot. The reader pays for both
 * sides, as in sys_membarrier(). Expedited, it sends an IPI to every online
 * CPU, whose handler is a full barrier at some point of that CPU's program.
 * If the point is after the load of gen, the store of odd is before the point
 * as well, and the reader sees it. If it is before the load, the load returns
 * the new generation. Quiet, it waits for an RCU grace period, at the end of
 * which every preemption-disabled region that was open at its start has ended.
 * To spare idle CPUs it waits for an expedited one, which has the same end: RCU
 * sends IPIs too, but not to CPUs where it is not watching, that is no section
 * is open; a CPU that comes from there goes through a full barrier first.
 *
 * An IPI can interrupt a section, hence the wait: until seq is even, or odd
 * with another value than the one first seen after the barrier, since waiting
 * for even alone could starve behind back-to-back sections. Seq moves only
 * when no section is open in that CPU's nest, so a change means that whatever
 * was open has ended. An interrupt between a writer's load of seq and its
 * store of odd may run whole sections, after which that store takes seq back
 * to an earlier odd value; the reader then waits for one section too many, or
 * finds the value changed, which is right as the interrupt's section is over
 * and the interrupted one loads gen only after the barrier.
 *
 *	label	where				forbidden otherwise
 *	A, B	cstats_barrier() before the	reader finds seq even, writer adds
 *		IPIs, cstats_ipi()		to the closed slot
 *	C	cstats_release(), smp_wmb(),	reader finds seq moved on, but
 *		in nested sections too		misses an add of the section
 *	D	cstats_wait_cpu(), acquire
 *	E	cstats_begin(), release; with	an add of the next generation
 *		the address dependency from	reaches the slot that the previous
 *		gen to the slot in writers	rotation is still summing
 *	F	cstats_publish(), two		cstats_read_last() returns a mix
 *	G	cstats_copy(), two		of two snapshots
 *	H	cstats_request_lock		a reader gets a rotation that began
 *						before it asked
 *
 * `make model` checks this. By file in selftests/litmus, where each has a twin
 * without the barrier that fails:
 *
 *	A, B	entry-ipi-*, with the handler at each place of the writer's
 *		program, entry-nested
 *	C, D	exit, exit-next (the next section's odd value: why not a
 *		release), exit-nested (why nested sections have C as well)
 *	E	reuse, reuse-handover
 *	F, G	latch-fill, latch-fill-handover, latch-done
 *	H	share; after: cstats_done(), release and acquire
 *	cut	causal; causal-open is what it does not promise
 *	quiet	quiet, of either grace period; quiet-not-watching: sections
 *		must be where RCU watches
 *
 * selftests/model/cstats.pml is the protocol as a whole, searched to the end
 * with x86's store buffers and with weaker ones: nesting, seq that goes back,
 * waiting for a change, sharing, rotations given up and resumed, hotplug.
 * liveness.pml shows that the wait ends, and that waiting for even may not;
 * crowd.pml that readers who wait for each other all return, with the barriers of
 * litmus/crowd.
 *
 * CPU hotplug is excluded during a rotation, so that each CPU is either
 * polled, or down and without sections. Dying and being brought up again order
 * its accesses with respect to ours.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/kcsan-checks.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/cstats.h>

/* Polls of one CPU before the reader sleeps between them: some microseconds. */
#define CSTATS_SPINS	500

/* Jiffies that a reader waits for others to leave: some milliseconds. */
#define CSTATS_PATIENCE	(HZ / 200 + 1)

static_assert(sizeof(local64_t) == sizeof(s64));
static_assert(offsetof(struct cstats_cpu, slots) % sizeof(s64) == 0);

/* Sets that readers wait for, and the lock of it and of every set's ->begun. */
static LIST_HEAD(cstats_requests);
static DEFINE_SPINLOCK(cstats_request_lock);

/* Readers that wait for somebody's rotation, or for their turn to make one. */
static DECLARE_WAIT_QUEUE_HEAD(cstats_readers);

static void cstats_ipi(void *unused)
{
	smp_mb();	/* B, pairs with A: see the table above */
}

/*
 * A full barrier between the stores to ->gen before and the loads of ->seq
 * after, and one on every other CPU in between. A CPU on which the reader runs
 * has no section open, as sections are not preempted; should the reader migrate
 * after A, the context switch orders the sections there.
 */
static void cstats_barrier(void)
{
	switch (cstats_sync_mode()) {
	case CSTATS_QUIET:
		synchronize_rcu();
		break;
	case CSTATS_SPARE_IDLE:
		synchronize_rcu_expedited();
		break;
	default:
		smp_mb();	/* A, pairs with B: ->gen before the IPIs */
		smp_call_function(cstats_ipi, NULL, true);
	}
}

/**
 * cstats_request - ask for a rotation of a set
 * @set: the set
 *
 * Return: which rotation to wait for, the first one that has not begun yet.
 * H: a section that ended before we took the lock loaded ->gen before that
 * rotation, which takes the lock before it begins, stores to it. So a reader
 * can use it, whoever makes it.
 */
unsigned long cstats_request(struct cstats_set *set)
{
	unsigned long want;

	spin_lock(&cstats_request_lock);
	if (list_empty(&set->request))
		list_add_tail(&set->request, &cstats_requests);
	want = set->begun + 1;
	spin_unlock(&cstats_request_lock);
	return want;
}

void cstats_request_cancel(struct cstats_set *set)
{
	spin_lock(&cstats_request_lock);
	list_del_init(&set->request);
	spin_unlock(&cstats_request_lock);
}

/* The slot that the last rotation begun has closed, or is closing. */
static unsigned int cstats_closed(const struct cstats_set *set)
{
	return ~set->begun & 1;
}

/* Begin a rotation, unless the previous one has not been finished yet. */
static void cstats_begin(struct cstats_set *set)
{
	bool begin;

	spin_lock(&cstats_request_lock);	/* H, as in cstats_request() */
	list_del_init(&set->request);
	begin = set->begun == set->done;
	if (begin)
		set->begun++;
	spin_unlock(&cstats_request_lock);
	if (!begin)
		return;
	/*
	 * E: release orders the previous rotation's loads from the slot before
	 * the adds of those who find it in ->gen from now on.
	 */
	smp_store_release(&set->cs->gen, cstats_gen(set, set->begun & 1));
}

/* Wait for the section that is open on @cpu, if any. False when time is up. */
static bool cstats_wait_cpu(struct cstats_set *set, int cpu,
			    unsigned long deadline, unsigned int *polls)
{
	const unsigned int *seqp = &per_cpu_ptr(set->cpu, cpu)->seq;
	unsigned int first = smp_load_acquire(seqp);	/* D, pairs with C */
	unsigned int seq = first, spins = 0;

	for (; (seq & 1) && seq == first; spins++) {
		++*polls;
		if (spins < CSTATS_SPINS)
			cpu_relax();
		else if (time_before(jiffies, deadline))
			usleep_range(50, 200);
		else
			return false;
		seq = smp_load_acquire(seqp);		/* D, pairs with C */
	}
	return true;
}

/* Wait for all CPUs. A section that has had its time gets no more of it. */
static bool cstats_wait(struct cstats_set *set, unsigned int *polls)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(cstats_stall_limit());
	int cpu;

	for_each_online_cpu(cpu) {
		unsigned int seq = READ_ONCE(per_cpu_ptr(set->cpu, cpu)->seq);
		bool again = set->stalled && set->stalled_cpu == cpu &&
			     set->stalled_seq == seq;

		if (cstats_wait_cpu(set, cpu, again ? jiffies : deadline, polls))
			continue;
		if (!again) {
			set->stalled = true;
			set->stalled_cpu = cpu;
			set->stalled_seq = READ_ONCE(per_cpu_ptr(set->cpu, cpu)->seq);
			atomic_inc(&set->errors);
			pr_warn("set \"%s\": a section on CPU %d does not end, snapshots wait for it (cstats_release() missing?)\n",
				set->name, cpu);
		}
		return false;
	}
	set->stalled = false;
	return true;
}

/* Let snapshots count from the last one. */
static void cstats_rebase(struct cstats_set *set)
{
	unsigned int i;

	for (i = 0; i < set->nr_fields; i++)
		WRITE_ONCE(set->base[i], set->last[0][i] + set->last[1][i]);
}

/* Sum the closed slot. Nobody writes to it until ->gen points to it again. */
static void cstats_sum(struct cstats_set *set)
{
	unsigned int closed = cstats_closed(set), nr = set->nr_fields, i;
	u64 *sum = set->last[closed];
	int cpu;

	memset(sum, 0, nr * sizeof(*sum));
	for_each_possible_cpu(cpu) {
		local64_t *slot = cstats_slot(set, cpu, closed);
		u64 *cut = set->cut ? set->cut + (size_t)cpu * nr : NULL;

		for (i = 0; i < nr; i++) {
			u64 value = local64_read(&slot[i]);

			ASSERT_EXCLUSIVE_WRITER(slot[i]);
			sum[i] += value;
			if (cut)
				cut[i] += value;
		}
	}
	if (set->rebase) {
		cstats_rebase(set);
		swap(set->base_cpu, set->cut);
	}
}

/**
 * cstats_publish - make the rotation that has just ended the last snapshot
 * @set: the set
 * @time_ns: when it began
 * @rotation_ns: what it took
 * @nr_cpus: how many CPUs took part
 *
 * There are two buffers, and the newest is left alone while the other one is
 * filled. Pairs with cstats_copy().
 */
void cstats_publish(struct cstats_set *set, u64 time_ns, u64 rotation_ns,
		    unsigned int nr_cpus)
{
	unsigned int next = set->newest + 1, i;
	struct cstats_published *p = &set->published[next & 1];

	smp_wmb();	/* F: ->newest has left this buffer, before we change it */
	WRITE_ONCE(p->number, set->number);
	WRITE_ONCE(p->time_ns, time_ns);
	WRITE_ONCE(p->rotation_ns, rotation_ns);
	WRITE_ONCE(p->nr_cpus, nr_cpus);
	for (i = 0; i < set->nr_fields; i++)
		WRITE_ONCE(p->values[i], set->last[0][i] + set->last[1][i] -
					 set->base[i]);
	smp_wmb();	/* F: the buffer is complete, before ->newest says so */
	WRITE_ONCE(set->newest, next);
}

/* Copy the last snapshot. Retries when another one was published meanwhile. */
void cstats_copy(const struct cstats_set *set, struct cstats_snapshot *snap)
{
	unsigned int newest, i;

	do {
		const struct cstats_published *p;

		newest = smp_load_acquire(&set->newest);	/* G, with F */
		p = &set->published[newest & 1];
		snap->number = READ_ONCE(p->number);
		snap->time_ns = READ_ONCE(p->time_ns);
		snap->rotation_ns = READ_ONCE(p->rotation_ns);
		snap->nr_cpus = READ_ONCE(p->nr_cpus);
		for (i = 0; i < set->nr_fields; i++)
			snap->values[i] = READ_ONCE(p->values[i]);
		smp_rmb();					/* G, with F */
	} while (READ_ONCE(set->newest) != newest);
}

static void cstats_finish(struct cstats_set *set, u64 time_ns, u64 rotation_ns,
			  unsigned int nr_cpus)
{
	set->number++;
	cstats_publish(set, time_ns, rotation_ns, nr_cpus);
	smp_store_release(&set->done, set->begun);	/* pairs with cstats_done() */
}

/*
 * Rotate all sets that were asked for, at the price of one barrier. A set with
 * a rotation that could not be finished gets that one finished instead.
 */
static void cstats_rotate(void)
{
	unsigned int nr_cpus = num_online_cpus(), polls;
	struct cstats_set *set, *next;
	u64 start = ktime_get_ns(), ns;
	LIST_HEAD(requests);
	LIST_HEAD(batch);

	lockdep_assert_held(&cstats_mutex);

	spin_lock(&cstats_request_lock);
	list_splice_init(&cstats_requests, &requests);
	spin_unlock(&cstats_request_lock);
	list_for_each_entry_safe(set, next, &requests, request) {
		if (!set->cs) {		/* destroyed while its reader waited */
			cstats_request_cancel(set);
			continue;
		}
		cstats_begin(set);
		list_add_tail(&set->batch, &batch);
	}
	cstats_barrier();
	list_for_each_entry(set, &batch, batch) {
		polls = 0;
		if (!cstats_wait(set, &polls))
			continue;
		cstats_sum(set);
		ns = ktime_get_ns() - start;
		cstats_finish(set, start, ns, nr_cpus);
		trace_cstats_rotate(set->name, set->number, nr_cpus, ns, polls);
	}
}

/* Is rotation @want of @set done? Then what it published can be seen. */
static bool cstats_done(struct cstats_set *set, unsigned long want)
{
	/* Pairs with the release in cstats_finish(). */
	return (long)(smp_load_acquire(&set->done) - want) >= 0;
}

/* Rotate until rotation @want of @set is done. Needs cstats_lock(). */
static int cstats_rotate_to(struct cstats_set *set, unsigned long want)
{
	while (!cstats_done(set, want)) {
		if (!set->cs) {		/* destroyed, and forgotten */
			cstats_request_cancel(set);
			return -ENODEV;
		}
		cstats_request(set);
		cstats_rotate();
		if (set->done != set->begun)
			return -ETIMEDOUT;
	}
	return 0;
}

void cstats_lock(void)
{
	cpus_read_lock();	/* outside, so that hotplug callbacks can init */
	mutex_lock(&cstats_mutex);
}

void cstats_unlock(void)
{
	cstats_mutex_unlock();
	cpus_read_unlock();
}

/**
 * cstats_mutex_unlock - release cstats_mutex to whom it may concern
 *
 * Those who wait for a rotation look at its number and not at the mutex: once
 * it is done they all leave together, instead of one by one while the first
 * ones are back for another rotation.
 */
void cstats_mutex_unlock(void)
{
	mutex_unlock(&cstats_mutex);
	if (wq_has_sleeper(&cstats_readers))
		wake_up_all(&cstats_readers);
}

/* A reader in the queue. */
struct cstats_waiter {
	struct wait_queue_entry entry;
	bool woken;
};

/* Readers that have been woken and have not run since. */
static atomic_t cstats_leaving = ATOMIC_INIT(0);

/* When autoremove_wake_function() has woken the waiter it may be gone. */
static int cstats_wake(struct wait_queue_entry *entry, unsigned int mode,
		       int flags, void *key)
{
	struct cstats_waiter *waiter = container_of(entry, struct cstats_waiter,
						    entry);

	atomic_inc(&cstats_leaving);
	waiter->woken = true;
	if (autoremove_wake_function(entry, mode, flags, key))
		return 1;
	waiter->woken = false;
	atomic_dec(&cstats_leaving);
	return 0;
}

/* Leave the queue; from then on nobody else writes to ->woken. */
static void cstats_leave(struct cstats_waiter *waiter)
{
	finish_wait(&cstats_readers, &waiter->entry);
	if (waiter->woken)
		atomic_dec(&cstats_leaving);
	waiter->woken = false;
}

enum cstats_turn { CSTATS_DONE, CSTATS_LOCKED, CSTATS_BUSY, CSTATS_CROWD };

static enum cstats_turn cstats_turn(struct cstats_set *set, unsigned long want,
				    bool patient)
{
	if (cstats_done(set, want))
		return CSTATS_DONE;
	if (patient && atomic_read(&cstats_leaving) >= num_online_cpus())
		return CSTATS_CROWD;
	return mutex_trylock(&cstats_mutex) ? CSTATS_LOCKED : CSTATS_BUSY;
}

/*
 * Wait for rotation @want of @set, or for cstats_mutex in order to make it.
 * Returns whether it is the mutex.
 *
 * While there are more readers that have been woken than CPUs to run them, nobody
 * makes a rotation: it would be for few, as the others are still to return from
 * the last one, and would see one after the other pass by. Who comes meanwhile
 * waits until the last of them is gone, who wakes one, or out of patience: they
 * may be of low priority.
 *
 * cstats_leaving and the queue: who waits stores to the queue and then loads
 * cstats_leaving, who leaves the other way round, and both have a full barrier in
 * between (prepare_to_wait_exclusive(), wq_has_sleeper()). So one sees the other,
 * and patience is no condition for anybody's return.
 */
static bool cstats_wait_turn(struct cstats_set *set, unsigned long want)
{
	enum cstats_turn turn = cstats_turn(set, want, true);
	struct cstats_waiter waiter = { .woken = false };
	bool patient = true;

	init_wait(&waiter.entry);
	waiter.entry.func = cstats_wake;
	while (turn == CSTATS_BUSY || turn == CSTATS_CROWD) {
		prepare_to_wait_exclusive(&cstats_readers, &waiter.entry,
					  TASK_UNINTERRUPTIBLE);
		turn = cstats_turn(set, want, patient);
		if (turn == CSTATS_BUSY)
			schedule();
		else if (turn == CSTATS_CROWD)
			patient = schedule_timeout(CSTATS_PATIENCE);
		cstats_leave(&waiter);
	}
	if (turn == CSTATS_DONE && !atomic_read(&cstats_leaving) &&
	    wq_has_sleeper(&cstats_readers))
		wake_up(&cstats_readers);
	return turn == CSTATS_LOCKED;
}

/**
 * cstats_await - wait for a rotation, or make it
 * @set: the set
 * @want: what cstats_request() returned
 *
 * Return: 0, -ENODEV or -ETIMEDOUT, as cstats_read().
 */
int cstats_await(struct cstats_set *set, unsigned long want)
{
	int err = 0;

	cpus_read_lock();
	if (cstats_wait_turn(set, want)) {
		err = cstats_rotate_to(set, want);
		cstats_mutex_unlock();
	}
	cpus_read_unlock();
	return err;
}

/**
 * cstats_cut - take a snapshot with each CPU's part of it
 * @set: the set
 * @rebase: make it the new base
 *
 * The first rotation closes one slot, which stays as it is until the second
 * one has closed the other: their sum is each CPU's part of the second one's
 * snapshot. It needs cstats_lock().
 *
 * Return: each CPU's part, or what was the base before if @rebase (may be
 * NULL), for kvfree(); or an ERR_PTR() and nothing changed.
 */
u64 *cstats_cut(struct cstats_set *set, bool rebase)
{
	int err = cstats_rotate_to(set, set->begun);
	u64 *cut;

	if (err)
		return ERR_PTR(err);
	cut = kvcalloc(nr_cpu_ids, set->nr_fields * sizeof(*cut), GFP_KERNEL);
	if (!cut)
		return ERR_PTR(-ENOMEM);
	set->cut = cut;
	err = cstats_rotate_to(set, set->done + 1);
	if (!err) {
		set->rebase = rebase;
		err = cstats_rotate_to(set, set->done + 1);
		set->rebase = false;
	}
	cut = set->cut;		/* the old base after a swap in cstats_sum() */
	set->cut = NULL;
	if (err) {
		kvfree(cut);
		return ERR_PTR(err);
	}
	return cut;
}

/**
 * cstats_zero - a rotation without waiting, to a set of zeros
 * @set: the set, which nobody writes to
 *
 * It needs cstats_lock().
 */
void cstats_zero(struct cstats_set *set)
{
	unsigned int slot;
	int cpu;

	WRITE_ONCE(set->done, set->begun);
	cstats_begin(set);
	for_each_possible_cpu(cpu)
		for (slot = 0; slot < 2 * set->nr_fields; slot++)
			local64_set(cstats_slot(set, cpu, 0) + slot, 0);
	memset(set->last[0], 0, set->nr_fields * sizeof(u64));
	memset(set->last[1], 0, set->nr_fields * sizeof(u64));
	cstats_rebase(set);
	kvfree(set->base_cpu);
	set->base_cpu = NULL;
	set->stalled = false;
	cstats_finish(set, ktime_get_ns(), 0, num_online_cpus());
}
