// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_forget: a client that goes away without cstats_destroy()
 *
 * Its sets, the struct cstats included, are in memory that goes with it. Two of
 * them were made by a wrapper in another module, which stays.
 */
#include <linux/errno.h>

#include "cstats_test.h"

static bool fail;
module_param(fail, bool, 0444);
MODULE_PARM_DESC(fail, "go away at once, by a module_init() that fails");

static bool no_owner;
module_param(no_owner, bool, 0444);
MODULE_PARM_DESC(no_owner, "one set only, which is said to be nobody's");

static const struct cstats_field fields[] = {
	{ "events", CSTATS_COUNTER, "events", "counted once" },
};

static struct cstats sets[4];

static int __init forget_init(void)
{
	struct cstats_section s;
	int err;

	if (no_owner) {
		err = cstats_init_owner(&sets[0], "forgotten", fields, 1, NULL);
		return err ?: cstats_keep_fresh(&sets[0], 20);
	}
	err = cstats_init(&sets[0], "forgotten", fields, 1);
	if (err)
		return err;
	err = cstats_init(&sets[1], "forgotten_too", fields, 1);
	if (!err)
		err = cstats_test_wrapper(&sets[2], "forgotten_wrapped", NULL, fields, 1,
					  THIS_MODULE);
	if (!err)
		err = cstats_test_wrapper(&sets[3], "forgotten_family", "thing", fields, 1,
					  THIS_MODULE);
	if (err) {
		cstats_destroy(&sets[2]);
		cstats_destroy(&sets[1]);
		cstats_destroy(&sets[0]);
		return err;
	}
	s = cstats_acquire(&sets[0]);
	cstats_add(&s, 0, 1);
	cstats_release(&s);
	return fail ? -EIO : 0;
}

static void __exit forget_exit(void)
{
}

module_init(forget_init);
module_exit(forget_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: a client that forgets to destroy its sets");
MODULE_LICENSE("GPL");
