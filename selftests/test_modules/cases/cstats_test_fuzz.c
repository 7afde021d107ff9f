// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_fuzz: every exported function, with random and with bad arguments
 *
 * What a call has to return, and what a snapshot has to hold, is computed here
 * once more, in the simplest way there is. The seed is in the results, and a
 * parameter: with the same one the same is done.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/limits.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cstats_test.h"

#define SETS	4
#define FIELDS	5
#define ROUNDS	4000

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random numbers (default: another one each time)");

static u32 state;

static u32 dice(u32 sides)
{
	return cstats_test_random(&state) % sides;
}

static s64 extreme(void)
{
	static const s64 values[] = {
		0, 1, -1, S64_MAX, S64_MIN, S64_MAX - 1, S64_MIN + 1, S32_MAX,
		S32_MIN, (s64)U32_MAX, (s64)U32_MAX + 1,
	};

	if (dice(2))
		return values[dice(ARRAY_SIZE(values))];
	return (s64)((u64)dice(1 << 24) << 40 | (u64)dice(1 << 24) << 16 | dice(1 << 16));
}

static const struct cstats_field good_field = { .name = "f", .kind = CSTATS_COUNTER };

/* What cstats_init() is to say of a name. */
static int name_error(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

	if (!name || !*name)
		return -EINVAL;
	if (strlen(name) >= CSTATS_NAME_LEN)
		return -ENAMETOOLONG;
	if (!strchr(first, *name) || strspn(name, rest) != strlen(name))
		return -EINVAL;
	return 0;
}

static void try_name(const char *name, bool of_set)
{
	struct cstats_field field = good_field;
	static struct cstats cs;
	int want = name_error(name), err;

	memset(&cs, 0xa5, sizeof(cs));	/* in any state but initialized */
	if (!of_set)
		field.name = name;
	err = cstats_init(&cs, of_set ? name : "fuzz", &field, 1);
	check(err == want, "%s name \"%*pE\": %d, not %d", of_set ? "set" : "field",
	      name ? (int)strlen(name) : 0, name, err, want);
	if (!err)
		cstats_destroy(&cs);
}

static void every_byte(void)
{
	char name[4] = "";
	unsigned int c;

	for (c = 1; c < 256; c++) {
		strscpy(name, "f_0", sizeof(name));
		name[0] = c;
		try_name(name, true);
		try_name(name, false);
		strscpy(name, "f_0", sizeof(name));
		name[2] = c;
		try_name(name, true);
		try_name(name, false);
	}
	try_name("", true);
	try_name("", false);
	try_name(NULL, true);
	try_name(NULL, false);
}

static void random_names(void)
{
	char name[3 * CSTATS_NAME_LEN];
	unsigned int i, j, len;

	for (i = 0; i < 200; i++) {
		len = dice(4) ? CSTATS_NAME_LEN - 3 + dice(6) : dice(sizeof(name));
		for (j = 0; j < len; j++)
			name[j] = dice(200) ? "abcxyz_09"[dice(j ? 9 : 6)] : 1 + dice(255);
		name[len] = '\0';
		try_name(name, dice(2));
	}
}

static bool text_bad(const char *text, size_t max, bool blanks)
{
	size_t i;

	if (!text)
		return false;
	for (i = 0; text[i]; i++)
		if (text[i] < (blanks ? ' ' : '!') || text[i] > '~')
			return true;
	return !i || i >= max;
}

/* Numbers, kinds and texts of all sorts, with one thing wrong or none. */
static void random_descriptions(void)
{
	struct cstats_field *fields = kcalloc(3000, sizeof(*fields), GFP_KERNEL);
	char (*names)[8] = kcalloc(3000, sizeof(*names), GFP_KERNEL);
	static char unit[64], description[600];
	static struct cstats cs;
	unsigned int i, round, nr, what;
	int err, want;

	if (!check(fields && names, "no memory"))
		goto free;
	for (i = 0; i < 3000; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i & 0xfff);
		fields[i].name = names[i];
	}
	for (round = 0; round < 300; round++) {
		nr = dice(4) ? 1 + dice(20) : 2000 + dice(100);
		want = nr > 2047 ? -E2BIG : 0;
		what = dice(nr);
		memset(unit, 0, sizeof(unit));
		memset(description, 0, sizeof(description));
		memset(unit, dice(10) ? 'a' + dice(26) : 1 + dice(255), dice(sizeof(unit)));
		memset(description, dice(10) ? ' ' + dice(95) : 1 + dice(255),
		       dice(sizeof(description)));
		fields[what].kind = dice(10) ? dice(2) : dice(1 << 24);
		fields[what].unit = dice(4) ? unit : NULL;
		fields[what].description = dice(4) ? description : NULL;
		if (!dice(8) && nr > 1)
			fields[what].name = names[(what + 1) % nr];
		if (!want && ((unsigned int)fields[what].kind > CSTATS_GAUGE ||
			      text_bad(fields[what].unit, 32, false) ||
			      text_bad(fields[what].description, 256, true)))
			want = -EINVAL;
		if (!want && fields[what].name != names[what])
			want = -EEXIST;
		err = cstats_init(&cs, "fuzz", fields, nr);
		/* Two things wrong: either will do. */
		check(err == want || (want == -EINVAL && err == -EEXIST),
		      "round %u, %u fields: %d, not %d", round, nr, err, want);
		if (!err)
			cstats_destroy(&cs);
		memset(&fields[what], 0, sizeof(fields[what]));
		fields[what].name = names[what];
	}
	check_eq(cstats_init(NULL, "fuzz", &good_field, 1), -EINVAL);
	check_eq(cstats_init(&cs, "fuzz", NULL, 1), -EINVAL);
	check_eq(cstats_init(&cs, "fuzz", &good_field, 0), -EINVAL);
	check_eq(cstats_init(&cs, "fuzz", &good_field, UINT_MAX), -E2BIG);
free:
	kfree(names);
	kfree(fields);
}

/* Sets, and what they should be. */
static struct {
	struct cstats cs;
	bool there;
	u64 number;
	u64 values[FIELDS];
	u64 last[FIELDS];
} sets[SETS];

static void check_values(unsigned int k, const s64 *got, const u64 *want,
			 const char *what)
{
	unsigned int i;

	for (i = 0; i < FIELDS; i++)
		check(got[i] == (s64)want[i], "%s of set %u: field %u is %lld, not %lld",
		      what, k, i, got[i], (s64)want[i]);
}

static void some_init(unsigned int k)
{
	static const struct cstats_field fields[FIELDS] = {
		{ "a" }, { "b" }, { "c" }, { "d" }, { "e", CSTATS_GAUGE }
	};
	static const char * const names[SETS] = { "fuzz0", "fuzz1", "fuzz2", "fuzz3" };
	unsigned int name = dice(8) ? k : dice(SETS);
	int want = sets[k].there ? -EBUSY : sets[name].there ? -EEXIST : 0;
	int err = cstats_init(&sets[k].cs, names[name], fields, FIELDS);

	/* A name and a set that are both in use: either will do. */
	check(err == want || (want && (err == -EBUSY || err == -EEXIST)),
	      "cstats_init: %d, not %d", err, want);
	if (err)
		return;
	if (name != k) {	/* the name of another one: not to be kept */
		cstats_destroy(&sets[k].cs);
		return;
	}
	sets[k].there = true;
	sets[k].number = 0;
	memset(sets[k].values, 0, sizeof(sets[k].values));
	memset(sets[k].last, 0, sizeof(sets[k].last));
}

static void some_sections(unsigned int k)
{
	unsigned int n = dice(20), i, field;
	struct cstats_section s, inner;
	s64 delta;

	if (!sets[k].there)
		return;
	s = cstats_acquire(&sets[k].cs);
	for (i = 0; i < n; i++) {
		field = dice(FIELDS);
		delta = extreme();
		if (dice(4)) {
			cstats_add(&s, field, delta);
		} else {
			inner = cstats_acquire(&sets[k].cs);
			cstats_add(&inner, field, delta);
			cstats_release(&inner);
		}
		sets[k].values[field] += delta;
	}
	cstats_release(&s);
}

static void some_read(unsigned int k)
{
	s64 values[FIELDS + 2] = { [FIELDS] = 4711 };
	struct cstats_snapshot snap = {
		.values = dice(8) ? values : NULL,
		.nr_values = dice(4) ? FIELDS : dice(FIELDS + 3),
	};
	bool last = dice(2), null = !dice(16);
	int want = null ? -EINVAL : !sets[k].there ? -ENODEV :
		   !snap.values || snap.nr_values < FIELDS ? -EINVAL : 0;
	int err;

	if (last)
		err = cstats_read_last(&sets[k].cs, null ? NULL : &snap);
	else
		err = cstats_read(&sets[k].cs, null ? NULL : &snap);
	/* Of two errors either will do. */
	check(err == want || (want && !sets[k].there && err == -ENODEV),
	      "read: %d, not %d", err, want);
	check(values[FIELDS] == 4711, "written behind the fields");
	if (err)
		return;
	if (!last) {
		sets[k].number++;
		memcpy(sets[k].last, sets[k].values, sizeof(sets[k].last));
	}
	check(snap.number == sets[k].number, "snapshot %llu, not %llu",
	      snap.number, sets[k].number);
	check_values(k, values, sets[k].last, last ? "last" : "read");
}

static void some_reset(unsigned int k)
{
	int want = sets[k].there ? 0 : -ENODEV, err = cstats_reset(&sets[k].cs);

	check(err == want, "cstats_reset: %d, not %d", err, want);
	if (err)
		return;
	sets[k].number += 3;	/* two rotations, and then from zero */
	/* the last field is a gauge, which stays */
	memset(sets[k].values, 0, (FIELDS - 1) * sizeof(*sets[k].values));
	memcpy(sets[k].last, sets[k].values, sizeof(sets[k].last));
}

static void some_unsafe(unsigned int k)
{
	s64 values[FIELDS] = { };

	if (dice(4)) {
		cstats_read_unsafe(&sets[k].cs, dice(8) ? values : NULL);
		cstats_read_unsafe(&sets[k].cs, values);
		if (sets[k].there)
			check_values(k, values, sets[k].values, "unsafe");
		return;
	}
	check_eq(cstats_clear_unsafe(&sets[k].cs), sets[k].there ? 0 : -ENODEV);
	if (!sets[k].there)
		return;
	sets[k].number += 2;	/* a rotation, and then the zeros */
	memset(sets[k].values, 0, sizeof(sets[k].values));
	memset(sets[k].last, 0, sizeof(sets[k].last));
}

static void some_destroy(unsigned int k)
{
	if (!dice(8))
		cstats_destroy(NULL);
	if (sets[k].there || !dice(8))
		cstats_destroy(&sets[k].cs);
	sets[k].there = false;
}

static void random_calls(void)
{
	unsigned int round, k, files = 0;

	for (round = 0; round < ROUNDS; round++) {
		k = dice(SETS);
		switch (dice(16)) {
		case 0:
			some_init(k);
			break;
		case 1:
			if (!dice(4))
				some_destroy(k);
			break;
		case 2:
			some_unsafe(k);
			break;
		case 3:
			some_reset(k);
			break;
		case 4: case 5: case 6: case 7:
			some_read(k);
			break;
		default:
			some_sections(k);
		}
	}
	for (k = 0; k < SETS; k++) {
		files += sets[k].there;
		if (sets[k].there)
			cstats_destroy(&sets[k].cs);
		sets[k].there = false;
	}
	check_eq(cstats_read(NULL, NULL), -EINVAL);
	check_eq(cstats_read_last(NULL, NULL), -EINVAL);
	check_eq(cstats_reset(NULL), -EINVAL);
	check_eq(cstats_clear_unsafe(NULL), -EINVAL);
	cstats_read_unsafe(NULL, NULL);
	cstats_test_note("%u calls, %u sets left", ROUNDS, files);
}

/* Threads that all want to make, and unmake, a set of the same name. */
static struct cstats rivals[4];
static atomic_t owners, wins;

static int rival_thread(void *arg)
{
	struct cstats *cs = arg;
	struct cstats_snapshot snap;
	s64 value;
	int err;

	while (!kthread_should_stop()) {
		snap = (struct cstats_snapshot){ .values = &value, .nr_values = 1 };
		err = cstats_init(cs, "fuzz_rival", &good_field, 1);
		if (err) {
			check(err == -EEXIST, "cstats_init of a rival: %d", err);
			usleep_range(100, 2000);
			continue;
		}
		check(atomic_inc_return(&owners) == 1, "two sets of one name");
		atomic_inc(&wins);
		err = cstats_read(cs, &snap);
		check(!err && !value && snap.number == 1,
		      "read of a rival: %d, value %lld, number %llu", err, value,
		      snap.number);
		check_eq(cstats_reset(cs), 0);
		atomic_dec(&owners);
		cstats_destroy(cs);
		cond_resched();
	}
	return 0;
}

static void rival_sets(void)
{
	struct task_struct *tasks[ARRAY_SIZE(rivals)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rivals); i++)
		tasks[i] = cstats_test_start(-1, rival_thread, &rivals[i]);
	msleep(2000);
	for (i = 0; i < ARRAY_SIZE(rivals); i++)
		cstats_test_stop(tasks[i]);
	check(atomic_read(&wins) > 0, "nobody got the name");
	cstats_test_note("%d sets of one name, one after the other", atomic_read(&wins));
}

static const struct cstats_test_case cases[] = {
	{ "names_with_every_byte", every_byte },
	{ "random_names", random_names },
	{ "random_descriptions", random_descriptions },
	{ "random_calls_and_wrap_around", random_calls },
	{ "rivals_for_a_name", rival_sets },
};

static int __init cstats_test_fuzz_init(void)
{
	seed = seed ?: get_random_u32();
	state = seed;
	pr_info("cstats_test_fuzz: seed=%u\n", seed);
	cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	return 0;
}

static void __exit cstats_test_fuzz_exit(void)
{
	cstats_test_forget(THIS_MODULE);
}

module_init(cstats_test_fuzz_init);
module_exit(cstats_test_fuzz_exit);
MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("Test cstats with random and with bad arguments");
MODULE_LICENSE("GPL");
