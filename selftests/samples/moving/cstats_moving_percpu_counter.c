// SPDX-License-Identifier: GPL-2.0
/* From a struct percpu_counter for each count. */
#include <linux/cstats.h>
#include <linux/percpu_counter.h>

/* before: */
static struct {
	struct percpu_counter packets, bytes;
} before;

static int before_init(void)
{
	int err = percpu_counter_init(&before.packets, 0, GFP_KERNEL);

	if (err)
		return err;
	err = percpu_counter_init(&before.bytes, 0, GFP_KERNEL);
	if (err)
		percpu_counter_destroy(&before.packets);
	return err;
}

static void before_sent(unsigned int len)
{
	percpu_counter_inc(&before.packets);
	percpu_counter_add(&before.bytes, len);
}

static void before_read(s64 *packets, s64 *bytes)
{
	*packets = percpu_counter_sum(&before.packets);
	*bytes = percpu_counter_sum(&before.bytes);	/* of another moment */
}

static void before_exit(void)
{
	percpu_counter_destroy(&before.bytes);
	percpu_counter_destroy(&before.packets);
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
	return cstats_init(&after, "percpu_counter", after_fields, ARRAY_SIZE(after_fields));
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
