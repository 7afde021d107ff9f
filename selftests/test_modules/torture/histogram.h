/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_HISTOGRAM_H
#define _TORTURE_HISTOGRAM_H

#include <linux/cstats.h>
#include <linux/types.h>

/* Two, of either kind of bounds. */
enum { POWERS, BOUNDS, NR_HISTOGRAMS };

#define TORTURE_BUCKETS	8

/* Their fields, from index @first on; the values come after those of all fields. */
unsigned int torture_histograms_place(struct cstats_field *fields, unsigned int first,
				      unsigned int nr_fields);

/* Their indices in a set. */
struct torture_histogram {
	unsigned int field;
	unsigned int sum;
};

extern struct torture_histogram torture_histograms[NR_HISTOGRAMS];
extern unsigned int torture_observed;	/* a counter: the sum of both */

/* A value that belongs into @bucket of the histogram @h. */
u64 torture_histogram_value(unsigned int h, unsigned int bucket, u32 dice);

/* Do the buckets of the histogram @h in @v add up to the count? */
bool torture_histogram_adds_up(const s64 *v, unsigned int h);

/* Can the sum be that of values in these buckets? */
bool torture_histogram_fits(const s64 *v, unsigned int h);

#endif /* _TORTURE_HISTOGRAM_H */
