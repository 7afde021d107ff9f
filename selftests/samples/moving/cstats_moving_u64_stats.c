// SPDX-License-Identifier: GPL-2.0
/* From per-CPU counters with a u64_stats_sync. */
#include <linux/cstats.h>
#include <linux/u64_stats_sync.h>

/* before: */
struct before_stats {
	u64_stats_t packets, bytes;
	struct u64_stats_sync syncp;
};

static struct before_stats __percpu *before;

static int before_init(void)
{
	int cpu;

	before = alloc_percpu(struct before_stats);
	if (!before)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(before, cpu)->syncp);
	return 0;
}

static void before_sent(unsigned int len)
{
	struct before_stats *stats = get_cpu_ptr(before);

	u64_stats_update_begin(&stats->syncp);	/* and no interrupt may do so, too */
	u64_stats_inc(&stats->packets);
	u64_stats_add(&stats->bytes, len);
	u64_stats_update_end(&stats->syncp);
	put_cpu_ptr(before);
}

static void before_read(s64 *packets, s64 *bytes)
{
	int cpu;

	for_each_possible_cpu(cpu) {	/* each at another moment */
		const struct before_stats *stats = per_cpu_ptr(before, cpu);
		u64 p, b;
		unsigned int start;

		do {	/* on 64-bit machines, this does not make them consistent */
			start = u64_stats_fetch_begin(&stats->syncp);
			p = u64_stats_read(&stats->packets);
			b = u64_stats_read(&stats->bytes);
		} while (u64_stats_fetch_retry(&stats->syncp, start));
		*packets += p;
		*bytes += b;
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
	return cstats_init(&after, "u64_stats", after_fields, ARRAY_SIZE(after_fields));
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
