// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the module, that is, the order in which its parts start and stop
 */
#include <linux/cstats.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/notifier.h>

#include "api.h"
#include "debugfs.h"
#include "panic.h"
#include "start.h"

/* A module that goes away takes its memory along, struct cstats included. */
static int cstats_module_event(struct notifier_block *nb, unsigned long event,
			       void *data)
{
	if (event != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	return cstats_forget_module(data) ? NOTIFY_OK : NOTIFY_DONE;
}

static struct notifier_block cstats_module_nb = {
	.notifier_call = cstats_module_event,
};

static int __init cstats_module_init(void)
{
	int err;

	err = cstats_start();
	if (err)
		return err;
	err = cstats_debugfs_start();
	if (err)
		goto stop;
	err = register_module_notifier(&cstats_module_nb);
	if (err)
		goto stop_debugfs;
	cstats_panic_start();
	return 0;

stop_debugfs:
	cstats_debugfs_stop();
stop:
#ifdef MODULE
	cstats_stop();	/* Built in, there may be sets, and they can do without files. */
#endif
	return err;
}

/* The users of our symbols are gone, and their sets with them, if they were the owners. */
static void __exit cstats_module_exit(void)
{
	cstats_panic_stop();
	unregister_module_notifier(&cstats_module_nb);
	cstats_forget_module(NULL);
	cstats_debugfs_stop();
	cstats_stop();
}

/* Built in, sets work early, and get their files before their users' initcalls. */
#ifndef MODULE
early_initcall(cstats_start);
#endif
subsys_initcall(cstats_module_init);
module_exit(cstats_module_exit);

MODULE_DESCRIPTION("Per-CPU counters whose totals are consistent");
MODULE_VERSION(CSTATS_VERSION);
MODULE_LICENSE("GPL");
