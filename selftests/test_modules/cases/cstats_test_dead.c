// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_dead: sections that never end
 *
 * A section that is opened and never released, in each context, costs at most
 * one slow read. What it added is counted, the log names set and CPU, the error
 * count rises, and then the set reads right again.
 *
 * The tests put the preemption count right by themselves, as the kernel would
 * complain of it and not of us; what the kernel does is tried by oops.sh.
 */
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/smp.h>

#include "cstats_test.h"

enum { LEFT, RIGHT, NR };

static const struct cstats_field fields[NR] = {
	[LEFT] = { "left", CSTATS_COUNTER, "events", "as many as right" },
	[RIGHT] = { "right", CSTATS_COUNTER, "events", NULL },
};

#define MANY	200

static struct cstats set, outer, many[MANY];

/* Open a section, add, and forget about it. */
static void leak(struct cstats *cs)
{
	struct cstats_section s = cstats_acquire(cs);

	cstats_add(&s, LEFT, 1);
	cstats_add(&s, RIGHT, 1);
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	lock_map_release(&cs->dep_map);
#endif
	preempt_enable();
	__release(RCU_SCHED);	/* for sparse */
}

static void count(struct cstats *cs)
{
	struct cstats_section s = cstats_acquire(cs);

	cstats_add(&s, LEFT, 1);
	cstats_add(&s, RIGHT, 1);
	cstats_release(&s);
}

static bool odd(struct cstats *cs, int cpu)
{
	return READ_ONCE(per_cpu_ptr(cs->shared->cpu, cpu)->seq) & 1;
}

static void expect(struct cstats *cs, s64 value)
{
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);
	u64 start = ktime_get_ns(), ms;

	if (!check_eq(cstats_read(cs, &snap), 0))
		return;
	check_eq(values[LEFT], value);
	check_eq(values[RIGHT], value);
	/* stall_ms is ten seconds */
	ms = div_u64(ktime_get_ns() - start, NSEC_PER_MSEC);
	check(ms < 5000, "the read took %llu ms", ms);
}

/* The counter is mended by a work item, which a read may not have waited for. */
static void expect_even(struct cstats *cs, int cpu)
{
	unsigned int i;

	for (i = 0; i < 500 && odd(cs, cpu); i++)
		schedule_timeout_uninterruptible(HZ / 100 + 1);
	check(!odd(cs, cpu), "the counter of CPU %d is still odd", cpu);
}

static bool start(struct cstats *cs, const char *name)
{
	cstats_test_log_mark();
	return check_eq(cstats_init(cs, name, fields, NR), 0);
}

/* A section of @set died on @cpu: what has to hold from here on. */
static void after_death(int cpu)
{
	char name[32];

	snprintf(name, sizeof(name), "\"dead\": a section on CPU %d ", cpu);
	check(odd(&set, cpu), "nothing died on CPU %d", cpu);
	expect(&set, 1);
	expect_even(&set, cpu);
	check(cstats_test_log_lines(name) == 1, "%u lines in the log name set and CPU",
	      cstats_test_log_lines(name));
	count(&set);
	expect(&set, 2);
	check_eq(cstats_reset(&set), 0);
	expect(&set, 0);
	check_eq(cstats_test_log_lines(""), 1);
	cstats_destroy(&set);
}

struct leaker {
	struct completion done;
	struct tasklet_struct tasklet;
	struct irq_work work;
};

static struct leaker leaker;

static int leak_thread(void *arg)
{
	leak(&set);
	complete(&leaker.done);
	return 0;
}

static void leak_tasklet(struct tasklet_struct *t)
{
	leak(&set);
	complete(&leaker.done);
}

static void leak_irq_work(struct irq_work *work)
{
	leak(&set);
	complete(&leaker.done);
}

static int tasklet_thread(void *arg)
{
	tasklet_schedule(&leaker.tasklet);
	return 0;
}

static int irq_work_thread(void *arg)
{
	irq_work_queue(&leaker.work);
	return 0;
}

/* Let @fn run on a CPU, another one if there is, until something has leaked. */
static int leak_on_other_cpu(int (*fn)(void *))
{
	int cpu = cpumask_last(cpu_online_mask);
	struct task_struct *task;

	init_completion(&leaker.done);
	task = cstats_test_start(cpu, fn, NULL);
	if (!task)
		return -1;
	wait_for_completion(&leaker.done);
	cstats_test_stop(task);
	return cpu;
}

static void dead_in_task(void)
{
	int cpu;

	if (!start(&set, "dead"))
		return;
	cpu = leak_on_other_cpu(leak_thread);
	if (cpu >= 0)
		after_death(cpu);
}

static void dead_in_softirq(void)
{
	int cpu;

	if (!start(&set, "dead"))
		return;
	tasklet_setup(&leaker.tasklet, leak_tasklet);
	cpu = leak_on_other_cpu(tasklet_thread);
	tasklet_kill(&leaker.tasklet);
	if (cpu >= 0)
		after_death(cpu);
}

static void dead_in_hardirq(void)
{
	int cpu;

	if (!start(&set, "dead"))
		return;
	leaker.work = IRQ_WORK_INIT_HARD(leak_irq_work);
	cpu = leak_on_other_cpu(irq_work_thread);
	irq_work_sync(&leaker.work);
	if (cpu >= 0)
		after_death(cpu);
}

/* The reader runs where the section died: that is not its own one. */
static void dead_on_this_cpu(void)
{
	cpumask_t affinity = *current->cpus_ptr;
	int cpu = cpumask_first(cpu_online_mask);

	if (!start(&set, "dead"))
		return;
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
	leak(&set);
	after_death(cpu);
	set_cpus_allowed_ptr(current, &affinity);
}

/* Within a section of another set, which is released as it should be. */
static void dead_in_another_set(void)
{
	cpumask_t affinity = *current->cpus_ptr;
	int cpu = cpumask_first(cpu_online_mask);
	struct cstats_section s;

	if (!start(&outer, "dead_outer"))
		return;
	if (start(&set, "dead")) {
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
		s = cstats_acquire(&outer);
		leak(&set);
		cstats_add(&s, LEFT, 1);
		cstats_add(&s, RIGHT, 1);
		cstats_release(&s);
		after_death(cpu);
		expect(&outer, 1);
		set_cpus_allowed_ptr(current, &affinity);
	}
	cstats_destroy(&outer);
}

/* The inner of two: the outer one's end is the end of both. */
static void dead_within(void)
{
	struct cstats_section s;

	if (!start(&set, "dead"))
		return;
	s = cstats_acquire(&set);
	leak(&set);
	cstats_release(&s);
	expect(&set, 1);
	check_eq(cstats_test_log_lines(""), 0);
	cstats_destroy(&set);
}

/* Sections that come between a death and its discovery count. */
static void life_goes_on(void)
{
	cpumask_t affinity = *current->cpus_ptr;
	int cpu = cpumask_first(cpu_online_mask), i;

	if (!start(&set, "dead"))
		return;
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
	for (i = 1; i <= 5; i++) {
		leak(&set);
		count(&set);
		count(&set);
		expect(&set, 3 * i);
		expect_even(&set, cpu);
	}
	set_cpus_allowed_ptr(current, &affinity);
	cstats_destroy(&set);
}

/* All sets of a crowd at once, of which each is read, and one that is well. */
static void many_dead(void)
{
	char name[16];
	u64 ms, begin;
	int i, n;

	if (!start(&set, "well"))
		return;
	for (n = 0; n < MANY; n++) {
		snprintf(name, sizeof(name), "dead_%d", n);
		if (!check_eq(cstats_init(&many[n], name, fields, NR), 0))
			break;
	}
	for (i = 0; i < n; i++)
		leak(&many[i]);
	begin = ktime_get_ns();
	expect(&set, 0);
	for (i = 0; i < n; i++)
		expect(&many[i], 1);
	ms = div_u64(ktime_get_ns() - begin, NSEC_PER_MSEC);
	check(ms < 60000, "all of it took %llu ms", ms);
	for (i = 0; i < n; i++)
		cstats_destroy(&many[i]);
	cstats_destroy(&set);
}

/* Sections die all the time, on CPUs where others go on: is anything torn? */
static int dying_thread(void *arg)
{
	u32 random = (unsigned long)arg;
	s64 n = 0;

	while (!kthread_should_stop()) {
		if (cstats_test_random(&random) % 1000)
			count(&set);
		else
			leak(&set);
		n++;
		if (!(n & 0xff))
			cond_resched();
	}
	return n;
}

static void dying_under_load(void)
{
	struct task_struct *writers[8] = {};
	s64 values[NR], sum = 0;
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);
	u64 end = ktime_get_ns() + 2 * NSEC_PER_SEC;
	unsigned int i = 0, reads = 0;
	int cpu;

	if (!start(&set, "dead"))
		return;
	for_each_online_cpu(cpu)
		if (i < ARRAY_SIZE(writers))
			writers[i++] = cstats_test_start(cpu, dying_thread,
							 (void *)(unsigned long)(cpu + 1));
	while (ktime_get_ns() < end) {
		if (!check_eq(cstats_read(&set, &snap), 0) ||
		    !check(values[LEFT] == values[RIGHT], "torn: %lld and %lld",
			   values[LEFT], values[RIGHT]))
			break;
		reads++;
	}
	while (i--)
		sum += cstats_test_stop(writers[i]);
	expect(&set, sum);
	cstats_test_note("%lld sections, %u snapshots", sum, reads);
	check(reads > 0, "no read came back");
	cstats_destroy(&set);
}

static const struct cstats_test_case cases[] = {
	{ "dead_in_task", dead_in_task },
	{ "dead_in_softirq", dead_in_softirq },
	{ "dead_in_hardirq", dead_in_hardirq },
	{ "dead_on_this_cpu", dead_on_this_cpu },
	{ "dead_in_another_set", dead_in_another_set },
	{ "dead_within", dead_within },
	{ "life_goes_on", life_goes_on },
	{ "many_dead", many_dead },
	{ "dying_under_load", dying_under_load },
};

/* For scripts: "init" and "destroy" the set, "count", "oops", "leak CPU". */
static void leak_ipi(void *unused)
{
	leak(&set);
}

/* In a thread of its own, as it dies with whatever it holds. */
static int oops_thread(void *unused)
{
	struct cstats_section s = cstats_acquire(&set);

	cstats_add(&s, LEFT, 1);
	WRITE_ONCE(*(int *)8, 0);
	cstats_add(&s, RIGHT, 1);
	cstats_release(&s);
	return 0;
}

static int oops(void)
{
	struct task_struct *task = cstats_test_start(-1, oops_thread, NULL);

	if (!task)
		return -ENOMEM;
	while (!(READ_ONCE(task->flags) & PF_EXITING))
		schedule_timeout_uninterruptible(1);
	put_task_struct(task);
	return 0;
}

static int cmd_set(const char *val, const struct kernel_param *kp)
{
	int cpu;

	if (sysfs_streq(val, "init"))
		return cstats_init(&set, "dead", fields, NR);
	if (sysfs_streq(val, "destroy")) {
		cstats_destroy(&set);
		return 0;
	}
	if (sysfs_streq(val, "count")) {
		count(&set);
		return 0;
	}
	if (sysfs_streq(val, "oops"))
		return oops();
	if (sscanf(val, "leak %d", &cpu) == 1)
		return smp_call_function_single(cpu, leak_ipi, NULL, true);
	return -EINVAL;
}

CSTATS_TEST_CMD(cmd_set);

static bool only_cmd;
module_param(only_cmd, bool, 0444);
MODULE_PARM_DESC(only_cmd, "run no cases, there will be commands");

static int __init dead_init(void)
{
	if (!only_cmd)
		cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	return 0;
}

static void __exit dead_exit(void)
{
	cstats_destroy(&set);
	cstats_test_forget(THIS_MODULE);
}

module_init(dead_init);
module_exit(dead_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: sections that never end");
MODULE_LICENSE("GPL");
