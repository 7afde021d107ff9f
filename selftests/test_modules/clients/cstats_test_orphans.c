// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_orphans: a client that leaves a family and its instances behind
 *
 * All of it is in memory that goes with the module: struct cstats_rcu in its data,
 * the instances in pages that it frees. Some instances are removed, some are not.
 */
#include <linux/errno.h>
#include <linux/mm.h>

#include "cstats_test.h"

static unsigned int nr = 100;
module_param(nr, uint, 0444);
MODULE_PARM_DESC(nr, "number of instances");

static bool destroy;
module_param(destroy, bool, 0444);
MODULE_PARM_DESC(destroy, "destroy the family, but do not remove its instances");

static bool fail;
module_param(fail, bool, 0444);
MODULE_PARM_DESC(fail, "go away at once, by a module_init() that fails");

static const struct cstats_field fields[] = {
	{ "events", CSTATS_COUNTER },
	{ "size", CSTATS_HISTOGRAM, .first = 1, .last = 1 << 20 },
};

static DEFINE_CSTATS_RCU(family);
static struct cstats_instance *insts;

static void leave(void)
{
	if (destroy)
		cstats_destroy(&family.cs);
	if (insts)
		memset(insts, 0x5a, nr * sizeof(*insts));
	kvfree(insts);
	memset(&family, 0x5a, sizeof(family));
}

static int __init orphans_init(void)
{
	unsigned int i;
	char name[16];
	int err;

	insts = kvcalloc(nr, sizeof(*insts), GFP_KERNEL);
	if (!insts)
		return -ENOMEM;
	err = cstats_init_family(&family, "orphans", "number", fields, ARRAY_SIZE(fields));
	for (i = 0; i < nr && !err; i++) {
		struct cstats_rcu_section s;

		snprintf(name, sizeof(name), "%u", i);
		err = cstats_instance_add(&family.cs, &insts[i], name);
		s = cstats_rcu_acquire(&family);
		cstats_add_to(&s, &insts[i], 0, 1);
		cstats_release(&s);
	}
	for (i = 0; i < nr && !err; i += 10)
		cstats_instance_remove(&insts[i]);
	if (!err && !fail)
		return 0;
	leave();
	return err ?: -EIO;
}

static void __exit orphans_exit(void)
{
	leave();
}

module_init(orphans_init);
module_exit(orphans_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: a client that leaves instances behind");
MODULE_LICENSE("GPL");
