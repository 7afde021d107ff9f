// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_scale: twenty thousand sets
 *
 * The last sets are made and destroyed as fast as the first ones, in either order
 * of destruction. Times are of batches of a hundred; the fastest of ten is
 * compared, and the test tried three times, as machines are noisy. What takes a
 * time that grows with the number of sets fails each time.
 */
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>

#include "cstats_test.h"

static unsigned int nr = 20000;
module_param(nr, uint, 0444);
MODULE_PARM_DESC(nr, "number of sets");

enum { BATCH = 100, SAMPLES = 10, UP = 0, NR };	/* a thousand sets at each end */

static const struct cstats_field fields[NR] = {
	[UP] = { "up", CSTATS_COUNTER, NULL, NULL },
};

static struct cstats *sets;
static u64 *took;		/* ns for each batch */

static u64 fastest(const u64 *samples)
{
	u64 min = samples[0];
	unsigned int i;

	for (i = 1; i < SAMPLES; i++)
		if (samples[i] < min)
			min = samples[i];
	return min;
}

/* Are the last thousand at most half as slow again as the first? */
static bool compare_ends(const char *what)
{
	u64 first = fastest(took), last = fastest(took + nr / BATCH - SAMPLES);

	cstats_test_note("%s: %llu ns each at first, %llu at last", what,
			 div_u64(first, BATCH), div_u64(last, BATCH));
	return last * 2 <= first * 3;
}

static bool make_all(void)
{
	u64 start = ktime_get_ns();
	unsigned int i;
	char name[24];

	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "scale_%u", i);
		if (!check_eq(cstats_init(&sets[i], name, fields, NR), 0))
			break;
		if (i % BATCH == BATCH - 1) {
			took[i / BATCH] = ktime_get_ns() - start;
			cond_resched();
			start = ktime_get_ns();
		}
	}
	if (i == nr)
		return true;
	while (i--)
		cstats_destroy(&sets[i]);
	return false;
}

static void destroy_all(bool backwards)
{
	u64 start = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < nr; i++) {
		cstats_destroy(&sets[backwards ? nr - 1 - i : i]);
		if (i % BATCH == BATCH - 1) {
			took[i / BATCH] = ktime_get_ns() - start;
			cond_resched();
			start = ktime_get_ns();
		}
	}
}

static void both_ends(bool backwards)
{
	const char *what = backwards ? "destroy, last one first" :
				       "destroy, first one first";
	bool init = false, destroy = false;
	unsigned int i;

	for (i = 0; i < 3 && !(init && destroy); i++) {
		if (!make_all())
			return;
		init |= compare_ends("init");
		destroy_all(backwards);
		destroy |= compare_ends(what);
	}
	check(init, "the last init is slower than the first");
	check(destroy, "the last destroy is slower than the first");
}

static void first_goes_first(void)
{
	both_ends(false);
}

static void last_goes_first(void)
{
	both_ends(true);
}

static const struct cstats_test_case cases[] = {
	{ "first_goes_first", first_goes_first },
	{ "last_goes_first", last_goes_first },
};

static bool keep;
module_param(keep, bool, 0444);
MODULE_PARM_DESC(keep, "run no cases, but make the sets and keep them");

static int __init scale_init(void)
{
	sets = kvcalloc(nr, sizeof(*sets), GFP_KERNEL);
	took = kvcalloc(nr / BATCH + 1, sizeof(*took), GFP_KERNEL);
	if (!sets || !took || nr < 2 * BATCH * SAMPLES || (keep && !make_all())) {
		kvfree(sets);
		kvfree(took);
		return -ENOMEM;
	}
	if (!keep)
		cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	return 0;
}

static void __exit scale_exit(void)
{
	if (keep)
		destroy_all(false);
	else
		cstats_test_forget(THIS_MODULE);
	kvfree(sets);
	kvfree(took);
}

module_init(scale_init);
module_exit(scale_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: twenty thousand sets");
MODULE_LICENSE("GPL");
