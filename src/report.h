/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports: snapshots of one or of all sets, for debugfs to print.
 */
#ifndef _CSTATS_REPORT_H
#define _CSTATS_REPORT_H

#include "member.h"
#include "set.h"

/**
 * struct cstats_report_instance - an instance in a report
 * @label: its name, with a reference held
 * @values: its values
 * @cpu: each CPU's part of them, or NULL
 */
struct cstats_report_instance {
	struct cstats_label *label;
	u64 *values;
	u64 *cpu;
};

/**
 * struct cstats_report_set - one set of a report
 * @set: the set, with a reference held
 * @want: the rotation that its reader needs
 * @err: 0, -ETIMEDOUT if @snap is an older one, -ENODEV if it is destroyed
 * @errors: errors noticed on the set
 * @snap: its snapshot
 * @cpu: each CPU's part of it, by CPU number and value, or NULL
 * @room: there is memory for so many instances
 * @nr_instances: how many there are
 * @instances: these
 * @values: memory of their values
 * @record: number of its first record, see debugfs.c
 */
struct cstats_report_set {
	struct cstats_set *set;
	unsigned long want;
	int err;
	unsigned int errors;
	struct cstats_snapshot snap;
	u64 *cpu;
	unsigned int room;
	unsigned int nr_instances;
	struct cstats_report_instance *instances;
	u64 *values;
	unsigned long record;
};

/**
 * struct cstats_report - snapshots of some sets
 * @only: if not NULL, the only instance that is wanted; the set's own values are not
 * @percpu: each CPU's part is wanted
 * @lost: sections without a set, in a report of all sets
 * @values: memory of the snapshots
 * @nr_records: of all sets
 * @nr_sets: how many those are
 * @sets: these
 */
struct cstats_report {
	const char *only;
	bool percpu;
	u64 lost;
	s64 *values;
	unsigned long nr_records;
	unsigned int nr_sets;
	struct cstats_report_set sets[];
};

struct cstats_report *cstats_report_all(void);
struct cstats_report *cstats_report_one(struct cstats_set *set);
struct cstats_report *cstats_report_instance(struct cstats_set *set, const char *name);
struct cstats_report *cstats_report_percpu(struct cstats_set *set);
struct cstats_report *cstats_report_last(struct cstats_set *set);
void cstats_report_free(struct cstats_report *report);

#endif /* _CSTATS_REPORT_H */
