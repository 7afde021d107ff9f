/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_COMPILER_H
#define _SHIM_COMPILER_H

#include <assert.h>
#include <limits.h>
#include <stdalign.h>
#include <sys/cdefs.h>		/* __always_inline, __attribute_noinline__ */

#define __percpu
#define __rcu
#define __acquire(x)	((void)#x)	/* for sparse */
#define __release(x)	((void)#x)
#define __must_check	__attribute__((warn_unused_result))
#define __aligned(x)	alignas(x)	/* in front of the type */
#define noinline	__attribute_noinline__
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#define __compiletime_error(text)	__attribute__((error(text)))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

#define OPTIMIZER_HIDE_VAR(var)	asm("" : "+r" (var))

static __always_inline void barrier(void)
{
	asm volatile("" ::: "memory");
}

#endif
