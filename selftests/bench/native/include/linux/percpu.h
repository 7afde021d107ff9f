/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU memory as x86 kernels have it: an address relative to a segment
 * register. Here that is the thread pointer, %fs, instead of %gs: every thread
 * is a CPU, and its part of an allocation lies in its thread-local storage, at
 * the same distance from %fs in all threads.
 */
#ifndef _SHIM_PERCPU_H
#define _SHIM_PERCPU_H

#include <linux/compiler.h>
#include <linux/preempt.h>
#include <linux/types.h>

#define SHIM_NR_CPUS	256

extern unsigned long shim_cpu_off[SHIM_NR_CPUS];
extern unsigned int nr_cpu_ids;

void *__alloc_percpu(size_t size, size_t align);

#define alloc_percpu(type)	((type *)__alloc_percpu(sizeof(type), alignof(type)))

#define per_cpu_ptr(ptr, cpu)	\
	((typeof(ptr))((unsigned long)(ptr) + shim_cpu_off[cpu]))

#define raw_cpu_ptr(ptr)						\
({									\
	unsigned long __p = (unsigned long)(ptr);			\
									\
	asm ("addq %1, %0" : "+r" (__p) : "m" (shim_cpu.this_cpu_off));	\
	(typeof(ptr))__p;						\
})

/*
 * For memory that comes from __alloc_percpu(); the lvalue's address is relative
 * to %fs. Values of 4 or 8 bytes.
 */
#define this_cpu_add(pcp, val)						\
do {									\
	typeof(pcp) *__p = &(pcp);					\
	s64 __n = (val);						\
									\
	if (sizeof(*__p) == 4)						\
		asm volatile("addl %1, %%fs:%0"				\
			     : "+m" (*__p) : "re" ((s32)__n));		\
	else								\
		asm volatile("addq %1, %%fs:%0"				\
			     : "+m" (*__p) : "re" (__n));		\
} while (0)
#define this_cpu_inc(pcp)	this_cpu_add(pcp, 1)
#define this_cpu_dec(pcp)	this_cpu_add(pcp, -1)

#define this_cpu_read(pcp)						\
({									\
	typeof(pcp) __v;						\
									\
	asm volatile("mov %%fs:%1, %0" : "=r" (__v) : "m" (pcp));	\
	__v;								\
})

#define this_cpu_write(pcp, val)						\
do {									\
	typeof(pcp) __v = (val);					\
									\
	asm volatile("mov %1, %%fs:%0" : "=m" (pcp) : "r" (__v));	\
} while (0)

#define this_cpu_try_cmpxchg(pcp, oldp, new)				\
({									\
	typeof(pcp) *__p = &(pcp), __new = (new), __old;	\
	typeof(oldp) __result = (oldp);					\
	bool __ok;							\
									\
	__old = *__result;						\
	asm volatile("cmpxchg %3, %%fs:%1"				\
		     : "=@ccz" (__ok), "+m" (*__p), "+a" (__old)	\
		     : "r" (__new) : "memory");				\
	if (unlikely(!__ok))						\
		*__result = __old;					\
	likely(__ok);							\
})

#endif
