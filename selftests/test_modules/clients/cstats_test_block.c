// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_block: what counters of requests print without consistency, for block.sh
 *
 * Counts the issue and the completion of requests with data twice, in plain per-CPU
 * counters and in a set. Who reads the parameter "compare" has both read again and
 * again for two seconds, each read followed by the question whether what was issued
 * less what was completed is what is in flight, and whether that is negative.
 */
#include <linux/blk-mq.h>
#include <linux/cstats.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/block.h>

enum { ISSUED, COMPLETED, IN_FLIGHT, NR_FIELDS };

static const struct cstats_field fields[NR_FIELDS] = {
	[ISSUED] = { "issued", CSTATS_COUNTER, "requests" },
	[COMPLETED] = { "completed", CSTATS_COUNTER, "requests" },
	[IN_FLIGHT] = { "in_flight", CSTATS_GAUGE, "requests" },
};

static bool claim;
module_param(claim, bool, 0444);
MODULE_PARM_DESC(claim, "take the name \"block\"");

static DEFINE_CSTATS_RCU(stats);
static DEFINE_PER_CPU(s64 [NR_FIELDS], plain);

static void count(unsigned int field, int in_flight)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&stats);

	cstats_add(&s, field, 1);
	cstats_add(&s, IN_FLIGHT, in_flight);
	cstats_release(&s);
	this_cpu_inc(plain[field]);
	this_cpu_add(plain[IN_FLIGHT], in_flight);
}

static void on_issue(void *data, struct request *rq)
{
	if (blk_rq_bytes(rq))
		count(ISSUED, 1);
}

/* An fsync(), and the second report of a write with a flush, have no data. */
static void on_complete(void *data, struct request *rq, blk_status_t error,
			unsigned int bytes)
{
	if (bytes && bytes >= blk_rq_bytes(rq))
		count(COMPLETED, -1);
}

static int read_plain(s64 *v)
{
	unsigned int i;
	int cpu;

	for (i = 0; i < NR_FIELDS; i++) {
		v[i] = 0;
		for_each_possible_cpu(cpu)
			v[i] += READ_ONCE(*per_cpu_ptr(&plain[i], cpu));
	}
	return 0;
}

static int read_consistent(s64 *v)
{
	struct cstats_snapshot snap = { .values = v, .nr_values = NR_FIELDS };

	return cstats_read(&stats.cs, &snap);
}

static int attempt(char *text, const char *name, int (*read)(s64 *v))
{
	unsigned long reads = 0, torn = 0, negative = 0, end = jiffies + 2 * HZ;
	s64 v[NR_FIELDS], least = 0;

	while (time_before(jiffies, end) && !read(v)) {
		s64 in_flight = v[ISSUED] - v[COMPLETED];

		reads++;
		torn += in_flight != v[IN_FLIGHT];
		negative += in_flight < 0;
		least = min(least, in_flight);
		cond_resched();
	}
	return sprintf(text, "%s reads %lu torn %lu negative %lu least %lld\n",
		       name, reads, torn, negative, least);
}

static int compare_get(char *buffer, const struct kernel_param *kp)
{
	int len = attempt(buffer, "plain", read_plain);

	return len + attempt(buffer + len, "consistent", read_consistent);
}

static const struct kernel_param_ops compare_ops = { .get = compare_get };
module_param_cb(compare, &compare_ops, NULL, 0400);

static struct tracepoint *tp_issue, *tp_complete;

static void __init find(struct tracepoint *tp, void *data)
{
	if (!strcmp(tp->name, "block_rq_issue"))
		tp_issue = tp;
	if (!strcmp(tp->name, "block_rq_complete"))
		tp_complete = tp;
}

static int __init cstats_test_block_init(void)
{
	int err;

	check_trace_callback_type_block_rq_issue(on_issue);
	check_trace_callback_type_block_rq_complete(on_complete);
	for_each_kernel_tracepoint(find, NULL);
	if (!tp_issue || !tp_complete)
		return -ENOENT;

	err = cstats_init(&stats, claim ? "block" : "test_block", fields, NR_FIELDS);
	if (err)
		return err;
	err = tracepoint_probe_register(tp_complete, on_complete, NULL);
	if (!err) {
		err = tracepoint_probe_register(tp_issue, on_issue, NULL);
		if (err)
			tracepoint_probe_unregister(tp_complete, on_complete, NULL);
	}
	if (err) {
		tracepoint_synchronize_unregister();
		cstats_destroy(&stats.cs);
	}
	return err;
}
module_init(cstats_test_block_init);

static void __exit cstats_test_block_exit(void)
{
	tracepoint_probe_unregister(tp_issue, on_issue, NULL);
	tracepoint_probe_unregister(tp_complete, on_complete, NULL);
	tracepoint_synchronize_unregister();
	cstats_destroy(&stats.cs);
}
module_exit(cstats_test_block_exit);

MODULE_DESCRIPTION("Counters of block requests without consistency, beside a set");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
