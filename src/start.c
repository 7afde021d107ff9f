// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the start of all that sets need
 *
 * A module starts it before a client can be loaded. In a kernel that has cstats
 * built in, sets may come before any initcall: the first cstats_init() starts it,
 * or early_initcall() if that is first. One task runs until then, so nobody else
 * starts it meanwhile. It needs memory and work queues, whose work waits until
 * there are threads.
 */
#include "barrier.h"
#include "family.h"
#include "mend.h"
#include "set.h"
#include "share.h"
#include "sink.h"
#include "start.h"

static bool cstats_started;

/**
 * cstats_start - start all that sets need, unless it has started
 *
 * Return: 0 or -ENOMEM.
 */
int cstats_start(void)
{
	int err;

	if (cstats_started)
		return 0;
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
	cstats_started = true;
	return 0;

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

/**
 * cstats_stop - stop it, before the module goes
 *
 * There is no set any more.
 */
void cstats_stop(void)
{
	cstats_family_stop();
	cstats_barrier_exit();
	cstats_share_stop();
	cstats_mend_stop();
	cstats_sets_stop();
	cstats_sink_stop();
}
