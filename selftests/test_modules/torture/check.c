// SPDX-License-Identifier: GPL-2.0
/* What holds in every snapshot; main.c lists it. */
#include <linux/atomic.h>
#include <linux/kernel.h>

#include "check.h"
#include "params.h"
#include "set.h"
#include "violation.h"

static atomic64_t torture_latest[NR_LATEST];

static void torture_max(atomic64_t *max, s64 value)
{
	s64 old = atomic64_read(max);

	while (old < value && !atomic64_try_cmpxchg(max, &old, value))
		;
}

void torture_known(s64 known[NR_LATEST])
{
	unsigned int i;

	for (i = 0; i < NR_LATEST; i++)
		known[i] = atomic64_read(&torture_latest[i]);
	smp_rmb();	/* with the full barriers in torture_max() */
}

s64 torture_latest_number(void)
{
	return atomic64_read(&torture_latest[NUMBER]);
}

/* 0 + 1 + ... + nr - 1; one of the factors is even, whatever overflows. */
static u64 torture_index_sum(u64 nr)
{
	return nr & 1 ? nr * ((nr - 1) / 2) : nr / 2 * (nr - 1);
}

void torture_check_values(const s64 *v, const char *what, u64 number)
{
	unsigned int i;

	if (v[IN] + v[OUT])
		torture_violation(TORN, "%s %llu: in %lld out %lld, off by %lld",
				  what, number, v[IN], v[OUT], v[IN] + v[OUT]);
	for (i = COPIES; i < torture.nfields; i++)
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

void torture_check_order(const struct cstats_snapshot *snap,
			 const s64 known[NR_LATEST], bool fresh)
{
	unsigned int i;

	for (i = 0; i <= GONE; i++) {
		if (i == IN || i == OUT)
			continue;
		if (snap->values[i] < known[i])
			torture_violation(BACKWARD, "snapshot %llu: field %u is %lld after %lld",
					  snap->number, i, snap->values[i],
					  known[i]);
		torture_max(&torture_latest[i], snap->values[i]);
	}
	if ((s64)snap->number < known[NUMBER] + fresh)
		torture_violation(BACKWARD, "snapshot %llu after %lld",
				  snap->number, known[NUMBER]);
	if ((s64)snap->time_ns < known[TIME])
		torture_violation(BACKWARD, "snapshot %llu: time %llu after %lld",
				  snap->number, snap->time_ns, known[TIME]);
	torture_max(&torture_latest[NUMBER], snap->number);
	torture_max(&torture_latest[TIME], snap->time_ns);
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

void torture_check_totals(struct cstats_snapshot *snap)
{
	static const char * const names[] = { "read", "read_last", "read_unsafe" };
	unsigned int how, f, i;
	int err;

	for (how = 0; how < ARRAY_SIZE(names); how++) {
		err = how == 0 ? cstats_read(&torture_set, snap) :
		      how == 1 ? cstats_read_last(&torture_set, snap) : 0;
		if (how == 2)
			cstats_read_unsafe(&torture_set, snap->values);
		if (err) {
			torture_violation(ERRORS, "%s at the end: %d", names[how], err);
			continue;
		}
		torture_check_values(snap->values, names[how], 0);
		for (f = 0; f < torture.nfields; f++) {
			u64 want = 0;

			for (i = 0; i < torture_nr_tallies; i++) {
				struct torture_tally *t = &torture_tallies[i];

				want += f == IN ? t->in : f == OUT ? -t->in :
					f >= MADE && f <= GONE ? t->chain[f] :
					t->ended;
			}
			if (snap->values[f] != want)
				torture_violation(LOST, "%s at the end: field %u is %lld, not %lld",
						  names[how], f, snap->values[f],
						  want);
		}
	}
}
