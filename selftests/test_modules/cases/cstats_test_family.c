// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_family: families of both flavours, and histograms
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cstats_test.h"

enum { IN, OUT, SIZE, POWER, NR };
static const u64 sizes[] = { 0, 10, 1000 };
static const struct cstats_field fields[] = {
	[IN] = { "in", CSTATS_COUNTER },
	[OUT] = { "out", CSTATS_COUNTER },
	[SIZE] = { "size", CSTATS_HISTOGRAM, "bytes", "of all", sizes, ARRAY_SIZE(sizes) },
	[POWER] = { "power", CSTATS_HISTOGRAM, .first = 4, .last = 16 },
};

/* The sums of the histograms, and their buckets. */
enum { SUM = NR, BUCKET, POWER_SUM = BUCKET + 4, POWER_BUCKET, NR_VALUES = POWER_BUCKET + 4 };

static struct cstats seq_family;
static struct cstats_rcu rcu_family;
static struct cstats *family;
static bool rcu;
static struct cstats_instance one, two;
static s64 values[NR_VALUES];

#define SLOW_MS	50

/* A section that moves @n from one instance to another. */
static void move(struct cstats_instance *from, struct cstats_instance *to, s64 n)
{
	if (rcu) {
		struct cstats_rcu_section s = cstats_rcu_acquire(&rcu_family);

		cstats_add_to(&s, from, OUT, n);
		cstats_add_to(&s, to, IN, n);
		cstats_release(&s);
	} else {
		struct cstats_section s = cstats_acquire(&seq_family);

		cstats_add_to(&s, from, OUT, n);
		cstats_add_to(&s, to, IN, n);
		cstats_release(&s);
	}
}

static void observe(struct cstats_instance *inst, unsigned int field, u64 value)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&rcu_family);
	struct cstats_within in = cstats_in(&s, inst);

	cstats_observe(&in, field, value);
	cstats_release(&s);
}

static bool start(void)
{
	int err;

	family = rcu ? &rcu_family.cs : &seq_family;
	if (rcu)
		err = cstats_init_family(&rcu_family, "family", "device", fields, NR);
	else
		err = cstats_init_family(&seq_family, "family", "device", fields, NR);
	if (!check_eq(err, 0))
		return false;
	check_eq(cstats_instance_add(family, &one, "one"), 0);
	check_eq(cstats_instance_add(family, &two, "two"), 0);
	return true;
}

static void finish(void)
{
	cstats_instance_remove(&one);
	cstats_instance_remove(&two);
	cstats_destroy(family);
}

static void expect(struct cstats_instance *inst, s64 in, s64 out)
{
	struct cstats_snapshot snap = { .values = values, .nr_values = NR_VALUES };

	check_eq(inst ? cstats_instance_read(inst, &snap) : cstats_read(family, &snap), 0);
	check_eq(values[IN], in);
	check_eq(values[OUT], out);
}

static void in_and_out(void)
{
	move(&one, &two, 5);
	move(&two, &one, 2);
	expect(NULL, 7, 7);
	expect(&one, 2, 5);
	expect(&two, 5, 2);
	check_eq(cstats_instance_rename(&one, "two"), -EEXIST);
	check_eq(cstats_instance_rename(&one, "three"), 0);
	expect(&one, 2, 5);
	check_eq(cstats_reset(family), 0);
	expect(&one, 0, 0);
	expect(NULL, 0, 0);
	move(&one, &two, 3);
	expect(NULL, 3, 3);
	cstats_instance_remove(&one);
	expect(NULL, 3, 3);
	move(&one, &two, 4);
	expect(NULL, 7, 7);
	expect(&two, 7, 0);
	check_eq(cstats_instance_add(family, &one, "three"), 0);
	expect(&one, 0, 0);
	rcu_barrier();
	expect(NULL, 7, 7);
}

static void both_flavours(void (*run)(void))
{
	for (rcu = false; ; rcu = true) {
		if (!start())
			return;
		run();
		finish();
		if (rcu)
			return;
	}
}

static void come_and_go(void)
{
	both_flavours(in_and_out);
}

/* A section that has found its instance, and adds to it a while later. */
static int slow_thread(void *opened)
{
	if (rcu) {
		struct cstats_rcu_section s = cstats_rcu_acquire(&rcu_family);
		struct cstats_within in = cstats_in(&s, &one);

		cstats_add(&in, OUT, 3);
		complete(opened);
		mdelay(SLOW_MS);
		cstats_add(&in, IN, 3);
		cstats_release(&s);
	} else {
		struct cstats_section s = cstats_acquire(&seq_family);
		struct cstats_within in = cstats_in(&s, &one);

		cstats_add(&in, OUT, 3);
		complete(opened);
		mdelay(SLOW_MS);
		cstats_add(&in, IN, 3);
		cstats_release(&s);
	}
	return 0;
}

/* Returns when the section is open. */
static struct task_struct *slow_start(int cpu)
{
	DECLARE_COMPLETION_ONSTACK(opened);
	struct task_struct *task = cstats_test_start(cpu, slow_thread, &opened);

	if (task)
		wait_for_completion(&opened);
	return task;
}

static int other_cpu;

/* A read waits for it, and so does the end of an instance that is removed. */
static void beside_slow_section(void)
{
	struct task_struct *task = slow_start(other_cpu);

	expect(NULL, 3, 3);
	expect(&one, 3, 3);
	cstats_test_stop(task);
	task = slow_start(other_cpu);
	cstats_instance_remove(&one);
	cstats_test_stop(task);
	expect(NULL, 6, 6);
	rcu_barrier();
	msleep(SLOW_MS);	/* a worker has seen to its end by now */
	expect(NULL, 6, 6);
}

static void slow_section(void)
{
	cpumask_t affinity = *current->cpus_ptr;

	other_cpu = cstats_test_other_cpu();
	if (other_cpu >= 0)
		both_flavours(beside_slow_section);
	set_cpus_allowed_ptr(current, &affinity);
}

static void histogram(void)
{
	static const u64 powers[] = { 0, 1, 4, 5, 8, 9, 16, 17 };
	struct cstats_snapshot snap = { .values = values, .nr_values = NR_VALUES };
	unsigned int i;

	rcu = true;
	if (!start())
		return;
	check_eq(cstats_nr_values(family), NR_VALUES);
	check_eq(cstats_sum_index(family, SIZE), SUM);
	check_eq(cstats_sum_index(family, IN), -EINVAL);
	observe(&one, SIZE, 0);
	observe(&one, SIZE, 1);
	observe(&one, SIZE, 10);
	observe(&one, SIZE, 11);
	observe(&two, SIZE, 1001);
	observe(&two, SIZE, 1000);
	check_eq(cstats_read(family, &snap), 0);
	check_eq(values[SIZE], 6);
	check_eq(values[SUM], 2023);
	check_eq(values[BUCKET], 1);
	check_eq(values[BUCKET + 1], 2);
	check_eq(values[BUCKET + 2], 2);
	check_eq(values[BUCKET + 3], 1);
	check_eq(cstats_instance_read(&two, &snap), 0);
	check_eq(values[SIZE], 2);
	for (i = 0; i < ARRAY_SIZE(powers); i++)
		observe(&one, POWER, powers[i]);
	check_eq(cstats_sum_index(family, POWER), POWER_SUM);
	check_eq(cstats_read(family, &snap), 0);
	check_eq(values[POWER], ARRAY_SIZE(powers));
	check_eq(values[POWER_SUM], 60);
	check_eq(values[POWER_BUCKET], 3);
	check_eq(values[POWER_BUCKET + 1], 2);
	check_eq(values[POWER_BUCKET + 2], 2);
	check_eq(values[POWER_BUCKET + 3], 1);
	finish();
}

static const struct cstats_test_case cases[] = {
	{ "come_and_go", come_and_go },
	{ "slow_section", slow_section },
	{ "histogram", histogram },
};

static int __init family_init(void)
{
	cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	return 0;
}

static void __exit family_exit(void)
{
	cstats_test_forget(THIS_MODULE);
}

module_init(family_init);
module_exit(family_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: families of both flavours, histograms");
MODULE_LICENSE("GPL");
