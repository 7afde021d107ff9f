// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: a test that runs while the kernel boots
 *
 * A set of each flavour is used at every stage of the boot:
 *
 *	early_param		no memory, and maybe no per-CPU areas: sections of
 *				sets that are not initialized, which are lost
 *	console_initcall	memory, one CPU and no thread: cstats_init(), and
 *				from here on every add counts; no reads yet
 *	early_initcall		threads, one CPU: reads
 *	core_initcall		all CPUs
 *	late_initcall		files in debugfs; the result is printed
 */
#define pr_fmt(fmt) "cstats: early test: " fmt

#include <linux/console.h>
#include <linux/cstats.h>
#include <linux/debugfs.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include "sink.h"

#define EARLY_SECTIONS	1000

enum { EARLY_MADE, EARLY_USED, EARLY_LEFT };

static const struct cstats_field early_fields[] = {
	[EARLY_MADE] = { "made", CSTATS_COUNTER, "items", "made in a section" },
	[EARLY_USED] = { "used", CSTATS_COUNTER, "items", "used in a section" },
	[EARLY_LEFT] = { "left", CSTATS_GAUGE, "items", "made less used" },
};

static DEFINE_CSTATS(early_set);
static DEFINE_CSTATS_RCU(early_rcu);

static bool early_wanted __initdata;
static u64 early_sections __initdata;
static unsigned int early_passed __initdata, early_failed __initdata;

static void __init early_expect(bool ok, const char *what)
{
	if (ok) {
		early_passed++;
	} else {
		early_failed++;
		pr_err("failed: %s\n", what);
	}
}

/* A section of each set, EARLY_SECTIONS times. */
static void __init early_write(void *unused)
{
	int i;

	for (i = 0; i < EARLY_SECTIONS; i++) {
		struct cstats_section s = cstats_acquire(&early_set);
		struct cstats_rcu_section r = cstats_rcu_acquire(&early_rcu);

		cstats_add(&s, EARLY_MADE, 3);
		cstats_add(&s, EARLY_USED, 2);
		cstats_add(&s, EARLY_LEFT, 1);
		cstats_add(&r, EARLY_MADE, 3);
		cstats_add(&r, EARLY_USED, 2);
		cstats_add(&r, EARLY_LEFT, 1);
		cstats_release(&r);
		cstats_release(&s);
	}
}

/* Does the set have all sections, and nothing else? */
static bool __init early_right(struct cstats *cs)
{
	s64 v[ARRAY_SIZE(early_fields)];
	struct cstats_snapshot snap = { .values = v, .nr_values = ARRAY_SIZE(v) };
	int err = cstats_read(cs, &snap);

	if (err) {
		pr_err("read: error %d\n", err);
		return false;
	}
	return v[EARLY_MADE] == 3 * early_sections &&
	       v[EARLY_USED] == 2 * early_sections && v[EARLY_LEFT] == early_sections;
}

static void __init early_read(const char *stage)
{
	early_expect(early_right(&early_set), stage);
	early_expect(early_right(&early_rcu.cs), stage);
}

static int __init early_before_memory(char *arg)
{
	early_wanted = true;
	early_write(NULL);
	return 0;
}
early_param("cstats_early_test", early_before_memory);

static int __init early_before_threads(void)
{
	s64 v[ARRAY_SIZE(early_fields)];
	struct cstats_snapshot snap = { .values = v, .nr_values = ARRAY_SIZE(v) };

	if (!early_wanted)
		return 0;
	early_expect(cstats_sink_count() == 2 * EARLY_SECTIONS,
		     "sections before memory are counted as lost");
	early_expect(!cstats_init(&early_set, "early_test", early_fields,
				  ARRAY_SIZE(early_fields)), "cstats_init()");
	early_expect(!cstats_init(&early_rcu, "early_test_rcu", early_fields,
				  ARRAY_SIZE(early_fields)), "cstats_init(), RCU flavour");
	early_expect(cstats_init(&early_set, "early_test", early_fields,
				 ARRAY_SIZE(early_fields)) == -EBUSY,
		     "cstats_init() twice");
	early_write(NULL);
	early_sections += EARLY_SECTIONS;
	early_expect(cstats_read(&early_set, &snap) == -EAGAIN, "read before threads");
	early_expect(cstats_read(&early_rcu.cs, &snap) == -EAGAIN, "read before threads");
	return 0;
}
console_initcall(early_before_threads);

static int __init early_one_cpu(void)
{
	if (!early_wanted)
		return 0;
	early_read("read in early_initcall()");
	early_write(NULL);
	early_sections += EARLY_SECTIONS;
	early_read("second read in early_initcall()");
	return 0;
}
early_initcall(early_one_cpu);

static int __init early_all_cpus(void)
{
	if (!early_wanted)
		return 0;
	on_each_cpu(early_write, NULL, true);
	early_sections += (u64)EARLY_SECTIONS * num_online_cpus();
	early_read("read in core_initcall()");
	return 0;
}
core_initcall(early_all_cpus);

static int __init early_result(void)
{
	struct dentry *dir;

	if (!early_wanted)
		return 0;
	early_read("read in late_initcall()");
	dir = debugfs_lookup("cstats_sets", NULL);
	early_expect(!IS_ENABLED(CONFIG_DEBUG_FS) || dir, "files in debugfs");
	dput(dir);
	pr_info("%llu sections, %u CPUs, %u passed, %u failed\n", early_sections,
		num_online_cpus(), early_passed, early_failed);
	return 0;
}
late_initcall(early_result);
