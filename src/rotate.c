// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: rotations
 *
 * Every CPU has a sequence counter, odd while a section is open there, and two
 * slots, each with a running sum for every field. The set's generation says
 * which slot sections add to. Slots are never cleared, so a reader only reads
 * the writers' cache lines. A rotation takes a snapshot:
 *
 *	closed = gen; gen = 1 - closed;			cstats_begin()
 *	barrier on every CPU;				barrier.c
 *	note the sections that are open;		cstats_collect()
 *	wait until each of them has ended;		cstats_over()
 *	last[closed] = sum over the possible CPUs of slot[closed];
 *	snapshot = last[0] + last[1];			cstats_finish()
 *
 * last[1 - closed] dates from when that slot was closed, and nobody has
 * written to it since. The counts of an offline CPU stay in its slots. Slots
 * hold sums modulo 2^64, so wrapping is harmless.
 *
 * One store to gen closes the slot for all CPUs, so the cut is causal: a
 * section that is opened after one that saw the new generation, on the same
 * CPU or through release and acquire, sees it too.
 *
 * A set is in one of these states:
 *
 *	IDLE	begun == done. A request makes it CUT, once the barrier of the
 *		batch before is over, and no reader holds the last snapshot.
 *	CUT	begun == done + 1; the generation has changed. The end of the
 *		barrier makes it OPEN.
 *	OPEN	begun == done + 1; sections that were open at the barrier may
 *		go on. When all have ended it is summed, published and IDLE.
 *	SUM	begun == done + 1; only families, whose instances are summed in
 *		slices, once no reader holds the snapshot before. Then IDLE.
 *
 * The flavours. Sections of the RCU flavour have no sequence counter, and readers
 * wait for a grace period, after which none is open that loaded the generation
 * before. Nothing has to be noted or waited for then. Everything else is the
 * same. Each flavour has a batch of its own, so that no reader waits for the
 * slower barrier of the other one; but where both need a grace period
 * (sync=quiet, spare_idle), all sets share it.
 *
 * Families. An instance has slots of its own, and the generation and the counters
 * of its set. A removed instance is summed like the others until a grace period has
 * passed, after which no section adds to it. Then its slots are added to "gone", a
 * sum of those that are no more, and it leaves (family.c). That happens in any state
 * but SUM, so that each slot is summed exactly once by each rotation.
 *
 * Holds. A reader that copies more than the totals, and the worker that lets
 * instances leave, hold a snapshot: the next rotation waits for them. A hold is
 * counted in ->asked when it is asked for, in ->owed while its rotation is under
 * way, and in ->holds from there on.
 *
 * Sets are rotated in batches that share a barrier and take about a
 * millisecond of work at most. A set whose sections go on stays OPEN while
 * others rotate: no set waits for another one's sections. Nothing here waits:
 * cstats_rotate() makes all steps that are possible now and returns when to come
 * back. Its caller, a reader or the worker of share.c, holds the mutex only that
 * long.
 *
 * Waiting. A barrier by IPI can interrupt a section. Each section that is open
 * right after it is noted once, by its odd number, and only those are waited
 * for: a read takes as long as the longest section, not as their sum, and
 * back-to-back sections cannot starve it. A noted section is over when
 *
 *	- its CPU's counter is another one. It moves only when the outermost
 *	  section ends, so all that were open there have ended; or
 *	- a grace period that began after the barrier has ended. Sections are
 *	  preemption-off regions. This is for dead sections, see mend.c.
 *
 * The counter may go back. An interrupt between a writer's load of seq and its
 * store of odd can run whole sections, and the store then undoes them:
 *
 *	task				interrupt		reader
 *
 *	reads seq: 4
 *					seq = 5			notes 5
 *					[adds]
 *					seq = 6			sees 6: over
 *	seq = 5							or sees 5: waits on
 *	loads gen, adds
 *	seq = 6							sees 6: over
 *
 * In the second case the reader waits for one section more than it had to.
 * In the first one it is right: the interrupt's section has ended, and the
 * task's loads gen after the barrier that preceded the noting, so it adds to
 * the new slot.
 *
 *	label		where				forbidden otherwise
 *	start:A		barrier.c, smp_mb() before the	reader finds seq even,
 *			IPIs				writer adds to the
 *	ipi:B		barrier.c, smp_mb() in the	closed slot
 *			handler
 *	release:C	cstats_release(), smp_wmb(),	reader finds seq moved
 *			in nested sections too; and	on, but misses an add
 *			cstats_mend_cpu()		of the section
 *	collect:D	load-acquire of seq, pairs
 *	over:D		with release:C
 *	begin:E		store-release of gen, pairs	an add of the next
 *			with acquire:E, the address	generation reaches the
 *			dependency from gen to the	slot that the previous
 *			slot in cstats_acquire()	rotation still sums
 *	request:H	the lock of the requests, with	a reader gets a rotation
 *	begin:H		begun increased in it		that began before it
 *							asked
 *	finish:I	store-release of done, pairs	a reader that finds its
 *	done:I		with a load-acquire		rotation done copies
 *							the snapshot before
 *	finish:J	full barrier between done and	a reader sleeps on
 *			the look at the queue, implied	though its rotation is
 *			by wq_has_sleeper()		done
 *	await:J		full barrier between the queue
 *			and the look at done, implied
 *			by prepare_to_wait() (share.c)
 *	init:N		api.c, store-release of the	a section finds the set,
 *			set's address, pairs with	but not what init has
 *			acquire:N, the address		made of it
 *			dependency from it in
 *			__cstats_open()
 *	F and G: see latch.c; K, L and M: see family.c
 *
 * begin:E in words. If a writer's load of gen reads the value that begin:E
 * stored, its adds, which depend on it, come after all loads from that slot
 * that precede begin:E, in particular those of the sum when it was closed.
 * collect:D and over:D: if the load reads a value that was stored after
 * release:C, the sums read all adds that precede it, or newer.
 *
 * `make model` checks this. By file in selftests/proof/litmus, where each has a twin
 * without the barrier that fails:
 *
 *	A, B	entry-ipi-*, with the handler at each place of the writer's
 *		program, entry-nested, entry-back (the counter goes back);
 *		ipi-ack, here (the reader's own CPU), hotplug-up, hotplug-down
 *	C, D	exit, exit-next (the next section's odd value: why not a
 *		release), exit-nested (why nested sections have C as well),
 *		mend, mend-offline
 *	E	reuse, reuse-handover
 *	H, I	share, after
 *	J	sleep
 *	N	init
 *	cut	causal; causal-open shows a case that it does not promise
 *	quiet	quiet, of either grace period; quiet-not-watching: sections
 *		must be where RCU watches; gp-proof
 *	RCU	rcu-tear, rcu-turns, rcu-poll, rcu-cut, rcu-after, rcu-nested,
 *		rcu-reuse, rcu-plain: the flavour as a whole
 *	family	family-add, family-remove, family-tear, family-walk (of the RCU
 *		flavour), family-walk-ipi; hold
 *
 * selftests/proof/spin/cstats.pml is the protocol as a whole, searched to the end
 * with x86's store buffers and with weaker ones: nesting, seq that goes back,
 * waiting, sharing, dead sections, hotplug. liveness.pml shows that the wait
 * ends, and that waiting for even may not; share.pml that every reader returns;
 * family.pml the slices, removals and holds of families.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "barrier.h"
#include "compat.h"
#include "latch.h"
#include "member.h"
#include "mend.h"
#include "params.h"
#include "rotate.h"

#define CREATE_TRACE_POINTS
#include <trace/events/cstats.h>

/*
 * Looks at a new barrier and at each open section in a row: tens of microseconds,
 * which a CPU that is idle takes to answer. Later on, one look at a time.
 */
#define CSTATS_SPINS	2000

/* What a request costs a batch that is not followed, in cache lines. */
#define CSTATS_DROPPED	4

/* Late sets that one turn looks at. */
#define CSTATS_LATE	64

/* Between slices of a family's sums, which take a millisecond each, or of late sets. */
#define CSTATS_SLICE_US	50

/* A section that goes on for so long may be dead: ten milliseconds. */
#define CSTATS_SUSPECT	(HZ / 100 + 1)

/* All of the state below but the requests is under this mutex. */
DEFINE_MUTEX(cstats_rotate_mutex);

/* Sets that readers wait for, by flavour: of readers of one set, and of others. */
static struct list_head cstats_urgent[2] = {
	LIST_HEAD_INIT(cstats_urgent[0]), LIST_HEAD_INIT(cstats_urgent[1]),
};

static struct list_head cstats_requests[2] = {
	LIST_HEAD_INIT(cstats_requests[0]), LIST_HEAD_INIT(cstats_requests[1]),
};

static DEFINE_SPINLOCK(cstats_request_lock);

/**
 * struct cstats_batch - sets that share a barrier
 * @cut: these sets, until it is over
 * @barrier: the barrier
 * @unanswered: somebody has waited for it in vain
 */
struct cstats_batch {
	struct list_head cut;
	struct cstats_barrier barrier;
	bool unanswered;
};

/* By what their barrier has to prove. */
static struct cstats_batch cstats_batches[2] = {
	[CSTATS_SEEN] = {
		.cut = LIST_HEAD_INIT(cstats_batches[CSTATS_SEEN].cut),
		.barrier = CSTATS_BARRIER_INIT(cstats_batches[CSTATS_SEEN].barrier),
	},
	[CSTATS_OVER] = {
		.cut = LIST_HEAD_INIT(cstats_batches[CSTATS_OVER].cut),
		.barrier = CSTATS_BARRIER_INIT(cstats_batches[CSTATS_OVER].barrier),
	},
};

static LIST_HEAD(cstats_recent);	/* sets whose barrier is just over */
static LIST_HEAD(cstats_late);		/* sets whose sections take their time */
static LIST_HEAD(cstats_looked);	/* those of them that had their look for now */
static LIST_HEAD(cstats_sums);		/* families whose sums are being made */
static u64 cstats_cut_ns;		/* when the last batch was cut */

/* Should the set's next rotation begin now, which batch would it be in? */
static struct cstats_batch *cstats_batch_of(const struct cstats_set *set)
{
	return &cstats_batches[cstats_barrier_plan(set->shared.rcu)];
}

/* The lists hold a reference to each set; a request has one of its own. */
static struct cstats_set *cstats_set_at(struct cstats_rotation *r)
{
	return container_of(r, struct cstats_set, rotation);
}

/* Needs the lock of the requests. */
static unsigned long cstats_request_locked(struct cstats_set *set, bool urgent)
{
	struct cstats_rotation *r = &set->rotation;
	bool rcu = set->shared.rcu;

	if (list_empty(&r->request)) {
		refcount_inc(&set->ref);
		list_add_tail(&r->request, &cstats_requests[rcu]);
		r->urgent = false;
	}
	if (urgent && !r->urgent) {
		list_move_tail(&r->request, &cstats_urgent[rcu]);
		r->urgent = true;
	}
	return r->begun + 1;
}

/**
 * cstats_request - ask for a rotation of a set
 * @set: the set
 * @urgent: to be served before readers that ask for many
 *
 * Return: which rotation to wait for, the first one that has not begun yet.
 * request:H: a section that ended before the lock was taken loaded ->gen
 * before that rotation, which takes the lock before it begins, stores to it. So
 * a reader can use it, no matter which task makes it.
 */
unsigned long cstats_request(struct cstats_set *set, bool urgent)
{
	unsigned long want;

	spin_lock(&cstats_request_lock);
	want = cstats_request_locked(set, urgent);
	spin_unlock(&cstats_request_lock);
	return want;
}

/**
 * cstats_request_hold - the same, and hold its snapshot when it is done
 * @set: the set
 * @urgent: see cstats_request()
 *
 * Return: as cstats_request(), and to be given back by cstats_unhold().
 */
unsigned long cstats_request_hold(struct cstats_set *set, bool urgent)
{
	unsigned long want;

	spin_lock(&cstats_request_lock);
	want = cstats_request_locked(set, urgent);
	set->rotation.asked++;
	spin_unlock(&cstats_request_lock);
	return want;
}

/**
 * cstats_hold_last - hold the last snapshot, or the one whose sums are being made
 * @set: the set
 *
 * Sums that have begun wait for nobody. So the snapshot before can no longer be held.
 *
 * Return: which rotation to wait for, and to be given back by cstats_unhold().
 */
unsigned long cstats_hold_last(struct cstats_set *set)
{
	struct cstats_rotation *r = &set->rotation;
	unsigned long want;

	spin_lock(&cstats_request_lock);
	if (r->state == CSTATS_SUM) {
		r->owed++;
		want = r->begun;
	} else {
		r->holds++;
		want = r->done;
	}
	spin_unlock(&cstats_request_lock);
	return want;
}

/**
 * cstats_deferred - does a rotation that is wanted wait for holds to end?
 * @set: the set
 *
 * Return: whether one does.
 */
bool cstats_deferred(struct cstats_set *set)
{
	struct cstats_rotation *r = &set->rotation;
	bool deferred;

	spin_lock(&cstats_request_lock);
	deferred = r->again && r->state == CSTATS_IDLE;
	spin_unlock(&cstats_request_lock);
	return deferred;
}

/**
 * cstats_unhold - let rotations go on, or do not wait for one any more
 * @set: the set
 * @want: what cstats_request_hold() or cstats_hold_last() returned
 *
 * Return: whether rotations have waited for this.
 */
bool cstats_unhold(struct cstats_set *set, unsigned long want)
{
	struct cstats_rotation *r = &set->rotation;
	bool last = false;

	spin_lock(&cstats_request_lock);
	if ((long)(r->done - want) >= 0)
		last = !--r->holds;
	else if ((long)(r->begun - want) >= 0)
		r->owed--;
	else
		r->asked--;
	if (last && r->again && r->state == CSTATS_IDLE) {
		r->again = false;
		cstats_request_locked(set, true);
	}
	spin_unlock(&cstats_request_lock);
	return last;
}

/* Is rotation @want of @set done? Then its snapshot can be seen. */
bool cstats_done(struct cstats_set *set, unsigned long want)
{
	/* done:I, pairs with finish:I */
	return (long)(smp_load_acquire(&set->rotation.done) - want) >= 0;
}

/* States are changed under both locks: each is enough to read them. */
static void cstats_state(struct cstats_rotation *r, enum cstats_state state)
{
	spin_lock(&cstats_request_lock);
	r->state = state;
	spin_unlock(&cstats_request_lock);
}

/* The slot that the last rotation begun has closed, or is closing. */
static unsigned int cstats_closed(const struct cstats_rotation *r)
{
	return ~r->begun & 1;
}

/* Note the sections that are open. Lines are written to only if there are. */
static void cstats_collect(struct cstats_set *set)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct cstats_cpu *c = cstats_cpu(set, cpu);
		unsigned int seq = smp_load_acquire(&c->seq);	/* collect:D */
		unsigned int open = seq & 1 ? seq : 0;

		if (c->open != open)
			WRITE_ONCE(c->open, open);
	}
}

/* Move requests from a list to a batch that costs @cost: one at least, until it is full. */
static unsigned int cstats_take(struct list_head *requests, struct cstats_batch *batch,
				unsigned int cost)
{
	unsigned int limit = max_t(unsigned int, CSTATS_BATCH, cost + 1);
	struct cstats_rotation *r, *next;

	list_for_each_entry_safe(r, next, requests, request) {
		struct cstats_set *set = cstats_set_at(r);

		if (cost >= limit)
			break;
		list_del_init(&r->request);
		if (READ_ONCE(set->dead) || r->state != CSTATS_IDLE || r->holds) {
			r->again = !READ_ONCE(set->dead);
			cstats_set_put(set);
			cost += CSTATS_DROPPED;
			continue;
		}
		WRITE_ONCE(r->begun, r->begun + 1);
		r->state = CSTATS_CUT;
		WRITE_ONCE(r->batch, batch);
		r->owed = r->asked;
		r->asked = 0;
		list_add_tail(&r->node, &batch->cut);
		cost += cstats_cells_cost(set->shared.nr_values);
	}
	return cost;
}

/*
 * Fill a batch, with one set at least of each kind: urgent or not, of either flavour.
 * Both flavours are in the one whose barrier is a grace period, if both need that.
 */
static void cstats_take_requests(struct cstats_batch *batch, bool rcu, bool both)
{
	unsigned int cost;

	spin_lock(&cstats_request_lock);	/* begin:H, as in cstats_request() */
	cost = cstats_take(&cstats_urgent[rcu], batch, 0);
	if (both)
		cost = cstats_take(&cstats_urgent[!rcu], batch, cost);
	cost = cstats_take(&cstats_requests[rcu], batch, cost);
	if (both)
		cstats_take(&cstats_requests[!rcu], batch, cost);
	spin_unlock(&cstats_request_lock);
}

/* Begin rotations of all sets in a batch, and start their barrier. */
static void cstats_begin(enum cstats_proof plan, bool both)
{
	struct cstats_batch *batch = &cstats_batches[plan];
	struct cstats_rotation *r;

	if (!list_empty(&batch->cut))
		return;
	cstats_take_requests(batch, plan == CSTATS_OVER, both);
	if (list_empty(&batch->cut))
		return;
	cstats_cut_ns = ktime_get_ns();
	list_for_each_entry(r, &batch->cut, node) {
		struct cstats_set *set = cstats_set_at(r);

		r->cut_ns = cstats_cut_ns;
		r->nr_cpus = num_online_cpus();
		/*
		 * begin:E: release orders the previous rotation's loads from
		 * the slot before the adds of those who find it in ->gen.
		 */
		smp_store_release(&set->shared.gen, cstats_gen(set, r->begun & 1));
		/*
		 * What is open now and after a grace period is dead. Without
		 * this look (CPU hotplug made it a grace period later), that
		 * of an earlier rotation does as well.
		 */
		if (plan == CSTATS_OVER && !set->shared.rcu)
			cstats_collect(set);
	}
	cstats_barrier_start(&batch->barrier, plan);
}

/* Begin what can be begun. */
static bool cstats_begin_all(void)
{
	enum cstats_proof plan = cstats_barrier_plan(false);

	cstats_begin(CSTATS_OVER, plan == CSTATS_OVER);
	if (plan == CSTATS_OVER)
		return false;
	if (!list_empty(&cstats_batches[CSTATS_SEEN].cut))
		return false;
	cstats_begin(CSTATS_SEEN, false);
	return !list_empty(&cstats_batches[CSTATS_SEEN].cut);
}

/* If the batch's barrier is over: note what is open. */
static void cstats_opened(struct cstats_batch *batch)
{
	struct cstats_rotation *r;

	if (list_empty(&batch->cut) || !cstats_barrier_done(&batch->barrier))
		return;
	spin_lock(&cstats_request_lock);
	list_for_each_entry(r, &batch->cut, node)
		r->state = CSTATS_OPEN;
	spin_unlock(&cstats_request_lock);
	list_for_each_entry(r, &batch->cut, node) {
		WRITE_ONCE(r->batch, NULL);
		r->proof = batch->barrier.proof;
		r->opened = jiffies;
		WRITE_ONCE(r->cpu, 0);
		r->polls = 0;
		r->suspect = false;
		if (r->proof == CSTATS_SEEN)
			cstats_collect(cstats_set_at(r));
	}
	list_splice_tail_init(&batch->cut, &cstats_recent);
	WRITE_ONCE(batch->unanswered, false);
}

/**
 * cstats_stalled - has somebody waited in vain for what a reader waits for?
 * @set: the set
 * @want: the rotation that the reader wants
 *
 * Return: whether it was the set's rotation that is under way, or the barrier of
 * that, or, if it has yet to begin, the one that has to be over before.
 */
bool cstats_stalled(const struct cstats_set *set, unsigned long want)
{
	unsigned long begun = READ_ONCE(set->rotation.begun);
	struct cstats_batch *batch = READ_ONCE(set->rotation.batch);

	if (!batch && (long)(begun - want) < 0)
		batch = cstats_batch_of(set);
	if (batch && READ_ONCE(batch->unanswered))
		return true;
	return READ_ONCE(set->rotation.done) != begun &&
	       READ_ONCE(set->rotation.stalled) == begun;
}

/*
 * Has a rotation gone on for as long as readers wait? They ask before it is cut,
 * and half of that is enough. A reader with a short deadline of its own is not to
 * keep others from waiting for as long as they want to.
 */
static bool cstats_overdue(const struct cstats_rotation *r)
{
	return ktime_get_ns() - r->cut_ns >= cstats_patience() / 2;
}

/**
 * cstats_give_up - a reader's time is up
 * @set: its set
 *
 * Says what was waited for, once for a rotation or barrier that is overdue.
 */
void cstats_give_up(struct cstats_set *set)
{
	struct cstats_rotation *r = &set->rotation;
	struct cstats_batch *batch;

	mutex_lock(&cstats_rotate_mutex);
	batch = r->batch ?: cstats_batch_of(set);
	if (r->state == CSTATS_OPEN) {
		/* No section is blamed that has just been noted. */
		if (r->stalled != r->begun && cstats_overdue(r) &&
		    time_after(jiffies, r->opened + CSTATS_SUSPECT)) {
			atomic_inc(&set->errors);
			if (__ratelimit(&set->reports))
				pr_warn("set \"%s\": a section on CPU %d does not end, reads have the last snapshot\n",
					set->name, r->cpu);
			WRITE_ONCE(r->stalled, r->begun);
		}
	} else if (!list_empty(&batch->cut) && !batch->unanswered &&
		   cstats_overdue(list_first_entry(&batch->cut, struct cstats_rotation,
						   node))) {
		atomic_inc(&set->errors);
		if (__ratelimit(&set->reports))
			pr_warn("set \"%s\": %s, reads have the last snapshot\n", set->name,
				batch->barrier.proof == CSTATS_SEEN ?
				"a CPU does not answer (interrupts off?)" :
				"a grace period does not end (preemption off, or a short stall_ms?)");
		WRITE_ONCE(batch->unanswered, true);
	}
	mutex_unlock(&cstats_rotate_mutex);
}

/*
 * Has a section gone on for so long that only a grace period shows whether it
 * is dead? True once that proves that it is over.
 */
static bool cstats_proved(struct cstats_rotation *r, bool long_ago)
{
	if (r->suspect)
		return poll_state_synchronize_rcu(r->gp);
	if (long_ago) {
		r->gp = start_poll_synchronize_rcu();
		r->suspect = true;
	}
	return false;
}

/*
 * Have all sections ended that were open at the barrier? If one has not, the
 * CPUs before its own need no second look.
 */
static bool cstats_over(struct cstats_set *set)
{
	struct cstats_rotation *r = &set->rotation;
	int cpu;

	if (set->shared.rcu)
		return true;	/* the grace period was the proof */
	for (cpu = r->cpu; cpu < nr_cpu_ids; cpu++) {
		struct cstats_cpu *c;
		bool long_ago, proved;

		if (!cpu_possible(cpu))
			continue;
		c = cstats_cpu(set, cpu);
		if (!c->open || smp_load_acquire(&c->seq) != c->open) /* over:D */
			continue;
		WRITE_ONCE(r->cpu, cpu);
		r->polls++;
		long_ago = time_after(jiffies, r->opened + CSTATS_SUSPECT);
		proved = r->proof == CSTATS_OVER || cstats_proved(r, long_ago);
		if (proved || long_ago)
			cstats_mend(set, cpu);
		/* Mending is for later reads; this one waits a little for it. */
		if (!proved || !long_ago)
			return false;
	}
	return true;
}

/* Sum the closed slot. Nobody writes to it until ->gen points to it again. */
static void cstats_sum(struct cstats_set *set)
{
	unsigned int closed = cstats_closed(&set->rotation);

	cstats_cells_close(&set->cells, set->shared.nr_values, closed, NULL);
	if (set->family)
		cstats_cells_close_gone(&set->cells, set->shared.nr_values, closed,
					set->family->gone);
}

/* Publish the state of ->last as the next snapshot. */
static void cstats_publish_next(struct cstats_set *set, u64 rotation_ns)
{
	struct cstats_rotation *r = &set->rotation;

	cstats_publish(set, &(struct cstats_published){
		.number = ++r->number,
		.time_ns = r->cut_ns,
		.rotation_ns = rotation_ns,
		.since_ns = set->base.since_ns,
		.nr_cpus = r->nr_cpus,
	});
}

/*
 * No rotation stalls: none has this number. Not even the one before, or a reader that was
 * late in cstats_stalled() would give up; nor one to which the count comes back where
 * longs have 32 bits.
 */
static void cstats_not_stalled(struct cstats_rotation *r)
{
	WRITE_ONCE(r->stalled, r->begun + LONG_MAX);
}

static void cstats_finish(struct cstats_set *set)
{
	struct cstats_rotation *r = &set->rotation;
	u64 ns;

	ns = ktime_get_ns() - r->cut_ns;
	cstats_publish_next(set, ns);
	trace_cstats_rotate(set->name, r->number, r->nr_cpus, ns, r->polls);
	spin_lock(&cstats_request_lock);
	r->state = CSTATS_IDLE;
	r->holds += r->owed;
	r->owed = 0;
	cstats_not_stalled(r);
	smp_store_release(&r->done, r->begun);	/* finish:I */
	if (r->again && !r->holds) {
		r->again = false;
		cstats_request_locked(set, true);
	}
	spin_unlock(&cstats_request_lock);
	if (wq_has_sleeper(&set->waiters.queue))	/* finish:J */
		wake_up_all(&set->waiters.queue);
}

/* The set is done with for now. */
static void cstats_done_with(struct cstats_rotation *r)
{
	list_del_init(&r->node);
	cstats_set_put(cstats_set_at(r));
}

/* The set is dead, and done with for good. */
static void cstats_drop(struct cstats_rotation *r)
{
	cstats_state(r, CSTATS_IDLE);
	cstats_done_with(r);
}

/*
 * Finish those on @list whose sections are over, and drop dead sets. Families
 * are only begun with. Returns how many are left.
 */
static unsigned int cstats_check_open(struct list_head *list)
{
	struct cstats_rotation *r, *next;
	unsigned int left = 0;

	list_for_each_entry_safe(r, next, list, node) {
		struct cstats_set *set = cstats_set_at(r);

		if (READ_ONCE(set->dead)) {
			cstats_drop(r);
		} else if (!cstats_over(set)) {
			left++;
		} else if (set->family) {
			r->summed = 0;
			/* What took too long is over: readers wait again. */
			cstats_not_stalled(r);
			cstats_state(r, CSTATS_SUM);
			list_move_tail(&r->node, &cstats_sums);
		} else {
			cstats_sum(set);
			cstats_finish(set);
			cstats_done_with(r);
		}
		cond_resched();
	}
	return left;
}

/*
 * Does anybody hold the last snapshot? A caller that looked without the lock could change
 * what a holder has yet to load.
 */
static bool cstats_held(const struct cstats_rotation *r)
{
	bool held;

	spin_lock(&cstats_request_lock);
	held = r->holds;
	spin_unlock(&cstats_request_lock);
	return held;
}

/*
 * A slice of the sums of families, about a millisecond. Returns whether more can
 * be done now. A family whose last snapshot is held has to wait; nobody gets a new
 * hold on it meanwhile.
 */
static bool cstats_check_sums(void)
{
	struct cstats_rotation *r, *next;
	unsigned int budget = CSTATS_BATCH, cost;

	list_for_each_entry_safe(r, next, &cstats_sums, node) {
		struct cstats_set *set = cstats_set_at(r);

		cond_resched();
		if (READ_ONCE(set->dead)) {
			cstats_drop(r);
			continue;
		}
		if (cstats_held(r))
			continue;
		if (!r->summed)
			cstats_sum(set);
		budget = cstats_members_close(set, cstats_closed(r), &r->summed, budget);
		if (!budget) {
			list_move_tail(&r->node, &cstats_sums);
			return true;
		}
		cstats_finish(set);
		cstats_done_with(r);
		cost = cstats_cells_cost(set->shared.nr_values);
		if (budget <= cost)
			return true;
		budget -= cost;
	}
	return false;
}

/*
 * Look at some of those that are late, in turn: many of them cost the readers of others
 * little. Returns whether there are some that had no look for longer than others.
 */
static bool cstats_check_late(void)
{
	unsigned int n = CSTATS_LATE;
	LIST_HEAD(some);

	if (list_empty(&cstats_late))
		list_splice_init(&cstats_looked, &cstats_late);
	while (n-- && !list_empty(&cstats_late))
		list_move_tail(cstats_late.next, &some);
	cstats_check_open(&some);
	list_splice_tail(&some, &cstats_looked);
	return !list_empty(&cstats_late);
}

/**
 * cstats_look_at - look at a set that may be late, before its turn
 * @set: the set
 *
 * It needs cstats_rotate_mutex. For a reader who is not going to wait for the set: its
 * section may have ended.
 */
void cstats_look_at(struct cstats_set *set)
{
	LIST_HEAD(one);

	lockdep_assert_held(&cstats_rotate_mutex);
	if (set->rotation.state != CSTATS_OPEN)
		return;
	list_move(&set->rotation.node, &one);
	cstats_check_open(&one);
	list_splice_tail(&one, &cstats_looked);
}

/* Is any rotation under way that has to be looked at again and again? */
bool cstats_rotating(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cstats_batches); i++)
		if (!list_empty(&cstats_batches[i].cut) &&
		    cstats_barrier_polled(&cstats_batches[i].barrier))
			return true;
	return !list_empty(&cstats_late) || !list_empty(&cstats_looked) ||
	       !list_empty(&cstats_sums);
}

/* Could a batch begin now? A look without the lock. */
static bool cstats_asked(void)
{
	unsigned int rcu;

	for (rcu = 0; rcu < 2; rcu++)
		if (list_empty(&cstats_batches[cstats_barrier_plan(rcu)].cut) &&
		    !(list_empty_careful(&cstats_requests[rcu]) &&
		      list_empty_careful(&cstats_urgent[rcu])))
			return true;
	return false;
}

/* When is the next look worth it? Microseconds, longer as time goes by. */
static unsigned int cstats_delay(void)
{
	u64 age;

	if (cstats_asked())
		return 1;
	if (!cstats_rotating())
		return 0;
	age = ktime_get_ns() - cstats_cut_ns;
	return clamp_t(u64, age >> 13, 20, 50000);
}

/**
 * cstats_rotate - do all that can be done for requests and rotations now
 *
 * It needs cstats_rotate_mutex. It takes some microseconds and the work of one
 * batch at most: about a millisecond.
 *
 * Return: 0 if nothing is left to do, or how many microseconds from now it
 * should be called again.
 */
unsigned int cstats_rotate(void)
{
	struct cstats_batch *seen = &cstats_batches[CSTATS_SEEN];
	unsigned int spins, us;
	bool late, sums;

	lockdep_assert_held(&cstats_rotate_mutex);
	late = cstats_check_late();
	spins = cstats_begin_all() ? 0 : CSTATS_SPINS - 1;
	for (; spins < CSTATS_SPINS; spins++) {
		cstats_opened(seen);
		cstats_opened(&cstats_batches[CSTATS_OVER]);
		spins += cstats_check_open(&cstats_recent);
		/* A grace period takes too long to spin for. */
		if (list_empty(&cstats_recent) &&
		    (list_empty(&seen->cut) || seen->barrier.proof == CSTATS_OVER))
			break;
		cpu_relax();
	}
	list_splice_tail_init(&cstats_recent, &cstats_late);
	sums = cstats_check_sums();
	us = cstats_delay();
	/* Between two slices, others get the mutex and the CPU. */
	return (late || sums) && us != 1 ? CSTATS_SLICE_US : us;
}

/**
 * cstats_republish - publish the last snapshot again, after a reset
 * @set: the set
 *
 * It needs cstats_rotate_mutex.
 */
void cstats_republish(struct cstats_set *set)
{
	struct cstats_latch *latch = &set->latch;
	const struct cstats_published *p = &latch->published[latch->newest & 1];

	lockdep_assert_held(&cstats_rotate_mutex);
	set->rotation.number++;
	cstats_publish(set, &(struct cstats_published){
		.number = set->rotation.number,
		.time_ns = p->time_ns,
		.rotation_ns = p->rotation_ns,
		.since_ns = set->base.since_ns,
		.nr_cpus = p->nr_cpus,
	});
}

/**
 * cstats_publish_zero - publish a snapshot of zeros, which all slots are
 * @set: the set, which nobody writes to, with its last snapshot held
 *
 * It needs cstats_rotate_mutex.
 */
void cstats_publish_zero(struct cstats_set *set)
{
	struct cstats_rotation *r = &set->rotation;

	lockdep_assert_held(&cstats_rotate_mutex);
	r->cut_ns = ktime_get_ns();
	r->nr_cpus = num_online_cpus();
	cstats_publish_next(set, 0);
}
