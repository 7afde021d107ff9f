// SPDX-License-Identifier: GPL-2.0
/* From an atomic64_t for each count. */
#include <linux/cstats.h>
#include <linux/atomic.h>

/* before: */
static struct {
	atomic64_t packets, bytes;
} before;

static int before_init(void)
{
	return 0;
}

static void before_sent(unsigned int len)
{
	atomic64_inc(&before.packets);	/* all CPUs write to this cache line */
	atomic64_add(len, &before.bytes);
}

static void before_read(s64 *packets, s64 *bytes)
{
	*packets = atomic64_read(&before.packets);
	*bytes = atomic64_read(&before.bytes);	/* of another moment */
}

static void before_exit(void)
{
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
	return cstats_init(&after, "atomic64", after_fields, ARRAY_SIZE(after_fields));
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
