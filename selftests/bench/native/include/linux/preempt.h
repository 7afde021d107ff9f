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

extern __thread unsigned int shim_preempt_count;
void shim_preempt_schedule(void);

static __always_inline void preempt_disable(void)
{
	asm volatile("incl %0" : "+m" (shim_preempt_count) : : "memory");
}

static __always_inline void preempt_enable(void)
{
	bool resched;

	asm volatile("decl %0" : "+m" (shim_preempt_count), "=@ccz" (resched)
		     : : "memory");
	if (unlikely(resched))
		shim_preempt_schedule();
}

#define preempt_disable_notrace()	preempt_disable()
#define preempt_enable_notrace()	preempt_enable()

#endif
