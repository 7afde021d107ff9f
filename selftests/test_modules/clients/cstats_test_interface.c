// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_interface: a client that was built against another <linux/cstats.h>
 *
 * It cannot be loaded: the error of its cstats_init() is that of insmod.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/string.h>

#include "cstats_test.h"

#undef CSTATS_INTERFACE
#define CSTATS_INTERFACE	1

static bool family;
module_param(family, bool, 0444);
MODULE_PARM_DESC(family, "try it with a family");

static DEFINE_CSTATS(set);

static const struct cstats_field fields[] = {
	{ "events", CSTATS_COUNTER },
};

static int __init interface_init(void)
{
	int err;

	memset(&set, 0x5a, sizeof(set));	/* not to be relied on, nor changed */
	err = family ? cstats_init_family(&set, "interface", "device", fields, 1) :
		       cstats_init(&set, "interface", fields, 1);
	if (!err)
		cstats_destroy(&set);
	if (memchr_inv(&set, 0x5a, sizeof(set)))
		err = -EIO;
	pr_info("refused with %d\n", err);	/* insmod may try more than once */
	return err;
}

static void __exit interface_exit(void)
{
}

module_init(interface_init);
module_exit(interface_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: a client of another interface");
MODULE_LICENSE("GPL");
