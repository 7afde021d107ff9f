/* SPDX-License-Identifier: GPL-2.0 */
/* As the kernel's queued spinlock without contention; then it is fair, this is not. */
#ifndef _SHIM_SPINLOCK_H
#define _SHIM_SPINLOCK_H

#include <asm/barrier.h>
#include <linux/preempt.h>

typedef struct { u32 locked; } spinlock_t;

#define spin_lock_init(l)	((l)->locked = 0)

static noinline void shim_spin_wait(spinlock_t *l)
{
	do {
		while (READ_ONCE(l->locked))
			cpu_relax();
	} while (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE));
}

static noinline void spin_lock(spinlock_t *l)
{
	u32 unlocked = 0;

	preempt_disable();
	if (unlikely(!__atomic_compare_exchange_n(&l->locked, &unlocked, 1, false,
						  __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED)))
		shim_spin_wait(l);
}

static noinline void spin_unlock(spinlock_t *l)
{
	smp_store_release(&l->locked, 0);	/* pairs with spin_lock() */
	preempt_enable();
}

#endif
