// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_sets: many sets, and sets that come and go while others read
 *
 * The sets are there until the module is unloaded, for the scripts to look at;
 * so is, with churn=1, a thread that makes and destroys another one all the
 * time.
 */
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cstats_test.h"

static unsigned int nr = 1000;
module_param(nr, uint, 0444);
MODULE_PARM_DESC(nr, "number of sets");

static unsigned int nr_rcu;
module_param(nr_rcu, uint, 0444);
MODULE_PARM_DESC(nr_rcu, "number of sets of the RCU flavour");

static bool churn;
module_param(churn, bool, 0444);
MODULE_PARM_DESC(churn, "let a set come and go until unloaded");

static unsigned int ms = 1000;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "how long to churn, in milliseconds");

enum { PLUS, MINUS, NR };

static const struct cstats_field fields[NR] = {
	[PLUS] = { "plus", CSTATS_COUNTER, "events", "as many as minus" },
	[MINUS] = { "minus", CSTATS_COUNTER, "events", NULL },
};

static struct cstats *sets;
static struct cstats_rcu *rcu_sets;
static unsigned int nr_made, nr_rcu_made;

static void add(struct cstats *cs, s64 delta)
{
	struct cstats_section s = cstats_acquire(cs);

	cstats_add(&s, PLUS, delta);
	cstats_add(&s, MINUS, -delta);
	cstats_release(&s);
}

static void make_sets(void)
{
	char name[16];

	for (nr_made = 0; nr_made < nr; nr_made++) {
		snprintf(name, sizeof(name), "many_%u", nr_made);
		if (!check_eq(cstats_init(&sets[nr_made], name, fields, NR), 0))
			return;
	}
	for (nr_rcu_made = 0; nr_rcu_made < nr_rcu; nr_rcu_made++) {
		snprintf(name, sizeof(name), "rcu_%u", nr_rcu_made);
		if (!check_eq(cstats_init(&rcu_sets[nr_rcu_made], name, fields, NR), 0))
			return;
	}
}

static void read_sets(void)
{
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));
	unsigned int i;

	for (i = 0; i < nr_made; i++)
		add(&sets[i], i + 1);
	for (i = 0; i < nr_made; i += 97) {
		if (!check_eq(cstats_read(&sets[i], &snap), 0))
			return;
		check(values[PLUS] == i + 1 && values[MINUS] == -(s64)i - 1,
		      "set %u: %lld %lld", i, values[PLUS], values[MINUS]);
		check_eq(snap.number, 1);	/* each rotates for itself */
	}
}

static struct cstats fleeting;		/* the set that comes and goes */
static struct task_struct *churner;
static unsigned long cycles;

/* No writer: only readers may meet a set that is being destroyed. */
static int churn_thread(void *arg)
{
	while (!kthread_should_stop()) {
		if (!check_eq(cstats_init(&fleeting, "fleeting", fields, NR), 0))
			break;
		add(&fleeting, 1);
		schedule_timeout_uninterruptible(1);
		cstats_destroy(&fleeting);
		cycles++;
		cond_resched();
	}
	return 0;
}

static atomic_long_t reads[3];		/* with a snapshot, empty, without a set */

/* A reader gets a whole snapshot of some set that was there, or -ENODEV. */
static int fleeting_reader(void *arg)
{
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));
	unsigned int turn = 0;
	int err;

	while (!kthread_should_stop()) {
		switch (++turn % 4) {
		case 0:
			err = cstats_read_last(&fleeting, &snap);
			break;
		case 1:
			err = cstats_reset(&fleeting);
			values[PLUS] = 0;
			values[MINUS] = 0;
			break;
		default:
			err = cstats_read(&fleeting, &snap);
			break;
		}
		check(!err || err == -ENODEV, "error %d", err);
		if (!err)
			check(values[PLUS] == -values[MINUS] && values[PLUS] <= 1 &&
			      values[PLUS] >= 0, "torn, or of another set: %lld %lld",
			      values[PLUS], values[MINUS]);
		atomic_long_inc(&reads[err ? 2 : values[PLUS] ? 0 : 1]);
		/*
		 * cond_resched() does nothing in preemptible kernels, and User-mode
		 * Linux does not preempt when an interrupt returns, only here: else
		 * the churner never ran again while there is no set to wait for.
		 */
		preempt_disable();
		preempt_enable();
		cond_resched();
	}
	return 0;
}

static void read_while_destroyed(void)
{
	unsigned long limit = jiffies + 90 * HZ;
	struct task_struct *readers[2];
	unsigned int i;

	churner = cstats_test_start(-1, churn_thread, NULL);
	for (i = 0; i < 2; i++)
		readers[i] = cstats_test_start(-1, fleeting_reader, NULL);
	schedule_timeout_uninterruptible(msecs_to_jiffies(ms));
	while ((atomic_long_read(&reads[0]) < 50 || READ_ONCE(cycles) < 20) &&
	       time_before(jiffies, limit))
		schedule_timeout_uninterruptible(HZ / 10);
	for (i = 0; i < 2; i++)
		cstats_test_stop(readers[i]);
	cstats_test_stop(churner);
	churner = NULL;
	cstats_test_note("%lu cycles; %ld snapshots, %ld empty ones, %ld without a set",
			 cycles, atomic_long_read(&reads[0]), atomic_long_read(&reads[1]),
			 atomic_long_read(&reads[2]));
	check(cycles >= 20 && atomic_long_read(&reads[0]) >= 50, "too few to say anything");
}

static const struct cstats_test_case cases[] = {
	{ "make_sets", make_sets },
	{ "read_sets", read_sets },
	{ "read_while_destroyed", read_while_destroyed },
};

static int __init sets_init(void)
{
	sets = kvcalloc(nr, sizeof(*sets), GFP_KERNEL);
	rcu_sets = kvcalloc(nr_rcu, sizeof(*rcu_sets), GFP_KERNEL);
	if (!sets || !rcu_sets) {
		kvfree(rcu_sets);
		kvfree(sets);
		return -ENOMEM;
	}
	cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	if (churn)
		churner = cstats_test_start(-1, churn_thread, NULL);
	return 0;
}

static void __exit sets_exit(void)
{
	if (churner)
		cstats_test_stop(churner);
	cstats_test_forget(THIS_MODULE);
	while (nr_made)
		cstats_destroy(&sets[--nr_made]);
	while (nr_rcu_made)
		cstats_destroy(&rcu_sets[--nr_rcu_made].cs);
	kvfree(rcu_sets);
	kvfree(sets);
}

module_init(sets_init);
module_exit(sets_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: many sets, and sets that come and go");
MODULE_LICENSE("GPL");
