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
 * The lock of the base is held for reading by those who read instances, which
 * have a base each, and for writing by all that is here. An instance that comes
 * meanwhile is left out: its parts are not noted, and it counts from its start.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "base.h"
#include "describe.h"
#include "latch.h"
#include "member.h"
#include "params.h"
#include "rotate.h"
#include "share.h"

/* Stop noting, and return what has been noted, or NULL. */
static u64 *cstats_take_parts(struct cstats_cells *cells)
{
	u64 *parts;

	mutex_lock(&cstats_rotate_mutex);
	parts = cells->parts;
	cells->parts = NULL;
	mutex_unlock(&cstats_rotate_mutex);
	return parts;
}

static int cstats_note(struct cstats_set *set, struct cstats_cells *cells)
{
	u64 *parts = cstats_cells_alloc_parts(set->shared.nr_values);

	if (!parts)
		return -ENOMEM;
	mutex_lock(&cstats_rotate_mutex);
	cells->parts = parts;
	mutex_unlock(&cstats_rotate_mutex);
	return 0;
}

typedef int cstats_cells_fn(struct cstats_set *set, struct cstats_cells *cells);

/* Call a function for the cells of the set and of all its instances. */
static int cstats_with_cells(struct cstats_set *set, cstats_cells_fn *fn)
{
	struct cstats_member *member;
	unsigned long id = 0;
	int err;

	err = fn(set, &set->cells);
	if (err || !set->family)
		return err;
	mutex_lock(&set->family->lock);
	while (!err && (member = cstats_member_next(set->family, &id))) {
		err = fn(set, &member->cells);
		cond_resched();
	}
	mutex_unlock(&set->family->lock);
	return err;
}

static int cstats_drop_parts(struct cstats_set *set, struct cstats_cells *cells)
{
	kvfree(cstats_take_parts(cells));
	return 0;
}

/* Have both slots noted, and hold that snapshot. Needs the lock of the base. */
static int cstats_both_slots(struct cstats_set *set, unsigned long *held)
{
	unsigned long deadline = cstats_deadline();
	int err;

	err = cstats_with_cells(set, cstats_note);
	if (!err)
		err = cstats_await(set, cstats_request(set, true), deadline);
	if (!err) {
		*held = cstats_request_hold(set, true);
		err = cstats_await_hold(set, *held, deadline);
	}
	if (err)
		cstats_with_cells(set, cstats_drop_parts);
	return err;
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
	int err = down_write_killable(&set->base.lock);

	if (err)
		return err;
	err = cstats_both_slots(set, held);
	if (err)
		up_write(&set->base.lock);
	return err;
}

/**
 * cstats_parts_of - the parts of that snapshot
 * @set: the set
 * @cells: its own, or those of an instance
 *
 * Return: the parts, by CPU number and value, for kvfree(); or NULL if this is an
 * instance that came too late.
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
	cstats_with_cells(set, cstats_drop_parts);
	cstats_let_go(set, held);
	up_write(&set->base.lock);
}

/* Memory for the base of an instance: the sums, then each CPU's. */
static int cstats_alloc_base(struct cstats_set *set, struct cstats_cells *cells)
{
	unsigned int nr = set->shared.nr_values;

	if (cells->base)
		return 0;
	cells->base = kvcalloc((1 + (size_t)nr_cpu_ids) * nr, sizeof(u64), GFP_KERNEL);
	if (!cells->base)
		return -ENOMEM;
	cells->base_cpu = cells->base + nr;
	return 0;
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
static int cstats_move_base(struct cstats_set *set, struct cstats_cells *cells)
{
	unsigned int nr = set->shared.nr_values, i;
	u64 *parts = cstats_take_parts(cells);
	int cpu;

	if (!parts || !cells->base_cpu) {
		kvfree(parts);
		return 0;
	}
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
	return 0;
}

/**
 * cstats_reset_set - cstats_reset() of a set that the caller holds
 * @set: the set
 *
 * Return: as cstats_reset().
 */
int cstats_reset_set(struct cstats_set *set)
{
	unsigned long held;
	int err;

	err = down_write_killable(&set->base.lock);
	if (err)
		return err;
	err = cstats_alloc_own_base(set);
	if (!err)
		err = cstats_with_cells(set, cstats_alloc_base);
	if (!err)
		err = cstats_both_slots(set, &held);
	if (!err) {
		cstats_with_cells(set, cstats_move_base);
		mutex_lock(&cstats_rotate_mutex);
		set->base.since_ns = cstats_last_time(set);
		cstats_republish(set);
		mutex_unlock(&cstats_rotate_mutex);
		cstats_let_go(set, held);
	}
	up_write(&set->base.lock);
	return err;
}

static int cstats_clear_base(struct cstats_set *set, struct cstats_cells *cells)
{
	unsigned int nr = set->shared.nr_values;

	cstats_cells_zero(cells, nr);
	if (cells->base_cpu)
		memset(cells->base_cpu, 0, (size_t)nr_cpu_ids * nr * sizeof(u64));
	return 0;
}

/**
 * cstats_clear_set - set everything to zero
 * @set: the set, which nobody writes to
 *
 * Return: 0 or an error of cstats_await().
 */
int cstats_clear_set(struct cstats_set *set)
{
	unsigned long held;
	int err;

	err = down_write_killable(&set->base.lock);
	if (err)
		return err;
	held = cstats_request_hold(set, true);
	err = cstats_await_hold(set, held, cstats_deadline());
	if (!err) {
		cstats_with_cells(set, cstats_clear_base);
		mutex_lock(&cstats_rotate_mutex);
		set->base.since_ns = ktime_get_ns();
		if (set->family)
			cstats_members_forget_gone(set);
		cstats_publish_zero(set);
		mutex_unlock(&cstats_rotate_mutex);
		cstats_let_go(set, held);
	}
	up_write(&set->base.lock);
	return err;
}
