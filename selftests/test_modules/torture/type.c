// SPDX-License-Identifier: GPL-2.0
/* The real one and the busted ones. */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "check.h"
#include "random.h"
#include "set.h"
#include "type.h"

const struct torture_type *torture_type;

char *torture_type_name = "cstats";
module_param_named(torture_type, torture_type_name, charp, 0444);
MODULE_PARM_DESC(torture_type, "cstats, or what must fail: busted_unsafe, busted_split, busted_early, busted_last, busted_stale, busted_lost; with instances: busted_transfer, busted_anew, busted_members; with histograms: busted_bucket, busted_sum");

static int torture_real_read(enum torture_flavour f, struct cstats_snapshot *snap,
			     struct cstats_snapshot *stale, u32 *random)
{
	return cstats_read(&torture_sets[f].cs, snap);
}

/* The sums without any synchronization, as if they were a snapshot. */
static int torture_unsafe_read(enum torture_flavour f, struct cstats_snapshot *snap,
			       struct cstats_snapshot *stale, u32 *random)
{
	cstats_read_unsafe(&torture_sets[f].cs, snap->values);
	snap->number = torture_latest_number(f) + 1;
	snap->time_ns = ktime_get_ns();
	return 0;
}

/* What somebody else read some time ago, as if it were fresh. */
static int torture_last_read(enum torture_flavour f, struct cstats_snapshot *snap,
			     struct cstats_snapshot *stale, u32 *random)
{
	if (!(torture_random(random) & 3))
		return cstats_read(&torture_sets[f].cs, snap);
	return cstats_read_last(&torture_sets[f].cs, snap);
}

/* What was read here the time before. */
static int torture_stale_read(enum torture_flavour f, struct cstats_snapshot *snap,
			      struct cstats_snapshot *stale, u32 *random)
{
	swap(*snap, *stale);
	return cstats_read(&torture_sets[f].cs, stale);
}

static const struct torture_type torture_types[] = {
	{ .name = "cstats", .read = torture_real_read },
	{ .name = "busted_unsafe", .read = torture_unsafe_read },
	{ .name = "busted_split", .read = torture_real_read, .split = true },
	{ .name = "busted_early", .read = torture_real_read, .early = true },
	{ .name = "busted_last", .read = torture_last_read },
	{ .name = "busted_stale", .read = torture_stale_read },
	{ .name = "busted_lost", .read = torture_real_read, .loses = true },
	{ .name = "busted_transfer", .read = torture_real_read, .split_transfer = true },
	{ .name = "busted_bucket", .read = torture_real_read, .late_bucket = true },
	{ .name = "busted_sum", .read = torture_real_read, .late_sum = true },
	{ .name = "busted_anew", .read = torture_real_read, .anew = true },
	{ .name = "busted_members", .read = torture_real_read, .members = true },
};

bool torture_type_choose(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(torture_types); i++)
		if (!strcmp(torture_type_name, torture_types[i].name))
			torture_type = &torture_types[i];
	return torture_type;
}
