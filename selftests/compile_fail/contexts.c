// SPDX-License-Identifier: GPL-2.0
/*
 * contexts: sections that some path leaves open
 *
 * The compiler takes all of it. Sparse has to find each function named bad_*, and no
 * other. For scripts/check.
 */
#include <linux/cleanup.h>
#include <linux/cstats.h>
#include <linux/module.h>

enum { DONE };

static DEFINE_CSTATS(set);
static DEFINE_CSTATS_RCU(rcu_set);

static int bad_return(bool early)
{
	struct cstats_section s = cstats_acquire(&set);

	if (early)
		return -EINVAL;
	cstats_add(&s, DONE, 1);
	cstats_release(&s);
	return 0;
}

static void bad_rcu(bool late)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&rcu_set);

	cstats_add(&s, DONE, 1);
	if (late)
		cstats_release(&s);
}

static void bad_twice(void)
{
	struct cstats_section s = cstats_acquire(&set);

	cstats_add(&s, DONE, 1);
	cstats_release(&s);
	cstats_release(&s);
}

static void bad_loop(int n)
{
	struct cstats_section s;

	while (n--) {
		s = cstats_acquire(&set);
		if (!n)
			continue;
		cstats_add(&s, DONE, 1);
		cstats_release(&s);
	}
}

static int good_return(bool early)
{
	struct cstats_section s;

	if (early)
		return -EINVAL;
	s = cstats_acquire(&set);
	cstats_add(&s, DONE, 1);
	cstats_release(&s);
	cstats_inc(&rcu_set, DONE);
	return 0;
}

static void good_nested(bool early)
{
	struct cstats_section s = cstats_acquire(&set);
	struct cstats_rcu_section r = cstats_rcu_acquire(&rcu_set);

	if (early)
		cstats_add(&s, DONE, 1);
	cstats_release(&r);
	cstats_release(&s);
}

static struct cstats_section good_wrapper(void)
	__acquires(RCU_SCHED)
{
	return cstats_acquire(&set);
}

static int good_scope(bool early)
{
	CLASS(cstats_section, s)(&set);

	if (early)
		return -EINVAL;
	cstats_add(&s, DONE, 1);
	return 0;
}

static int __init contexts_init(void)
{
	struct cstats_section s = good_wrapper();

	cstats_release(&s);
	good_nested(true);
	bad_rcu(true);
	bad_twice();
	bad_loop(1);
	return good_return(true) ?: good_scope(true) ?: bad_return(true);
}
module_init(contexts_init);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: what sparse must find");
MODULE_LICENSE("GPL");
