// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: reports, the snapshots of one or of all sets that debugfs prints
 *
 * A report is taken when a file is opened and stays as it is, so that one open
 * is one snapshot however it is read. It holds a reference to its sets, which
 * may be destroyed meanwhile.
 *
 * The values of a family's instances are copied while its snapshot is held, and
 * the lock of the base keeps resets away. So all of them are of one instant. The
 * memory is allocated before: a rotation waits for the hold, and a reader that
 * waits for that rotation may be in memory reclaim.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>

#include "base.h"
#include "latch.h"
#include "params.h"
#include "registry.h"
#include "report.h"
#include "rotate.h"
#include "share.h"
#include "sink.h"

/* Beyond 2 GiB, kvmalloc() would warn, but it is -ENOMEM. */
#define CSTATS_GFP_MANY	(GFP_KERNEL | __GFP_NOWARN)

static struct cstats_report *cstats_report_new(unsigned int nr_sets)
{
	struct cstats_report *report;

	report = kvzalloc(struct_size(report, sets, nr_sets), GFP_KERNEL);
	return report ?: ERR_PTR(-ENOMEM);
}

/* Memory for the snapshots of all sets, in one piece. */
static int cstats_report_alloc(struct cstats_report *report)
{
	struct cstats_report_set *rs, *end = report->sets + report->nr_sets;
	size_t n = 0;

	for (rs = report->sets; rs < end; rs++) {
		n += rs->set->shared.nr_values;
		cond_resched();
	}
	if (!n)
		return 0;
	report->values = kvcalloc(n, sizeof(s64), CSTATS_GFP_MANY);
	if (!report->values)
		return -ENOMEM;
	for (n = 0, rs = report->sets; rs < end; rs++) {
		rs->snap.values = report->values + n;
		rs->snap.nr_values = rs->set->shared.nr_values;
		n += rs->snap.nr_values;
		cond_resched();
	}
	return 0;
}

/* All sets that were there when this began, and maybe a later one. */
static int cstats_report_collect(struct cstats_report *report,
				 unsigned int nr_sets)
{
	struct cstats_set *set;
	u32 id = 0;

	while (report->nr_sets < nr_sets && (set = cstats_next_set(&id))) {
		report->sets[report->nr_sets++].set = set;
		cond_resched();
	}
	return cstats_report_alloc(report);
}

static void cstats_copy_instance(struct cstats_report *report,
				 struct cstats_report_set *rs,
				 struct cstats_member *member)
{
	struct cstats_report_instance *ri = &rs->instances[rs->nr_instances];
	unsigned int nr = rs->set->shared.nr_values, i;

	if (report->percpu)
		ri->cpu = cstats_parts_of(rs->set, &member->cells);
	ri->values = rs->values + (size_t)rs->nr_instances++ * nr;
	for (i = 0; i < nr; i++)
		ri->values[i] = cstats_cells_value(&member->cells, nr, i);
	ri->label = member->label;
	refcount_inc(&ri->label->ref);
}

/* Memory for the instances that there are, and some that come meanwhile. */
static int cstats_report_room(const struct cstats_report *report,
			      struct cstats_report_set *rs)
{
	struct cstats_family *family = rs->set->family;
	unsigned int n;

	if (!family)
		return 0;
	n = report->only ? 1 : READ_ONCE(family->nr_members);
	if (!n || n <= rs->room)
		return 0;
	n += report->only ? 0 : n / 16;
	kvfree(rs->instances);
	kvfree(rs->values);
	rs->room = n;
	rs->instances = kvcalloc(n, sizeof(*rs->instances), CSTATS_GFP_MANY);
	rs->values = kvcalloc((size_t)n * rs->set->shared.nr_values, sizeof(u64),
			      CSTATS_GFP_MANY);
	return rs->instances && rs->values ? 0 : -ENOMEM;
}

/* Needs the family's lock. Returns -EAGAIN if there is too little room. */
static int cstats_copy_instances(struct cstats_report *report,
				 struct cstats_report_set *rs)
{
	struct cstats_family *family = rs->set->family;
	struct cstats_member *member;
	struct cstats_label *label;
	unsigned long id = 0;

	if (report->only) {
		label = cstats_label_find(family, report->only);
		if (!label)
			return -ENOENT;
		cstats_copy_instance(report, rs, label->member);
		return 0;
	}
	if (family->nr_members > rs->room)
		return -EAGAIN;
	while ((member = cstats_member_next(family, &id))) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (member->label)
			cstats_copy_instance(report, rs, member);
		cond_resched();
	}
	return 0;
}

/* Copy the set's snapshot, which is held, with all instances. */
static int cstats_report_copy(struct cstats_report *report, struct cstats_report_set *rs)
{
	struct cstats_family *family = rs->set->family;
	int err = 0;

	cstats_copy(rs->set, &rs->snap);
	if (family) {
		err = mutex_lock_killable(&family->lock);
		if (err)
			return err;
		err = cstats_copy_instances(report, rs);
		mutex_unlock(&family->lock);
	}
	return err;
}

/* The same for a snapshot that is not held yet. */
static int cstats_report_hold(struct cstats_report *report, struct cstats_report_set *rs,
			      unsigned long deadline)
{
	struct cstats_set *set = rs->set;
	unsigned long held;
	int err;

	if (!set->family) {
		cstats_copy(set, &rs->snap);
		return 0;
	}
	do {
		err = cstats_report_room(report, rs);
		if (!err)
			err = down_read_killable(&set->base.lock);
		if (err)
			return err;
		err = cstats_hold(set, deadline, &held);
		if (!err) {
			err = cstats_report_copy(report, rs);
			cstats_let_go(set, held);
		} else if (err != -EINTR) {
			rs->err = err;	/* without the instances, then */
			cstats_copy(set, &rs->snap);
			err = 0;
		}
		up_read(&set->base.lock);
	} while (err == -EAGAIN);
	return err;
}

/*
 * All requests first, so that as few rotations as possible serve them all. A
 * deadline for the whole read: healthy sets do not wait for others.
 */
static int cstats_report_read(struct cstats_report *report)
{
	struct cstats_report_set *rs, *end = report->sets + report->nr_sets;
	unsigned long deadline = cstats_deadline();
	bool urgent = report->nr_sets == 1;
	int err;

	for (rs = report->sets; rs < end; rs++) {
		rs->want = cstats_request(rs->set, urgent);
		cond_resched();
	}
	for (rs = report->sets; rs < end; rs++) {
		rs->err = cstats_await(rs->set, rs->want, deadline);
		err = rs->err == -EINTR ? -EINTR : cstats_report_hold(report, rs, deadline);
		if (err) {
			cstats_kick();	/* what has been asked for is to be dropped */
			return err;
		}
		rs->errors = atomic_read(&rs->set->errors);
		cond_resched();
	}
	return 0;
}

static struct cstats_report *cstats_report_done(struct cstats_report *report,
						int err)
{
	if (!err)
		return report;
	cstats_report_free(report);
	return ERR_PTR(err);
}

/**
 * cstats_report_all - take snapshots of all sets
 *
 * A set whose rotation stalls has its last snapshot in the report, and ->err.
 *
 * Context: Process context, may sleep.
 * Return: the report, for cstats_report_free(), or ERR_PTR() of -ENOMEM or
 * -EINTR.
 */
struct cstats_report *cstats_report_all(void)
{
	unsigned int nr_sets = cstats_nr_sets();
	struct cstats_report *report = cstats_report_new(nr_sets);
	int err;

	if (IS_ERR(report))
		return report;
	report->lost = cstats_sink_count();
	err = cstats_report_collect(report, nr_sets);
	if (!err)
		err = cstats_report_read(report);
	return cstats_report_done(report, err);
}

/* A report with room for @set's snapshot. */
static struct cstats_report *cstats_report_of(struct cstats_set *set)
{
	struct cstats_report *report;

	if (READ_ONCE(set->dead) || !cstats_set_tryget(set))
		return ERR_PTR(-ENODEV);
	report = cstats_report_new(1);
	if (IS_ERR(report)) {
		cstats_set_put(set);
		return report;
	}
	report->sets[report->nr_sets++].set = set;
	return cstats_report_done(report, cstats_report_alloc(report));
}

static struct cstats_report *cstats_report_this(struct cstats_set *set, const char *only)
{
	struct cstats_report *report = cstats_report_of(set);
	int err;

	if (IS_ERR(report))
		return report;
	report->only = only;
	err = cstats_report_read(report);
	if (!err && report->sets[0].err == -ENODEV)
		err = -ENODEV;
	return cstats_report_done(report, err);
}

/**
 * cstats_report_one - take a snapshot of one set
 * @set: the set
 *
 * Context: Process context, may sleep.
 * Return: as cstats_report_all(), or ERR_PTR(-ENODEV) if @set is destroyed.
 */
struct cstats_report *cstats_report_one(struct cstats_set *set)
{
	return cstats_report_this(set, NULL);
}

/**
 * cstats_report_instance - take a snapshot of a family, and keep one instance
 * @set: the family
 * @name: the instance's name; it has to last as long as the report
 *
 * The family is rotated as a whole, which takes as long as its instances are
 * many; but only one is copied and printed.
 *
 * Context: Process context, may sleep.
 * Return: as cstats_report_one(), or ERR_PTR(-ENOENT) if there is none.
 */
struct cstats_report *cstats_report_instance(struct cstats_set *set, const char *name)
{
	return set->family ? cstats_report_this(set, name) : ERR_PTR(-ENOENT);
}

/**
 * cstats_report_percpu - take a snapshot of one set, with each CPU's part
 * @set: the set
 *
 * Takes two rotations.
 *
 * Context: Process context, may sleep.
 * Return: as cstats_report_one(), or ERR_PTR(-ETIMEDOUT) if a rotation stalls.
 */
struct cstats_report *cstats_report_percpu(struct cstats_set *set)
{
	struct cstats_report *report = cstats_report_of(set);
	struct cstats_report_set *rs;
	unsigned long held;
	int err;

	if (IS_ERR(report))
		return report;
	rs = report->sets;
	report->percpu = true;
	do {
		err = cstats_report_room(report, rs);
		if (!err)
			err = cstats_parts_begin(set, &held);
		if (err)
			break;
		err = cstats_report_copy(report, rs);
		if (err != -EAGAIN)
			rs->cpu = cstats_parts_of(set, &set->cells);
		cstats_parts_end(set, held);
	} while (err == -EAGAIN);
	rs->errors = atomic_read(&set->errors);
	return cstats_report_done(report, err);
}

/**
 * cstats_report_last - get the last snapshot of one set, without a rotation
 * @set: the set
 *
 * Context: Process context, may sleep. Waits for nothing but, if @set is a
 * family, sums of its instances that are being made, or that are due.
 * Return: as cstats_report_one().
 */
struct cstats_report *cstats_report_last(struct cstats_set *set)
{
	struct cstats_report *report = cstats_report_of(set);

	if (IS_ERR(report))
		return report;
	report->sets[0].errors = atomic_read(&set->errors);
	if (set->family)
		cstats_make_way(set);
	return cstats_report_done(report, cstats_report_hold(report, report->sets,
							     cstats_deadline()));
}

static void cstats_report_free_set(struct cstats_report_set *rs)
{
	unsigned int i;

	for (i = 0; i < rs->nr_instances; i++) {
		cstats_label_put(rs->instances[i].label);
		kvfree(rs->instances[i].cpu);
		cond_resched();
	}
	kvfree(rs->instances);
	kvfree(rs->values);
	kvfree(rs->cpu);
	cstats_set_put(rs->set);
}

/**
 * cstats_report_free - free a report
 * @report: the report, or NULL
 */
void cstats_report_free(struct cstats_report *report)
{
	unsigned int i;

	if (!report)
		return;
	for (i = 0; i < report->nr_sets; i++) {
		cstats_report_free_set(&report->sets[i]);
		cond_resched();
	}
	kvfree(report->values);
	kvfree(report);
}
