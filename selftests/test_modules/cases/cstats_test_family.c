// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_family: families of both flavours, and histograms
 */
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cstats_test.h"

enum { IN, OUT, SIZE, NR };
static const u64 sizes[] = { 0, 10, 1000 };
static const struct cstats_field fields[] = {
	[IN] = { "in", CSTATS_COUNTER },
	[OUT] = { "out", CSTATS_COUNTER },
	[SIZE] = { "size", CSTATS_HISTOGRAM, "bytes", "of all", sizes, ARRAY_SIZE(sizes) },
};

/* The sum of the histogram, and its buckets. */
enum { SUM = NR, BUCKET, NR_VALUES = BUCKET + 4 };

static struct cstats seq_family;
static struct cstats_rcu rcu_family;
static struct cstats *family;
static bool rcu;
static struct cstats_instance one, two;
static s64 values[NR_VALUES];

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

static void observe(struct cstats_instance *inst, u64 value)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&rcu_family);
	struct cstats_within in = cstats_in(&s, inst);

	cstats_observe(&in, SIZE, value);
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

static void both_flavours(void)
{
	for (rcu = false; ; rcu = true) {
		if (!start())
			return;
		in_and_out();
		finish();
		if (rcu)
			return;
	}
}

static void histogram(void)
{
	struct cstats_snapshot snap = { .values = values, .nr_values = NR_VALUES };

	rcu = true;
	if (!start())
		return;
	check_eq(cstats_nr_values(family), NR_VALUES);
	check_eq(cstats_sum_index(family, SIZE), SUM);
	check_eq(cstats_sum_index(family, IN), -EINVAL);
	observe(&one, 0);
	observe(&one, 1);
	observe(&one, 10);
	observe(&one, 11);
	observe(&two, 1001);
	observe(&two, 1000);
	check_eq(cstats_read(family, &snap), 0);
	check_eq(values[SIZE], 6);
	check_eq(values[SUM], 2023);
	check_eq(values[BUCKET], 1);
	check_eq(values[BUCKET + 1], 2);
	check_eq(values[BUCKET + 2], 2);
	check_eq(values[BUCKET + 3], 1);
	check_eq(cstats_instance_read(&two, &snap), 0);
	check_eq(values[SIZE], 2);
	finish();
}

static const struct cstats_test_case cases[] = {
	{ "both_flavours", both_flavours },
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
