// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_load: what holds in every snapshot while all CPUs write
 *
 * Each case has writers and readers in parallel for some seconds, checks every
 * snapshot, and at the end compares the totals with what the writers say.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cstats_test.h"

static unsigned int ms = 1500;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "how long each case runs, in milliseconds");

static unsigned int readers = 64;
module_param(readers, uint, 0444);
MODULE_PARM_DESC(readers, "readers that share rotations");

static struct cstats set;

/* Threads of a case: one each of up to two kinds per CPU. */
static struct task_struct **tasks;
static unsigned int nr_tasks;

static bool tasks_alloc(unsigned int max)
{
	nr_tasks = 0;
	tasks = kcalloc(max, sizeof(*tasks), GFP_KERNEL);
	return check(tasks, "no memory");
}

static void tasks_add(int cpu, int (*fn)(void *), void *arg)
{
	tasks[nr_tasks] = cstats_test_start(cpu, fn, arg);
	if (tasks[nr_tasks])
		nr_tasks++;
}

static void tasks_stop(void)
{
	unsigned int i;

	for (i = 0; i < nr_tasks; i++)
		cstats_test_stop(tasks[i]);
	kfree(tasks);
}

#define ENOUGH_SECTIONS		2000
#define ENOUGH_SNAPSHOTS	50

static unsigned long sections;
static atomic_long_t snapshots;

static bool enough(void)
{
	return READ_ONCE(sections) >= ENOUGH_SECTIONS &&
	       atomic_long_read(&snapshots) >= ENOUGH_SNAPSHOTS;
}

/* Run for some time, and on a slow machine until it says something. */
static void run(void)
{
	unsigned long limit = jiffies + 90 * HZ;

	sections = 0;
	atomic_long_set(&snapshots, 0);
	schedule_timeout_uninterruptible(msecs_to_jiffies(ms));
	while (!enough() && time_before(jiffies, limit))
		schedule_timeout_uninterruptible(HZ / 10);
	check(enough(), "too few sections and snapshots to say anything");
}

static void tell(void)
{
	cstats_test_note("%lu sections, %ld snapshots", sections,
			 atomic_long_read(&snapshots));
}

/* Sections whose fields add up to zero, and two of whose fields are equal. */
enum { A, B, C, SAME, SAME_TOO, COUNT, NR };

static const struct cstats_field fields[NR] = {
	[A] = { "a", CSTATS_GAUGE },
	[B] = { "b", CSTATS_GAUGE },
	[C] = { "c", CSTATS_GAUGE },
	[SAME] = { "same", CSTATS_GAUGE },
	[SAME_TOO] = { "same_too", CSTATS_GAUGE },
	[COUNT] = { "count", CSTATS_COUNTER },
};

static atomic64_t written[NR];

static int zero_sum_writer(void *arg)
{
	u32 seed = (unsigned long)arg + 1;
	s64 sum[NR] = {};
	unsigned int i;

	while (!kthread_should_stop()) {
		for (i = 0; i < 100; i++) {
			struct cstats_section s = cstats_acquire(&set);
			s64 a = cstats_test_random(&seed) - (S64_MAX / 7);
			s64 b = cstats_test_random(&seed);

			cstats_add(&s, SAME, b);
			cstats_add(&s, A, a);
			if (!(b & 7)) {		/* a section within, whole in itself */
				struct cstats_section t = cstats_acquire(&set);

				cstats_add(&t, C, a);
				cstats_add(&t, A, -a);
				cstats_release(&t);
				sum[C] += a;
				sum[A] -= a;
			}
			cstats_add(&s, B, b - a);
			cstats_add(&s, C, -b);
			cstats_add(&s, COUNT, 1);
			cstats_add(&s, SAME_TOO, b);
			cstats_release(&s);
			sum[A] += a;
			sum[B] += b - a;
			sum[C] -= b;
			sum[SAME] += b;
			sum[COUNT]++;
		}
		if (!arg)
			WRITE_ONCE(sections, sections + i);	/* here only */
		cond_resched();
	}
	for (i = 0; i < NR; i++)
		atomic64_add(sum[i], &written[i]);
	return 0;
}

static void check_zero_sum(const s64 *v)
{
	check(v[A] + v[B] + v[C] == 0, "torn: %lld + %lld + %lld is not 0", v[A], v[B], v[C]);
	check(v[SAME] == v[SAME_TOO], "torn: %lld is not %lld", v[SAME], v[SAME_TOO]);
}

static int zero_sum_reader(void *arg)
{
	s64 values[NR], count = 0;
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));
	u64 number = 0, time = 0;
	unsigned int turn = 0;
	bool last;
	int err;

	while (!kthread_should_stop()) {
		last = ++turn % 4 == 0;
		err = last ? cstats_read_last(&set, &snap) : cstats_read(&set, &snap);
		if (!check_eq(err, 0))
			break;
		check_zero_sum(values);
		check(values[COUNT] >= count, "count went back from %lld to %lld",
		      count, values[COUNT]);
		check(last ? snap.number >= number : snap.number > number,
		      "number %llu after %llu", snap.number, number);
		check(snap.number == number ? snap.time_ns == time : snap.time_ns > time,
		      "time %llu after %llu", snap.time_ns, time);
		count = values[COUNT];
		number = snap.number;
		time = snap.time_ns;
		atomic_long_inc(&snapshots);
		cond_resched();
	}
	return 0;
}

static void sections_are_whole(void)
{
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));
	unsigned int i;
	int cpu;

	if (!tasks_alloc(2 * nr_cpu_ids))
		return;
	if (!check_eq(cstats_init(&set, "load", fields, NR), 0)) {
		tasks_stop();
		return;
	}
	memset(written, 0, sizeof(written));
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		tasks_add(cpu, zero_sum_writer, (void *)(long)cpu);
		tasks_add(cpu, zero_sum_reader, NULL);
	}
	cpus_read_unlock();
	run();
	tasks_stop();
	atomic64_set(&written[SAME_TOO], atomic64_read(&written[SAME]));
	check_eq(cstats_read(&set, &snap), 0);
	for (i = 0; i < NR; i++)
		check(values[i] == atomic64_read(&written[i]),
		      "total of %s is %lld, the writers say %lld", fields[i].name,
		      values[i], (s64)atomic64_read(&written[i]));
	sections = values[COUNT];
	tell();
	cstats_destroy(&set);
}

/*
 * Causal chains across CPUs, in both directions: a player's section counts a
 * ping, store-release; load-acquire, and another player's section counts as many
 * pongs as pings were seen. Each is opened after what it answers was seen to be
 * over, so no snapshot has more pongs than pings. Nobody waits, so the two are
 * always close to each other, and a cut that is askew shows.
 *
 * The reader is on the first player's CPU. One more player is an interrupt there:
 * with two CPUs nobody else could play on both while the reader cuts.
 */
enum { FIRST, SECOND, INTERRUPT, PLAYERS };

static const struct {
	unsigned int who, whom;
} answers[] = {
	{ FIRST, SECOND },
	{ SECOND, FIRST },
	{ SECOND, INTERRUPT },
	{ INTERRUPT, SECOND },
};

enum { PING, PONG = PLAYERS, CHAIN_FIELDS = PONG + ARRAY_SIZE(answers) };

static const struct cstats_field chain_fields[CHAIN_FIELDS] = {
	[PING + FIRST] = { "pings_first", CSTATS_COUNTER },
	[PING + SECOND] = { "pings_second", CSTATS_COUNTER },
	[PING + INTERRUPT] = { "pings_interrupt", CSTATS_COUNTER },
	[PONG] = { "pongs_first", CSTATS_COUNTER },
	[PONG + 1] = { "pongs_second", CSTATS_COUNTER },
	[PONG + 2] = { "pongs_second_interrupt", CSTATS_COUNTER },
	[PONG + 3] = { "pongs_interrupt", CSTATS_COUNTER },
};

static unsigned long pings[PLAYERS], pongs[ARRAY_SIZE(answers)];

static void count_one(unsigned int field, unsigned long delta)
{
	struct cstats_section s = cstats_acquire(&set);

	cstats_add(&s, field, delta);
	cstats_release(&s);
}

static void play(unsigned int me)
{
	unsigned long seen;
	unsigned int i;

	count_one(PING + me, 1);
	/* after the ping: see the load below */
	smp_store_release(&pings[me], pings[me] + 1);
	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		if (answers[i].who != me)
			continue;
		/* before the pong: see the store above */
		seen = smp_load_acquire(&pings[answers[i].whom]);
		if (seen != pongs[i])
			count_one(PONG + i, seen - pongs[i]);
		pongs[i] = seen;
	}
}

static int player(void *arg)
{
	unsigned int me = (unsigned long)arg;

	while (!kthread_should_stop()) {
		play(me);
		if (me == SECOND)
			WRITE_ONCE(sections, pings[me]);
		if (pings[me] % 64 == 0)
			cond_resched();
	}
	return 0;
}

/* For some microseconds, and not more than a part of the time. */
static enum hrtimer_restart player_interrupt(struct hrtimer *timer)
{
	u64 start = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < 32; i++)
		play(INTERRUPT);
	hrtimer_forward_now(timer, ns_to_ktime(100 * NSEC_PER_USEC +
					       4 * (ktime_get_ns() - start)));
	return HRTIMER_RESTART;
}

static int chain_reader(void *arg)
{
	s64 values[CHAIN_FIELDS];
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));
	static struct hrtimer timer;
	unsigned int i;

	cstats_test_hrtimer(&timer, HRTIMER_MODE_REL_PINNED_HARD, player_interrupt);
	hrtimer_start(&timer, ns_to_ktime(NSEC_PER_MSEC), HRTIMER_MODE_REL_PINNED_HARD);
	while (!kthread_should_stop()) {
		if (!check_eq(cstats_read(&set, &snap), 0))
			break;
		for (i = 0; i < ARRAY_SIZE(answers); i++)
			check(values[PONG + i] <= values[PING + answers[i].whom],
			      "%s: %lld, but %s: %lld", chain_fields[PONG + i].name,
			      values[PONG + i], chain_fields[PING + answers[i].whom].name,
			      values[PING + answers[i].whom]);
		atomic_long_inc(&snapshots);
		cond_resched();
	}
	hrtimer_cancel(&timer);
	return 0;
}

static void effects_follow_causes(void)
{
	int first = cpumask_first(cpu_online_mask);
	s64 values[CHAIN_FIELDS];
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));
	unsigned int i;

	if (num_online_cpus() < 2) {
		cstats_test_skip("needs two CPUs");
		return;
	}
	if (!tasks_alloc(3))
		return;
	if (!check_eq(cstats_init(&set, "chain", chain_fields, CHAIN_FIELDS), 0)) {
		tasks_stop();
		return;
	}
	memset(pings, 0, sizeof(pings));
	memset(pongs, 0, sizeof(pongs));
	tasks_add(first, player, (void *)FIRST);
	tasks_add(cpumask_next(first, cpu_online_mask), player, (void *)SECOND);
	tasks_add(first, chain_reader, NULL);
	run();
	tasks_stop();
	check_eq(cstats_read(&set, &snap), 0);
	sections = 0;
	for (i = 0; i < PLAYERS; i++) {
		check_eq(values[PING + i], pings[i]);
		sections += pings[i];
	}
	for (i = 0; i < ARRAY_SIZE(answers); i++)
		check_eq(values[PONG + i], pongs[i]);
	check(pings[INTERRUPT], "no interrupts");
	tell();
	cstats_destroy(&set);
}

/*
 * Many readers at once. Each adds one to its own field before each read, and
 * the snapshot that it gets must have exactly that: it may share a rotation,
 * but not one that began before it asked.
 */
struct sharer {
	unsigned int field;
	u64 reads;
	u64 rotations;		/* that went by during its reads */
	struct completion done;
};

static int sharing_reader(void *arg)
{
	struct sharer *sharer = arg;
	s64 *values = kcalloc(readers, sizeof(*values), GFP_KERNEL);
	struct cstats_snapshot snap = { .values = values, .nr_values = readers };
	struct cstats_section s;
	u64 number;

	while (values && !kthread_should_stop()) {
		s = cstats_acquire(&set);
		cstats_add(&s, sharer->field, 1);
		cstats_release(&s);
		sharer->reads++;
		if (!check_eq(cstats_read_last(&set, &snap), 0))
			break;
		number = snap.number;
		if (!check_eq(cstats_read(&set, &snap), 0))
			break;
		sharer->rotations += snap.number - number;
		check(values[sharer->field] == sharer->reads,
		      "reader %u got %lld after adding %llu", sharer->field,
		      values[sharer->field], sharer->reads);
	}
	check(values, "no memory");
	kfree(values);
	return 0;
}

/* A set with a field for each of them. */
static struct sharer *sharers_init(void)
{
	struct cstats_field *f = kcalloc(readers, sizeof(*f), GFP_KERNEL);
	char (*names)[12] = kcalloc(readers, sizeof(*names), GFP_KERNEL);
	struct sharer *sharers = kcalloc(readers, sizeof(*sharers), GFP_KERNEL);
	unsigned int i;
	int err = -ENOMEM;

	if (f && names && sharers && readers) {
		for (i = 0; i < readers; i++) {
			snprintf(names[i], sizeof(names[i]), "r%u", i);
			f[i].name = names[i];
			sharers[i].field = i;
			init_completion(&sharers[i].done);
		}
		err = cstats_init(&set, "share", f, readers);
	}
	kfree(names);
	kfree(f);
	if (check_eq(err, 0))
		return sharers;
	kfree(sharers);
	return NULL;
}

static u64 last_number(void)
{
	s64 *values = kcalloc(readers, sizeof(*values), GFP_KERNEL);
	struct cstats_snapshot snap = { .values = values, .nr_values = readers };

	check_eq(cstats_read_last(&set, &snap), 0);
	kfree(values);
	return snap.number;
}

static void readers_share(void)
{
	struct sharer *sharers = sharers_init();
	u64 reads = 0, passed = 0, rotations;
	unsigned int i;

	if (!sharers)
		return;
	if (tasks_alloc(readers)) {
		for (i = 0; i < readers; i++)
			tasks_add(-1, sharing_reader, &sharers[i]);
		schedule_timeout_uninterruptible(msecs_to_jiffies(ms));
		tasks_stop();
	}
	for (i = 0; i < readers; i++) {
		reads += sharers[i].reads;
		passed += sharers[i].rotations;
	}
	rotations = last_number();
	cstats_test_note("%llu reads by %u readers took %llu rotations, and %llu passed",
			 reads, readers, rotations, passed);
	check(reads >= 2 * readers, "too few reads to say anything");
	check(rotations < reads, "no rotation was shared");
	/*
	 * A reader needs one rotation, or two if it asks while one is under way. Nine
	 * pass if the next one does not wait until the readers of the last one run. On
	 * PREEMPT_RT they also sleep for locks, and two to five pass.
	 */
	check(readers < 8 * num_online_cpus() ||
	      passed < (IS_ENABLED(CONFIG_PREEMPT_RT) ? 8 : 4) * reads,
	      "too many rotations passed during a read");
	cstats_destroy(&set);
	kfree(sharers);
}

/*
 * The same when all of them ask during one rotation, which an open section
 * makes last: they need one more rotation, and not one each.
 */
static int one_read(void *arg)
{
	struct sharer *sharer = arg;
	s64 *values = kcalloc(readers, sizeof(*values), GFP_KERNEL);
	struct cstats_snapshot snap = { .values = values, .nr_values = readers };
	struct cstats_section s;

	if (check(values, "no memory")) {
		s = cstats_acquire(&set);
		cstats_add(&s, sharer->field, 1);
		cstats_release(&s);
		check_eq(cstats_read(&set, &snap), 0);
		check_eq(values[sharer->field], 1);
	}
	kfree(values);
	complete(&sharer->done);
	return 0;
}

static void readers_at_once_share(void)
{
	struct cstats_test_hold hold = { .cs = &set };
	cpumask_t affinity = *current->cpus_ptr;
	struct sharer *sharers;
	unsigned int i;
	u64 rotations;

	hold.cpu = cstats_test_other_cpu();
	if (hold.cpu < 0)
		return;
	sharers = sharers_init();
	if (!sharers)
		goto out;
	if (tasks_alloc(readers)) {
		if (!cstats_test_hold(&hold)) {
			for (i = 0; i < readers; i++)
				tasks_add(raw_smp_processor_id(), one_read, &sharers[i]);
			schedule_timeout_uninterruptible(HZ / 2);
			cstats_test_release(&hold);
		}
		for (i = 0; i < nr_tasks; i++)
			wait_for_completion(&sharers[i].done);
		tasks_stop();
		rotations = last_number();
		cstats_test_note("%u readers took %llu rotations", readers, rotations);
		check(rotations >= 1 && rotations <= 3, "%llu rotations for %u readers",
		      rotations, readers);
	}
	cstats_destroy(&set);
	kfree(sharers);
out:
	set_cpus_allowed_ptr(current, &affinity);
}

/*
 * Sets of the RCU flavour that are read all the time, and fill one batch after the
 * other, leave room for one of the other. They share batches in some modes.
 */
#define LARGE	60	/* the number of sets, each of CSTATS_MAX_VALUES: three batches or more */

static struct cstats_rcu large[LARGE];

static int large_reader(void *arg)
{
	struct cstats_snapshot *snap = cstats_snapshot_alloc(arg);

	if (!check(!IS_ERR(snap), "no memory"))
		return 0;
	while (!kthread_should_stop())
		check_eq(cstats_read(arg, snap), 0);
	cstats_snapshot_free(snap);
	return 0;
}

static int large_init(void)
{
	struct cstats_field *f = kcalloc(CSTATS_MAX_VALUES, sizeof(*f), GFP_KERNEL);
	char (*names)[8] = kcalloc(CSTATS_MAX_VALUES, sizeof(*names), GFP_KERNEL);
	int err = f && names ? 0 : -ENOMEM;
	unsigned int i;
	char name[16];

	for (i = 0; !err && i < CSTATS_MAX_VALUES; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		f[i].name = names[i];
	}
	for (i = 0; !err && i < LARGE; i++) {
		snprintf(name, sizeof(name), "large_%u", i);
		err = cstats_init(&large[i], name, f, CSTATS_MAX_VALUES);
	}
	kfree(names);
	kfree(f);
	return err;
}

static void flavours_share(void)
{
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);
	unsigned int i;

	if (check_eq(large_init(), 0) && tasks_alloc(LARGE)) {
		for (i = 0; i < LARGE; i++)
			tasks_add(-1, large_reader, &large[i].cs);
		schedule_timeout_uninterruptible(HZ / 5);
		if (check_eq(cstats_init(&set, "small", fields, NR), 0)) {
			for (i = 0; i < 3; i++)
				check_eq(cstats_read(&set, &snap), 0);
			cstats_destroy(&set);
		}
		tasks_stop();
	}
	for (i = 0; i < LARGE; i++)
		cstats_destroy(&large[i].cs);
}

static const struct cstats_test_case cases[] = {
	{ "sections_are_whole", sections_are_whole },
	{ "effects_follow_causes", effects_follow_causes },
	{ "readers_share", readers_share },
	{ "readers_at_once_share", readers_at_once_share },
	{ "flavours_share", flavours_share },
};

static int __init load_init(void)
{
	cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	return 0;
}

static void __exit load_exit(void)
{
	cstats_test_forget(THIS_MODULE);
}

module_init(load_init);
module_exit(load_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: snapshots while all CPUs write");
MODULE_LICENSE("GPL");
