/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_ATOMIC_H
#define _SHIM_ATOMIC_H

#include <linux/compiler.h>
#include <linux/types.h>

#define ATOMIC_INIT(i)	{ (i) }

static __always_inline void atomic64_add(s64 i, atomic64_t *v)
{
	asm volatile("lock; addq %1, %0"
		     : "+m" (v->counter) : "re" (i) : "memory");
}

static __always_inline int atomic_inc_return(atomic_t *v)
{
	int i = 1;

	asm volatile("lock; xaddl %0, %1"
		     : "+r" (i), "+m" (v->counter) : : "memory", "cc");
	return i + 1;
}

#endif
