// SPDX-License-Identifier: GPL-2.0
/* Threads that take snapshots and have them checked. */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "check.h"
#include "churn.h"
#include "instances.h"
#include "params.h"
#include "random.h"
#include "readers.h"
#include "set.h"
#include "type.h"
#include "violation.h"

struct torture_reader *torture_readers;

static void torture_read_last(struct torture_reader *r, enum torture_flavour f)
{
	s64 known[NR_LATEST];
	int err;

	torture_known(f, known);
	err = cstats_read_last(&torture_sets[f].cs, &r->snap);
	if (err) {
		torture_violation(ERRORS, "cstats_read_last: %d", err);
		return;
	}
	r->lasts++;
	torture_check_values(r->snap.values, "last snapshot", r->snap.number);
	torture_check_order(f, &r->snap, known, false);
}

static void torture_read(struct torture_reader *r, enum torture_flavour f)
{
	s64 known[NR_LATEST];
	int err;

	torture_known(f, known);
	torture_note_ended(r->ended);
	err = torture_type->read(f, &r->snap, &r->stale[f], &r->random);
	if (err) {
		torture_violation(ERRORS, "cstats_read: %d", err);
		return;
	}
	if (torture_type->members)
		torture_instances_sum(f, &r->snap, &r->scratch);
	r->snapshots++;
	torture_check_ended(&r->snap, r->ended);
	torture_check_values(r->snap.values, "snapshot", r->snap.number);
	torture_check_order(f, &r->snap, known, true);
}

int torture_reader(void *reader)
{
	struct torture_reader *r = reader;

	while (!kthread_should_stop()) {
		u32 dice = torture_random(&r->random);
		enum torture_flavour f = torture_flavour_any(dice >> 16);

		if (!(dice & 7)) {
			torture_read_last(r, f);
		} else if (torture.instances && dice & 0x10) {
			torture_instance_read(f, &r->snap, torture_random(&r->random));
			r->instances++;
		} else {
			torture_read(r, f);
		}
		if (torture.instances && !(dice & 0xe0))	/* while some go */
			cstats_read_unsafe(&torture_sets[f].cs, r->scratch.values);
		if (torture.churn_ms && !(dice & 0xf00))
			torture_churn_read();
		if (torture.pause_us)
			usleep_range(torture.pause_us, 2 * torture.pause_us);
		cond_resched();
	}
	return 0;
}

static int torture_reader_alloc(struct torture_reader *r)
{
	struct cstats_snapshot *snaps[] = {
		&r->snap, &r->scratch, &r->stale[FLAVOUR_SEQ], &r->stale[FLAVOUR_RCU],
	};
	unsigned int i;

	r->random = get_random_u32();
	for (i = 0; i < ARRAY_SIZE(snaps); i++) {
		snaps[i]->nr_values = torture_nr_values;
		snaps[i]->values = kcalloc(torture_nr_values, sizeof(s64), GFP_KERNEL);
		if (!snaps[i]->values)
			return -ENOMEM;
	}
	r->ended = kcalloc(torture_nr_tallies, sizeof(*r->ended), GFP_KERNEL);
	return r->ended ? 0 : -ENOMEM;
}

int torture_readers_alloc(void)
{
	unsigned int i;
	int err = 0;

	torture_readers = kcalloc(torture.nreaders, sizeof(*torture_readers),
				  GFP_KERNEL);
	if (!torture_readers)
		return -ENOMEM;
	for (i = 0; i < torture.nreaders; i++)
		err = err ?: torture_reader_alloc(&torture_readers[i]);
	return err;
}

void torture_readers_free(void)
{
	unsigned int i;

	for (i = 0; torture_readers && i < torture.nreaders; i++) {
		kfree(torture_readers[i].snap.values);
		kfree(torture_readers[i].scratch.values);
		kfree(torture_readers[i].stale[FLAVOUR_SEQ].values);
		kfree(torture_readers[i].stale[FLAVOUR_RCU].values);
		kfree(torture_readers[i].ended);
	}
	kfree(torture_readers);
}
