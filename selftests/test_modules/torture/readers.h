/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_READERS_H
#define _TORTURE_READERS_H

#include <linux/cstats.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "set.h"

/* Threads. */
struct torture_reader {
	struct task_struct *task;
	struct cstats_snapshot snap;
	struct cstats_snapshot stale[NR_FLAVOURS];
	struct cstats_snapshot scratch;
	unsigned long *ended;	/* sections of each writer, before a read */
	u64 snapshots;
	u64 lasts;
	u64 instances;
	u32 random;
};

extern struct torture_reader *torture_readers;

int torture_reader(void *reader);

/* When all tallies are given out. */
int torture_readers_alloc(void);
void torture_readers_free(void);

#endif /* _TORTURE_READERS_H */
