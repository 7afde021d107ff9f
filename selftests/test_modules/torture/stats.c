// SPDX-License-Identifier: GPL-2.0
/* Statistics and the verdict. */
#define pr_fmt(fmt) "cstats-torture: " fmt

#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/sysfs.h>

#include "churn.h"
#include "hotplug.h"
#include "instances.h"
#include "params.h"
#include "readers.h"
#include "set.h"
#include "stats.h"
#include "type.h"
#include "violation.h"

static const char *torture_verdict = "running";

static int torture_verdict_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", READ_ONCE(torture_verdict));
}

static const struct kernel_param_ops torture_verdict_ops = {
	.get = torture_verdict_get,
};

module_param_cb(verdict, &torture_verdict_ops, NULL, 0444);
MODULE_PARM_DESC(verdict, "running, SUCCESS or FAILURE");

void torture_print(const char *prefix)
{
	u64 by_context[NR_CONTEXTS] = { }, sections = 0, snapshots = 0, lasts = 0, parts = 0;
	char text[400];
	unsigned int i;
	int n;

	for (i = 0; i < torture_nr_tallies; i++) {
		u64 ended = READ_ONCE(torture_tallies[i].ended);

		by_context[torture_tallies[i].context] += ended;
		sections += ended;
	}
	for (i = 0; i < torture.nreaders; i++) {
		snapshots += READ_ONCE(torture_readers[i].snapshots);
		lasts += READ_ONCE(torture_readers[i].lasts);
		parts += READ_ONCE(torture_readers[i].instances);
	}
	n = torture_violations_print(text, sizeof(text));
	n += scnprintf(text + n, sizeof(text) - n, " last %llu parts %llu", lasts,
		       parts);
	for (i = 0; i < NR_CONTEXTS; i++)
		n += scnprintf(text + n, sizeof(text) - n, " %s %llu",
			       torture_contexts[i], by_context[i]);
	pr_alert("%s torture_type=%s ms %lld sections %llu snapshots %llu%s onoff %lu churn %lu renewed %lu pairs %lu\n",
		 prefix, torture_type->name, torture_clock_ms(),
		 sections, snapshots, text, READ_ONCE(torture_nr_onoff),
		 READ_ONCE(torture_nr_churn), READ_ONCE(torture_nr_renewed),
		 READ_ONCE(torture_nr_pairs));
}

void torture_end(void)
{
	bool failed = torture_failed();

	if (failed)
		pr_alert("first violation after %lld ms\n",
			 torture_first_violation_ms());
	torture_print(failed ? "End of test: FAILURE" : "End of test: SUCCESS");
	WRITE_ONCE(torture_verdict, failed ? "FAILURE" : "SUCCESS");
}
