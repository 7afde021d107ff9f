// SPDX-License-Identifier: GPL-2.0
/* Two histograms: what belongs into their buckets, and what fits. */
#include <linux/kernel.h>

#include "histogram.h"

/* The bounds, as cstats is told in two ways; the last one is ours. */
static const u64 torture_bounds[NR_HISTOGRAMS][TORTURE_BUCKETS] = {
	[POWERS] = { 16, 32, 64, 128, 256, 512, 1024, 100000 },
	[BOUNDS] = { 0, 1, 10, 100, 1000, 5000, 20000, 100000 },
};

struct torture_histogram torture_histograms[NR_HISTOGRAMS];
unsigned int torture_observed;

unsigned int torture_histograms_place(struct cstats_field *fields, unsigned int first,
				      unsigned int nr_fields)
{
	unsigned int h;

	for (h = 0; h < NR_HISTOGRAMS; h++) {
		torture_histograms[h].field = first + h;
		torture_histograms[h].sum = nr_fields + h * (1 + TORTURE_BUCKETS);
		fields[first + h].kind = CSTATS_HISTOGRAM;
	}
	fields[first + POWERS].name = "powers";
	fields[first + POWERS].first = 16;
	fields[first + POWERS].last = 1024;
	fields[first + BOUNDS].name = "bounds";
	fields[first + BOUNDS].bounds = torture_bounds[BOUNDS];
	fields[first + BOUNDS].nr_bounds = TORTURE_BUCKETS - 1;
	torture_observed = first + NR_HISTOGRAMS;
	fields[torture_observed].name = "observed";
	return NR_HISTOGRAMS * (1 + TORTURE_BUCKETS);
}

static u64 torture_lowest(unsigned int h, unsigned int bucket)
{
	return bucket ? torture_bounds[h][bucket - 1] + 1 : 0;
}

/* At the edges, mostly. */
u64 torture_histogram_value(unsigned int h, unsigned int bucket, u32 dice)
{
	u64 high = torture_bounds[h][bucket], low = torture_lowest(h, bucket);

	switch (dice & 3) {
	case 0:
		return low;
	case 1:
		return high;
	default:
		return low + (dice >> 2) % (u32)(high - low + 1);
	}
}

bool torture_histogram_adds_up(const s64 *v, unsigned int h)
{
	const s64 *buckets = &v[torture_histograms[h].sum + 1];
	s64 count = v[torture_histograms[h].field];
	unsigned int b;

	for (b = 0; b < TORTURE_BUCKETS; b++)
		count -= buckets[b];
	return !count;
}

bool torture_histogram_fits(const s64 *v, unsigned int h)
{
	const s64 *buckets = &v[torture_histograms[h].sum + 1];
	s64 sum = v[torture_histograms[h].sum], low = 0, high = 0;
	unsigned int b;

	for (b = 0; b < TORTURE_BUCKETS; b++) {
		low += buckets[b] * torture_lowest(h, b);
		high += buckets[b] * torture_bounds[h][b];
	}
	return low <= sum && sum <= high;
}
