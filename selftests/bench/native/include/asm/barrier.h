/* SPDX-License-Identifier: GPL-2.0 */
/* The barriers of x86. */
#ifndef _SHIM_BARRIER_H
#define _SHIM_BARRIER_H

#include <linux/compiler.h>

#define smp_wmb()	barrier()	/* stores stay in order */

#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)	/* a plain load */
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE) /* a plain store */

/* full, and cheaper than mfence */
static __always_inline void smp_mb(void)
{
	asm volatile("lock; addl $0, -4(%%rsp)" ::: "memory", "cc");
}

static __always_inline void cpu_relax(void)
{
	asm volatile("pause" ::: "memory");
}

#endif
