// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_family: instances of a family, every function and every error
 *
 * The parameter "rcu" chooses the flavour. Bad input must get its error, say
 * nothing and change nothing.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "cstats_test.h"

enum { IN, OUT, LEVEL, NR };

static const struct cstats_field fields[NR] = {
	[IN] = { "in", CSTATS_COUNTER },
	[OUT] = { "out", CSTATS_COUNTER },
	[LEVEL] = { "level", CSTATS_GAUGE },
};

/* All of these are zeroed whenever no case runs. */
static struct cstats seq_family, set;
static struct cstats_rcu rcu_family;
static struct cstats_instance one, two, three;

static bool rcu;
module_param(rcu, bool, 0444);
MODULE_PARM_DESC(rcu, "of the RCU flavour");

static struct cstats *family;
static s64 values[NR];

/* Do something within the section "s" of the flavour that is tested. */
#define in_section(...)							\
do {									\
	if (rcu) {							\
		struct cstats_rcu_section s = cstats_rcu_acquire(&rcu_family);	\
									\
		__VA_ARGS__;						\
		cstats_release(&s);					\
	} else {							\
		struct cstats_section s = cstats_acquire(&seq_family);	\
									\
		__VA_ARGS__;						\
		cstats_release(&s);					\
	}								\
} while (0)

static int init(const char *label)
{
	return rcu ? cstats_init_family(&rcu_family, "family", label, fields, NR) :
		     cstats_init_family(&seq_family, "family", label, fields, NR);
}

static bool start(void)
{
	if (!check_eq(init("device"), 0))
		return false;
	check_eq(cstats_instance_add(family, &one, "one"), 0);
	check_eq(cstats_instance_add(family, &two, "two"), 0);
	return true;
}

static void forget(void)
{
	memset(family, 0, sizeof(*family));
	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	memset(&three, 0, sizeof(three));
}

static void finish(void)
{
	cstats_instance_remove(&one);
	cstats_instance_remove(&two);
	cstats_instance_remove(&three);
	cstats_destroy(family);
	forget();
}

static struct cstats_snapshot snapshot(void)
{
	memset(values, 0x5a, sizeof(values));
	return cstats_test_snapshot(values, NR);
}

/* A section that moves @n from one instance to another. */
static void move(struct cstats_instance *from, struct cstats_instance *to, s64 n)
{
	in_section({
		cstats_add_to(&s, from, OUT, n);
		cstats_add_to(&s, to, IN, n);
		cstats_add_to(&s, from, LEVEL, -n);
		cstats_add_to(&s, to, LEVEL, n);
	});
}

/* The values of an instance, or of the family if that is NULL. */
static void expect(struct cstats_instance *inst, s64 in, s64 out, s64 level)
{
	struct cstats_snapshot snap = snapshot();
	int err = inst ? cstats_instance_read(inst, &snap) : cstats_read(family, &snap);

	check(!err && values[IN] == in && values[OUT] == out && values[LEVEL] == level,
	      "%s: error %d, %lld %lld %lld and not %lld %lld %lld",
	      inst == &one ? "one" : inst == &two ? "two" : inst ? "three" : "family",
	      err, values[IN], values[OUT], values[LEVEL], in, out, level);
}

static void labels(void)
{
	static const char * const bad[] = { "", "A", "1", "a b", "a-b", "a\"", "le", NULL };
	char name[CSTATS_NAME_LEN + 1];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		cstats_test_log_mark();
		if (!check_eq(init(bad[i]), -EINVAL)) {
			cstats_test_note("the label was \"%s\"", bad[i] ?: "(null)");
			finish();
		}
		check_eq(cstats_test_log_lines("set \"family\": label"), 1);
		check_eq(cstats_test_log_lines(""), 1);
	}
	memset(name, 'l', CSTATS_NAME_LEN);
	name[CSTATS_NAME_LEN] = 0;
	cstats_test_log_mark();
	check_eq(init(name), -ENAMETOOLONG);
	check_eq(cstats_test_log_lines("is too long"), 1);
	name[CSTATS_NAME_LEN - 1] = 0;
	if (check_eq(init(name), 0))
		finish();
	if (check_eq(init("l"), 0))
		finish();
}

/* Names of 1 to 127 bytes, of each byte that there is. */
static void names(void)
{
	struct cstats_instance *insts = kcalloc(256, sizeof(*insts), GFP_KERNEL);
	char name[CSTATS_INSTANCE_LEN + 2];
	unsigned int i;

	if (!check(insts, "no memory") || !start())
		goto free;
	cstats_test_log_mark();
	for (i = 1; i < 256; i++) {
		name[0] = i;
		name[1] = 0;
		check_eq(cstats_instance_add(family, &insts[i], name), 0);
		check_eq(cstats_instance_add(family, &three, name), -EEXIST);
	}
	for (i = 1; i < 256; i++)
		in_section(cstats_add_to(&s, &insts[i], IN, i));
	expect(NULL, 255 * 256 / 2, 0, 0);
	expect(&insts[1], 1, 0, 0);
	expect(&insts[' '], ' ', 0, 0);
	expect(&insts[255], 255, 0, 0);
	for (i = 1; i < 256; i++)
		cstats_instance_remove(&insts[i]);

	check_eq(cstats_instance_add(family, &three, NULL), -EINVAL);
	check_eq(cstats_instance_add(family, &three, ""), -EINVAL);
	memset(name, 'n', sizeof(name));
	name[CSTATS_INSTANCE_LEN + 1] = 0;
	check_eq(cstats_instance_add(family, &three, name), -ENAMETOOLONG);
	name[CSTATS_INSTANCE_LEN] = 0;
	check_eq(cstats_instance_add(family, &three, name), -ENAMETOOLONG);
	check_eq(cstats_instance_rename(&one, name), -ENAMETOOLONG);
	check(!memchr_inv(&three, 0, sizeof(three)), "the instance has changed");
	name[CSTATS_INSTANCE_LEN - 1] = 0;
	check_eq(cstats_instance_add(family, &three, name), 0);
	name[CSTATS_INSTANCE_LEN - 2] = '.';
	check_eq(cstats_instance_rename(&one, name), 0);	/* differs in the last byte */
	memset(name, 'x', sizeof(name));			/* it was copied */
	name[CSTATS_INSTANCE_LEN - 1] = 0;
	check_eq(cstats_instance_rename(&two, name), 0);
	check_eq(cstats_test_log_lines(""), 0);
	finish();
free:
	kfree(insts);
}

static void add_errors(void)
{
	struct cstats_instance before;

	cstats_test_log_mark();
	check_eq(cstats_instance_add(NULL, &three, "three"), -EINVAL);
	check_eq(cstats_instance_add(family, &three, "three"), -ENODEV);	/* zeroed */
	if (!start())
		return;
	check_eq(cstats_instance_add(family, NULL, "three"), -EINVAL);
	check_eq(cstats_instance_add(NULL, NULL, "three"), -EINVAL);
	check_eq(cstats_instance_add(family, &three, "one"), -EEXIST);
	check(!memchr_inv(&three, 0, sizeof(three)), "the instance has changed");

	before = one;
	check_eq(cstats_instance_add(family, &one, "one"), -EBUSY);
	check_eq(cstats_instance_add(family, &one, "other"), -EBUSY);
	check(!memcmp(&before, &one, sizeof(one)), "the instance has changed");
	check_eq(cstats_instance_add(family, &three, "other"), 0);	/* has not stayed */
	move(&one, &two, 1);
	expect(&one, 0, 1, -1);

	/* a set without instances */
	if (check_eq(cstats_init(&set, "family_not", fields, NR), 0)) {
		struct cstats_instance inst = {};

		check_eq(cstats_instance_add(&set, &inst, "one"), -EINVAL);
		cstats_destroy(&set);
		check_eq(cstats_instance_add(&set, &inst, "one"), -ENODEV);
		memset(&set, 0, sizeof(set));
	}
	finish();
	check_eq(cstats_test_log_lines(""), 0);
}

static void rename(void)
{
	cstats_test_log_mark();
	check_eq(cstats_instance_rename(NULL, "one"), -EINVAL);
	check_eq(cstats_instance_rename(&one, "one"), -ENODEV);		/* zeroed */
	if (!start())
		return;
	move(&one, &two, 5);
	check_eq(cstats_instance_rename(&one, NULL), -EINVAL);
	check_eq(cstats_instance_rename(&one, ""), -EINVAL);
	check_eq(cstats_instance_rename(&one, "one"), 0);
	check_eq(cstats_instance_rename(&one, "two"), -EEXIST);
	check_eq(cstats_instance_add(family, &three, "one"), -EEXIST);
	check_eq(cstats_instance_rename(&one, "eins"), 0);
	expect(&one, 0, 5, -5);

	/* the old name is free, and so is that of one that is removed */
	check_eq(cstats_instance_add(family, &three, "one"), 0);
	cstats_instance_remove(&three);
	check_eq(cstats_instance_rename(&three, "three"), -ENODEV);
	check_eq(cstats_instance_rename(&one, "one"), 0);
	cstats_instance_remove(&two);
	check_eq(cstats_instance_rename(&one, "two"), 0);
	check_eq(cstats_instance_add(family, &two, "two"), -EEXIST);
	check_eq(cstats_instance_add(family, &two, "one"), 0);
	expect(&one, 0, 5, -5);
	expect(&two, 0, 0, 0);
	finish();
	check_eq(cstats_test_log_lines(""), 0);
}

static void read_errors(void)
{
	s64 big[NR + 1];
	struct cstats_snapshot snap = snapshot();

	check_eq(cstats_instance_read(NULL, &snap), -EINVAL);
	check_eq(cstats_instance_read(&one, &snap), -ENODEV);		/* zeroed */
	if (!start())
		return;
	check_eq(cstats_instance_read(&one, NULL), -EINVAL);
	snap.nr_values = NR - 1;
	check_eq(cstats_instance_read(&one, &snap), -EINVAL);
	snap = (struct cstats_snapshot){ .nr_values = NR };
	check_eq(cstats_instance_read(&one, &snap), -EINVAL);
	memset(big, 0x5a, sizeof(big));
	snap = cstats_test_snapshot(big, NR + 1);
	check_eq(cstats_instance_read(&one, &snap), 0);
	check_eq(big[NR], 0x5a5a5a5a5a5a5a5aLL);
	check(snap.number == 1 && snap.nr_cpus == num_online_cpus(), "number %llu, %u CPUs",
	      snap.number, snap.nr_cpus);
	snap = snapshot();
	cstats_instance_remove(&one);
	check_eq(cstats_instance_read(&one, &snap), -ENODEV);
	cstats_destroy(family);
	check_eq(cstats_instance_read(&two, &snap), -ENODEV);
	check_eq(values[IN], 0x5a5a5a5a5a5a5a5aLL);
	finish();
}

/* Removed, zeroed, or not an instance at all: the family has it. */
static void counts(void)
{
	if (!start())
		return;
	move(&one, &two, 5);
	move(&two, &one, 2);
	expect(NULL, 7, 7, 0);
	expect(&one, 2, 5, -3);
	expect(&two, 5, 2, 3);
	in_section(cstats_add(&s, IN, 10));
	expect(NULL, 17, 7, 0);
	move(&three, &two, 3);			/* zeroed */
	expect(NULL, 20, 10, 0);
	expect(&two, 8, 2, 6);

	cstats_instance_remove(NULL);
	cstats_instance_remove(&three);
	cstats_instance_remove(&one);
	cstats_instance_remove(&one);
	expect(NULL, 20, 10, 0);		/* while it leaves */
	move(&one, &two, 4);
	expect(NULL, 24, 14, 0);
	rcu_barrier();
	expect(NULL, 24, 14, 0);		/* and when it is gone */
	expect(&two, 12, 2, 10);
	check_eq(cstats_instance_add(family, &one, "one"), 0);
	expect(&one, 0, 0, 0);
	move(&one, &two, 1);
	expect(&one, 0, 1, -1);
	expect(NULL, 25, 15, 0);
	finish();
}

/* A section that has found its instance, and adds to it a while later. */
enum { SLOW_MS = 50 };

static int slow_thread(void *opened)
{
	in_section({
		struct cstats_within in = cstats_in(&s, &one);

		cstats_add(&in, OUT, 3);
		complete(opened);
		mdelay(SLOW_MS);
		cstats_add(&in, IN, 3);
	});
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

/* A read waits for it, and so does the end of an instance that is removed. */
static void slow_section(void)
{
	cpumask_t affinity = *current->cpus_ptr;
	int cpu = cstats_test_other_cpu();
	struct task_struct *task;

	if (cpu < 0 || !start())
		goto out;
	task = slow_start(cpu);
	expect(NULL, 3, 3, 0);
	expect(&one, 3, 3, 0);
	cstats_test_stop(task);
	task = slow_start(cpu);
	cstats_instance_remove(&one);
	cstats_test_stop(task);
	expect(NULL, 6, 6, 0);
	rcu_barrier();
	msleep(SLOW_MS);	/* a worker has seen to its end by now */
	expect(NULL, 6, 6, 0);
	finish();
out:
	set_cpus_allowed_ptr(current, &affinity);
}

static struct cstats_instance *counted;

static void count_here(void *unused)
{
	in_section({
		cstats_add_to(&s, counted, IN, 100);
		cstats_add_to(&s, counted, LEVEL, 1);
		cstats_add(&s, OUT, 1);
	});
}

static void count_everywhere(struct cstats_instance *inst)
{
	counted = inst;
	on_each_cpu(count_here, NULL, 1);
}

static void reset(void)
{
	s64 n = num_online_cpus();
	struct cstats_snapshot snap = snapshot();
	unsigned int i;

	if (!start())
		return;
	check_eq(cstats_reset(family), 0);	/* of nothing */
	for (i = 1; i <= 3; i++) {
		count_everywhere(&one);
		count_everywhere(&two);
		count_everywhere(&three);		/* zeroed at first */
		expect(NULL, 300 * n, 3 * n, 3 * n * i);
		expect(&one, 100 * n, 0, n * i);
		if (i == 1)
			check_eq(cstats_instance_add(family, &three, "three"), 0);
		check_eq(cstats_reset(family), 0);
		expect(NULL, 0, 0, 3 * n * i);
		expect(&one, 0, 0, n * i);
		expect(&three, 0, 0, n * (i - 1));
		check_eq(cstats_instance_read(&two, &snap), 0);
		check(snap.since_ns && snap.since_ns < snap.time_ns, "since %llu, at %llu",
		      snap.since_ns, snap.time_ns);
	}
	/* One that goes takes no count along, before a reset or after it. */
	count_everywhere(&one);
	cstats_instance_remove(&one);
	check_eq(cstats_reset(family), 0);
	expect(NULL, 0, 0, 10 * n);
	rcu_barrier();
	expect(NULL, 0, 0, 10 * n);
	count_everywhere(&one);
	expect(NULL, 100 * n, n, 11 * n);
	finish();
	check_eq(cstats_reset(family), -ENODEV);
}

/*
 * Read without synchronization, an instance is in the family twice for a moment, when
 * a worker lets it go. That may have been preempted there. Wait for the right value.
 */
static s64 settled(s64 value)
{
	unsigned int tries;

	for (tries = 0; tries < 50; tries++) {
		cstats_read_unsafe(family, values);
		if (values[IN] == value)
			break;
		msleep(20);
	}
	return values[IN];
}

static void clear_and_unsafe(void)
{
	s64 n = num_online_cpus();
	unsigned int i;

	if (!start())
		return;
	check_eq(cstats_instance_add(family, &three, "three"), 0);
	for (i = 0; i < 2; i++) {
		count_everywhere(&one);
		count_everywhere(&two);
		count_everywhere(&three);
		cstats_read_unsafe(family, values);
		check(values[IN] == 300 * n && values[OUT] == 3 * n && values[LEVEL] == 3 * n,
		      "%lld %lld %lld", values[IN], values[OUT], values[LEVEL]);
		cstats_instance_remove(&three);
		check_eq(settled(300 * n), 300 * n);
		rcu_barrier();
		expect(NULL, 300 * n, 3 * n, 3 * n);
		check_eq(settled(300 * n), 300 * n);
		if (i)
			check_eq(cstats_reset(family), 0);
		check_eq(cstats_instance_add(family, &three, "three"), 0);
		check_eq(cstats_clear_unsafe(family), 0);
		expect(NULL, 0, 0, 0);
		expect(&one, 0, 0, 0);
		expect(&two, 0, 0, 0);
		cstats_read_unsafe(family, values);
		check(!values[IN] && !values[OUT] && !values[LEVEL], "not cleared");
	}
	finish();
}

static void keep_fresh(void)
{
	struct cstats_snapshot snap = snapshot();
	unsigned int i;

	if (!start())
		return;
	check_eq(cstats_keep_fresh(family, 10), 0);
	move(&one, &two, 7);
	for (i = 0; i < 500; i++) {
		check_eq(cstats_read_last(family, &snap), 0);
		if (values[IN] == 7)
			break;
		schedule_timeout_uninterruptible(HZ / 100 + 1);
	}
	check_eq(values[IN], 7);
	check_eq(values[OUT], 7);
	cstats_instance_remove(&two);
	move(&one, &two, 1);
	for (i = 0; i < 500 && values[IN] == 7; i++) {
		check_eq(cstats_read_last(family, &snap), 0);
		schedule_timeout_uninterruptible(HZ / 100 + 1);
	}
	check_eq(values[IN], 8);
	finish();
}

/* Instances that outlive their family keep their memory, and are harmless. */
static void destroyed_first(void)
{
	struct cstats_snapshot snap = snapshot();

	if (!start())
		return;
	move(&one, &two, 5);
	cstats_test_log_mark();
	cstats_destroy(family);
	check_eq(cstats_test_log_lines("set \"family\": destroyed with 2 instances"), 1);
	check_eq(cstats_test_log_lines(""), 1);
	check_eq(cstats_instance_add(family, &three, "three"), -ENODEV);
	check_eq(cstats_instance_rename(&one, "eins"), -ENODEV);
	check_eq(cstats_instance_read(&one, &snap), -ENODEV);
	move(&one, &two, 5);			/* lost, and harmless */
	rcu_barrier();
	move(&one, &two, 5);

	/* A family of the same name does not know them. */
	if (check_eq(init("device"), 0)) {
		check_eq(cstats_instance_add(family, &one, "one"), -EBUSY);
		cstats_instance_remove(&one);
		check_eq(cstats_instance_add(family, &one, "one"), 0);
		expect(&one, 0, 0, 0);
		expect(NULL, 0, 0, 0);
		cstats_test_log_mark();
		cstats_instance_remove(&two);	/* of the dead one */
		cstats_instance_remove(&two);
		check_eq(cstats_test_log_lines(""), 0);
	}
	finish();
}

/* Removed and destroyed in a row, while the table of names shrinks. */
static void hurry(void)
{
	const unsigned int nr = 2000;
	struct cstats_instance *insts = kvcalloc(nr, sizeof(*insts), GFP_KERNEL);
	unsigned int i, round;
	char name[16];

	check(insts, "no memory");
	for (round = 0; insts && round < 3; round++) {
		if (!start())
			break;
		for (i = 0; i < nr; i++) {
			snprintf(name, sizeof(name), "quick%u", i);
			if (!check_eq(cstats_instance_add(family, &insts[i], name), 0))
				break;
		}
		while (i--)
			cstats_instance_remove(&insts[i]);
		finish();
	}
	kvfree(insts);
}

static int reader_until_destroyed(void *unused)
{
	s64 sums[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(sums, NR);
	int err = 0;

	while (!kthread_should_stop()) {
		if (!err)
			err = cstats_read(family, &snap);
		cond_resched();
	}
	/* The last one comes after cstats_destroy(), whatever the others met. */
	return err ?: cstats_read(family, &snap);
}

/* Sums that take several slices are dropped with the family. */
static void destroyed_in_sums(void)
{
	const unsigned int nr = 8000;
	struct cstats_instance *insts = kvcalloc(nr, sizeof(*insts), GFP_KERNEL);
	struct task_struct *task;
	unsigned int i, added;
	char name[16];

	if (!check(insts, "no memory") || !start())
		goto free;
	for (added = 0; added < nr; added++) {
		snprintf(name, sizeof(name), "summed%u", added);
		if (!check_eq(cstats_instance_add(family, &insts[added], name), 0))
			break;
	}
	task = cstats_test_start(-1, reader_until_destroyed, NULL);
	msleep(50);
	cstats_destroy(family);
	check_eq(cstats_test_stop(task), -ENODEV);
	for (i = 0; i < added; i++)
		cstats_instance_remove(&insts[i]);
	finish();
free:
	kvfree(insts);
}

static int in_callback(unsigned int cpu)
{
	static struct cstats_instance inst;	/* one CPU comes or goes at a time */
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);

	if (!check_eq(cstats_instance_add(family, &inst, "callback"), 0))
		return 0;
	move(&inst, &one, 1);
	check_eq(cstats_instance_rename(&inst, "callback2"), 0);
	check_eq(cstats_instance_read(&inst, &snap), 0);
	check_eq(values[OUT], 1);
	cstats_instance_remove(&inst);
	return 0;
}

static void under_hotplug_lock(void)
{
	struct cstats_snapshot snap = snapshot();
	unsigned int cpu = cpumask_last(cpu_online_mask);
	int state;

	if (!start())
		return;
	cpus_read_lock();
	in_callback(0);
	check_eq(cstats_reset(family), 0);
	cpus_read_unlock();

	/* Calls it for each CPU, with the lock held. */
	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "cstats_test:family", in_callback,
				  in_callback);
	counted = &two;
	smp_call_function_single(cpu, count_here, NULL, 1);
	if (check(state > 0, "no hotplug state: %d", state)) {
#ifdef CONFIG_HOTPLUG_CPU
		/* What was counted there stays when it is offline. */
		if (num_online_cpus() > 1 && !remove_cpu(cpu)) {
			expect(&two, 100, 0, 1);
			cstats_instance_remove(&two);
			rcu_barrier();
			check_eq(add_cpu(cpu), 0);
		}
#endif
		cpuhp_remove_state(state);
	}
	check_eq(cstats_read(family, &snap), 0);
	check(values[IN] - values[OUT] == 99 && values[LEVEL] == 1, "%lld %lld %lld",
	      values[IN], values[OUT], values[LEVEL]);
	finish();
}

/* An instance comes, is renamed and goes under writers and readers. */
static atomic64_t moved;

static int mover(void *unused)
{
	set_user_nice(current, MAX_NICE);
	while (!kthread_should_stop()) {
		move(&one, &three, 1);
		move(&three, &two, 1);
		atomic64_add(2, &moved);
		cond_resched();
	}
	return 0;
}

static void churn(void)
{
	struct task_struct *movers[2];
	struct cstats_snapshot snap = snapshot();
	u64 end = ktime_get_ns() + NSEC_PER_SEC;
	s64 last = 0;
	unsigned int i;

	if (!start())
		return;
	atomic64_set(&moved, 0);
	for (i = 0; i < 2; i++)
		movers[i] = cstats_test_start(i % num_online_cpus(), mover, NULL);
	for (i = 0; i < 10000 && ktime_get_ns() < end; i++) {
		check_eq(cstats_instance_add(family, &three, i & 1 ? "three" : "drei"), 0);
		check_eq(cstats_instance_rename(&three, "trois"), 0);
		check_eq(cstats_instance_read(&three, &snap), 0);
		cstats_read_unsafe(family, values);
		cstats_instance_remove(&three);
		check_eq(cstats_read(family, &snap), 0);
		check(values[IN] == values[OUT] && !values[LEVEL], "torn: %lld %lld %lld",
		      values[IN], values[OUT], values[LEVEL]);
		check(values[IN] >= last, "from %lld back to %lld", last, values[IN]);
		last = values[IN];
		if (i % 50 == 0)
			check_eq(cstats_instance_read(&one, &snap), 0);
	}
	for (i = 0; i < 2; i++)
		cstats_test_stop(movers[i]);
	last = atomic64_read(&moved);
	expect(NULL, last, last, 0);
	expect(&one, 0, last / 2, -last / 2);
	expect(&two, last / 2, 0, last / 2);
	rcu_barrier();
	expect(NULL, last, last, 0);
	finish();
}

/* Two tasks remove the same instance. */
static int remover(void *unused)
{
	while (!kthread_should_stop()) {
		cstats_instance_remove(&three);
		cond_resched();
	}
	return 0;
}

static void removed_by_two(void)
{
	const unsigned int n = 500;
	struct task_struct *other;
	unsigned int i;
	char name[16];

	if (!start())
		return;
	other = cstats_test_start(-1, remover, NULL);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "three%u", i);
		check_eq(cstats_instance_add(family, &three, name), 0);
		in_section(cstats_add_to(&s, &three, IN, 1));
		cstats_instance_remove(&three);
	}
	cstats_test_stop(other);
	expect(NULL, n, 0, 0);
	finish();
}

/* Whoever adds an instance to one of two families first has it, and the other one not. */
static struct cstats other;
static atomic_t turn;

static void add_in_turn(struct cstats *to)
{
	unsigned int i;
	int err;

	/* The first one waits for the second. */
	if (atomic_inc_return(&turn) & 1)
		for (i = 0; i < 100000 && atomic_read(&turn) & 1; i++)
			cpu_relax();
	err = cstats_instance_add(to, &three, "three");
	if (!err)
		cstats_instance_remove(&three);
	else
		check_eq(err, -EBUSY);
}

static int adder_to_other(void *unused)
{
	while (!kthread_should_stop()) {
		add_in_turn(&other);
		cond_resched();
	}
	return 0;
}

static void added_to_two(void)
{
	struct task_struct *task;
	unsigned int i;

	if (!start())
		return;
	if (check_eq(cstats_init_family(&other, "other", "device", fields, NR), 0)) {
		task = cstats_test_start(-1, adder_to_other, NULL);
		for (i = 0; i < 3000; i++) {
			add_in_turn(family);
			cond_resched();
		}
		cstats_test_stop(task);
		check_eq(cstats_instance_add(family, &three, "three"), 0);
		cstats_instance_remove(&three);
		check_eq(cstats_instance_add(&other, &three, "three"), 0);
		cstats_instance_remove(&three);
	}
	cstats_destroy(&other);
	memset(&other, 0, sizeof(other));
	finish();
}

/* Removals under cstats_read_unsafe(), which takes no lock: for kernels with KASAN. */
static int reader_unsafe(void *unused)
{
	s64 sums[NR];

	while (!kthread_should_stop()) {
		cstats_read_unsafe(family, sums);
		cond_resched();
	}
	return 0;
}

static void read_unsafe_under_churn(void)
{
	u64 end = ktime_get_ns() + NSEC_PER_SEC / 2;
	struct task_struct *reader;

	if (!start())
		return;
	reader = cstats_test_start(-1, reader_unsafe, NULL);
	while (ktime_get_ns() < end) {
		cstats_instance_remove(&one);
		cstats_instance_remove(&two);
		rcu_barrier();
		check_eq(cstats_instance_add(family, &one, "one"), 0);
		check_eq(cstats_instance_add(family, &two, "two"), 0);
	}
	cstats_test_stop(reader);
	finish();
}

/* As for cstats_read(). Of the RCU flavour, preemption that is off is enough. */
static void read_in_section(void)
{
	struct cstats_snapshot snap = snapshot();

	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) || IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC)) {
		cstats_test_skip("might_sleep() and lockdep report it: scripts/test-debug");
		return;
	}
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT)) {
		cstats_test_skip("this kernel does not count preemption");
		return;
	}
	if (!start())
		return;
	cstats_test_log_mark();
	in_section({
		check_eq(cstats_instance_read(&one, &snap), -EDEADLK);
		check_eq(cstats_instance_read(&one, &snap), -EDEADLK);
		cstats_add_to(&s, &one, IN, 1);
	});
	expect(&one, 1, 0, 0);
	check_eq(cstats_test_log_lines("within a section"), 1);
	finish();
}

/* Debug kernels notice it, and count for the section's family only. */
static void of_another_family(void)
{
	static struct cstats other;
	struct cstats_instance inst = {};

	if (rcu) {
		cstats_test_skip("as in the other flavour");
		return;
	}
	if (!IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC)) {
		cstats_test_skip("only kernels with lockdep look");
		return;
	}
	if (!start())
		return;
	if (check_eq(cstats_init_family(&other, "family_other", "device", fields, NR), 0)) {
		check_eq(cstats_instance_add(&other, &inst, "one"), 0);
		cstats_test_log_mark();
		move(&one, &inst, 1);
		expect(NULL, 1, 1, 0);
		check_eq(cstats_test_log_lines("instance of another family"), 1);
		cstats_instance_remove(&inst);
		cstats_destroy(&other);
		memset(&other, 0, sizeof(other));
	}
	finish();
}

static struct completion resetting;

static int reset_thread(void *unused)
{
	complete(&resetting);
	return cstats_reset(family);
}

/* An instance that comes during a reset counts from there, as its family does. */
static void reset_meets_add(void)
{
	/* With preemption off, a grace period waits for it as well. */
	struct cstats_test_hold hold = { .cs = rcu ? &set : family, .fields = 1, .delta = 2 };
	cpumask_t affinity = *current->cpus_ptr;
	struct task_struct *task;

	hold.cpu = cstats_test_other_cpu();
	if (hold.cpu < 0 || !start())
		return;
	check_eq(cstats_init(&set, "held", fields, NR), 0);
	move(&one, &two, 7);
	if (!cstats_test_hold(&hold)) {
		init_completion(&resetting);
		task = cstats_test_start(-1, reset_thread, NULL);
		wait_for_completion(&resetting);
		msleep(100);
		check_eq(cstats_instance_add(family, &three, "three"), 0);
		move(&one, &three, 5);
		cstats_test_release(&hold);
		check_eq(cstats_test_stop(task), 0);
		expect(NULL, 0, 0, 0);
		expect(&one, 0, 0, -12);
		expect(&three, 0, 0, 5);
		move(&three, &one, 3);
		expect(NULL, 3, 3, 0);
		expect(&one, 3, 0, -9);
		expect(&three, 0, 3, 2);
	}
	cstats_destroy(&set);
	memset(&set, 0, sizeof(set));
	finish();
	set_cpus_allowed_ptr(current, &affinity);
}

/* What is in the instance's slots. */
static s64 slots_sum(const struct cstats_instance *inst)
{
	s64 sum = 0;
	int cpu, i;

	for_each_possible_cpu(cpu)
		for (i = 0; i < 2 * NR; i++)
			sum += local64_read(per_cpu_ptr(inst->slots, cpu) + i);
	return sum;
}

/* A section of a destroyed family knows no number of fields, and checks no index. */
static void instance_of_destroyed(void)
{
	unsigned int field = IN;
	s64 sum;

	if (!start())
		return;
	OPTIMIZER_HIDE_VAR(field);
	move(&one, &two, 7);
	cstats_destroy(family);
	sum = slots_sum(&one);
	in_section(cstats_add_to(&s, &one, field, 1));
	check_eq(slots_sum(&one), sum);
	finish();
}

static const struct cstats_test_case cases[] = {
	{ "labels", labels },
	{ "names", names },
	{ "add_errors", add_errors },
	{ "rename", rename },
	{ "read_errors", read_errors },
	{ "counts", counts },
	{ "slow_section", slow_section },
	{ "reset", reset },
	{ "reset_meets_add", reset_meets_add },
	{ "clear_and_unsafe", clear_and_unsafe },
	{ "keep_fresh", keep_fresh },
	{ "destroyed_first", destroyed_first },
	{ "instance_of_destroyed", instance_of_destroyed },
	{ "hurry", hurry },
	{ "destroyed_in_sums", destroyed_in_sums },
	{ "under_hotplug_lock", under_hotplug_lock },
	{ "churn", churn },
	{ "removed_by_two", removed_by_two },
	{ "added_to_two", added_to_two },
	{ "read_unsafe_under_churn", read_unsafe_under_churn },
	{ "read_in_section", read_in_section, .warns = true },
	{ "of_another_family", of_another_family, .warns = true },
};

static int __init family_init(void)
{
	family = rcu ? &rcu_family.cs : &seq_family;
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
MODULE_DESCRIPTION("cstats: instances of a family, every function and every error");
MODULE_LICENSE("GPL");
