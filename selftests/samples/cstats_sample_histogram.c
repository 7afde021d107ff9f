// SPDX-License-Identifier: GPL-2.0
/*
 * Histograms: sizes of messages in powers of two, and their delays with bounds of
 * our own. In every snapshot the buckets add up to the count, and both histograms
 * have the same count, as one section observes both.
 */
#include <linux/cstats.h>

enum { SIZE, DELAY };

/* The largest value of each bucket. There is one more, for what is larger. */
static const u64 delays[] = { 0, 10, 50, 250 };

static const struct cstats_field mail_fields[] = {
	[SIZE] = {
		"size", CSTATS_HISTOGRAM, "bytes", "of each message",
		.first = 64, .last = 512,	/* 64, 128, 256, 512 */
	},
	[DELAY] = {
		"delay", CSTATS_HISTOGRAM, "ms", "until it was delivered",
		.bounds = delays, .nr_bounds = ARRAY_SIZE(delays),
	},
};

static DEFINE_CSTATS_RCU(mail_stats);

static void mail_deliver(unsigned int bytes, unsigned int ms)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&mail_stats);

	cstats_observe(&s, SIZE, bytes);
	cstats_observe(&s, DELAY, ms);
	cstats_release(&s);
}

static int __init mail_init(void)
{
	int err = cstats_init(&mail_stats, "mail", mail_fields, ARRAY_SIZE(mail_fields));
	unsigned int i;

	for (i = 1; !err && i <= 1000; i++)
		mail_deliver(i, i / 2);
	return err;
}

static void __exit mail_exit(void)
{
	cstats_destroy(&mail_stats.cs);
}

module_init(mail_init);
module_exit(mail_exit);
MODULE_DESCRIPTION("cstats sample: histograms");
MODULE_LICENSE("GPL");
