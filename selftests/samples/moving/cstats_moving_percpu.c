// SPDX-License-Identifier: GPL-2.0
/* From a per-CPU struct of plain counters. */
#include <linux/cstats.h>
#include <linux/percpu.h>

/* before: */
struct before_stats {
	u64 packets, bytes;
};

static struct before_stats __percpu *before;

static int before_init(void)
{
	before = alloc_percpu(struct before_stats);
	return before ? 0 : -ENOMEM;
}

static void before_sent(unsigned int len)
{
	this_cpu_inc(before->packets);
	this_cpu_add(before->bytes, len);	/* on another CPU, maybe */
}

static void before_read(s64 *packets, s64 *bytes)
{
	int cpu;

	for_each_possible_cpu(cpu) {	/* each at another moment */
		*packets += per_cpu_ptr(before, cpu)->packets;
		*bytes += per_cpu_ptr(before, cpu)->bytes;
	}
}

static void before_exit(void)
{
	free_percpu(before);
}

/* after: */
enum { PACKETS, BYTES };

static const struct cstats_field after_fields[] = {
	[PACKETS] = { "packets", CSTATS_COUNTER, "packets", "sent" },
	[BYTES]   = { "bytes",   CSTATS_COUNTER, "bytes",   "sent" },
};

static DEFINE_CSTATS_RCU(after);

static int after_init(void)
{
	return cstats_init(&after, "percpu", after_fields, ARRAY_SIZE(after_fields));
}

static void after_sent(unsigned int len)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&after);

	cstats_add(&s, PACKETS, 1);
	cstats_add(&s, BYTES, len);
	cstats_release(&s);
}

static int after_read(s64 *packets, s64 *bytes)
{
	s64 values[ARRAY_SIZE(after_fields)];
	struct cstats_snapshot snap = { .values = values, .nr_values = ARRAY_SIZE(values) };
	int err = cstats_read(&after.cs, &snap);

	if (err)
		return err;
	*packets = values[PACKETS];
	*bytes = values[BYTES];
	return 0;
}

static void after_exit(void)
{
	cstats_destroy(&after.cs);
}

/* end */
#include "moving.h"
