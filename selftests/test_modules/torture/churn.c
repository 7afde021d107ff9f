// SPDX-License-Identifier: GPL-2.0
/* Another set, which is read, reset and destroyed while others use it. */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>

#include "churn.h"
#include "params.h"
#include "random.h"
#include "section.h"
#include "set.h"
#include "violation.h"

static struct cstats_rcu churn_set;
static bool churn_rcu;		/* it is of that flavour, before it is there */
static DECLARE_RWSEM(churn_sem);
static bool churn_there;	/* an RCU reader sees that it is */

unsigned long torture_nr_churn;

void torture_churn_section(struct torture_tally *t)
{
	rcu_read_lock();
	if (!smp_load_acquire(&churn_there))	/* with torture_churn() */
		goto out;
	if (READ_ONCE(churn_rcu)) {
		struct cstats_rcu_section s = cstats_rcu_acquire(&churn_set);

		cstats_add(&s, 0, 1);
		torture_section(t, 0, 0, 0);
		cstats_add(&s, 1, -1);
		cstats_release(&s);
	} else {
		struct cstats_section s = cstats_acquire(&churn_set.cs);

		cstats_add(&s, 0, 1);
		torture_section(t, 0, 0, 0);
		cstats_add(&s, 1, -1);
		cstats_release(&s);
	}
out:
	rcu_read_unlock();
}

void torture_churn_read(void)
{
	s64 values[2];
	struct cstats_snapshot snap = { .values = values, .nr_values = 2 };
	int err;

	if (!down_read_trylock(&churn_sem))
		return;
	err = cstats_read(&churn_set.cs, &snap);
	if (err && err != -ENODEV)
		torture_violation(ERRORS, "cstats_read of churn: %d", err);
	if (!err && values[0] + values[1])
		torture_violation(TORN, "churn: %lld and %lld", values[0], values[1]);
	up_read(&churn_sem);
}

int torture_churn(void *unused)
{
	static const struct cstats_field fields[] = {
		{ "plus", CSTATS_COUNTER, "sections", "rises in every section" },
		{ "minus", CSTATS_COUNTER, "sections", "falls in every section" },
	};
	u32 random = get_random_u32();
	int err;

	while (!kthread_should_stop()) {
		down_write(&churn_sem);
		WRITE_ONCE(churn_rcu, torture_flavour_any(torture_random(&random)) == FLAVOUR_RCU);
		if (churn_rcu)
			err = cstats_init(&churn_set, "torture_churn", fields,
					  ARRAY_SIZE(fields));
		else
			err = cstats_init(&churn_set.cs, "torture_churn", fields,
					  ARRAY_SIZE(fields));
		up_write(&churn_sem);
		if (err) {
			torture_violation(ERRORS, "cstats_init: %d", err);
			break;
		}
		/* Pairs with smp_load_acquire() in torture_churn_section(). */
		smp_store_release(&churn_there, true);
		msleep(torture_random(&random) % (2 * torture.churn_ms));
		if (torture_random(&random) & 1) {
			err = cstats_reset(&churn_set.cs);
			if (err)
				torture_violation(ERRORS, "cstats_reset: %d", err);
		}
		msleep(torture_random(&random) % (2 * torture.churn_ms));
		WRITE_ONCE(churn_there, false);
		synchronize_rcu();
		cstats_destroy(&churn_set.cs);
		torture_nr_churn++;
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return 0;
}
