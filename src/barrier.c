// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the barrier on all CPUs, which writers need and readers pay for
 *
 * Writer and reader each store to one variable and then load the other's, and
 * one of them has to see the other's store:
 *
 *	writer (cstats_acquire)		reader (rotate.c)
 *
 *	seq = odd;			gen = new;
 *	[no barrier]			barrier, here and at the writer's
 *	slot = slot[gen];		look at seq
 *
 * The reader pays for both sides, as in sys_membarrier(). Three ways:
 *
 *	expedited	an IPI to each online CPU, whose handler is a full
 *			barrier at some point of that CPU's program. If the
 *			point is after the load of gen, the store of odd is
 *			before the point as well, and the reader sees it. If it
 *			is before the load, the load returns the new generation.
 *	spare_idle	an expedited RCU grace period. RCU sends IPIs too, but
 *			not to CPUs where it is not watching, that is, where no
 *			section is open; a CPU that comes from there executes a
 *			full barrier first.
 *	quiet		an RCU grace period of the ordinary kind. It is polled
 *			for, because synchronize_rcu() would send IPIs where
 *			rcu_expedited is set.
 *
 * A grace period proves more: every preemption-disabled region that was open
 * at its start has ended, hence every section with the old generation.
 *
 * All three are started here and polled for. So the reader can sleep, be killed,
 * and give up at its deadline, even if a CPU never answers. One barrier is under
 * way at a time.
 *
 * CPU hotplug. IPIs are sent under cpus_read_lock(), so each CPU is either
 * online and gets one, or down and without sections. A CPU that goes down
 * later still executes the IPIs sent to it; one that comes up later takes
 * the hotplug lock after its release here, so its sections load the new
 * generation. The lock is only tried for. While a CPU comes or goes, a grace
 * period does instead, and nobody waits for hotplug: readers may be called in
 * hotplug callbacks and under cpus_read_lock().
 */
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>

#include "barrier.h"
#include "params.h"

/* The barrier under way: CPUs that have not taken their IPI, or else @gp. */
static atomic_t cstats_ipis = ATOMIC_INIT(0);
static unsigned long cstats_gp;
static enum cstats_proof cstats_proof;

static void cstats_ipi(void *unused)
{
	smp_mb();	/* ipi:B, pairs with start:A: see above */
	atomic_dec(&cstats_ipis);
}

static DEFINE_PER_CPU(call_single_data_t, cstats_csd);

/* Modules cannot have addresses in the initial values of per-CPU data. */
void cstats_barrier_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		INIT_CSD(per_cpu_ptr(&cstats_csd, cpu), cstats_ipi, NULL);
}

/* False if a CPU comes or goes, and then no IPI has been sent. */
static bool cstats_send_ipis(void)
{
	call_single_data_t *csd;
	int cpu, this;

	if (!cpus_read_trylock())
		return false;
	/*
	 * No section is open on this CPU, as they cannot be preempted. Should
	 * the reader migrate later, context switches order the sections here.
	 */
	this = get_cpu();
	smp_mb();	/* start:A, pairs with ipi:B: ->gen before the IPIs */
	for_each_online_cpu(cpu) {
		if (cpu == this)
			continue;
		atomic_inc(&cstats_ipis);
		/* It is free, as the barrier before is over. */
		csd = per_cpu_ptr(&cstats_csd, cpu);
		if (WARN_ON_ONCE(smp_call_function_single_async(cpu, csd)))
			atomic_dec(&cstats_ipis);
	}
	put_cpu();
	cpus_read_unlock();
	return true;
}

/**
 * cstats_barrier_plan - which barrier would be taken now?
 *
 * Return: the least that its end is going to prove.
 */
enum cstats_proof cstats_barrier_plan(void)
{
	return cstats_sync_mode() == CSTATS_EXPEDITED ? CSTATS_SEEN : CSTATS_OVER;
}

/**
 * cstats_barrier_start - start a barrier
 * @plan: the least that its end has to prove
 *
 * The one before must be over. Stores that the caller has made are ordered
 * before it.
 *
 * Return: the proof that its end gives.
 */
enum cstats_proof cstats_barrier_start(enum cstats_proof plan)
{
	cstats_proof = CSTATS_SEEN;
	if (plan == CSTATS_SEEN && cstats_send_ipis())
		return cstats_proof;
	cstats_proof = CSTATS_OVER;
	/* Both begin with a full barrier, before they look at RCU's state. */
	if (cstats_sync_mode() == CSTATS_QUIET)
		cstats_gp = start_poll_synchronize_rcu();
	else
		cstats_gp = start_poll_synchronize_rcu_expedited();
	return cstats_proof;
}

/**
 * cstats_barrier_done - is the barrier that was started over?
 *
 * Return: whether it is. Then loads that follow are ordered after it, on all
 * CPUs.
 */
bool cstats_barrier_done(void)
{
	if (cstats_proof == CSTATS_OVER)
		return poll_state_synchronize_rcu(cstats_gp);
	/* ipi:B is before the decrement that this reads, or an earlier one. */
	return !atomic_read_acquire(&cstats_ipis);
}

/* Wait until no IPI is on its way, before the module goes. */
void cstats_barrier_drain(void)
{
	while (atomic_read(&cstats_ipis))
		msleep(20);
}
