// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: reports, the snapshots of one or of all sets that debugfs prints
 *
 * A report is taken when a file is opened and stays as it is, so that one open
 * is one snapshot however it is read. It holds a reference to its sets, which
 * may be destroyed meanwhile.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>

#include "base.h"
#include "latch.h"
#include "params.h"
#include "registry.h"
#include "report.h"
#include "rotate.h"
#include "share.h"

static struct cstats_report *cstats_report_new(unsigned int nr_sets)
{
	struct cstats_report *report;

	report = kvzalloc(struct_size(report, sets, nr_sets), GFP_KERNEL);
	return report ?: ERR_PTR(-ENOMEM);
}

/* Add @set, with the caller's reference, to @report, which has room for it. */
static int cstats_report_add(struct cstats_report *report,
			     struct cstats_set *set)
{
	struct cstats_report_set *rs = &report->sets[report->nr_sets++];

	rs->set = set;
	rs->snap.nr_fields = set->shared.nr_fields;
	rs->snap.values = kvcalloc(rs->snap.nr_fields, sizeof(s64), GFP_KERNEL);
	return rs->snap.values ? 0 : -ENOMEM;
}

/* All sets that were there when this began, and maybe a later one. */
static int cstats_report_collect(struct cstats_report *report,
				 unsigned int nr_sets)
{
	struct cstats_set *set;
	int err = 0;
	u32 id = 0;

	while (!err && report->nr_sets < nr_sets && (set = cstats_next_set(&id))) {
		err = cstats_report_add(report, set);
		cond_resched();
	}
	return err;
}

/*
 * All requests first, so that as few rotations as possible serve them all. A
 * deadline for the whole read: healthy sets do not wait for others.
 */
static int cstats_report_read(struct cstats_report *report)
{
	unsigned long deadline = cstats_deadline();
	struct cstats_report_set *rs;
	bool urgent = report->nr_sets == 1;

	for (rs = report->sets; rs < report->sets + report->nr_sets; rs++) {
		rs->want = cstats_request(rs->set, urgent);
		cond_resched();
	}
	for (rs = report->sets; rs < report->sets + report->nr_sets; rs++) {
		rs->err = cstats_await(rs->set, rs->want, deadline);
		if (rs->err == -EINTR) {
			cstats_kick();	/* what has been asked for is to be dropped */
			return -EINTR;
		}
		cstats_copy(rs->set, &rs->snap);
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
	return cstats_report_done(report, cstats_report_add(report, set));
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
	struct cstats_report *report = cstats_report_of(set);
	int err;

	if (IS_ERR(report))
		return report;
	err = cstats_report_read(report);
	if (!err && report->sets[0].err == -ENODEV)
		err = -ENODEV;
	return cstats_report_done(report, err);
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
	u64 *cpu;

	if (IS_ERR(report))
		return report;
	rs = report->sets;
	cpu = cstats_parts(set, &rs->snap);
	if (IS_ERR(cpu))
		return cstats_report_done(report, PTR_ERR(cpu));
	rs->cpu = cpu;
	rs->errors = atomic_read(&set->errors);
	return report;
}

/**
 * cstats_report_last - get the last snapshot of one set, without a rotation
 * @set: the set
 *
 * Context: Process context, may sleep, but waits for nothing.
 * Return: as cstats_report_one().
 */
struct cstats_report *cstats_report_last(struct cstats_set *set)
{
	struct cstats_report *report = cstats_report_of(set);

	if (IS_ERR(report))
		return report;
	cstats_copy(set, &report->sets[0].snap);
	report->sets[0].errors = atomic_read(&set->errors);
	return report;
}

/**
 * cstats_report_free - free a report
 * @report: the report, or NULL
 */
void cstats_report_free(struct cstats_report *report)
{
	unsigned int i;

	for (i = 0; report && i < report->nr_sets; i++) {
		cstats_set_put(report->sets[i].set);
		kvfree(report->sets[i].snap.values);
		kvfree(report->sets[i].cpu);
		cond_resched();
	}
	kvfree(report);
}
