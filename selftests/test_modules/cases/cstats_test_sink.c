// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_sink: writers of a set that is not there
 *
 * A struct cstats that was never initialized, failed to be or is destroyed
 * swallows what its writers add. On x86-64 each CPU's memory at the addresses
 * that a NULL would mean holds the stack canary.
 */
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "cstats_test.h"

enum { NR = 6 };		/* as the seed's set; at NULL the sixth is the canary */

static const struct cstats_field fields[NR] = {
	{ "committed_bytes", CSTATS_GAUGE, "bytes", NULL },
	{ "released_bytes", CSTATS_GAUGE, "bytes", NULL },
	{ "in_heap_bytes", CSTATS_GAUGE, "bytes", NULL },
	{ "in_stacks_bytes", CSTATS_GAUGE, "bytes", NULL },
	{ "in_work_bufs_bytes", CSTATS_GAUGE, "bytes", NULL },
	{ "in_ptr_scalar_bits_bytes", CSTATS_GAUGE, "bytes", NULL },
};

static struct cstats zeroed, set, other;
static DEFINE_CSTATS(defined);

static void add(void *cs)
{
	struct cstats_section s = cstats_acquire(cs), inner = cstats_acquire(cs);
	unsigned int i;

	for (i = 0; i < NR; i++) {
		cstats_add(&s, i, 0x1234567812345678);
		cstats_add(&inner, i, 1);
	}
	cstats_release(&inner);
	cstats_release(&s);
}

/* From each CPU, by an interrupt, and from here. */
static void swallows(struct cstats *cs)
{
	int count = preempt_count();

	cstats_test_log_mark();
	on_each_cpu(add, cs, true);
	add(cs);
	add(cs);
	check_eq(preempt_count(), count);
	/* An irq_work prints it: at a tick, where no CPU can interrupt itself. */
	msleep(50);
	check(cstats_test_log_lines("is not initialized, or destroyed") == 1,
	      "%u lines in the log", cstats_test_log_lines(""));
	check_eq(cstats_test_log_lines(""), 1);
}

static void swallow_zeroed(void)
{
	struct cstats *heap = kzalloc(sizeof(*heap), GFP_KERNEL);

	swallows(&zeroed);
	if (check(heap, "no memory"))
		swallows(heap);
	cstats_destroy(heap);	/* silent, as error paths are unconditional */
	kfree(heap);
}

static void swallow_defined(void)
{
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);
	unsigned int i;

	swallows(&defined);
	if (!check_eq(cstats_init(&defined, "sink", fields, NR), 0))
		return;
	add(&defined);
	check_eq(cstats_read(&defined, &snap), 0);
	for (i = 0; i < NR; i++)
		check_eq(values[i], 0x1234567812345679);
	cstats_destroy(&defined);
}

/* A driver that ignores the error, as with debugfs. */
static void swallow_failed(void)
{
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);

	if (!check_eq(cstats_init(&set, "sink", fields, NR), 0))
		return;
	check_eq(cstats_init(&other, "sink", fields, NR), -EEXIST);
	swallows(&other);
	memset(&other, 0x5a, sizeof(other));	/* memory that was not cleared */
	check_eq(cstats_init(&other, "Sink", fields, NR), -EINVAL);
	cstats_test_log_mark();
	add(&other);
	cstats_destroy(&other);
	check_eq(cstats_test_log_lines(""), 0);	/* it has been named before */
	check_eq(cstats_read(&set, &snap), 0);
	check_eq(values[0], 0);
	cstats_destroy(&set);
}

static void swallow_destroyed(void)
{
	cstats_test_log_mark();
	if (!check_eq(cstats_init(&set, "sink", fields, NR), 0))
		return;
	add(&set);
	cstats_destroy(&set);
	swallows(&set);
	cstats_destroy(&set);
	check_eq(cstats_init(&set, "sink", fields, NR), 0);
	cstats_destroy(&set);
}

/* Open when the set is destroyed: the section ends on valid memory. */
static void destroyed_in_section(void)
{
	struct cstats_test_hold hold = { .cs = &set, .fields = NR, .delta = 2 };
	cpumask_t affinity = *current->cpus_ptr;

	hold.cpu = cstats_test_other_cpu();
	if (hold.cpu < 0 ||
	    !check_eq(cstats_init(&set, "sink", fields, NR), 0))
		return;
	if (!cstats_test_hold(&hold)) {
		cstats_destroy(&set);
		/* the name is free, whoever is in a section of the old one */
		check_eq(cstats_init(&other, "sink", fields, NR), 0);
		cstats_destroy(&other);
		cstats_test_release(&hold);
	}
	set_cpus_allowed_ptr(current, &affinity);
}

static const struct cstats_test_case cases[] = {
	{ "swallow_zeroed", swallow_zeroed },
	{ "swallow_defined", swallow_defined },
	{ "swallow_failed", swallow_failed },
	{ "swallow_destroyed", swallow_destroyed },
	{ "destroyed_in_section", destroyed_in_section },
};

static int __init sink_init(void)
{
	cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	return 0;
}

static void __exit sink_exit(void)
{
	cstats_test_forget(THIS_MODULE);
}

module_init(sink_init);
module_exit(sink_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: writers of a set that is not there");
MODULE_LICENSE("GPL");
