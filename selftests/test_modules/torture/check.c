// SPDX-License-Identifier: GPL-2.0
/* What holds in every snapshot; main.c lists it. */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "check.h"
#include "histogram.h"
#include "params.h"
#include "set.h"
#include "violation.h"

static atomic64_t torture_latest[NR_FLAVOURS][NR_LATEST];

static void torture_max(atomic64_t *max, s64 value)
{
	s64 old = atomic64_read(max);

	while (old < value && !atomic64_try_cmpxchg(max, &old, value))
		;
}

void torture_known(enum torture_flavour f, s64 known[NR_LATEST])
{
	unsigned int i;

	for (i = 0; i < NR_LATEST; i++)
		known[i] = atomic64_read(&torture_latest[f][i]);
	smp_rmb();	/* with the full barriers in torture_max() */
}

s64 torture_latest_number(enum torture_flavour f)
{
	return atomic64_read(&torture_latest[f][NUMBER]);
}

/* 0 + 1 + ... + nr - 1; one of the factors is even, whatever overflows. */
static u64 torture_index_sum(u64 nr)
{
	return nr & 1 ? nr * ((nr - 1) / 2) : nr / 2 * (nr - 1);
}

static void torture_check_histogram(const s64 *v, unsigned int h, const char *what,
				    u64 number)
{
	s64 count = v[torture_histograms[h].field];

	if (count != v[SECTIONS])
		torture_violation(TORN, "%s %llu: sections %lld, but histogram %u has %lld",
				  what, number, v[SECTIONS], h, count);
	if (!torture_histogram_adds_up(v, h))
		torture_violation(HISTOGRAM, "%s %llu: histogram %u: buckets are not %lld",
				  what, number, h, count);
	if (!torture_histogram_fits(v, h))
		torture_violation(HISTOGRAM, "%s %llu: histogram %u: sum %lld is in other buckets",
				  what, number, h, v[torture_histograms[h].sum]);
}

/* What is done to one instance all of a sudden. */
void torture_check_part(const s64 *v, const char *what, u64 number)
{
	s64 observed = 0;
	unsigned int h;

	if (v[COPIES] != v[SECTIONS])
		torture_violation(TORN, "%s %llu: sections %lld, but copies %lld",
				  what, number, v[SECTIONS], v[COPIES]);
	if (!torture.histograms)
		return;
	for (h = 0; h < NR_HISTOGRAMS; h++) {
		torture_check_histogram(v, h, what, number);
		observed += v[torture_histograms[h].sum];
	}
	if (observed != v[torture_observed])
		torture_violation(HISTOGRAM, "%s %llu: observed %lld, but sums make %lld",
				  what, number, v[torture_observed], observed);
}

void torture_check_values(const s64 *v, const char *what, u64 number)
{
	unsigned int i;

	torture_check_part(v, what, number);
	if (v[IN] + v[OUT])
		torture_violation(TORN, "%s %llu: in %lld out %lld, off by %lld",
				  what, number, v[IN], v[OUT], v[IN] + v[OUT]);
	for (i = COPIES + 1; i < torture.nfields; i++)
		if (v[i] != v[SECTIONS]) {
			torture_violation(TORN, "%s %llu: sections %lld, but field %u is %lld",
					  what, number, v[SECTIONS], i, v[i]);
			break;
		}
	if (v[MADE] < v[TAKEN] || v[TAKEN] < v[GONE])
		torture_violation(CAUSAL, "%s %llu: made %lld taken %lld gone %lld",
				  what, number, v[MADE], v[TAKEN], v[GONE]);
	for (i = 0; i < torture_nr_tallies; i++) {
		u64 nr = v[torture_tallies[i].field];
		u64 index_sum = v[torture_tallies[i].field + 1];

		if (index_sum != torture_index_sum(nr))
			torture_violation(CAUSAL, "%s %llu: writer %u: %llu, indices make %llu",
					  what, number, i, nr, index_sum);
	}
}

void torture_check_order(enum torture_flavour f,
			 const struct cstats_snapshot *snap, const s64 known[NR_LATEST], bool fresh)
{
	unsigned int i;

	for (i = 0; i <= GONE; i++) {
		if (i == IN || i == OUT)
			continue;
		if (snap->values[i] < known[i])
			torture_violation(BACKWARD, "snapshot %llu: field %u is %lld after %lld",
					  snap->number, i, snap->values[i],
					  known[i]);
		torture_max(&torture_latest[f][i], snap->values[i]);
	}
	if ((s64)snap->number < known[NUMBER] + fresh)
		torture_violation(BACKWARD, "snapshot %llu after %lld",
				  snap->number, known[NUMBER]);
	if ((s64)snap->time_ns < known[TIME])
		torture_violation(BACKWARD, "snapshot %llu: time %llu after %lld",
				  snap->number, snap->time_ns, known[TIME]);
	torture_max(&torture_latest[f][NUMBER], snap->number);
	torture_max(&torture_latest[f][TIME], snap->time_ns);
}

void torture_note_ended(unsigned long *ended)
{
	unsigned int i;

	for (i = 0; i < torture_nr_tallies; i++)	/* pairs with torture_section() */
		ended[i] = smp_load_acquire(&torture_tallies[i].ended);
}

void torture_check_ended(const struct cstats_snapshot *snap,
			 const unsigned long *ended)
{
	unsigned int i;

	smp_rmb();	/* with the write barrier of the section after ->started */
	for (i = 0; i < torture_nr_tallies; i++) {
		const struct torture_tally *t = &torture_tallies[i];
		unsigned long started = READ_ONCE(t->started);
		u64 nr = snap->values[t->field];

		if (nr < ended[i])
			torture_violation(LOST, "snapshot %llu: writer %u: %llu, had ended %lu",
					  snap->number, i, nr, ended[i]);
		if (nr > started)
			torture_violation(EARLY, "snapshot %llu: writer %u: %llu, had started %lu",
					  snap->number, i, nr, started);
	}
}

/* What the tallies say of a field. */
static u64 torture_expected(unsigned int field)
{
	u64 want = 0;
	unsigned int i;

	for (i = 0; i < torture_nr_tallies; i++) {
		struct torture_tally *t = &torture_tallies[i];

		if (field == IN || field == OUT)
			want += field == IN ? t->in : -t->in;
		else if (field >= MADE && field <= GONE)
			want += t->chain[field];
		else
			want += t->ended;
	}
	return want;
}

static void torture_check_field(const s64 *v, const char *what, unsigned int field,
				u64 want)
{
	if (v[field] != want)
		torture_violation(LOST, "%s at the end: field %u is %lld, not %lld",
				  what, field, v[field], want);
}

static void torture_check_observed(const s64 *v, const char *what)
{
	unsigned int h, b, i;
	u64 observed = 0;

	for (h = 0; h < NR_HISTOGRAMS; h++)
		for (b = 0; b < TORTURE_BUCKETS; b++) {
			u64 want = 0;

			for (i = 0; i < torture_nr_tallies; i++)
				want += torture_tallies[i].buckets[h][b];
			torture_check_field(v, what, torture_histograms[h].sum + 1 + b, want);
		}
	for (i = 0; i < torture_nr_tallies; i++)
		observed += torture_tallies[i].observed;
	torture_check_field(v, what, torture_observed, observed);
}

/*
 * An instance that is removed is in cstats_read_unsafe() twice, or not at all, while
 * it goes. That takes a grace period, and work, and each value is read at a time of
 * its own. When all have gone, the values are those of the last snapshot.
 */
static void torture_read_unsafe(enum torture_flavour f, s64 *v, const s64 *last)
{
	unsigned int i;

	for (i = 0; i < 200; i++) {
		cstats_read_unsafe(&torture_sets[f].cs, v);
		if (!torture.instances || torture_failed() ||
		    !memcmp(v, last, torture_nr_values * sizeof(*v)))
			break;
		msleep(20);
	}
}

void torture_check_totals(enum torture_flavour f, struct cstats_snapshot *snap,
			  s64 *scratch)
{
	static const char * const names[] = { "read", "read_last", "read_unsafe" };
	struct cstats *cs = &torture_sets[f].cs;
	unsigned int how, field, i;
	int err;

	for (how = 0; how < ARRAY_SIZE(names); how++) {
		s64 *v = how == 2 ? scratch : snap->values;

		err = how == 0 ? cstats_read(cs, snap) :
		      how == 1 ? cstats_read_last(cs, snap) : 0;
		if (how == 2)
			torture_read_unsafe(f, v, snap->values);
		if (err) {
			torture_violation(ERRORS, "%s at the end: %d", names[how], err);
			continue;
		}
		torture_check_values(v, names[how], 0);
		for (field = 0; field < torture.nfields; field++)
			torture_check_field(v, names[how], field,
					    torture_expected(field));
		for (i = 0; i < torture_nr_tallies; i++)
			torture_check_field(v, names[how], torture_tallies[i].field,
					    torture_tallies[i].ended);
		if (torture.histograms)
			torture_check_observed(v, names[how]);
	}
}
