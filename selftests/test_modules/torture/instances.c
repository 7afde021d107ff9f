// SPDX-License-Identifier: GPL-2.0
/* Instances of a family, that come and go, and what holds for each of them. */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "check.h"
#include "instances.h"
#include "params.h"
#include "random.h"
#include "set.h"
#include "type.h"
#include "violation.h"

#define TORTURE_STAY 2	/* instances that are not removed */

struct torture_instance *torture_instances;
unsigned long torture_nr_renewed;
unsigned long torture_nr_pairs;

static unsigned int torture_names;	/* so far; each is used once */

/*
 * What readers have read of the two that exchange something. If two readers share a
 * rotation, their snapshots have the same number, and what one instance has lost the
 * other one has.
 */
static struct torture_pair {
	u64 number;
	unsigned int have;
	s64 moved;
} torture_pairs[NR_FLAVOURS][256];
static DEFINE_SPINLOCK(torture_pairs_lock);

static void torture_pair(enum torture_flavour flavour, unsigned int which,
			 const struct cstats_snapshot *snap)
{
	struct torture_pair *p = &torture_pairs[flavour][snap->number % 256];
	s64 off = 0;

	spin_lock(&torture_pairs_lock);
	if (p->number != snap->number)
		*p = (struct torture_pair){ .number = snap->number };
	if (!(p->have & 1 << which)) {
		p->have |= 1 << which;
		p->moved += snap->values[torture_moved];
		if (p->have == 3) {
			torture_nr_pairs++;
			off = p->moved;
		}
	}
	spin_unlock(&torture_pairs_lock);
	if (off)
		torture_violation(TRANSFER, "snapshot %llu: %lld left or arrived only",
				  snap->number, off);
}

/* Called with a name that nobody else has. */
static int torture_instance_name(struct torture_instance *ti, bool rename)
{
	char name[CSTATS_INSTANCE_LEN];
	unsigned int f;
	int err = 0;

	snprintf(name, sizeof(name), "No. %u \"\\\n", torture_names++);
	for_each_set_bit(f, &torture_flavours, NR_FLAVOURS) {
		if (rename && !torture_type->anew) {
			err = err ?: cstats_instance_rename(&ti->inst[f], name);
			continue;
		}
		if (rename)
			cstats_instance_remove(&ti->inst[f]);
		err = err ?: cstats_instance_add(&torture_sets[f].cs, &ti->inst[f], name);
	}
	if (err)
		torture_violation(ERRORS, "instance %s: %d", rename ? "rename" : "add", err);
	return err;
}

static int torture_instance_add(struct torture_instance *ti)
{
	unsigned int f;
	int err;

	down_write(&ti->sem);
	for_each_set_bit(f, &torture_flavours, NR_FLAVOURS)
		atomic64_set(&ti->known[f], 0);
	err = torture_instance_name(ti, false);
	ti->there = !err;
	up_write(&ti->sem);
	return err;
}

static void torture_instance_remove(struct torture_instance *ti)
{
	unsigned int f;

	down_write(&ti->sem);
	for_each_set_bit(f, &torture_flavours, NR_FLAVOURS)
		cstats_instance_remove(&ti->inst[f]);
	ti->there = false;
	up_write(&ti->sem);
}

/* Nobody reads it meanwhile, or somebody does. Who loses counts is found out later. */
static void torture_instance_rename(struct torture_instance *ti)
{
	if (torture_type->anew)
		down_write(&ti->sem);
	torture_instance_name(ti, true);
	if (torture_type->anew)
		up_write(&ti->sem);
}

int torture_renew(void *unused)
{
	u32 random = get_random_u32();

	while (!kthread_should_stop()) {
		unsigned int i = torture_random(&random) % torture.instances;
		struct torture_instance *ti = &torture_instances[i];

		if (!ti->there)
			torture_instance_add(ti);
		else if (i < TORTURE_STAY || !(torture_random(&random) & 3))
			torture_instance_rename(ti);
		else
			torture_instance_remove(ti);
		torture_nr_renewed++;
		usleep_range(torture.renew_us / 2, torture.renew_us * 3 / 2);
	}
	return 0;
}

static void torture_check_instance(struct torture_instance *ti,
				   enum torture_flavour flavour,
				   const struct cstats_snapshot *snap, s64 known)
{
	s64 sections = snap->values[SECTIONS];

	torture_check_part(snap->values, "instance in snapshot", snap->number);
	if (sections < known)
		torture_violation(BACKWARD, "snapshot %llu: instance has %lld sections after %lld",
				  snap->number, sections, known);
	while (known < sections && !atomic64_try_cmpxchg(&ti->known[flavour], &known, sections))
		;
}

void torture_instance_read(enum torture_flavour flavour, struct cstats_snapshot *snap,
			   u32 dice)
{
	unsigned int i = (dice & 3 ? dice >> 2 & 1 : dice >> 2) % torture.instances;
	struct torture_instance *ti = &torture_instances[i];
	s64 known;
	int err;

	if (!down_read_trylock(&ti->sem))
		return;
	known = atomic64_read(&ti->known[flavour]);
	err = cstats_instance_read(&ti->inst[flavour], snap);
	if (err != (ti->there ? 0 : -ENODEV))
		torture_violation(ERRORS, "cstats_instance_read: %d", err);
	if (!err)
		torture_check_instance(ti, flavour, snap, known);
	up_read(&ti->sem);
	if (!err && i < TORTURE_STAY)
		torture_pair(flavour, i, snap);
}

void torture_instances_sum(enum torture_flavour flavour, struct cstats_snapshot *snap,
			   struct cstats_snapshot *scratch)
{
	unsigned int i, v;

	memset(snap->values, 0, torture_nr_values * sizeof(*snap->values));
	for (i = 0; i < torture.instances; i++) {
		struct torture_instance *ti = &torture_instances[i];

		down_read(&ti->sem);
		if (ti->there && !cstats_instance_read(&ti->inst[flavour], scratch))
			for (v = 0; v < torture_nr_values; v++)
				snap->values[v] += scratch->values[v];
		up_read(&ti->sem);
	}
}

void torture_instances_check(enum torture_flavour flavour, struct cstats_snapshot *snap)
{
	unsigned int which, i;
	u64 moved = 0;
	int err;

	for (i = 0; i < torture_nr_tallies; i++)
		moved += torture_tallies[i].moved;
	for (which = 0; which < TORTURE_STAY; which++, moved = -moved) {
		err = cstats_instance_read(torture_instance(which, flavour), snap);
		if (err)
			torture_violation(ERRORS, "cstats_instance_read at the end: %d", err);
		else if (snap->values[torture_moved] != moved)
			torture_violation(LOST, "at the end: instance %u has %lld, not %lld",
					  which, snap->values[torture_moved], moved);
	}
}

int torture_instances_alloc(void)
{
	unsigned int i;

	torture_instances = kcalloc(torture.instances + 1, sizeof(*torture_instances),
				    GFP_KERNEL);
	if (!torture_instances)
		return -ENOMEM;
	for (i = 0; i <= torture.instances; i++)
		init_rwsem(&torture_instances[i].sem);
	return 0;
}

int torture_instances_add(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < torture.instances; i++)
		err = err ?: torture_instance_add(&torture_instances[i]);
	return err;
}

void torture_instances_remove(void)
{
	unsigned int i;

	for (i = 0; i < torture.instances; i++)
		torture_instance_remove(&torture_instances[i]);
}

void torture_instances_free(void)
{
	kfree(torture_instances);
}
