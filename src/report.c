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

#include "internal.h"

static int cstats_report_add(struct cstats_report *report,
			     struct cstats_set *set)
{
	struct cstats_report_set *rs = &report->sets[report->nr_sets];

	rs->snap.values = kvcalloc(set->nr_fields, sizeof(s64), GFP_KERNEL);
	if (!rs->snap.values)
		return -ENOMEM;
	rs->snap.nr_fields = set->nr_fields;
	refcount_inc(&set->ref);
	rs->set = set;
	report->nr_sets++;
	return 0;
}

/* The sets that are to be in @report, which has room for them. */
static int cstats_report_collect(struct cstats_report *report,
				 struct cstats_set *only)
{
	struct cstats_set *set;
	int err;

	list_for_each_entry(set, &cstats_sets, node) {
		if (!set->cs || (only && set != only))
			continue;
		err = cstats_report_add(report, set);
		if (err)
			return err;
	}
	return only && !report->nr_sets ? -ENODEV : 0;
}

/* All requests first, so that one rotation serves them all. */
static void cstats_report_read(struct cstats_report *report)
{
	unsigned int i;

	for (i = 0; i < report->nr_sets; i++)
		report->sets[i].want = cstats_request(report->sets[i].set);
	for (i = 0; i < report->nr_sets; i++) {
		struct cstats_report_set *rs = &report->sets[i];

		rs->err = cstats_await(rs->set, rs->want);
		cstats_copy(rs->set, &rs->snap);
	}
}

static int cstats_report_cut(struct cstats_report_set *rs)
{
	const struct cstats_set *set = rs->set;
	u64 *cpu;
	size_t i;

	cstats_lock();
	cpu = cstats_cut(rs->set, false);
	if (!IS_ERR(cpu)) {
		rs->cpu = cpu;
		if (set->base_cpu)
			for (i = 0; i < (size_t)nr_cpu_ids * set->nr_fields; i++)
				cpu[i] -= set->base_cpu[i];
		cstats_copy(set, &rs->snap);
	}
	cstats_unlock();
	return PTR_ERR_OR_ZERO(cpu);
}

/**
 * cstats_report_take - take snapshots of one or of all sets, with one barrier
 * @only: the set, or NULL for all sets
 * @percpu: with each CPU's part; only for one set, and takes two rotations
 *
 * A set whose rotation stalls has its last snapshot in the report, and ->err.
 *
 * Context: Process context, may sleep.
 * Return: the report, for cstats_report_free(), or ERR_PTR() of -ENOMEM,
 * -ENODEV (@only is being destroyed) or -ETIMEDOUT (@percpu, stalled).
 */
struct cstats_report *cstats_report_take(struct cstats_set *only, bool percpu)
{
	struct cstats_report *report;
	unsigned int i;
	int err;

	mutex_lock(&cstats_mutex);
	report = kvzalloc(struct_size(report, sets, only ? 1 : cstats_nr_sets),
			  GFP_KERNEL);
	err = report ? cstats_report_collect(report, only) : -ENOMEM;
	cstats_mutex_unlock();
	if (!err && percpu)
		err = cstats_report_cut(&report->sets[0]);
	else if (!err)
		cstats_report_read(report);
	if (err) {
		cstats_report_free(report);
		return ERR_PTR(err);
	}
	for (i = 0; i < report->nr_sets; i++)
		report->sets[i].errors = cstats_errors(report->sets[i].set);
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
	}
	kvfree(report);
}
