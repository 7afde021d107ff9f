/* SPDX-License-Identifier: GPL-2.0 */
/* The read side: a function with a full barrier, or the fast one without. */
#ifndef _SHIM_SRCU_H
#define _SHIM_SRCU_H

#include <asm/barrier.h>
#include <linux/percpu.h>

struct srcu_ctr { s64 locks, unlocks; };

struct srcu_struct {
	struct srcu_ctr *sda;
	struct srcu_ctr *current_ctr;
	unsigned int idx;
};

static noinline int srcu_read_lock(struct srcu_struct *ssp)
{
	int idx = READ_ONCE(ssp->idx) & 1;

	this_cpu_inc(ssp->sda[idx].locks);
	smp_mb();	/* the section is after this */
	return idx;
}

static noinline void srcu_read_unlock(struct srcu_struct *ssp, int idx)
{
	smp_mb();	/* the section is before this */
	this_cpu_inc(ssp->sda[idx].unlocks);
}

#define HAVE_SRCU_FAST
static __always_inline struct srcu_ctr *srcu_read_lock_fast(struct srcu_struct *ssp)
{
	struct srcu_ctr *scp = READ_ONCE(ssp->current_ctr);

	this_cpu_inc(scp->locks);
	barrier();
	return scp;
}

static __always_inline void srcu_read_unlock_fast(struct srcu_struct *ssp,
						  struct srcu_ctr *scp)
{
	barrier();
	this_cpu_inc(scp->unlocks);
}

#endif
