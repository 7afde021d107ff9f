// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_short: what makes clients short, in both flavours
 *
 * One macro for the enum and the table, sections of one line, sections that end
 * with their scope, indices that are checked by the compiler, snapshots that
 * bring their memory, reads of one field and reads with a deadline.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "cstats_test.h"

#define SHORT_LIST(field)							\
	field(UP,    "up",    CSTATS_COUNTER,   "events", "that go up")		\
	field(LEVEL, "level", CSTATS_GAUGE)					\
	field(SIZE,  "size",  CSTATS_HISTOGRAM, "bytes",  "of all", .first = 1, .last = 4) \
	field(LAST,  "last",  CSTATS_COUNTER)
CSTATS_FIELDS(short, SHORT_LIST);

enum { NR = ARRAY_SIZE(short_fields), SUM = NR, BUCKET, NR_VALUES = BUCKET + 4 };

static DEFINE_CSTATS(set);
static DEFINE_CSTATS_RCU(rcu_set);

static bool start(void)
{
	if (!check_eq(cstats_init(&set, "short", short_fields, NR), 0))
		return false;
	if (check_eq(cstats_init(&rcu_set, "short_rcu", short_fields, NR), 0))
		return true;
	cstats_destroy(&set);
	return false;
}

static void finish(void)
{
	cstats_destroy(&set);
	cstats_destroy(&rcu_set.cs);
	memset(&set, 0, sizeof(set));
	memset(&rcu_set, 0, sizeof(rcu_set));
}

/* The same in both sets. */
static void expect(s64 up, s64 level, s64 size, s64 last)
{
	struct cstats *both[] = { &set, &rcu_set.cs };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct cstats_snapshot *snap = cstats_snapshot_alloc(both[i]);

		if (!check(!IS_ERR(snap), "no snapshot: %ld", PTR_ERR(snap)))
			return;
		check_eq(cstats_read(both[i], snap), 0);
		check(snap->values[UP] == up && snap->values[LEVEL] == level &&
		      snap->values[SIZE] == size && snap->values[LAST] == last,
		      "set %u: %lld %lld %lld %lld", i, snap->values[UP],
		      snap->values[LEVEL], snap->values[SIZE], snap->values[LAST]);
		cstats_snapshot_free(snap);
	}
}

static void table(void)
{
	check_eq(NR, 4);
	check_eq(UP, 0);
	check_eq(LAST, 3);
	check(!strcmp(short_fields[UP].name, "up") &&
	      !strcmp(short_fields[UP].unit, "events") &&
	      !strcmp(short_fields[UP].description, "that go up"), "the first field");
	check(short_fields[LEVEL].kind == CSTATS_GAUGE && !short_fields[LEVEL].unit,
	      "the second field");
	check(short_fields[SIZE].first == 1 && short_fields[SIZE].last == 4, "the bounds");
	if (!start())
		return;
	check_eq(cstats_nr_values(&set), NR_VALUES);
	check_eq(cstats_sum_index(&rcu_set.cs, SIZE), SUM);
	finish();
}

/* Sleeps, and reads the set: neither is for sections of it. */
static s64 read_up(struct cstats *cs)
{
	s64 value = 0;

	check_eq(cstats_read_field(cs, UP, &value), 0);
	return value;
}

static void one_line(void)
{
	unsigned int index = READ_ONCE((unsigned int){ LAST });
	int count = preempt_count();

	cstats_inc(&set, UP);			/* there is no set yet */
	cstats_inc(&rcu_set, UP);
	if (!start())
		return;
	cstats_inc(&set, UP);
	cstats_inc(&rcu_set, UP);
	cstats_count(&set, LEVEL, -5);
	cstats_count(&rcu_set, LEVEL, -5);
	cstats_count(&set, index, 1LL << 40);	/* not constant */
	cstats_count(&rcu_set, index, 1LL << 40);
	cstats_count(&set, LEVEL, read_up(&set));
	cstats_count(&rcu_set, LEVEL, read_up(&rcu_set.cs));
	check_eq(preempt_count(), count);
	expect(1, -4, 0, 1LL << 40);
	finish();
}

/* That constants beyond the table do not compile: selftests/compile_fail. */
static void known_fields(void)
{
	unsigned int index;

	if (!start())
		return;
	for (index = 0; index < NR; index++) {
		struct cstats_section s = cstats_acquire_fields(&set, short_fields);
		struct cstats_rcu_section r = cstats_acquire_fields(&rcu_set, short_fields);

		cstats_add(&s, LAST, 1);
		cstats_add(&r, LAST, 1);
		cstats_observe(&s, SIZE, index);
		cstats_observe(&r, SIZE, index);
		if (index != SIZE) {
			cstats_add(&s, index, 10);
			cstats_add(&r, index, 10);
		}
		cstats_release(&r);
		cstats_release(&s);
	}
	expect(10, 10, 4, 14);
	finish();
}

#ifdef DEFINE_CLASS
static int scoped(bool early)
{
	CLASS(cstats_section, s)(&set);
	CLASS(cstats_rcu_section, r)(&rcu_set);

	cstats_add(&s, UP, 1);
	cstats_add(&r, UP, 1);
	if (early)
		return 1;
	cstats_add(&s, LEVEL, 1);
	cstats_add(&r, LEVEL, 1);
	return 0;
}

static void scopes(void)
{
	int count = preempt_count();

	if (!start())
		return;
	check_eq(scoped(false), 0);
	check_eq(scoped(true), 1);
	check_eq(preempt_count(), count);
	expect(2, 1, 0, 0);
	finish();
}
#else
static void scopes(void)
{
	cstats_test_skip("this kernel has no DEFINE_CLASS()");
}
#endif

static void snapshots(void)
{
	struct cstats_snapshot *snap;

	check_eq(PTR_ERR_OR_ZERO(cstats_snapshot_alloc(NULL)), -EINVAL);
	check_eq(PTR_ERR_OR_ZERO(cstats_snapshot_alloc(&set)), -ENODEV);
	cstats_snapshot_free(NULL);
	cstats_snapshot_free(ERR_PTR(-ENOMEM));
	check_eq(cstats_nr_values(NULL), -EINVAL);
	check_eq(cstats_nr_values(&set), -ENODEV);
	if (!start())
		return;
	snap = cstats_snapshot_alloc(&set);
	if (check(!IS_ERR(snap), "no snapshot: %ld", PTR_ERR(snap))) {
		check_eq(snap->nr_values, NR_VALUES);
		check_eq(snap->number, 0);
		check(!memchr_inv(snap->values, 0, NR_VALUES * sizeof(s64)), "not zero");
		cstats_inc(&set, LAST);
		check_eq(cstats_read_last(&set, snap), 0);
		check_eq(snap->values[LAST], 0);
		check_eq(cstats_read(&set, snap), 0);
		check_eq(snap->values[LAST], 1);
		/* It fits the other one as well, and survives its own set. */
		check_eq(cstats_read(&rcu_set.cs, snap), 0);
		check_eq(snap->values[LAST], 0);
		finish();
		check_eq(cstats_read(&set, snap), -ENODEV);
		check_eq(snap->values[LAST], 0);
	}
	cstats_snapshot_free(snap);
	finish();
}

static void one_field(void)
{
	s64 value = 0x5a;

	check_eq(cstats_read_field(NULL, UP, &value), -EINVAL);
	check_eq(cstats_read_field(&set, UP, &value), -ENODEV);
	if (!start())
		return;
	check_eq(cstats_read_field(&set, UP, NULL), -EINVAL);
	check_eq(cstats_read_field(&set, NR_VALUES, &value), -EINVAL);
	check_eq(cstats_read_field(&set, UINT_MAX, &value), -EINVAL);
	check_eq(value, 0x5a);
	cstats_count(&set, LEVEL, -7);
	cstats_inc(&rcu_set, LAST);
	check_eq(cstats_read_field(&set, LEVEL, &value), 0);
	check_eq(value, -7);
	check_eq(cstats_read_field(&set, SIZE, &value), 0);
	check_eq(value, 0);
	check_eq(cstats_read_field(&rcu_set.cs, LAST, &value), 0);
	check_eq(value, 1);
	finish();
	check_eq(cstats_read_field(&set, LEVEL, &value), -ENODEV);
	check_eq(value, 1);
}

/* How long a read takes, in milliseconds, and that it ends with @err. */
static u64 timed(struct cstats_snapshot *snap, unsigned int ms, int err)
{
	u64 start = ktime_get_ns();

	check_eq(cstats_read_timeout(&set, snap, ms), err);
	return div_u64(ktime_get_ns() - start, NSEC_PER_MSEC);
}

static void deadlines(void)
{
	struct cstats_test_hold hold = { .cs = &set, .fields = 2, .delta = 2 };
	cpumask_t affinity = *current->cpus_ptr;
	struct cstats_snapshot *snap;
	u64 ms;

	check_eq(cstats_read_timeout(NULL, NULL, 1000), -EINVAL);
	check_eq(cstats_read_timeout(&set, NULL, 1000), -ENODEV);
	hold.cpu = cstats_test_other_cpu();
	if (hold.cpu < 0 || !start())
		goto out;
	check_eq(cstats_read_timeout(&set, NULL, 1000), -EINVAL);
	snap = cstats_snapshot_alloc(&set);
	if (!check(!IS_ERR(snap), "no snapshot: %ld", PTR_ERR(snap)))
		goto free;
	cstats_inc(&set, LAST);
	ms = timed(snap, 60000, 0);		/* it is not waited out */
	check(ms < 5000, "%llu ms", ms);
	check_eq(snap->values[LAST], 1);
	if (!cstats_test_hold(&hold)) {
		ms = timed(snap, 300, -ETIMEDOUT);
		check(ms >= 299 && ms < 3000, "%llu ms and not 300", ms);
		check_eq(snap->values[UP], 0);
		ms = timed(snap, 0, -ETIMEDOUT);
		check(ms < 1000, "%llu ms and not 0", ms);
		/* Preemption is off there: no grace period ends, either. */
		check_eq(cstats_read_timeout(&rcu_set.cs, snap, 0), -ETIMEDOUT);
		/* Short deadlines are those readers' own: others go on waiting. */
		ms = timed(snap, 600, -ETIMEDOUT);
		check(ms >= 599, "%llu ms and not 600", ms);
		cstats_test_release(&hold);
		/* What it has waited for in vain ends now, and nothing is lost. */
		check_eq(cstats_read_timeout(&rcu_set.cs, snap, 60000), 0);
		check_eq(cstats_read_timeout(&set, snap, 60000), 0);
		check_eq(snap->values[UP], 2);
	}
	cstats_snapshot_free(snap);
free:
	finish();
out:
	set_cpus_allowed_ptr(current, &affinity);
}

static const struct cstats_test_case cases[] = {
	{ "table", table },
	{ "one_line", one_line },
	{ "known_fields", known_fields },
	{ "scopes", scopes },
	{ "snapshots", snapshots },
	{ "one_field", one_field },
	{ "deadlines", deadlines },
};

static int __init short_init(void)
{
	cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	return 0;
}

static void __exit short_exit(void)
{
	cstats_test_forget(THIS_MODULE);
}

module_init(short_init);
module_exit(short_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: what makes clients short");
MODULE_LICENSE("GPL");
