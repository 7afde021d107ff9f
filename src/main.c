// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the module, that is, the order in which its parts start and stop
 */
#include <linux/cstats.h>
#include <linux/module.h>
#include <linux/notifier.h>

#include "api.h"
#include "barrier.h"
#include "debugfs.h"
#include "family.h"
#include "mend.h"
#include "panic.h"
#include "set.h"
#include "share.h"
#include "sink.h"

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

	err = cstats_sink_start();
	if (err)
		return err;
	err = cstats_sets_start();
	if (err)
		goto stop_sink;
	err = cstats_mend_start();
	if (err)
		goto stop_sets;
	err = cstats_share_start();
	if (err)
		goto stop_mend;
	err = cstats_barrier_init(cstats_serve);
	if (err)
		goto stop_share;
	err = cstats_family_start();
	if (err)
		goto stop_barrier;
	err = cstats_debugfs_start();
	if (err)
		goto stop_family;
	err = register_module_notifier(&cstats_module_nb);
	if (err)
		goto stop_debugfs;
	cstats_panic_start();
	return 0;

stop_debugfs:
	cstats_debugfs_stop();
stop_family:
	cstats_family_stop();
stop_barrier:
	cstats_barrier_exit();
stop_share:
	cstats_share_stop();
stop_mend:
	cstats_mend_stop();
stop_sets:
	cstats_sets_stop();
stop_sink:
	cstats_sink_stop();
	return err;
}

/* The users of our symbols are gone, and their sets with them. */
static void __exit cstats_module_exit(void)
{
	cstats_panic_stop();
	unregister_module_notifier(&cstats_module_nb);
	cstats_debugfs_stop();
	cstats_family_stop();
	cstats_barrier_exit();
	cstats_share_stop();
	cstats_mend_stop();
	cstats_sets_stop();
	cstats_sink_stop();
}

subsys_initcall(cstats_module_init);	/* built in: before its clients */
module_exit(cstats_module_exit);

MODULE_DESCRIPTION("Per-CPU counters whose totals are consistent");
MODULE_VERSION(CSTATS_VERSION);
MODULE_LICENSE("GPL");
