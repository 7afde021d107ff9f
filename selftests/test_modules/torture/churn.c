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

static struct cstats churn_set;
static DECLARE_RWSEM(churn_sem);
static bool churn_there;	/* an RCU reader sees that it is */

unsigned long torture_nr_churn;

void torture_churn_section(struct torture_tally *t)
{
	rcu_read_lock();
	if (smp_load_acquire(&churn_there)) {	/* with torture_churn() */
		struct cstats_section s = cstats_acquire(&churn_set);

		cstats_add(&s, 0, 1);
		torture_section(t, 0, 0, 0);
		cstats_add(&s, 1, -1);
		cstats_release(&s);
	}
	rcu_read_unlock();
}

void torture_churn_read(void)
{
	s64 values[2];
	struct cstats_snapshot snap = { .values = values, .nr_values = 2 };
	int err;

	if (!down_read_trylock(&churn_sem))
		return;
	err = cstats_read(&churn_set, &snap);
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
		err = cstats_init(&churn_set, "torture_churn", fields,
				  ARRAY_SIZE(fields));
		up_write(&churn_sem);
		if (err) {
			torture_violation(ERRORS, "cstats_init: %d", err);
			return 0;
		}
		/* Pairs with smp_load_acquire() in torture_churn_section(). */
		smp_store_release(&churn_there, true);
		msleep(torture_random(&random) % (2 * torture.churn_ms));
		if (torture_random(&random) & 1) {
			err = cstats_reset(&churn_set);
			if (err)
				torture_violation(ERRORS, "cstats_reset: %d", err);
		}
		msleep(torture_random(&random) % (2 * torture.churn_ms));
		WRITE_ONCE(churn_there, false);
		synchronize_rcu();
		cstats_destroy(&churn_set);
		torture_nr_churn++;
	}
	return 0;
}
