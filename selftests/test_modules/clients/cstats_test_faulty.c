// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_faulty: does on purpose what the debug kernels must report
 *
 * A kernel that reports nothing may be one that does not look. scripts/test-debug
 * loads this module once for each fault, in a machine of its own, and wants to
 * see the report.
 */
#include <linux/delay.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "cstats_test.h"

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "leak, use_after_free, shift, race, rcu, read_in_section, freed_set, nmi");

/* Nothing points to them when we return, but for what some stack still has. */
static void fault_leak(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		u64 *object = kmalloc(256, GFP_KERNEL);

		if (object)
			WRITE_ONCE(*object, i);
	}
}

static void fault_use_after_free(void)
{
	u64 *object = kmalloc(256, GFP_KERNEL);

	kfree(object);
	/* The compiler is not to see where it comes from. */
	OPTIMIZER_HIDE_VAR(object);
	READ_ONCE(*object);
}

static unsigned int shift_by = 32;

static void fault_shift(void)
{
	u32 one = 1;

	OPTIMIZER_HIDE_VAR(one);
	pr_info("shifted: %x\n", one << READ_ONCE(shift_by));
}

static unsigned long raced;
static bool racing;

static void race_work(struct work_struct *work)
{
	while (READ_ONCE(racing)) {
		raced++;
		cond_resched();
	}
}

static void fault_race(void)
{
	static struct work_struct works[2];
	unsigned long end = jiffies + 20 * HZ;
	unsigned int i;

	racing = true;
	for (i = 0; i < 2; i++) {
		INIT_WORK(&works[i], race_work);
		schedule_work_on(i % num_online_cpus(), &works[i]);
	}
	while (time_before(jiffies, end))
		msleep(100);
	WRITE_ONCE(racing, false);
	for (i = 0; i < 2; i++)
		cancel_work_sync(&works[i]);
}

static int __rcu *pointer;

static void fault_rcu(void)
{
	rcu_dereference(pointer);
}

static struct cstats set;

static const struct cstats_field fields[] = {
	{ "events", CSTATS_COUNTER },
};

static void fault_read_in_section(void)
{
	s64 value;
	struct cstats_snapshot snap = cstats_test_snapshot(&value, 1);
	struct cstats_section s;

	if (cstats_init(&set, "faulty", fields, 1))
		return;
	s = cstats_acquire(&set);
	cstats_read(&set, &snap);
	cstats_release(&s);
	cstats_destroy(&set);
}

/* Memory is freed while a set is in it, and the set destroyed when it is late. */
static void fault_freed_set(void)
{
	struct cstats *cs = kzalloc(sizeof(*cs), GFP_KERNEL);

	if (!cs || cstats_init(cs, "faulty", fields, 1))
		return;
	kfree(cs);
}

/* As in an NMI of a machine whose adds are not safe there. This file is built for one. */
static void fault_nmi(void)
{
	struct cstats_section s;

	if (cstats_init(&set, "faulty", fields, 1))
		return;
	s = cstats_acquire(&set);
	__preempt_count_add(NMI_OFFSET);
	cstats_add(&s, 0, 1);
	__preempt_count_sub(NMI_OFFSET);
	cstats_release(&s);
	cstats_destroy(&set);
}

static const struct {
	const char *name;
	void (*fn)(void);
} faults[] = {
	{ "leak", fault_leak },
	{ "use_after_free", fault_use_after_free },
	{ "shift", fault_shift },
	{ "race", fault_race },
	{ "rcu", fault_rcu },
	{ "read_in_section", fault_read_in_section },
	{ "freed_set", fault_freed_set },
	{ "nmi", fault_nmi },
};

static int __init faulty_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (strcmp(fault, faults[i].name))
			continue;
		faults[i].fn();
		return 0;
	}
	pr_err("fault=%s: no such fault\n", fault);
	return -EINVAL;
}

static void __exit faulty_exit(void)
{
}

module_init(faulty_init);
module_exit(faulty_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: faults that debug kernels must report");
MODULE_LICENSE("GPL");
