// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_histogram: amounts that are counted by size
 *
 * Which bucket a value belongs to is found out here by looking at each bound in
 * turn, and compared with where it was counted.
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "cstats_test.h"

static struct cstats set;
static struct cstats_rcu rcu_set;

/* One histogram between two counters, with bounds as the case wants them. */
enum { BEFORE, SIZE, AFTER, NR };

static struct cstats_field fields[NR];

static void bounds(const u64 *given, unsigned int nr, u64 first, u64 last)
{
	fields[BEFORE] = (struct cstats_field){ "before", CSTATS_COUNTER };
	fields[SIZE] = (struct cstats_field){
		.name = "size", .kind = CSTATS_HISTOGRAM, .unit = "bytes",
		.bounds = given, .nr_bounds = nr, .first = first, .last = last,
	};
	fields[AFTER] = (struct cstats_field){ "after", CSTATS_COUNTER };
}

/* Must it be refused, with one line that names the set? */
static void refused(int err, const struct cstats_field *f, unsigned int nr,
		    unsigned int which)
{
	int ret;

	cstats_test_log_mark();
	ret = cstats_init(&set, "histogram", f, nr);
	check(ret == err, "number %u: %d, not %d", which, ret, err);
	check(cstats_test_log_lines("") == 1 && cstats_test_log_lines("\"histogram\"") == 1,
	      "number %u: %u lines in the log", which, cstats_test_log_lines(""));
	check(!memchr_inv(&set, 0, sizeof(set)), "number %u: the set has changed", which);
	if (!ret) {
		cstats_destroy(&set);
		memset(&set, 0, sizeof(set));
	}
}

static void ill_formed(void)
{
	static const u64 falling[] = { 1, 3, 2 }, same[] = { 1, 1 }, fine[] = { 1, 2 };
	static const struct {
		const u64 *given;
		unsigned int nr;
		u64 first, last;
	} bad[] = {
		{ NULL, 0, 0, 0 },
		{ NULL, 0, 0, 8 },
		{ NULL, 0, 8, 0 },
		{ NULL, 0, 8, 4 },
		{ NULL, 0, 3, 8 },
		{ NULL, 0, 1, 9 },
		{ NULL, 0, BIT_ULL(32) + 1, BIT_ULL(33) + 2 },
		{ NULL, 0, 1, BIT_ULL(40) + 1 },
		{ NULL, 2, 0, 0 },
		{ NULL, 2, 1, 8 },
		{ falling, 3, 0, 0 },
		{ same, 2, 0, 0 },
		{ fine, 0, 0, 0 },
		{ fine, 2, 1, 0 },
		{ fine, 2, 0, 8 },
		{ fine, 2, 1, 8 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		bounds(bad[i].given, bad[i].nr, bad[i].first, bad[i].last);
		refused(-EINVAL, fields, NR, i);
	}
	/* bounds of what is none */
	for (i = 0; i < 4; i++) {
		bounds(fine, 2, 0, 0);
		fields[BEFORE].bounds = i == 0 ? fine : NULL;
		fields[BEFORE].nr_bounds = i == 1;
		fields[BEFORE].first = i == 2;
		fields[BEFORE].last = i == 3;
		refused(-EINVAL, fields, NR, 100 + i);
	}
	fields[BEFORE].last = 0;
	fields[SIZE].kind = CSTATS_HISTOGRAM + 1;
	refused(-EINVAL, fields, NR, 200);
}

static void names(void)
{
	static const u64 given[] = { 0, 10 };
	static const char * const taken[] = {
		"size", "size_count", "size_sum", "size_bucket_0", "size_bucket_10",
		"size_bucket_inf",
	};
	static const char * const fine[] = {
		"siz", "size_", "size_counts", "size_bucket", "size_bucket_1",
		"size_bucket_00", "size_bucket_100", "size_bucket_in",
	};
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(taken); i++) {
		bounds(given, 2, 0, 0);
		fields[i & 1 ? BEFORE : AFTER].name = taken[i / 2];
		refused(-EEXIST, fields, NR, i);
		/* a histogram of that name, too */
		fields[i & 1 ? BEFORE : AFTER].kind = CSTATS_HISTOGRAM;
		fields[i & 1 ? BEFORE : AFTER].first = 1;
		fields[i & 1 ? BEFORE : AFTER].last = 1;
		refused(-EEXIST, fields, NR, 100 + i);
	}
	for (i = 0; i < ARRAY_SIZE(fine); i++) {
		bounds(given, 2, 0, 0);
		fields[AFTER].name = fine[i];
		if (!check_eq(cstats_init(&set, "histogram", fields, NR), 0)) {
			cstats_test_note("the name was \"%s\"", fine[i]);
			continue;
		}
		cstats_destroy(&set);
	}
	memset(&set, 0, sizeof(set));
}

/* Is @value counted in the right bucket, and in that only? */
static void observe_one(const u64 *given, unsigned int nr, u64 value)
{
	struct cstats_snapshot *snap;
	unsigned int i, bucket;
	s64 *at;

	for (bucket = 0; bucket < nr && value > given[bucket]; bucket++)
		;
	if (value & 1) {
		struct cstats_section s = cstats_acquire(&set);

		cstats_observe(&s, SIZE, value);
		cstats_add(&s, AFTER, 1);
		cstats_release(&s);
	} else {
		struct cstats_rcu_section s = cstats_rcu_acquire(&rcu_set);

		cstats_observe(&s, SIZE, value);
		cstats_add(&s, AFTER, 1);
		cstats_release(&s);
	}
	snap = cstats_snapshot_alloc(&set);
	if (!check(!IS_ERR(snap), "no snapshot: %ld", PTR_ERR(snap)))
		return;
	check_eq(cstats_read(value & 1 ? &set : &rcu_set.cs, snap), 0);
	at = snap->values + cstats_sum_index(&set, SIZE);
	check(snap->values[BEFORE] == 0 && snap->values[AFTER] == 1 &&
	      snap->values[SIZE] == 1 && at[0] == (s64)value,
	      "%llu: count %lld, sum %lld, others %lld %lld", value, snap->values[SIZE],
	      at[0], snap->values[BEFORE], snap->values[AFTER]);
	for (i = 0; i <= nr; i++)
		check(at[1 + i] == (i == bucket), "%llu: bucket %u has %lld, %u is right",
		      value, i, at[1 + i], bucket);
	cstats_snapshot_free(snap);
	check_eq(cstats_reset(value & 1 ? &set : &rcu_set.cs), 0);
}

/* Each bound, and what is beside it, in both flavours. */
static void observe_each(const u64 *given, unsigned int nr)
{
	unsigned int i;
	int d;

	if (!check_eq(cstats_init(&set, "histogram", fields, NR), 0))
		return;
	if (check_eq(cstats_init(&rcu_set, "histogram_rcu", fields, NR), 0)) {
		check_eq(cstats_nr_values(&set), NR + 1 + nr + 1);
		check_eq(cstats_sum_index(&set, SIZE), NR);
		check_eq(cstats_sum_index(&set, BEFORE), -EINVAL);
		check_eq(cstats_sum_index(&set, NR), -EINVAL);
		check_eq(cstats_sum_index(&set, UINT_MAX), -EINVAL);
		for (i = 0; i < nr; i++)
			for (d = -1; d <= 1; d++)
				observe_one(given, nr, given[i] + d);
		observe_one(given, nr, 0);
		observe_one(given, nr, 1);
		observe_one(given, nr, S64_MAX);
		observe_one(given, nr, BIT_ULL(63));
		observe_one(given, nr, U64_MAX - 1);
		observe_one(given, nr, U64_MAX);
		cstats_destroy(&rcu_set.cs);
	}
	cstats_destroy(&set);
	check_eq(cstats_sum_index(&set, SIZE), -ENODEV);
	check_eq(cstats_sum_index(NULL, SIZE), -EINVAL);
	memset(&set, 0, sizeof(set));
	memset(&rcu_set, 0, sizeof(rcu_set));
}

static void given_bounds(void)
{
	static const u64 some[] = { 0, 10, 11, 1000, BIT_ULL(40) };
	static const u64 one[] = { 7 }, zero[] = { 0 }, max[] = { U64_MAX };

	bounds(some, ARRAY_SIZE(some), 0, 0);
	observe_each(some, ARRAY_SIZE(some));
	bounds(one, 1, 0, 0);
	observe_each(one, 1);
	bounds(zero, 1, 0, 0);
	observe_each(zero, 1);
	bounds(max, 1, 0, 0);
	observe_each(max, 1);
}

static void powers_of_two(void)
{
	static const struct {
		unsigned int first, last;
	} ranges[] = { { 0, 63 }, { 3, 6 }, { 0, 0 }, { 63, 63 }, { 31, 33 } };
	u64 given[64];
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		for (k = ranges[i].first; k <= ranges[i].last; k++)
			given[k - ranges[i].first] = BIT_ULL(k);
		bounds(NULL, 0, BIT_ULL(ranges[i].first), BIT_ULL(ranges[i].last));
		observe_each(given, ranges[i].last - ranges[i].first + 1);
	}
}

/* As many buckets as there is room for, and one more. */
static void size(void)
{
	const unsigned int max = 2047 - NR - 2;
	u64 *many = kvcalloc(max + 1, sizeof(*many), GFP_KERNEL);
	struct cstats_snapshot *snap;
	struct cstats_section s;
	unsigned int i;

	if (!check(many, "no memory"))
		return;
	for (i = 0; i <= max; i++)
		many[i] = 3 * i;
	bounds(many, max + 1, 0, 0);
	refused(-E2BIG, fields, NR, 0);
	fields[SIZE].nr_bounds = UINT_MAX;
	refused(-E2BIG, fields, NR, 1);
	bounds(many, max, 0, 0);
	if (!check_eq(cstats_init(&set, "histogram", fields, NR), 0))
		goto free;
	memset(many, 0, max * sizeof(*many));	/* they were copied */
	for (i = 0; i <= max; i++) {
		s = cstats_acquire(&set);
		cstats_observe(&s, SIZE, 3 * i);
		cstats_release(&s);
	}
	snap = cstats_snapshot_alloc(&set);
	if (check(!IS_ERR(snap), "no snapshot: %ld", PTR_ERR(snap))) {
		check_eq(snap->nr_values, 2047);
		check_eq(cstats_read(&set, snap), 0);
		for (i = 0; i <= max; i++)
			check(snap->values[NR + 1 + i] == 1, "bucket %u has %lld", i,
			      snap->values[NR + 1 + i]);
	}
	cstats_snapshot_free(snap);
	cstats_destroy(&set);
	memset(&set, 0, sizeof(set));
free:
	kvfree(many);
}

/*
 * Misuse that is reported once, and harmless. That it is counted, instances.sh looks at.
 */
static void misused(bool histogram)
{
	struct cstats_snapshot *snap;
	struct cstats_section s;
	unsigned int i;

	bounds(NULL, 0, 1, 8);
	if (!histogram)
		fields[SIZE] = (struct cstats_field){ "size", CSTATS_COUNTER };
	if (!check_eq(cstats_init(&set, "histogram", fields, NR), 0))
		return;
	cstats_test_log_mark();
	for (i = 0; i < 10; i++) {
		static const unsigned int beyond[] = {
			NR, NR + 1, NR + 4, 2047, 2048, 4095, INT_MAX, UINT_MAX - 1, UINT_MAX,
		};
		unsigned int k;

		s = cstats_acquire(&set);
		cstats_observe(&s, BEFORE, 1);
		if (histogram && CSTATS_CHECK_CONSTANTS)
			cstats_add(&s, SIZE, 1);
		for (k = 0; k < ARRAY_SIZE(beyond); k++) {
			unsigned int index = READ_ONCE(beyond[k]);

			cstats_add(&s, index, 1);
			cstats_observe(&s, index, 1);
		}
		cstats_add(&s, AFTER, 1);
		cstats_release(&s);
	}
	check_eq(cstats_test_log_lines("set \"histogram\": no field"), 1);
	snap = cstats_snapshot_alloc(&set);
	if (check(!IS_ERR(snap), "no snapshot: %ld", PTR_ERR(snap))) {
		check_eq(cstats_read(&set, snap), 0);
		for (i = 0; i < snap->nr_values; i++)
			check(snap->values[i] == (i == AFTER ? 10 : 0), "value %u is %lld", i,
			      snap->values[i]);
	}
	cstats_snapshot_free(snap);
	cstats_destroy(&set);
	memset(&set, 0, sizeof(set));
}

static void misuse(void)
{
	misused(true);
	misused(false);
}

/* Writers on all CPUs; the buckets add up to the count in every snapshot. */
static atomic64_t observed, sum;

static int observer(void *arg)
{
	u32 random = (unsigned long)arg + 1;

	set_user_nice(current, MAX_NICE);
	while (!kthread_should_stop()) {
		u64 value = cstats_test_random(&random) >> (cstats_test_random(&random) & 15);
		struct cstats_section s = cstats_acquire(&set);
		struct cstats_rcu_section r = cstats_rcu_acquire(&rcu_set);

		cstats_observe(&s, SIZE, value);
		cstats_add(&s, AFTER, 1);
		cstats_observe(&r, SIZE, value);
		cstats_add(&r, AFTER, 1);
		cstats_release(&r);
		cstats_release(&s);
		atomic64_inc(&observed);
		atomic64_add(value, &sum);
		cond_resched();
	}
	return 0;
}

static void adds_up(struct cstats *cs, struct cstats_snapshot *snap, s64 *last)
{
	unsigned int i;
	s64 n = 0;

	check_eq(cstats_read(cs, snap), 0);
	for (i = NR + 1; i < snap->nr_values; i++)
		n += snap->values[i];
	check(n == snap->values[SIZE] && n == snap->values[AFTER] && n >= *last,
	      "count %lld, buckets %lld, beside them %lld, before %lld",
	      snap->values[SIZE], n, snap->values[AFTER], *last);
	*last = n;
}

static void load(void)
{
	u64 end = ktime_get_ns() + NSEC_PER_SEC;
	struct task_struct *observers[2];
	struct cstats_snapshot *snap;
	s64 last = 0, last_rcu = 0;
	unsigned long i;

	bounds(NULL, 0, 1, BIT_ULL(20));
	atomic64_set(&observed, 0);
	atomic64_set(&sum, 0);
	if (!check_eq(cstats_init(&set, "histogram", fields, NR), 0))
		return;
	snap = cstats_snapshot_alloc(&set);
	if (check_eq(cstats_init(&rcu_set, "histogram_rcu", fields, NR), 0) &&
	    check(!IS_ERR(snap), "no snapshot: %ld", PTR_ERR(snap))) {
		for (i = 0; i < 2; i++)
			observers[i] = cstats_test_start(i % num_online_cpus(), observer,
							 (void *)i);
		for (i = 0; ktime_get_ns() < end; i++) {
			adds_up(&set, snap, &last);
			adds_up(&rcu_set.cs, snap, &last_rcu);
		}
		for (i = 0; i < 2; i++)
			cstats_test_stop(observers[i]);
		adds_up(&set, snap, &last);
		check_eq(snap->values[NR], atomic64_read(&sum));
		adds_up(&rcu_set.cs, snap, &last_rcu);
		check_eq(snap->values[NR], atomic64_read(&sum));
		check_eq(last, atomic64_read(&observed));
		check_eq(last_rcu, last);
	}
	cstats_snapshot_free(snap);
	cstats_destroy(&rcu_set.cs);
	cstats_destroy(&set);
	memset(&set, 0, sizeof(set));
	memset(&rcu_set, 0, sizeof(rcu_set));
}

/* Instances have histograms of their own, and the family their sums. */
static void instances(void)
{
	struct cstats_instance one = {}, two = {};
	struct cstats_rcu_section s;
	struct cstats_snapshot *snap;
	unsigned int i;

	bounds(NULL, 0, 1, 8);
	if (!check_eq(cstats_init_family(&rcu_set, "histogram", "device", fields, NR), 0))
		return;
	check_eq(cstats_instance_add(&rcu_set.cs, &one, "one"), 0);
	check_eq(cstats_instance_add(&rcu_set.cs, &two, "two"), 0);
	for (i = 0; i < 10; i++) {
		struct cstats_within in;

		s = cstats_rcu_acquire(&rcu_set);
		in = cstats_in(&s, i & 1 ? &two : &one);
		cstats_observe(&in, SIZE, i);
		cstats_release(&s);
	}
	s = cstats_rcu_acquire(&rcu_set);
	cstats_observe(&s, SIZE, 100);		/* the family's own */
	cstats_release(&s);
	snap = cstats_snapshot_alloc(&rcu_set.cs);
	if (check(!IS_ERR(snap), "no snapshot: %ld", PTR_ERR(snap))) {
		static const s64 two_has[] = { 5, 25, 1, 0, 1, 2, 1 };
		static const s64 all_have[] = { 11, 145, 2, 1, 2, 4, 2 };

		check_eq(cstats_instance_read(&two, snap), 0);
		for (i = 0; i < ARRAY_SIZE(two_has); i++)
			check_eq(snap->values[i ? NR - 1 + i : SIZE], two_has[i]);
		check_eq(cstats_read(&rcu_set.cs, snap), 0);
		for (i = 0; i < ARRAY_SIZE(all_have); i++)
			check_eq(snap->values[i ? NR - 1 + i : SIZE], all_have[i]);
	}
	cstats_snapshot_free(snap);
	cstats_instance_remove(&one);
	cstats_instance_remove(&two);
	cstats_destroy(&rcu_set.cs);
	memset(&rcu_set, 0, sizeof(rcu_set));
}

static const struct cstats_test_case cases[] = {
	{ "ill_formed", ill_formed },
	{ "names", names },
	{ "given_bounds", given_bounds },
	{ "powers_of_two", powers_of_two },
	{ "size", size },
	{ "misuse", misuse, .warns = true },
	{ "load", load },
	{ "instances", instances },
};

static int __init histogram_init(void)
{
	cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	return 0;
}

static void __exit histogram_exit(void)
{
	cstats_test_forget(THIS_MODULE);
}

module_init(histogram_init);
module_exit(histogram_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: histograms");
MODULE_LICENSE("GPL");
