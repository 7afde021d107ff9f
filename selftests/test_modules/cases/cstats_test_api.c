// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_api: every function of <linux/cstats.h> and every error
 *
 * The deterministic part: one set, few threads, exact values. Bad input must
 * get its error and exactly one line in the log that names the set, and must
 * change nothing.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/platform_device.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "cstats_test.h"

enum { UP, DOWN, LEVEL, NR };

static const struct cstats_field fields[NR] = {
	[UP] = { "up", CSTATS_COUNTER, "events", "seen to go up" },
	[DOWN] = { "down", CSTATS_COUNTER, "events", NULL },
	[LEVEL] = { "level", CSTATS_GAUGE, NULL, NULL },
};

/* Zeroed, that is, never initialized, whenever no case runs. */
static struct cstats set, other;

static s64 values[NR];

static struct cstats_snapshot snapshot(void)
{
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));

	memset(values, 0x5a, sizeof(values));
	return snap;
}

static bool start(void)
{
	return check_eq(cstats_init(&set, "api", fields, NR), 0);
}

static void finish(void)
{
	cstats_destroy(&set);
	memset(&set, 0, sizeof(set));
}

static void add(unsigned int field, s64 delta)
{
	struct cstats_section s = cstats_acquire(&set);

	cstats_add(&s, field, delta);
	cstats_release(&s);
}

static void expect(s64 up, s64 down, s64 level)
{
	struct cstats_snapshot snap = snapshot();

	if (!check_eq(cstats_read(&set, &snap), 0))
		return;
	check_eq(values[UP], up);
	check_eq(values[DOWN], down);
	check_eq(values[LEVEL], level);
}

/* Must cstats_init() fail with @err, say so once, and change nothing? */
static void refused(int err, struct cstats *cs, const char *name,
		    const char *logged, const struct cstats_field *f,
		    unsigned int nr)
{
	struct cstats before;
	int ret;

	if (cs)
		memcpy(&before, cs, sizeof(before));
	cstats_test_log_mark();
	ret = cstats_init(cs, name, f, nr);
	check(ret == err, "set \"%s\" (%u fields): %d, not %d", logged, nr, ret, err);
	check(cstats_test_log_lines("") == 1, "set \"%s\": %u lines in the log",
	      logged, cstats_test_log_lines(""));
	check(cstats_test_log_lines(logged) == 1,
	      "set \"%s\": not named in the log", logged);
	if (cs)
		check(!memcmp(&before, cs, sizeof(before)), "set \"%s\": changed", logged);
	if (!ret && cs)
		cstats_destroy(cs);
}

static void init_names(void)
{
	static const char * const bad[] = {
		"", "A", "1", "_a", " a", "a b", "aB", "a-b", "a.b", "a/b", "..",
		"a{", "a`", "a@", "a:", "\303\244", "a\377",
	};
	/* as the kernel escapes them */
	static const char * const bad_logged[] = { "a\n", "a\\n", "a\t", "a\\t" };
	char long_name[CSTATS_NAME_LEN + 1];
	unsigned int i;

	refused(-EINVAL, &set, NULL, "set \"\"", fields, NR);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		refused(-EINVAL, &set, bad[i], bad[i], fields, NR);
	for (i = 0; i < ARRAY_SIZE(bad_logged); i += 2)
		refused(-EINVAL, &set, bad_logged[i], bad_logged[i + 1], fields, NR);

	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[CSTATS_NAME_LEN] = 0;
	refused(-ENAMETOOLONG, &set, long_name, "nnnnnnnnnnnnnnnnnnnn", fields, NR);

	/* the longest that will do, and the shortest */
	cstats_test_log_mark();
	long_name[CSTATS_NAME_LEN - 1] = 0;
	if (check_eq(cstats_init(&set, long_name, fields, NR), 0))
		finish();
	if (check_eq(cstats_init(&set, "z", fields, NR), 0))
		finish();
	if (check_eq(cstats_init(&set, "a_0", fields, NR), 0))
		finish();
	check_eq(cstats_test_log_lines(""), 0);
}

static void init_fields(void)
{
	static const struct cstats_field bad[] = {
		{ NULL, CSTATS_COUNTER, NULL, NULL },
		{ "", CSTATS_COUNTER, NULL, NULL },
		{ "0", CSTATS_COUNTER, NULL, NULL },
		{ "Up", CSTATS_COUNTER, NULL, NULL },
		{ "up ", CSTATS_COUNTER, NULL, NULL },
		{ "up.down", CSTATS_COUNTER, NULL, NULL },
		{ "u", CSTATS_GAUGE + 1, NULL, NULL },
		{ "u", -1, NULL, NULL },
		{ "u", CSTATS_GAUGE, "", NULL },
		{ "u", CSTATS_GAUGE, "two words", NULL },
		{ "u", CSTATS_GAUGE, "new\nline", NULL },
		{ "u", CSTATS_GAUGE, NULL, "new\nline" },
	};
	struct cstats_field pair[2] = { fields[UP], fields[UP] };
	char long_name[CSTATS_NAME_LEN + 1];
	unsigned int i;

	refused(-EINVAL, &set, "api", "\"api\"", NULL, NR);
	refused(-EINVAL, &set, "api", "\"api\"", fields, 0);
	refused(-EINVAL, NULL, "api", "\"api\"", fields, NR);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		pair[1] = bad[i];
		refused(-EINVAL, &set, "api", "\"api\"", pair, 2);
	}
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[CSTATS_NAME_LEN] = 0;
	pair[1] = (struct cstats_field){ long_name, CSTATS_GAUGE, NULL, NULL };
	refused(-ENAMETOOLONG, &set, "api", "\"api\"", pair, 2);
	pair[1] = fields[UP];
	refused(-EEXIST, &set, "api", "\"api\"", pair, 2);

	/* bad and good again: what failed has left nothing behind */
	if (start()) {
		add(UP, 1);
		expect(1, 0, 0);
		finish();
	}
}

/* 2047 fields fill a per-CPU allocation; the last one must be usable. */
static void init_size(void)
{
	const unsigned int max = 2047;
	struct cstats_field *many = kvcalloc(max + 1, sizeof(*many), GFP_KERNEL);
	char (*names)[8] = kvcalloc(max + 1, sizeof(*names), GFP_KERNEL);
	s64 *sums = kvcalloc(max, sizeof(*sums), GFP_KERNEL);
	struct cstats_snapshot snap = { .values = sums, .nr_values = max };
	struct cstats_section s;
	unsigned int i;

	if (!check(many && names && sums, "no memory"))
		goto out;
	for (i = 0; i <= max; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		many[i].name = names[i];
	}
	refused(-E2BIG, &set, "api", "\"api\"", many, max + 1);
	refused(-E2BIG, &set, "api", "\"api\"", many, UINT_MAX);
	if (!check_eq(cstats_init(&set, "api", many, max), 0))
		goto out;
	s = cstats_acquire(&set);
	for (i = 0; i < max; i++)
		cstats_add(&s, i, i + 1);
	cstats_release(&s);
	check_eq(cstats_read(&set, &snap), 0);
	for (i = 0; i < max; i++)
		check(sums[i] == i + 1, "field %u is %lld", i, sums[i]);
	finish();
out:
	kvfree(sums);
	kvfree(names);
	kvfree(many);
}

static void init_twice(void)
{
	if (!start())
		return;
	add(UP, 3);
	refused(-EBUSY, &set, "api_other", "\"api_other\"", fields, NR);
	refused(-EBUSY, &set, "api", "\"api\"", fields, NR);
	refused(-EEXIST, &other, "api", "\"api\"", fields, NR);
	add(UP, 4);
	expect(7, 0, 0);
	finish();

	/* the name and the struct are free again, and the counts gone */
	if (!start())
		return;
	expect(0, 0, 0);
	finish();
}

/* Its memory is freed without a destroy, and is another set's, or holds garbage. */
static void freed_undestroyed(void)
{
	if (!start())
		return;
	memset(&set, 0, sizeof(set));
	cstats_test_log_mark();
	check_eq(cstats_init(&set, "next", fields, NR), 0);
	check_eq(cstats_test_log_lines("set \"api\": was freed or overwritten"), 1);
	add(UP, 1);
	expect(1, 0, 0);
	check_eq(cstats_init(&other, "api", fields, NR), 0);	/* the name is free */
	cstats_destroy(&other);
	memset(&other, 0, sizeof(other));

	memset(&set, 0x6b, sizeof(set));
	check_eq(cstats_init(&set, "No name", fields, NR), -EINVAL);
	check(!set.shared, "garbage is there for writers");
	add(UP, 1);
	memset(&set, 0x6b, sizeof(set));
	check_eq(cstats_init(&set, "next", fields, NR), 0);
	check_eq(cstats_test_log_lines("set \"next\": was freed or overwritten"), 1);
	check_eq(cstats_init(&set, "api", fields, NR), -EBUSY);
	expect(0, 0, 0);
	finish();
}

static void destroy_anything(void)
{
	cstats_test_log_mark();
	cstats_destroy(NULL);
	check_eq(cstats_test_log_lines(""), 0);
	cstats_destroy(&other);		/* error paths are unconditional */
	check_eq(cstats_test_log_lines(""), 0);
	if (!start())
		return;
	cstats_destroy(&other);		/* not the one that is there */
	add(UP, 1);
	expect(1, 0, 0);
	cstats_test_log_mark();
	cstats_destroy(&set);
	check_eq(cstats_test_log_lines(""), 0);
	cstats_destroy(&set);
	check_eq(cstats_test_log_lines(""), 0);
	memset(&other, 0x5a, sizeof(other));	/* garbage is another matter */
	cstats_destroy(&other);
	check_eq(cstats_test_log_lines("not initialized"), 1);
	memset(&other, 0, sizeof(other));
	check_eq(cstats_init(&set, "api", fields, NR), 0);
	finish();
}

struct adder {
	unsigned int field;
	s64 delta;
	int count;
	struct completion done;
};

static int adder_thread(void *arg)
{
	struct adder *a = arg;
	int i;

	for (i = 0; i < a->count; i++)
		add(a->field, a->delta);
	complete(&a->done);
	return 0;
}

static void add_on(int cpu, unsigned int field, s64 delta, int count)
{
	struct adder a = { .field = field, .delta = delta, .count = count };
	struct task_struct *task;

	init_completion(&a.done);
	task = cstats_test_start(cpu, adder_thread, &a);
	if (!task)
		return;
	wait_for_completion(&a.done);
	cstats_test_stop(task);
}

static void add_and_read(void)
{
	s64 up = 0;
	int cpu;

	if (!start())
		return;
	expect(0, 0, 0);
	for_each_online_cpu(cpu) {
		add_on(cpu, UP, cpu + 1, 1000);
		up += 1000 * (cpu + 1);
	}
	expect(up, 0, 0);
	/* both slots have been written to by now, or will be */
	add(DOWN, 5);
	expect(up, 5, 0);
	add(LEVEL, -7);
	expect(up, 5, -7);
	add(LEVEL, 0);
	expect(up, 5, -7);
	add_on(cpumask_last(cpu_online_mask), LEVEL, 8, 1);
	expect(up, 5, 1);
	finish();
}

/* Sums are modulo 2^64, whichever CPU and slot the parts are in. */
static void wrap_around(void)
{
	int last = cpumask_last(cpu_online_mask);

	if (!start())
		return;
	add(UP, S64_MAX);
	add(DOWN, S64_MIN);
	expect(S64_MAX, S64_MIN, 0);
	add_on(last, UP, 1, 1);
	add_on(last, DOWN, -1, 1);
	expect(S64_MIN, S64_MAX, 0);
	add_on(last, UP, S64_MAX, 1);
	add(UP, 1);
	expect(0, S64_MAX, 0);
	add(UP, S64_MIN);
	check_eq(cstats_reset(&set), 0);
	expect(0, 0, 0);
	add(UP, S64_MIN);
	add(UP, S64_MIN);
	add(DOWN, S64_MIN);
	expect(0, S64_MIN, 0);
	finish();
}

static void snapshot_members(void)
{
	struct cstats_snapshot a, b;
	u64 before, after;
	int i;

	if (!start())
		return;
	for (i = 1; i <= 10; i++) {
		a = snapshot();
		before = ktime_get_ns();
		if (!check_eq(cstats_read(&set, &a), 0))
			break;
		after = ktime_get_ns();
		check_eq(a.number, i);
		check(a.time_ns >= before && a.time_ns <= after,
		      "time %llu, not in %llu..%llu", a.time_ns, before, after);
		check(a.rotation_ns > 0 && a.rotation_ns <= after - a.time_ns,
		      "rotation_ns %llu of %llu", a.rotation_ns, after - a.time_ns);
		check_eq(a.nr_cpus, num_online_cpus());
		check_eq(a.nr_values, NR);
		check(a.values == values, "values moved");

		b = snapshot();
		check_eq(cstats_read_last(&set, &b), 0);
		check(b.number == a.number && b.time_ns == a.time_ns &&
		      b.rotation_ns == a.rotation_ns && b.nr_cpus == a.nr_cpus,
		      "the last snapshot is another one");
	}
	finish();
}

/* Both readers must refuse what is wrong and leave the snapshot alone. */
static void read_errors_of(int (*read)(struct cstats *, struct cstats_snapshot *))
{
	s64 big[NR + 2], copy[NR + 2];
	struct cstats_snapshot snap, before;

	memset(big, 0x5a, sizeof(big));
	memcpy(copy, big, sizeof(big));
#define refuse(err, cs, n, v)						\
do {									\
	memset(&snap, 0xa5, sizeof(snap));				\
	snap.values = (v);						\
	snap.nr_values = (n);						\
	before = snap;							\
	check_eq(read(cs, &snap), err);					\
	check(!memcmp(&snap, &before, sizeof(snap)) &&			\
	      !memcmp(big, copy, sizeof(big)), "snapshot changed");	\
} while (0)
	refuse(-EINVAL, NULL, NR, big);
	refuse(-ENODEV, &set, NR, big);		/* never initialized */
	if (!start())
		return;
	check_eq(read(&set, NULL), -EINVAL);
	refuse(-EINVAL, &set, NR - 1, big);
	refuse(-EINVAL, &set, 0, big);
	refuse(-EINVAL, &set, NR, NULL);

	/* more room than needed is fine, and the rest of it is not ours */
	snap = (struct cstats_snapshot){ .values = big, .nr_values = NR + 2 };
	check_eq(read(&set, &snap), 0);
	check(!memcmp(big + NR, copy + NR, 2 * sizeof(*big)),
	      "wrote beyond the fields");
	check_eq(snap.nr_values, NR + 2);
	memcpy(big, copy, sizeof(big));

	cstats_destroy(&set);
	refuse(-ENODEV, &set, NR, big);
#undef refuse
	memset(&set, 0, sizeof(set));
}

static void read_errors(void)
{
	read_errors_of(cstats_read);
}

static void read_last_errors(void)
{
	read_errors_of(cstats_read_last);
}

static void read_last(void)
{
	struct cstats_snapshot snap;

	if (!start())
		return;
	add(UP, 1);
	snap = snapshot();
	check_eq(cstats_read_last(&set, &snap), 0);
	check_eq(snap.number, 0);
	check_eq(values[UP], 0);
	check_eq(values[DOWN], 0);
	check_eq(values[LEVEL], 0);

	expect(1, 0, 0);
	add(UP, 1);
	snap = snapshot();
	check_eq(cstats_read_last(&set, &snap), 0);
	check_eq(snap.number, 1);
	check_eq(values[UP], 1);
	finish();
}

/* What a read_last() in some context has returned. */
static struct {
	int err;
	u64 number;
	s64 up;
} got;

static void read_last_here(void)
{
	s64 sums[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(sums, ARRAY_SIZE(sums));

	got.err = cstats_read_last(&set, &snap);
	got.number = snap.number;
	got.up = sums[UP];
}

static void read_last_ipi(void *unused)
{
	read_last_here();
}

static void read_last_irq_work(struct irq_work *work)
{
	read_last_here();
}

static void got_it(const char *where)
{
	check(!got.err && got.number == 1 && got.up == 42,
	      "%s: error %d, number %llu, value %lld", where, got.err, got.number, got.up);
	memset(&got, 0xff, sizeof(got));
}

static void read_last_atomic(void)
{
	struct irq_work work = IRQ_WORK_INIT_HARD(read_last_irq_work);
	struct cstats_section s;
	unsigned long flags;

	if (!start())
		return;
	add(UP, 42);
	expect(42, 0, 0);
	add(UP, 1);
	memset(&got, 0xff, sizeof(got));

	preempt_disable();
	read_last_here();
	preempt_enable();
	got_it("preemption off");

	local_irq_save(flags);
	read_last_here();
	local_irq_restore(flags);
	got_it("interrupts off");

	s = cstats_acquire(&set);
	read_last_here();
	cstats_release(&s);
	got_it("own section");

	smp_call_function_single(cpumask_last(cpu_online_mask), read_last_ipi, NULL, 1);
	got_it("IPI");

	irq_work_queue(&work);
	irq_work_sync(&work);
	got_it("irq work");
	finish();
}

static void read_unsafe(void)
{
	struct cstats_section s;

	cstats_read_unsafe(NULL, values);	/* harmless */
	memset(values, 0, sizeof(values));
	if (!start())
		return;
	cstats_read_unsafe(&set, values);
	check_eq(values[UP], 0);
	add(UP, 2);
	add_on(cpumask_last(cpu_online_mask), UP, 3, 1);
	cstats_read_unsafe(&set, values);
	check_eq(values[UP], 5);
	expect(5, 0, 0);
	add(DOWN, 1);			/* in the other slot */
	s = cstats_acquire(&set);
	cstats_add(&s, UP, 10);
	cstats_read_unsafe(&set, values);	/* an open section's too */
	check_eq(values[UP], 15);
	check_eq(values[DOWN], 1);
	cstats_release(&s);
	expect(15, 1, 0);

	/* of nothing, nothing */
	cstats_destroy(&set);
	memset(values, 0x5a, sizeof(values));
	cstats_read_unsafe(&set, values);
	check_eq(cstats_clear_unsafe(&set), -ENODEV);
	memset(&set, 0, sizeof(set));
	cstats_read_unsafe(&set, values);
	check_eq(cstats_clear_unsafe(&set), -ENODEV);
	check_eq(values[UP], 0x5a5a5a5a5a5a5a5aLL);
}

static void clear_unsafe(void)
{
	struct cstats_snapshot snap = snapshot();
	int i;

	check_eq(cstats_clear_unsafe(NULL), -EINVAL);
	for (i = 0; i < 2; i++) {
		if (!start())
			return;
		add_on(cpumask_last(cpu_online_mask), UP, 3, 1);
		expect(3, 0, 0);
		add(DOWN, 4);
		if (i)
			check_eq(cstats_reset(&set), 0);
		add(LEVEL, 5);
		check_eq(cstats_clear_unsafe(&set), 0);
		check_eq(cstats_read_last(&set, &snap), 0);
		check_eq(values[UP], 0);
		expect(0, 0, 0);
		cstats_read_unsafe(&set, values);
		check(!values[UP] && !values[DOWN] && !values[LEVEL], "not cleared");
		add(UP, 1);
		expect(1, 0, 0);
		finish();
	}
}

/* Each read makes a snapshot that is newer than the one before, and than the call. */
static int read_all_the_time(void *arg)
{
	s64 sums[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(sums, ARRAY_SIZE(sums));
	unsigned int *reads = arg;
	u64 number = 0;

	while (!kthread_should_stop()) {
		u64 start = ktime_get_ns();

		if (!check_eq(cstats_read(&set, &snap), 0))
			break;
		check(snap.time_ns >= start, "read at %llu, of %llu", start, snap.time_ns);
		check(snap.number > number, "number %llu after %llu", snap.number, number);
		number = snap.number;
		WRITE_ONCE(*reads, *reads + 1);
	}
	return 0;
}

/* Sums of a family take a while, and what is zero must remain so. */
static void clear_beside_reads(void)
{
	enum { INSTANCES = 500 };
	struct cstats_instance *inst = kvcalloc(INSTANCES, sizeof(*inst), GFP_KERNEL);
	struct cstats_snapshot snap = snapshot();
	struct task_struct *tasks[2];
	unsigned int reads[2] = {}, i, j;
	char name[8];
	u64 time;

	if (!check(inst, "no memory"))
		return;
	if (!check_eq(cstats_init_family(&set, "api", "number", fields, NR), 0))
		goto free;
	for (i = 0; i < INSTANCES; i++) {
		snprintf(name, sizeof(name), "%u", i);
		check_eq(cstats_instance_add(&set, &inst[i], name), 0);
	}
	for (i = 0; i < 2; i++)
		tasks[i] = cstats_test_start(-1, read_all_the_time, &reads[i]);
	for (i = 0; i < 30; i++) {
		for (j = 0; j < INSTANCES; j++) {
			struct cstats_section s = cstats_acquire(&set);

			cstats_add_to(&s, &inst[j], UP, 3);
			cstats_release(&s);
		}
		if (i % 2)
			usleep_range(100 * i, 200 * i);
		if (!check_eq(cstats_clear_unsafe(&set), 0))
			break;
		time = 0;
		for (j = 0; j < 5; j++) {
			check_eq(cstats_read_last(&set, &snap), 0);
			check_eq(values[UP], 0);
			check(snap.time_ns >= time, "back from %llu to %llu", time,
			      snap.time_ns);
			time = snap.time_ns;
			usleep_range(100, 200);
		}
		expect(0, 0, 0);
	}
	for (i = 0; i < 2; i++) {
		cstats_test_stop(tasks[i]);
		check(reads[i], "reader %u has read nothing", i);
	}
	for (i = 0; i < INSTANCES; i++)
		cstats_instance_remove(&inst[i]);
	finish();
free:
	kvfree(inst);
}

static void reset(void)
{
	struct cstats_snapshot snap = snapshot();
	int last = cpumask_last(cpu_online_mask);
	u64 number;
	int i;

	check_eq(cstats_reset(NULL), -EINVAL);
	check_eq(cstats_reset(&set), -ENODEV);
	if (!start())
		return;
	check_eq(cstats_reset(&set), 0);	/* of nothing */
	expect(0, 0, 0);
	for (i = 0; i < 4; i++) {
		s64 level = -20 * (i + 1);	/* which no reset changes */

		add_on(last, UP, 100, 1);
		add(LEVEL, -20);
		expect(100, 0, level);
		check_eq(cstats_read_last(&set, &snap), 0);
		number = snap.number;
		add(UP, 1);
		check_eq(cstats_reset(&set), 0);
		check_eq(cstats_read_last(&set, &snap), 0);
		check(snap.number > number, "number went from %llu to %llu",
		      number, snap.number);
		check_eq(values[LEVEL], level);
		check(snap.since_ns == snap.time_ns, "counts since %llu, not %llu",
		      snap.since_ns, snap.time_ns);
		expect(0, 0, level);
		add(UP, 1);
		expect(1, 0, level);
		check_eq(cstats_reset(&set), 0);
	}
	cstats_destroy(&set);
	check_eq(cstats_reset(&set), -ENODEV);
	memset(&set, 0, sizeof(set));
}

#ifdef DEFINE_CLASS
static int scoped(bool early)
{
	CLASS(cstats_section, s)(&set);

	cstats_add(&s, UP, 1);
	{
		CLASS(cstats_section, inner)(&set);

		cstats_add(&inner, DOWN, 1);
	}
	if (early)
		return 1;
	cstats_add(&s, LEVEL, 1);
	return 0;
}

static void scope_form(void)
{
	int count = preempt_count();

	if (!start())
		return;
	check_eq(scoped(false), 0);
	check_eq(scoped(true), 1);
	check_eq(preempt_count(), count);
	expect(2, 2, 1);
	finish();
}
#else
static void scope_form(void)
{
	cstats_test_skip("this kernel has no DEFINE_CLASS()");
}
#endif

/* Sections of two sets nest in each other, and preemption is off within. */
static void nested_sets(void)
{
	int count = preempt_count();
	struct cstats_section s, t, u;
	struct cstats_snapshot snap = snapshot();

	if (!start())
		return;
	if (check_eq(cstats_init(&other, "api_other", fields, NR), 0)) {
		s = cstats_acquire(&set);
		t = cstats_acquire(&other);
		u = cstats_acquire(&set);
		cstats_add(&s, UP, 1);
		cstats_add(&t, UP, 2);
		cstats_add(&u, UP, 4);
		check(!preemptible(), "preemptible within a section");
		cstats_release(&u);
		cstats_add(&s, UP, 8);
		cstats_release(&t);
		check(!preemptible(), "preemptible within a section");
		cstats_release(&s);
		check_eq(preempt_count(), count);
		expect(13, 0, 0);
		check_eq(cstats_read(&other, &snap), 0);
		check_eq(values[UP], 2);
		cstats_destroy(&other);
		memset(&other, 0, sizeof(other));
	}
	finish();
}

struct reader {
	struct task_struct *task;
	int err;
	s64 sums[NR];
	struct completion done;
};

static int reader_thread(void *arg)
{
	struct reader *r = arg;
	struct cstats_snapshot snap = cstats_test_snapshot(r->sums, ARRAY_SIZE(r->sums));

	r->err = cstats_read(&set, &snap);
	complete_all(&r->done);		/* never_even_thread() looks at it as well */
	return 0;
}

/* Start a reader here, and give it the time to get stuck. */
static void reader_start(struct reader *r)
{
	r->task = cstats_test_start(raw_smp_processor_id(), reader_thread, r);
	schedule_timeout_uninterruptible(HZ / 10);
}

/* Wait for its end, but not for ever. */
static bool reader_finish(struct reader *r)
{
	bool done = wait_for_completion_timeout(&r->done, 60 * HZ);

	check(done, "the reader does not return");
	cstats_test_stop(r->task);
	return done;
}

static void reader_waits(bool nested)
{
	struct cstats_test_hold hold = { .cs = &set, .nested = nested,
					 .fields = NR, .delta = 2 };
	cpumask_t affinity = *current->cpus_ptr;
	struct reader r = {};

	init_completion(&r.done);
	hold.cpu = cstats_test_other_cpu();
	if (hold.cpu < 0 || !start())
		goto out;
	if (!cstats_test_hold(&hold)) {
		reader_start(&r);
		check(!completion_done(&r.done), "did not wait for an open section");
		cstats_test_release(&hold);
		if (reader_finish(&r)) {
			check_eq(r.err, 0);
			check(r.sums[UP] == 2 || !r.sums[UP], "half a section: %lld",
			      r.sums[UP]);
			check(r.sums[UP] == r.sums[DOWN] && r.sums[UP] == r.sums[LEVEL],
			      "torn: %lld %lld %lld", r.sums[UP], r.sums[DOWN],
			      r.sums[LEVEL]);
		}
		expect(2, 2, 2);
	}
	finish();
out:
	set_cpus_allowed_ptr(current, &affinity);
}

/* A section that is open when the read begins: the reader waits for its end. */
static void reader_waits_for_section(void)
{
	reader_waits(false);
}

/* That a nested section ends does not make it even. */
static void reader_waits_for_outermost(void)
{
	reader_waits(true);
}

/*
 * Back-to-back sections: the reader never sees an even number, only a new odd
 * one. Played by hand, as no writer can be made to do it each time. The thread
 * stops after a minute; the reader has to be back before.
 */
struct starver {
	struct reader reader;
	struct completion odd;
};

static int never_even_thread(void *arg)
{
	u64 now, start = ktime_get_ns(), next = start;
	struct starver *starver = arg;
	struct cstats_cpu *cpu;
	bool in_time;

	cpu = raw_cpu_ptr(set.shared->cpu);	/* bound to this CPU */
	WRITE_ONCE(cpu->seq, cpu->seq | 1);
	complete(&starver->odd);
	do {
		now = ktime_get_ns();
		if (now >= next) {
			smp_wmb();	/* as in cstats_release() */
			WRITE_ONCE(cpu->seq, cpu->seq + 2);
			next = now + NSEC_PER_MSEC;
		}
		cond_resched();		/* or there is no grace period */
		in_time = completion_done(&starver->reader.done);
	} while (!in_time && now < start + 60ULL * NSEC_PER_SEC);
	WRITE_ONCE(cpu->seq, cpu->seq + 1);
	return in_time;
}

static void reader_does_not_starve(void)
{
	cpumask_t affinity = *current->cpus_ptr;
	int cpu = cstats_test_other_cpu();
	struct starver starver = {};
	struct task_struct *writer;

	if (cpu < 0 || !start())
		goto out;
	init_completion(&starver.odd);
	init_completion(&starver.reader.done);
	writer = cstats_test_start(cpu, never_even_thread, &starver);
	if (writer) {
		wait_for_completion(&starver.odd);
		reader_start(&starver.reader);
		reader_finish(&starver.reader);
		check(cstats_test_stop(writer) == 1,
		      "back only after the sections had ended");
		check_eq(starver.reader.err, 0);
	}
	finish();
out:
	set_cpus_allowed_ptr(current, &affinity);
}

/* Destroyed while a reader waits for an open section. */
static int destroy_thread(void *arg)
{
	cstats_destroy(&set);
	complete(arg);
	return 0;
}

static void destroy_under_reader(void)
{
	struct cstats_test_hold hold = { .cs = &set, .fields = NR, .delta = 2 };
	cpumask_t affinity = *current->cpus_ptr;
	DECLARE_COMPLETION_ONSTACK(destroyed);
	struct cstats_snapshot snap = snapshot();
	struct task_struct *destroyer;
	struct reader r = {};

	init_completion(&r.done);
	hold.cpu = cstats_test_other_cpu();
	if (hold.cpu < 0 || !start())
		goto out;
	if (!cstats_test_hold(&hold)) {
		reader_start(&r);
		destroyer = cstats_test_start(-1, destroy_thread, &destroyed);
		schedule_timeout_uninterruptible(HZ / 10);
		cstats_test_release(&hold);
		if (reader_finish(&r)) {
			check(r.err == -ENODEV || !r.err, "read: %d", r.err);
			check(r.err || (r.sums[UP] == r.sums[DOWN] &&
					r.sums[UP] == r.sums[LEVEL]), "torn");
		}
		wait_for_completion(&destroyed);
		cstats_test_stop(destroyer);
	}
	check_eq(cstats_read(&set, &snap), -ENODEV);
	memset(&set, 0, sizeof(set));
out:
	set_cpus_allowed_ptr(current, &affinity);
}

/*
 * Contexts in which init, destroy and reads are allowed. Lockdep is told that
 * this is memory reclaim, so that it sees what could deadlock there.
 */
static void in_memory_reclaim(void)
{
	struct cstats_snapshot snap = snapshot();
	unsigned int flags;
	int i;

	for (i = 0; i < 3; i++) {
		if (!start())
			return;
		add(UP, 1);
		flags = memalloc_noreclaim_save();
		fs_reclaim_acquire(GFP_KERNEL);
		check_eq(cstats_read(&set, &snap), 0);
		cstats_destroy(&set);
		fs_reclaim_release(GFP_KERNEL);
		memalloc_noreclaim_restore(flags);
		check_eq(values[UP], 1);
		/* The files may still be there, but the name is to be had at once. */
	}
	if (start())
		finish();
}

/* Another task destroys what is not its own, at any time. */
static int destroy_all_the_time(void *unused)
{
	while (!kthread_should_stop()) {
		cstats_destroy(&set);
		cond_resched();
	}
	return 0;
}

static void destroyed_in_init(void)
{
	struct task_struct *other = cstats_test_start(-1, destroy_all_the_time, NULL);
	unsigned int i;

	for (i = 0; i < 200; i++) {
		if (!start())
			break;
		add(UP, 1);
		cstats_destroy(&set);
		check(!READ_ONCE(set.shared), "destroyed, and there still");
	}
	cstats_test_stop(other);
	add(UP, 1);
	/* That it counts in a set that is not there is said at the next tick. */
	schedule_timeout_uninterruptible(2);
	if (start())
		finish();
}

static void read_once(void)
{
	s64 sums[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(sums, NR);

	check_eq(cstats_read(&set, &snap), 0);
}

static int in_callback(unsigned int cpu)
{
	static struct cstats cs;	/* one CPU comes or goes at a time */

	read_once();
	if (check_eq(cstats_init(&cs, "api_callback", fields, NR), 0))
		cstats_destroy(&cs);
	return 0;
}

static void under_hotplug_lock(void)
{
	struct cstats_snapshot snap = snapshot();
	int state;

	if (!start())
		return;
	cpus_read_lock();
	read_once();
	check_eq(cstats_reset(&set), 0);
	cstats_destroy(&set);
	check_eq(cstats_init(&set, "api", fields, NR), 0);
	cpus_read_unlock();

	/* Calls it for each CPU, with the lock held. */
	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "cstats_test:api", in_callback,
				  in_callback);
	if (check(state > 0, "no hotplug state: %d", state)) {
#ifdef CONFIG_HOTPLUG_CPU
		unsigned int cpu = cpumask_last(cpu_online_mask);

		/* Here CPU hotplug is under way, and holds it for writing. */
		if (num_online_cpus() > 1 && !remove_cpu(cpu))
			check_eq(add_cpu(cpu), 0);
#endif
		cpuhp_remove_state(state);
	}
	check_eq(cstats_read(&set, &snap), 0);
	finish();
}

/* Device-managed sets, and those of a wrapper on behalf of a module. */
static void managed(void)
{
	struct platform_device *pdev;
	struct cstats_snapshot snap = snapshot();

	pdev = platform_device_register_simple("cstats_test", -1, NULL, 0);
	if (!check(!IS_ERR(pdev), "no device"))
		return;
	cstats_test_log_mark();
	check_eq(devm_cstats_init(NULL, &set, "api", fields, NR), -EINVAL);
	check_eq(cstats_test_log_lines("device is NULL"), 1);
	check_eq(cstats_read(&set, &snap), -ENODEV);
	check_eq(devm_cstats_init(&pdev->dev, &set, "api", fields, NR), 0);
	add(UP, 1);
	expect(1, 0, 0);
	cstats_test_log_mark();
	platform_device_unregister(pdev);
	check_eq(cstats_test_log_lines(""), 0);
	check_eq(cstats_read(&set, &snap), -ENODEV);
	memset(&set, 0, sizeof(set));
	if (check_eq(cstats_init_owner(&set, "api", fields, NR, THIS_MODULE), 0))
		finish();
}

/* Kept fresh: the last snapshot follows, and says how old it is. */
static void keep_fresh(void)
{
	struct cstats_snapshot snap = snapshot();
	unsigned int i;

	check_eq(cstats_keep_fresh(NULL, 10), -EINVAL);
	check_eq(cstats_keep_fresh(&set, 10), -ENODEV);
	if (!start())
		return;
	check_eq(cstats_keep_fresh(&set, 0), 0);
	check_eq(cstats_keep_fresh(&set, 10), 0);
	add(UP, 7);
	for (i = 0; i < 500; i++) {
		check_eq(cstats_read_last(&set, &snap), 0);
		if (values[UP] == 7)
			break;
		schedule_timeout_uninterruptible(HZ / 100 + 1);
	}
	check_eq(values[UP], 7);
	check(snap.age_ns <= ktime_get_ns() - snap.time_ns, "age %llu ns", snap.age_ns);
	check_eq(cstats_keep_fresh(&set, 0), 0);
	schedule_timeout_uninterruptible(HZ / 5);
	check_eq(cstats_read_last(&set, &snap), 0);
	i = snap.number;
	schedule_timeout_uninterruptible(HZ / 5);
	check_eq(cstats_read_last(&set, &snap), 0);
	check(snap.number == i, "it goes on, from %u to %llu", i, snap.number);
	check(snap.age_ns >= 150 * NSEC_PER_MSEC, "age %llu ns", snap.age_ns);
	check_eq(cstats_keep_fresh(&set, 10), 0);	/* while it is destroyed */
	finish();
}

/*
 * The misuses that get a warning. Each must leave the set working, and the log
 * must have the warning once for the set, however often it is done.
 */
static void read_in_section(void)
{
	struct cstats_snapshot snap = snapshot();
	struct cstats_section s;
	int i;

	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) || IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC)) {
		cstats_test_skip("might_sleep() and lockdep report it: scripts/test-debug");
		return;
	}
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT)) {
		cstats_test_skip("this kernel does not know that a section is open");
		return;
	}
	if (!start())
		return;
	cstats_test_log_mark();
	for (i = 0; i < 2; i++) {
		s = cstats_acquire(&set);
		check_eq(cstats_read(&set, &snap), -EDEADLK);
		check_eq(cstats_reset(&set), -EDEADLK);
		cstats_add(&s, UP, 1);
		cstats_release(&s);
	}
	check_eq(values[UP], 0x5a5a5a5a5a5a5a5aLL);
	expect(2, 0, 0);
	check_eq(cstats_test_log_lines("within a section of it"), 1);
	finish();
}

static void release_twice(void)
{
	int count = preempt_count();
	struct cstats_section s;
	int i;

	if (IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC)) {
		cstats_test_skip("lockdep would report it, and be off from then on");
		return;
	}
	if (!start())
		return;
	cstats_test_log_mark();
	for (i = 0; i < 2; i++) {
		s = cstats_acquire(&set);
		cstats_add(&s, UP, 1);
		cstats_release(&s);
		__acquire(RCU_SCHED);	/* for sparse, which finds the mistake */
		cstats_release(&s);
	}
	check_eq(preempt_count(), count);
	expect(2, 0, 0);
	check_eq(cstats_test_log_lines("released twice or out of order"), 1);
	finish();
}

/* The inner section outlives the outer one. */
static void release_out_of_order(void)
{
	struct cstats_section s, t;
	int count = preempt_count();
	int i;

	if (!start())
		return;
	cstats_test_log_mark();
	for (i = 0; i < 2; i++) {
		s = cstats_acquire(&set);
		t = cstats_acquire(&set);
		cstats_add(&s, UP, 1);
		cstats_add(&t, DOWN, 1);
		cstats_release(&s);
		cstats_release(&t);
	}
	check_eq(preempt_count(), count);
	expect(2, 2, 0);
	check_eq(cstats_test_log_lines("released twice or out of order"), 1);
	check_eq(cstats_test_log_lines("has ended without"), 0);
	finish();
}

static const struct cstats_test_case cases[] = {
	{ "init_names", init_names },
	{ "init_fields", init_fields },
	{ "init_size", init_size },
	{ "init_twice", init_twice },
	{ "freed_undestroyed", freed_undestroyed },
	{ "destroy_anything", destroy_anything },
	{ "add_and_read", add_and_read },
	{ "wrap_around", wrap_around },
	{ "snapshot_members", snapshot_members },
	{ "read_errors", read_errors },
	{ "read_last_errors", read_last_errors },
	{ "read_last", read_last },
	{ "read_last_atomic", read_last_atomic },
	{ "read_unsafe", read_unsafe },
	{ "clear_unsafe", clear_unsafe },
	{ "clear_beside_reads", clear_beside_reads },
	{ "reset", reset },
	{ "scope_form", scope_form },
	{ "nested_sets", nested_sets },
	{ "reader_waits_for_section", reader_waits_for_section },
	{ "reader_waits_for_outermost", reader_waits_for_outermost },
	{ "reader_does_not_starve", reader_does_not_starve },
	{ "destroy_under_reader", destroy_under_reader },
	{ "in_memory_reclaim", in_memory_reclaim },
	{ "destroyed_in_init", destroyed_in_init },
	{ "under_hotplug_lock", under_hotplug_lock },
	{ "managed", managed },
	{ "keep_fresh", keep_fresh },
	{ "read_in_section", read_in_section, .warns = true },
	{ "release_twice", release_twice, .warns = true },
	{ "release_out_of_order", release_out_of_order, .warns = true },
};

static int __init api_init(void)
{
	cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	return 0;
}

static void __exit api_exit(void)
{
	cstats_test_forget(THIS_MODULE);
}

module_init(api_init);
module_exit(api_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: every function and every error");
MODULE_LICENSE("GPL");
