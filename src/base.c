// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: each CPU's part of a snapshot, and the base that a reset moves
 *
 * Rotations note each CPU's slot when they close it, as long as somebody has
 * given them the memory. After two rotations both slots are noted. From then
 * on their sums are the parts of the set's last snapshot, no matter which task
 * rotates. That snapshot is held until the parts have been taken.
 *
 * A reset takes the parts and makes them the base that snapshots subtract.
 * Counters then count from the reset. Gauges are levels, which a reset does not
 * change: their base is zero for ever. So an identity among counters holds
 * across a reset (allocations by size = allocations). One that ties counters to
 * a gauge does not (in - out = now): after a reset, in - out is now less the
 * level at the reset.
 *
 * One task at a time has a set noted, and others wait for it no longer than until
 * their own deadline. Bases change under the lock of the base, too, which is not held
 * while anybody waits for a rotation. Readers of a family take it, as each of its
 * instances has a base of its own. An instance that comes meanwhile brings memory for
 * what is noted (cstats_base_prepare()): the family's parts and base have its values,
 * so its own must, too.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "base.h"
#include "describe.h"
#include "latch.h"
#include "member.h"
#include "params.h"
#include "rotate.h"
#include "share.h"

static void cstats_notes_unlock(struct cstats_set *set)
{
	smp_store_release(&set->base.busy, 0);	/* pairs with the xchg() */
	wake_up(&set->base.idle);
}

/* Be the only task that has parts of the set noted, or that changes its bases. */
static int cstats_notes_lock(struct cstats_set *set, unsigned long deadline)
{
	long left = max_t(long, deadline - jiffies, 0);

	left = wait_event_killable_timeout(set->base.idle, !xchg(&set->base.busy, 1),
					   left);
	if (left < 0)
		return -EINTR;
	if (!left)
		return -ETIMEDOUT;
	if (!READ_ONCE(set->dead))
		return 0;
	cstats_notes_unlock(set);	/* Its destruction waits for all who wait here. */
	return -ENODEV;
}

/* From here on, instances that come bring memory for @what. */
static void cstats_notes_want(struct cstats_set *set, enum cstats_notes what)
{
	if (!set->family)
		return;
	mutex_lock(&set->family->lock);
	WRITE_ONCE(set->base.notes, what);
	mutex_unlock(&set->family->lock);
}

static void cstats_give_base(struct cstats_cells *cells, unsigned int nr, u64 *base)
{
	cells->base_cpu = base + nr;
	smp_store_release(&cells->base, base);	/* for panic.c, after the zeros */
}

/**
 * cstats_base_prepare - allocate what the notes of a set need of an instance
 * @set: the family
 * @cells: of an instance that nobody knows yet; what they have is not allocated again
 *
 * Return: 0 or -ENOMEM.
 */
int cstats_base_prepare(struct cstats_set *set, struct cstats_cells *cells)
{
	enum cstats_notes notes = READ_ONCE(set->base.notes);
	unsigned int nr = set->shared.nr_values;
	u64 *base;

	if (notes >= CSTATS_NOTES_PARTS && !cells->parts) {
		cells->parts = cstats_cells_alloc_parts(nr);
		if (!cells->parts)
			return -ENOMEM;
	}
	if (notes >= CSTATS_NOTES_BASE && !cells->base) {
		base = kvcalloc((1 + (size_t)nr_cpu_ids) * nr, sizeof(u64), GFP_KERNEL);
		if (!base)
			return -ENOMEM;
		cstats_give_base(cells, nr, base);
	}
	return 0;
}

/**
 * cstats_base_prepared - has it brought what is needed now?
 * @set: its family, with the lock of that held
 * @cells: its slots, which nobody knows yet
 *
 * Return: whether it has. If not, it is to be prepared again.
 */
bool cstats_base_prepared(struct cstats_set *set, struct cstats_cells *cells)
{
	if (set->base.notes == CSTATS_NOTES_NONE) {
		kvfree(cells->parts);
		cells->parts = NULL;
		return true;
	}
	return cells->parts && (cells->base || set->base.notes < CSTATS_NOTES_BASE);
}

/* Stop noting, and return what has been noted, or NULL. The snapshot is held. */
static u64 *cstats_take_parts(struct cstats_cells *cells)
{
	u64 *parts = cells->parts;

	cells->parts = NULL;
	return parts;
}

static void cstats_give_parts(struct cstats_cells *cells, u64 *parts)
{
	mutex_lock(&cstats_rotate_mutex);
	cells->parts = parts;
	mutex_unlock(&cstats_rotate_mutex);
}

/* Give an instance what @spare has and it has not. */
static void cstats_give(struct cstats_cells *cells, unsigned int nr,
			struct cstats_cells *spare)
{
	if (!cells->parts) {
		cstats_give_parts(cells, spare->parts);
		spare->parts = NULL;
	}
	if (!cells->base && spare->base) {
		cstats_give_base(cells, nr, spare->base);
		spare->base = NULL;
	}
}

/*
 * Give all instances what the notes need. It is allocated before the family's lock is
 * taken: holders of a snapshot want that lock, and a reader that waits for the next
 * snapshot may be in memory reclaim.
 */
static int cstats_give_all(struct cstats_set *set)
{
	struct cstats_cells spare = {};
	struct cstats_member *member;
	unsigned long id = 0;
	int err;

	do {
		if (fatal_signal_pending(current))
			err = -EINTR;
		else if (READ_ONCE(set->dead))
			err = -ENODEV;
		else
			err = cstats_base_prepare(set, &spare);
		if (err)
			break;
		mutex_lock(&set->family->lock);
		member = cstats_member_next(set->family, &id);
		if (member)
			cstats_give(&member->cells, set->shared.nr_values, &spare);
		mutex_unlock(&set->family->lock);
		cond_resched();
	} while (member);
	kvfree(spare.parts);
	kvfree(spare.base);
	return err;
}

typedef void cstats_cells_fn(struct cstats_set *set, struct cstats_cells *cells);

/* Call a function for the cells of the set and of all its instances. */
static void cstats_with_cells(struct cstats_set *set, cstats_cells_fn *fn)
{
	struct cstats_member *member;
	unsigned long id = 0;

	fn(set, &set->cells);
	if (!set->family)
		return;
	mutex_lock(&set->family->lock);
	while ((member = cstats_member_next(set->family, &id))) {
		fn(set, &member->cells);
		cond_resched();
	}
	mutex_unlock(&set->family->lock);
}

static void cstats_drop_parts(struct cstats_set *set, struct cstats_cells *cells)
{
	u64 *parts;

	mutex_lock(&cstats_rotate_mutex);	/* It is not held any more. */
	parts = cstats_take_parts(cells);
	mutex_unlock(&cstats_rotate_mutex);
	kvfree(parts);
}

static void cstats_notes_end(struct cstats_set *set)
{
	cstats_notes_want(set, CSTATS_NOTES_NONE);
	cstats_with_cells(set, cstats_drop_parts);
	cstats_notes_unlock(set);
}

static int cstats_note(struct cstats_set *set)
{
	u64 *parts = cstats_cells_alloc_parts(set->shared.nr_values);

	if (!parts)
		return -ENOMEM;
	cstats_give_parts(&set->cells, parts);
	return set->family ? cstats_give_all(set) : 0;
}

/* Have both slots noted, and hold that snapshot. */
static int cstats_both_slots(struct cstats_set *set, unsigned long deadline,
			     unsigned long *held)
{
	int err;

	err = cstats_note(set);
	if (!err)
		err = cstats_await(set, cstats_request(set, true), deadline);
	if (err)
		return err;
	*held = cstats_request_hold(set, true);
	return cstats_await_hold(set, *held, deadline);
}

/**
 * cstats_parts_begin - take a snapshot with each CPU's part of it
 * @set: the set
 * @held: where to store what cstats_parts_end() needs
 *
 * Return: 0, -ENOMEM, or an error of cstats_await().
 */
int cstats_parts_begin(struct cstats_set *set, unsigned long *held)
{
	unsigned long deadline = cstats_deadline();
	int err = cstats_notes_lock(set, deadline);

	if (err)
		return err;
	cstats_notes_want(set, CSTATS_NOTES_PARTS);
	err = cstats_both_slots(set, deadline, held);
	if (err)
		cstats_notes_end(set);
	return err;
}

/**
 * cstats_parts_of - the parts of that snapshot
 * @set: the set
 * @cells: its own, or those of an instance
 *
 * Return: the parts, by CPU number and value, for kvfree().
 */
u64 *cstats_parts_of(struct cstats_set *set, struct cstats_cells *cells)
{
	u64 *parts = cstats_take_parts(cells);

	if (parts)
		cstats_cells_merge_parts(cells, set->shared.nr_values, parts, true);
	return parts;
}

void cstats_parts_end(struct cstats_set *set, unsigned long held)
{
	cstats_let_go(set, held);
	cstats_notes_end(set);
}

/* The set's own sums have memory already. */
static int cstats_alloc_own_base(struct cstats_set *set)
{
	size_t n = (size_t)nr_cpu_ids * set->shared.nr_values;

	if (!set->cells.base_cpu)
		set->cells.base_cpu = kvcalloc(n, sizeof(u64), GFP_KERNEL);
	return set->cells.base_cpu ? 0 : -ENOMEM;
}

/* Move the base to the last snapshot, for counters. */
static void cstats_move_base(struct cstats_set *set, struct cstats_cells *cells)
{
	unsigned int nr = set->shared.nr_values, i;
	u64 *parts = cstats_take_parts(cells);
	int cpu;

	cstats_cells_merge_parts(cells, nr, parts, false);
	for (i = 0; i < nr; i++) {
		if (cstats_is_gauge(set->about, i))
			continue;
		WRITE_ONCE(cells->base[i], cells->last[i] + cells->last[nr + i]);
		for_each_possible_cpu(cpu)
			cells->base_cpu[(size_t)cpu * nr + i] =
				parts[(size_t)cpu * nr + i];
	}
	kvfree(parts);
}

/**
 * cstats_reset_set - cstats_reset() of a set that the caller holds
 * @set: the set
 *
 * Return: as cstats_reset().
 */
int cstats_reset_set(struct cstats_set *set)
{
	unsigned long deadline = cstats_deadline(), held;
	int err = cstats_notes_lock(set, deadline);

	if (err)
		return err;
	cstats_notes_want(set, CSTATS_NOTES_BASE);
	err = cstats_alloc_own_base(set);
	if (!err)
		err = cstats_both_slots(set, deadline, &held);
	if (!err) {
		down_write(&set->base.lock);
		cstats_with_cells(set, cstats_move_base);
		mutex_lock(&cstats_rotate_mutex);
		set->base.since_ns = cstats_last_time(set);
		cstats_republish(set);
		mutex_unlock(&cstats_rotate_mutex);
		up_write(&set->base.lock);
		cstats_let_go(set, held);
	}
	cstats_notes_end(set);
	return err;
}

static void cstats_clear_base(struct cstats_set *set, struct cstats_cells *cells)
{
	unsigned int nr = set->shared.nr_values;

	cstats_cells_zero(cells, nr);
	if (cells->base_cpu)
		memset(cells->base_cpu, 0, (size_t)nr_cpu_ids * nr * sizeof(u64));
}

/**
 * cstats_clear_set - set everything to zero
 * @set: the set, which nobody writes to
 *
 * Return: 0 or an error of cstats_await().
 */
int cstats_clear_set(struct cstats_set *set)
{
	unsigned long deadline = cstats_deadline(), held;
	int err = cstats_notes_lock(set, deadline);

	if (err)
		return err;
	held = cstats_request_hold(set, true);
	err = cstats_await_hold(set, held, deadline);
	if (!err) {
		down_write(&set->base.lock);
		cstats_with_cells(set, cstats_clear_base);
		mutex_lock(&cstats_rotate_mutex);
		set->base.since_ns = ktime_get_ns();
		if (set->family)
			cstats_members_forget_gone(set);
		cstats_publish_zero(set);
		mutex_unlock(&cstats_rotate_mutex);
		up_write(&set->base.lock);
		cstats_let_go(set, held);
	}
	cstats_notes_unlock(set);
	return err;
}
