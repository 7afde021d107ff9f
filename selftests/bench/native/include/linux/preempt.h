/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's x86 preemption counter: one increment, one decrement with a
 * test of the result, which also says whether the scheduler is wanted.
 */
#ifndef _SHIM_PREEMPT_H
#define _SHIM_PREEMPT_H

#include <linux/compiler.h>
#include <linux/types.h>

#define PREEMPT_NEED_RESCHED	0x80000000	/* inverted, as on x86 */

/*
 * What a CPU has. All of it is within one page, the most used first, as in the
 * kernel: addresses that differ by multiples of 4 KiB slow each other down. The
 * beginning of the page stays free for the same reason: shim.c puts there, in a page
 * of its own, what all CPUs share.
 */
#define SHIM_SHARED_SIZE	1024
#define SHIM_STATIC_SIZE	320
#define SHIM_PERCPU_SIZE	(4096 - 64 - SHIM_SHARED_SIZE - SHIM_STATIC_SIZE)

struct shim_cpu {
	__aligned(4096) char unused[SHIM_SHARED_SIZE];
	__aligned(64) unsigned int preempt_count;
	unsigned long this_cpu_off;
	__aligned(64) char fixed[SHIM_STATIC_SIZE];	/* static per-CPU data */
	__aligned(64) char area[SHIM_PERCPU_SIZE];	/* for __alloc_percpu() */
};

extern __thread struct shim_cpu shim_cpu;

void shim_preempt_schedule(void);

static __always_inline void preempt_disable(void)
{
	asm volatile("incl %0" : "+m" (shim_cpu.preempt_count) : : "memory");
}

static __always_inline void preempt_enable(void)
{
	bool resched;

	asm volatile("decl %0" : "+m" (shim_cpu.preempt_count), "=@ccz" (resched)
		     : : "memory");
	if (unlikely(resched))
		shim_preempt_schedule();
}

#define preempt_disable_notrace()	preempt_disable()
#define preempt_enable_notrace()	preempt_enable()

#endif
