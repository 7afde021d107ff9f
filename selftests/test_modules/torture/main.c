// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_torture: try hard to get a wrong snapshot
 *
 * Writers run sections on one set from every context there is, readers take
 * snapshots of it meanwhile, and whatever can get in the way does: stalls in
 * sections, CPUs that come and go, threads that are moved, other sets that come
 * and go. Every section does the same to the fields,
 *
 *	sections += 1, in += random, out -= the same, copies += 1
 *
 * and some are links of a chain: who makes something tells so by a release,
 * who takes it has seen that by an acquire, and counts it in a later section,
 * mostly on another CPU. Each writer has two fields more, for how many sections
 * it had and the sum of their indices: if one is missing while a later one is
 * there, they do not fit each other. And each keeps a tally of its own: how many
 * sections it has started, before each, and ended, after each. So for every
 * snapshot it is known that
 *
 *	torn		in + out == 0, and all copies == sections
 *	causal		made >= taken >= gone, and of each writer index_sum ==
 *			nr * (nr - 1) / 2
 *	backward	number, time and counts are not below those of a snapshot
 *			that somebody had before this one was asked for
 *	lost		each writer's sections >= those ended before the call
 *	early		each writer's sections <= those started before the return
 *
 * and for the last one that every field is what the tallies say, to the unit.
 *
 * The set may be of either flavour, or there are two, and each section is one of
 * either. It may be a family: a section then adds half of its fields to one instance
 * and the rest to another, any of which may be removed meanwhile, so that only the
 * family's sums are as above. Of each instance, it is known that
 *
 *	torn		copies == sections
 *	backward	sections are not below those of somebody's read before
 *	transfer	what one of two instances has lost, the other one has, if two
 *			readers had the same snapshot
 *
 * and of histograms that
 *
 *	histogram	the buckets add up to the count, the sum fits into them, and
 *			is what a counter says
 *
 * The module counts what is otherwise. Its busted types, which use the public
 * interface as one must not, prove that it would.
 *
 * Debian's kernels do not have the kernel's own torture framework; the messages
 * and the verdict have the same form.
 */
#define pr_fmt(fmt) "cstats-torture: " fmt

#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched.h>

#include "check.h"
#include "churn.h"
#include "hotplug.h"
#include "instances.h"
#include "irq.h"
#include "params.h"
#include "readers.h"
#include "set.h"
#include "shuffle.h"
#include "stats.h"
#include "type.h"
#include "violation.h"
#include "writers.h"

static struct task_struct *main_task, *shuffle_task, *onoff_task, *churn_task, *renew_task;

static struct task_struct *torture_start_thread(int (*fn)(void *), void *arg,
						const char *name)
{
	struct task_struct *task = kthread_run(fn, arg, "torture_%s", name);

	if (!IS_ERR(task))
		return task;
	torture_violation(ERRORS, "no thread for %s: %ld", name, PTR_ERR(task));
	return NULL;
}

static void torture_start_writers(void)
{
	unsigned int i;

	for (i = 0; i < torture.nwriters; i++) {
		struct torture_writer *w = &torture_writers[i];

		w->task = torture_start_thread(torture_writer, w, "writer");
		/* A hog leaves the first CPU to the others. */
		if (torture.hog_us && w->task)
			set_cpus_allowed_ptr(w->task,
					     cpumask_of(1 + i % max(num_online_cpus() - 1, 1U)));
	}
}

static void torture_go(void)
{
	unsigned int i;

	torture_clock_start();
	torture_irqs_start();
	torture_bringup_start();
	torture_start_writers();
	for (i = 0; i < torture.nreaders; i++)
		torture_readers[i].task =
			torture_start_thread(torture_reader, &torture_readers[i],
					     "reader");
	torture_irqs_timers();
	if (torture.churn_ms)
		churn_task = torture_start_thread(torture_churn, NULL, "churn");
	if (torture.instances && torture.renew_us)
		renew_task = torture_start_thread(torture_renew, NULL, "renew");
	if (torture.shuffle_ms && !torture_failed())
		shuffle_task = torture_start_thread(torture_shuffle, NULL, "shuffle");
	if (torture.onoff_ms)
		onoff_task = torture_start_thread(torture_onoff, NULL, "onoff");
}

static void torture_stop_thread(struct task_struct **task)
{
	if (*task)
		kthread_stop(*task);
	*task = NULL;
}

static void torture_stop(void)
{
	unsigned int i;

	torture_stop_thread(&shuffle_task);
	torture_stop_thread(&onoff_task);
	for (i = 0; i < torture.nwriters; i++)
		torture_stop_thread(&torture_writers[i].task);
	torture_irqs_stop();
	torture_bringup_stop();
	for (i = 0; i < torture.nreaders; i++)
		torture_stop_thread(&torture_readers[i].task);
	torture_stop_thread(&churn_task);
	torture_stop_thread(&renew_task);
}

/* All is quiet. The instances go, what they have counted does not. */
static void torture_check_end(void)
{
	struct cstats_snapshot *snap = &torture_readers[0].snap;
	s64 *scratch = torture_readers[0].scratch.values;
	unsigned int f;

	for_each_set_bit(f, &torture_flavours, NR_FLAVOURS) {
		torture_check_totals(f, snap, scratch);
		if (torture.instances)
			torture_instances_check(f, snap);
	}
	if (!torture.instances)
		return;
	torture_instances_remove();
	for_each_set_bit(f, &torture_flavours, NR_FLAVOURS)
		torture_check_totals(f, snap, scratch);
}

static int torture_main(void *unused)
{
	s64 ms = 0, next_stat = 1000 * torture.stat_interval;

	torture_go();
	while (!kthread_should_stop() &&
	       !(torture.seconds && ms >= torture.seconds * 1000ll) &&
	       !(torture.fail_fast && torture_failed())) {
		schedule_timeout_interruptible(msecs_to_jiffies(20));
		ms = torture_clock_ms();
		if (torture.stat_interval && ms >= next_stat) {
			torture_print("statistics:");
			next_stat += 1000 * torture.stat_interval;
		}
	}
	torture_stop();
	torture_check_end();
	torture_end();

	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return 0;
}

/* Setting up */

static int __init torture_check_params(void)
{
	if (!torture_type_choose() || torture.nfields <= COPIES || torture.nfields > 1000) {
		pr_err("torture_type=%s nfields=%u: no such type, or not 7 to 1000\n",
		       torture_type_name, torture.nfields);
		return -EINVAL;
	}
	if (!torture_flavour_choose() || torture.instances == 1) {
		pr_err("flavour=%s instances=%u: not seq, rcu or both, or a single one\n",
		       torture_flavour_name, torture.instances);
		return -EINVAL;
	}
	if (torture.nwriters < 0)
		torture.nwriters = num_online_cpus();
	if (torture.nreaders < 1)
		torture.nreaders = num_online_cpus();
	if (torture.hog_us) {
		if (num_online_cpus() < 2) {
			pr_err("hog_us needs two CPUs\n");
			return -EINVAL;
		}
		torture.nwriters = min_t(int, torture.nwriters, num_online_cpus() - 1);
		torture.irq_us = 0;
		torture.churn_ms = 0;
		torture.shuffle_ms = 0;
		torture.onoff_ms = 0;
	}
	if (!torture.irq_us) {
		torture.softirq = false;
		torture.nmi_every = 0;
	}
	if (!IS_ENABLED(CONFIG_X86_LOCAL_APIC))
		torture.nmi_every = 0;
	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU))
		torture.onoff_ms = 0;
	return 0;
}

static int __init torture_alloc(void)
{
	int err = torture_tallies_alloc();

	if (!err)
		err = torture_writers_alloc();
	if (!err)
		err = torture_irqs_alloc();
	if (!err)
		err = torture_fields_alloc();
	if (!err)
		err = torture_instances_alloc();
	if (!err)
		err = torture_readers_alloc();
	return err;
}

static void torture_free(void)
{
	torture_readers_free();
	torture_instances_free();
	torture_fields_free();
	torture_irqs_free();
	torture_writers_free();
	torture_tallies_free();
}

static int __init torture_init(void)
{
	int err = torture_check_params();

	if (err)
		return err;
	err = torture_alloc();
	if (err)
		goto free;
	err = torture_sets_init();
	if (err)
		goto free;
	err = torture_instances_add();
	if (err)
		goto destroy;
	pr_alert("start: torture_type=%s nwriters=%d nreaders=%d nfields=%u seconds=%u nest=%u irq_us=%u softirq=%d nmi_every=%u stall_us=%u misses=%u shuffle_ms=%u onoff_ms=%u churn_ms=%u hog_us=%u dead_every=%u instances=%u histograms=%d flavour=%s\n",
		 torture_type->name, torture.nwriters, torture.nreaders,
		 torture.nfields, torture.seconds, torture.nest, torture.irq_us,
		 torture.softirq, torture.nmi_every, torture.stall_us,
		 torture.misses, torture.shuffle_ms, torture.onoff_ms,
		 torture.churn_ms, torture.hog_us, torture.dead_every,
		 torture.instances, torture.histograms, torture_flavour_name);
	main_task = kthread_run(torture_main, NULL, "torture_main");
	if (!IS_ERR(main_task))
		return 0;
	err = PTR_ERR(main_task);
destroy:
	torture_instances_remove();
	torture_sets_destroy();
free:
	torture_free();
	return err;
}

static void __exit torture_exit(void)
{
	kthread_stop(main_task);
	torture_sets_destroy();
	torture_free();
}

module_init(torture_init);
module_exit(torture_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("Torture test of cstats");
MODULE_LICENSE("GPL");
