// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_scale: twenty thousand sets
 *
 * The last sets are made, opened and destroyed as fast as the first ones, in
 * either order of destruction, and a reader of one set does not wait for those of
 * all. Times are of batches of a hundred, of which the median is compared, as
 * machines are noisy.
 */
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sort.h>

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

static int compare(const void *a, const void *b)
{
	return *(u64 *)a < *(u64 *)b ? -1 : *(u64 *)a > *(u64 *)b;
}

static u64 median(u64 *samples)
{
	u64 sorted[SAMPLES];

	memcpy(sorted, samples, sizeof(sorted));
	sort(sorted, SAMPLES, sizeof(*sorted), compare, NULL);
	return sorted[SAMPLES / 2];
}

/* Are the last thousand at most half as slow again as the first? */
static void compare_ends(const char *what)
{
	unsigned int batches = nr / BATCH;
	u64 first = median(took), last = median(took + batches - SAMPLES);

	cstats_test_note("%s: %llu us each at first, %llu at last", what,
			 div_u64(first, 1000 * BATCH), div_u64(last, 1000 * BATCH));
	check(last * 2 <= first * 3, "%s: %llu ns at first, %llu at last", what,
	      div_u64(first, BATCH), div_u64(last, BATCH));
}

static bool make_all(void)
{
	u64 start = ktime_get_ns();
	unsigned int i;
	char name[16];

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
	if (!make_all())
		return;
	compare_ends("init");
	destroy_all(backwards);
	compare_ends(backwards ? "destroy, last one first" : "destroy, first one first");
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
