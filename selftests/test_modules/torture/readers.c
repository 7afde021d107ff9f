// SPDX-License-Identifier: GPL-2.0
/* Threads that take snapshots and have them checked. */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "check.h"
#include "churn.h"
#include "params.h"
#include "random.h"
#include "readers.h"
#include "set.h"
#include "type.h"
#include "violation.h"

struct torture_reader *torture_readers;

static void torture_read_last(struct torture_reader *r)
{
	s64 known[NR_LATEST];
	int err;

	torture_known(known);
	err = cstats_read_last(&torture_set, &r->snap);
	if (err) {
		torture_violation(ERRORS, "cstats_read_last: %d", err);
		return;
	}
	r->lasts++;
	torture_check_values(r->snap.values, "last snapshot", r->snap.number);
	torture_check_order(&r->snap, known, false);
}

static void torture_read(struct torture_reader *r)
{
	s64 known[NR_LATEST];
	int err;

	torture_known(known);
	torture_note_ended(r->ended);
	err = torture_type->read(&r->snap, &r->stale, &r->random);
	if (err) {
		torture_violation(ERRORS, "cstats_read: %d", err);
		return;
	}
	r->snapshots++;
	torture_check_ended(&r->snap, r->ended);
	torture_check_values(r->snap.values, "snapshot", r->snap.number);
	torture_check_order(&r->snap, known, true);
}

int torture_reader(void *reader)
{
	struct torture_reader *r = reader;

	while (!kthread_should_stop()) {
		u32 dice = torture_random(&r->random);

		if (!(dice & 7))
			torture_read_last(r);
		else
			torture_read(r);
		if (torture.churn_ms && !(dice & 0xf00))
			torture_churn_read();
		if (torture.pause_us)
			usleep_range(torture.pause_us, 2 * torture.pause_us);
		cond_resched();
	}
	return 0;
}

int torture_readers_alloc(void)
{
	unsigned int i;

	torture_readers = kcalloc(torture.nreaders, sizeof(*torture_readers),
				  GFP_KERNEL);
	if (!torture_readers)
		return -ENOMEM;
	for (i = 0; i < torture.nreaders; i++) {
		struct torture_reader *r = &torture_readers[i];

		r->random = get_random_u32();
		r->snap.nr_values = torture_nr_fields;
		r->snap.values = kcalloc(torture_nr_fields, sizeof(s64), GFP_KERNEL);
		r->stale.nr_values = torture_nr_fields;
		r->stale.values = kcalloc(torture_nr_fields, sizeof(s64), GFP_KERNEL);
		r->ended = kcalloc(torture_nr_tallies, sizeof(*r->ended), GFP_KERNEL);
		if (!r->snap.values || !r->stale.values || !r->ended)
			return -ENOMEM;
	}
	return 0;
}

void torture_readers_free(void)
{
	unsigned int i;

	for (i = 0; torture_readers && i < torture.nreaders; i++) {
		kfree(torture_readers[i].snap.values);
		kfree(torture_readers[i].stale.values);
		kfree(torture_readers[i].ended);
	}
	kfree(torture_readers);
}
