/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_WRITERS_H
#define _TORTURE_WRITERS_H

#include <linux/sched.h>

#include "set.h"

/* Some sections, in any context. */
void torture_some(struct torture_tally *t);

/* Threads. */
struct torture_writer {
	struct task_struct *task;
	struct torture_tally *tally;
};

extern struct torture_writer *torture_writers;

int torture_writer(void *writer);

int torture_writers_alloc(void);
void torture_writers_free(void);

#endif /* _TORTURE_WRITERS_H */
