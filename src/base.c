// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: each CPU's part of a snapshot, and the base that a reset moves
 *
 * Rotations note each CPU's slot when they close it, as long as somebody has
 * given them the memory. After two rotations both slots are noted. From then
 * on their sums are the parts of the set's last snapshot, no matter which task
 * rotates.
 *
 * A reset takes the parts and makes them the base that snapshots subtract.
 * Counters then count from the reset. Gauges are levels, which a reset does not
 * change: their base is zero for ever. So an identity among counters holds
 * across a reset (allocations by size = allocations). One that ties counters to
 * a gauge does not (in - out = now): after a reset, in - out is now less the
 * level at the reset.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "base.h"
#include "latch.h"
#include "params.h"
#include "rotate.h"
#include "share.h"

static size_t cstats_nr_parts(const struct cstats_set *set)
{
	return (size_t)nr_cpu_ids * set->shared.nr_fields;
}

static void cstats_note_parts(struct cstats_set *set, u64 *parts)
{
	mutex_lock(&cstats_rotate_mutex);
	set->rotation.parts = parts;
	mutex_unlock(&cstats_rotate_mutex);
}

/*
 * Have both slots noted. On success the rotations' mutex is held, so that @parts
 * and the last snapshot belong together, and nothing is noted any more.
 */
static int cstats_both_slots(struct cstats_set *set, u64 *parts)
{
	unsigned long deadline = cstats_deadline();
	int i, err = 0;

	cstats_note_parts(set, parts);
	for (i = 0; !err && i < 2; i++)
		err = cstats_await(set, cstats_request(set, true), deadline);
	if (err) {
		cstats_note_parts(set, NULL);
		return err;
	}
	mutex_lock(&cstats_rotate_mutex);
	set->rotation.parts = NULL;
	return 0;
}

/* Memory for the noted values of both slots, or NULL. */
static u64 *cstats_alloc_parts(const struct cstats_set *set)
{
	return kvcalloc(2 * cstats_nr_parts(set), sizeof(u64), GFP_KERNEL);
}

/* Add the second slot's to the first one's. */
static void cstats_merge_parts(const struct cstats_set *set, u64 *parts)
{
	size_t nr = cstats_nr_parts(set), i;

	for (i = 0; i < nr; i++)
		parts[i] += parts[nr + i];
}

/**
 * cstats_parts - take a snapshot with each CPU's part of it
 * @set: the set
 * @snap: where to store the snapshot
 *
 * Return: the parts, by CPU number and field, for kvfree(); or ERR_PTR() of
 * -ENOMEM or an error of cstats_await().
 */
u64 *cstats_parts(struct cstats_set *set, struct cstats_snapshot *snap)
{
	u64 *parts = cstats_alloc_parts(set);
	size_t i;
	int err;

	if (!parts)
		return ERR_PTR(-ENOMEM);
	err = mutex_lock_killable(&set->base.lock);
	if (err)
		goto free;
	err = cstats_both_slots(set, parts);
	if (err)
		goto unlock;
	cstats_copy(set, snap);
	mutex_unlock(&cstats_rotate_mutex);
	cstats_merge_parts(set, parts);
	for (i = 0; set->base.cpu && i < cstats_nr_parts(set); i++)
		parts[i] -= set->base.cpu[i];
unlock:
	mutex_unlock(&set->base.lock);
free:
	if (!err)
		return parts;
	kvfree(parts);
	return ERR_PTR(err);
}

/* Move the base to the last snapshot, for counters. Returns the base before. */
static u64 *cstats_move_base(struct cstats_set *set, u64 *parts)
{
	const struct cstats_rotation *r = &set->rotation;
	unsigned int nr = set->shared.nr_fields, i;
	u64 *before = set->base.cpu;
	int cpu;

	for (i = 0; i < nr; i++) {
		if (set->fields[i].kind == CSTATS_GAUGE)
			for_each_possible_cpu(cpu)
				parts[(size_t)cpu * nr + i] = 0;
		else
			WRITE_ONCE(set->base.sum[i], r->last[0][i] + r->last[1][i]);
	}
	set->base.cpu = parts;
	return before;
}

/**
 * cstats_reset_set - cstats_reset() of a set that the caller holds
 * @set: the set
 *
 * Return: as cstats_reset().
 */
int cstats_reset_set(struct cstats_set *set)
{
	u64 *parts = cstats_alloc_parts(set);
	int err;

	if (!parts)
		return -ENOMEM;
	err = mutex_lock_killable(&set->base.lock);
	if (err)
		goto free;
	err = cstats_both_slots(set, parts);
	if (!err) {
		cstats_merge_parts(set, parts);
		parts = cstats_move_base(set, parts);
		set->base.since_ns = cstats_last_time(set);
		cstats_republish(set);
		mutex_unlock(&cstats_rotate_mutex);
	}
	mutex_unlock(&set->base.lock);
free:
	kvfree(parts);
	return err;
}

/**
 * cstats_clear_set - set everything to zero
 * @set: the set, which nobody writes to
 *
 * Return: 0 or -EINTR.
 */
int cstats_clear_set(struct cstats_set *set)
{
	u64 *cpu;

	if (mutex_lock_killable(&set->base.lock))
		return -EINTR;
	mutex_lock(&cstats_rotate_mutex);
	cpu = set->base.cpu;
	set->base.cpu = NULL;
	memset(set->base.sum, 0, set->shared.nr_fields * sizeof(u64));
	set->base.since_ns = ktime_get_ns();
	cstats_zero(set);
	mutex_unlock(&cstats_rotate_mutex);
	mutex_unlock(&set->base.lock);
	kvfree(cpu);
	return 0;
}
