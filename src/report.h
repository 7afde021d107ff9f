/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports: snapshots of one or of all sets, for debugfs to print.
 */
#ifndef _CSTATS_REPORT_H
#define _CSTATS_REPORT_H

#include "set.h"

/**
 * struct cstats_report_set - one set of a report
 * @set: the set, with a reference held
 * @want: the rotation that its reader needs
 * @err: 0, -ETIMEDOUT if @snap is an older one, -ENODEV if it is destroyed
 * @errors: errors noticed on the set
 * @snap: its snapshot
 * @cpu: each CPU's part of it, by CPU number and field, or NULL
 */
struct cstats_report_set {
	struct cstats_set *set;
	unsigned long want;
	int err;
	unsigned int errors;
	struct cstats_snapshot snap;
	u64 *cpu;
};

struct cstats_report {
	unsigned int nr_sets;
	struct cstats_report_set sets[];
};

struct cstats_report *cstats_report_all(void);
struct cstats_report *cstats_report_one(struct cstats_set *set);
struct cstats_report *cstats_report_percpu(struct cstats_set *set);
struct cstats_report *cstats_report_last(struct cstats_set *set);
void cstats_report_free(struct cstats_report *report);

#endif /* _CSTATS_REPORT_H */
