/* SPDX-License-Identifier: GPL-2.0 */
/* The algorithm of the kernel's percpu_counter_add_batch() since 6.9. */
#ifndef _SHIM_PERCPU_COUNTER_H
#define _SHIM_PERCPU_COUNTER_H

#include <linux/percpu.h>
#include <linux/spinlock.h>

struct percpu_counter {
	spinlock_t lock;	/* of count */
	s64 count;
	s32 *counters;
};

void percpu_counter_add_batch(struct percpu_counter *fbc, s64 amount, s32 batch);

#endif
