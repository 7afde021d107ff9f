// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_stuck: sections that go on and on, and CPUs that do not answer
 *
 * One deadline bounds a read, whatever holds it up, and the reader sleeps
 * meanwhile. What is healthy does not wait: other sets, init, destroy, and other
 * modules. To be loaded with the same stall_ms as cstats.ko, which all bounds
 * follow: a slow machine needs longer ones.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/smp.h>
#include <linux/slab.h>

#include "cstats_test.h"

#define STUCK_MS	4000	/* as long as a CPU is stuck */
#define MANY		200

enum { UP, NR };

static unsigned int stall_ms = 500;
module_param(stall_ms, uint, 0444);

static const struct cstats_field fields[NR] = {
	[UP] = { "up", CSTATS_COUNTER, "events", NULL },
};

static struct cstats set, well, many[MANY];

static bool start(struct cstats *cs, const char *name)
{
	return check_eq(cstats_init(cs, name, fields, NR), 0);
}

static u64 ms_since(u64 start)
{
	return div_u64(ktime_get_ns() - start, NSEC_PER_MSEC);
}

/* By the clock: what mdelay() calibrates is wrong by far on busy virtual CPUs. */
static void spin(unsigned int ms)
{
	u64 start = ktime_get_ns();

	while (ms_since(start) < ms)
		cpu_relax();
}

static int read_set(struct cstats *cs, u64 *ms)
{
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);
	u64 start = ktime_get_ns();
	int err = cstats_read(cs, &snap);

	*ms = ms_since(start);
	return err;
}

/* Has a thread that wakes up all the time ever been late? */
struct heartbeat {
	struct task_struct *task;
	u64 worst_ms;
};

static int heartbeat_thread(void *arg)
{
	struct heartbeat *h = arg;
	u64 last = ktime_get_ns();

	while (!kthread_should_stop()) {
		usleep_range(1000, 2000);
		h->worst_ms = max(h->worst_ms, ms_since(last));
		last = ktime_get_ns();
	}
	return 0;
}

/* On the CPU of the caller, who is kept to it. */
static void heartbeat_start(struct heartbeat *h)
{
	h->worst_ms = 0;
	h->task = cstats_test_start(raw_smp_processor_id(), heartbeat_thread, h);
}

static void heartbeat_stop(struct heartbeat *h)
{
	cstats_test_stop(h->task);
	check(h->worst_ms < stall_ms / 2, "a heartbeat was %llu ms late", h->worst_ms);
}

/* A section goes on: its set's read times out, and nobody else notices. */
static void healthy_go_on(void)
{
	struct cstats_test_hold hold = { .cs = &set, .fields = NR, .delta = 2 };
	cpumask_t affinity = *current->cpus_ptr;
	u64 ms, healthy = U64_MAX, later = U64_MAX;
	struct heartbeat heartbeat;
	int i;

	hold.cpu = cstats_test_other_cpu();
	if (hold.cpu < 0 || !start(&set, "stuck") || !start(&well, "stuck_not"))
		return;
	cstats_test_log_mark();
	heartbeat_start(&heartbeat);
	if (!cstats_test_hold(&hold)) {
		check_eq(read_set(&set, &ms), -ETIMEDOUT);
		check(ms > stall_ms - 50 && ms < 2 * stall_ms, "it took %llu ms", ms);
		for (i = 0; i < 5; i++) {
			check_eq(read_set(&well, &ms), 0);
			healthy = min(healthy, ms);
			check_eq(read_set(&set, &ms), -ETIMEDOUT);
			later = min(later, ms);
		}
		/* Of each the fastest: a busy machine may delay others. */
		check(healthy < stall_ms / 2, "the healthy one took %llu ms", healthy);
		check(later < stall_ms / 2, "later reads took %llu ms", later);
		check(cstats_test_log_lines("\"stuck\": a section on CPU") == 1,
		      "%u lines in the log", cstats_test_log_lines(""));
		cstats_test_release(&hold);
	}
	heartbeat_stop(&heartbeat);
	check_eq(read_set(&set, &ms), 0);
	cstats_destroy(&well);
	cstats_destroy(&set);
	set_cpus_allowed_ptr(current, &affinity);
}

/* Instances whose sums take several slices. */
#define INSTANCES	10000

/* Once the section has ended a family reads again, while its sums are being made. */
static void family_goes_on(void)
{
	struct cstats_test_hold hold = { .cs = &set, .fields = NR, .delta = 2 };
	struct cstats_instance *insts = kvcalloc(INSTANCES, sizeof(*insts), GFP_KERNEL);
	cpumask_t affinity = *current->cpus_ptr;
	int i, err = 0;
	char name[16];
	u64 ms;

	hold.cpu = cstats_test_other_cpu();
	if (hold.cpu < 0 || !check(insts, "no memory") ||
	    !check_eq(cstats_init_family(&set, "stuck", "device", fields, NR), 0))
		goto free;
	for (i = 0; i < INSTANCES && !err; i++) {
		snprintf(name, sizeof(name), "dev%d", i);
		err = cstats_instance_add(&set, &insts[i], name);
	}
	if (check_eq(err, 0) && !cstats_test_hold(&hold)) {
		check_eq(read_set(&set, &ms), -ETIMEDOUT);
		cstats_test_release(&hold);
		check_eq(read_set(&set, &ms), 0);
	}
	while (i > 0)
		cstats_instance_remove(&insts[--i]);
	cstats_destroy(&set);
free:
	kvfree(insts);
	set_cpus_allowed_ptr(current, &affinity);
}

/* kthread_stop() would wake a reader that nobody else does. */
static struct completion reader_back;

static int reader_thread(void *arg)
{
	u64 ms;
	int err = read_set(arg, &ms);

	complete(&reader_back);
	return err;
}

/* While a reader waits, sets come and go, the one that it waits for as well. */
static void registry_goes_on(void)
{
	struct cstats_test_hold hold = { .cs = &set, .fields = NR, .delta = 2 };
	cpumask_t affinity = *current->cpus_ptr;
	struct task_struct *readers[2];
	u64 begin;
	int i;

	hold.cpu = cstats_test_other_cpu();
	if (hold.cpu < 0 || !start(&set, "stuck"))
		return;
	if (!cstats_test_hold(&hold)) {
		/* one that makes the rotation, one that waits for it */
		init_completion(&reader_back);
		for (i = 0; i < 2; i++)
			readers[i] = cstats_test_start(-1, reader_thread, &set);
		msleep(50);
		begin = ktime_get_ns();
		if (start(&well, "stuck_not"))
			cstats_destroy(&well);
		check(ms_since(begin) < stall_ms / 2, "init and destroy took %llu ms",
		      ms_since(begin));
		begin = ktime_get_ns();
		cstats_destroy(&set);
		for (i = 0; i < 2; i++)
			wait_for_completion(&reader_back);
		check(ms_since(begin) < stall_ms / 2, "destroy took %llu ms",
		      ms_since(begin));
		for (i = 0; i < 2; i++)
			check_eq(cstats_test_stop(readers[i]), -ENODEV);
		cstats_test_release(&hold);
	}
	set_cpus_allowed_ptr(current, &affinity);
}

/* Two hundred sets with a section that goes on: one deadline for all. */
static int hold_many_thread(void *arg)
{
	struct cstats_section *s = kcalloc(MANY, sizeof(*s), GFP_KERNEL);
	struct cstats_test_hold *hold = arg;
	int i;

	lockdep_off();	/* it has no room for so many in one task */
	for (i = 0; s && i < MANY; i++) {
		s[i] = cstats_acquire(&many[i]);
		cstats_add(&s[i], UP, 1);
		__release(RCU_SCHED);	/* for sparse, which knows no loops */
	}
	complete(&hold->opened);
	while (!READ_ONCE(hold->end))
		cpu_relax();
	for (i = MANY - 1; s && i >= 0; i--) {
		__acquire(RCU_SCHED);
		cstats_release(&s[i]);
	}
	lockdep_on();
	kfree(s);
	return 0;
}

static struct cstats_test_hold hold_many;

/* The sections end, and each set can be read right away, though others are looked at first. */
static int many_end(void)
{
	int i, err = 0;
	u64 ms;

	WRITE_ONCE(hold_many.end, true);
	cstats_test_stop(hold_many.task);
	hold_many.task = NULL;
	for (i = MANY - 1; i >= 0 && !err; i--)
		err = read_set(&many[i], &ms);
	return err;
}

/* "many 1" for scripts: then `cat` of all. "many 2" ends the sections, "many 0" all. */
static int many_stuck(int what)
{
	char name[16];
	int i, err;

	if (what == 2)
		return many_end();
	if (what == 1) {
		for (i = 0; i < MANY; i++) {
			snprintf(name, sizeof(name), "stuck_%d", i);
			err = cstats_init(&many[i], name, fields, NR);
			if (err)
				return err;
		}
		err = cstats_init(&well, "well", fields, NR);
		if (err)
			return err;
		cstats_count(&well, UP, 7);
		hold_many.end = false;
		init_completion(&hold_many.opened);
		hold_many.task = cstats_test_start(cpumask_last(cpu_online_mask),
						   hold_many_thread, &hold_many);
		wait_for_completion(&hold_many.opened);
		return 0;
	}
	if (hold_many.task)
		many_end();
	cstats_destroy(&well);
	for (i = 0; i < MANY; i++)
		cstats_destroy(&many[i]);
	return 0;
}

/* "family 1" for scripts: a family with a section that goes on. "family 0" ends it. */
static int family_stuck(bool on)
{
	static struct cstats_test_hold hold = { .cs = &set, .fields = NR, .delta = 2 };
	static struct cstats_instance inst;
	int err;

	if (!on) {
		if (hold.task)
			cstats_test_release(&hold);
		hold.task = NULL;
		cstats_instance_remove(&inst);
		cstats_destroy(&set);
		return 0;
	}
	hold.cpu = cpumask_last(cpu_online_mask);
	err = cstats_init_family(&set, "family", "device", fields, NR);
	if (!err)
		err = cstats_instance_add(&set, &inst, "one");
	return err ?: cstats_test_hold(&hold);
}

/* A CPU with interrupts off, with a section of the set or without. */
static bool in_section;
static struct completion stuck;

static int irqs_off_thread(void *unused)
{
	struct cstats_section s;

	local_irq_disable();
	complete(&stuck);
	if (in_section) {
		s = cstats_acquire(&set);
		cstats_add(&s, UP, 1);
		spin(STUCK_MS);
		cstats_release(&s);
	} else {
		spin(STUCK_MS);
	}
	local_irq_enable();
	return 0;
}

static void interrupts_off(bool section)
{
	cpumask_t affinity = *current->cpus_ptr;
	int cpu = cstats_test_other_cpu();
	struct heartbeat heartbeat;
	struct task_struct *task;
	u64 ms;

	if (cpu < 0 || !start(&set, "stuck"))
		return;
	check_eq(read_set(&set, &ms), 0);
	heartbeat_start(&heartbeat);
	in_section = section;
	init_completion(&stuck);
	task = cstats_test_start(cpu, irqs_off_thread, NULL);
	wait_for_completion(&stuck);
	check_eq(read_set(&set, &ms), -ETIMEDOUT);
	check(ms > stall_ms - 50 && ms < 2 * stall_ms, "it took %llu ms", ms);
	check_eq(read_set(&set, &ms), -ETIMEDOUT);
	check(ms < 2 * stall_ms, "the next one took %llu ms", ms);
	heartbeat_stop(&heartbeat);
	cstats_test_stop(task);
	check_eq(read_set(&set, &ms), 0);
	cstats_destroy(&set);
	set_cpus_allowed_ptr(current, &affinity);
}

static void interrupts_off_in_section(void)
{
	interrupts_off(true);
}

static void interrupts_off_elsewhere(void)
{
	interrupts_off(false);
}

/*
 * Sections of LONG_MS, back to back, on two CPUs at least. Played by hand: all
 * counters move to their next odd number at the same moments. A read that looks
 * at a CPU only when it has done with those before waits for a section on each.
 */
#define LONG_MS		6
#define PLAYS		160
#define IN_TIME		4

static bool playing;
static unsigned int moves;

/* The last CPU first: no read that waits for the sum gains by a stop halfway. */
static void move_all(unsigned int by)
{
	int cpu;

	for (cpu = nr_cpu_ids - 1; cpu >= 0; cpu--) {
		struct cstats_cpu *c;

		if (!cpu_possible(cpu))
			continue;
		c = per_cpu_ptr(set.shared->cpu, cpu);
		smp_wmb();	/* as in cstats_release() */
		WRITE_ONCE(c->seq, c->seq + by);
	}
}

/* On all CPUs at once, with preemption off, so that it looks as real sections. */
static int play_thread(void *arg)
{
	unsigned int i;

	preempt_disable();
	move_all(1);
	WRITE_ONCE(moves, 0);
	/* Pairs with smp_load_acquire() in longest_not_sum(). */
	smp_store_release(&playing, true);
	for (i = 0; i < 4; i++) {
		spin(LONG_MS);
		WRITE_ONCE(moves, i + 1);
		move_all(i < 3 ? 2 : 1);
	}
	preempt_enable();
	complete(arg);
	return 0;
}

/* When the machine stops the player, a reader finds out that a section is dead. */
static bool mended(void)
{
	bool any = false;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct cstats_cpu *c = per_cpu_ptr(set.shared->cpu, cpu);

		any |= c->seq & 1;
		WRITE_ONCE(c->seq, c->seq + (c->seq & 1));
	}
	return any;
}

/*
 * How often is the read back before the second move? One that waits for the sum
 * never is. One that waits for the longest is, unless the machine is late, as a busy
 * one mostly is.
 */
static void longest_not_sum(void)
{
	cpumask_t affinity = *current->cpus_ptr;
	int cpu = cstats_test_other_cpu(), i, in_time = 0;
	u64 ms;

	if (cpu < 0 || !start(&set, "stuck"))
		return;
	for (i = 0; i < PLAYS && in_time < IN_TIME; i++) {
		DECLARE_COMPLETION_ONSTACK(done);
		struct task_struct *player;
		bool late;

		playing = false;
		player = cstats_test_start(cpu, play_thread, &done);
		/* Pairs with smp_store_release() in play_thread(). */
		while (!smp_load_acquire(&playing))
			cpu_relax();
		check_eq(read_set(&set, &ms), 0);
		late = READ_ONCE(moves) > 1;
		wait_for_completion(&done);
		cstats_test_stop(player);
		in_time += !mended() && !late;
	}
	check(in_time == IN_TIME, "%d of %d reads waited for one section", in_time, i);
	cstats_destroy(&set);
	set_cpus_allowed_ptr(current, &affinity);
}

static const struct cstats_test_case cases[] = {
	{ "healthy_go_on", healthy_go_on },
	{ "registry_goes_on", registry_goes_on },
	{ "interrupts_off_in_section", interrupts_off_in_section },
	{ "interrupts_off_elsewhere", interrupts_off_elsewhere },
	{ "longest_not_sum", longest_not_sum },
	/* The last one: when that much memory is freed, kernels wait for all CPUs. */
	{ "family_goes_on", family_goes_on },
};

static int cmd_set(const char *val, const struct kernel_param *kp)
{
	int what;

	if (sscanf(val, "many %d", &what) == 1)
		return many_stuck(what);
	return sscanf(val, "family %d", &what) == 1 ? family_stuck(what) : -EINVAL;
}

CSTATS_TEST_CMD(cmd_set);

static bool only_cmd;
module_param(only_cmd, bool, 0444);
MODULE_PARM_DESC(only_cmd, "run no cases, there will be commands");

static int __init stuck_init(void)
{
	if (!only_cmd)
		cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	return 0;
}

static void __exit stuck_exit(void)
{
	many_stuck(0);
	family_stuck(false);
	cstats_test_forget(THIS_MODULE);
}

module_init(stuck_init);
module_exit(stuck_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: sections that go on, CPUs that do not answer");
MODULE_LICENSE("GPL");
