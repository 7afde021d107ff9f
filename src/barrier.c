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
 * at its start has ended, hence every section with the old generation. Sets of
 * the RCU flavour need that proof, as their sections leave no other trace.
 * They never cause IPIs of ours.
 *
 * All of them are started here, and either polled for, or waited for by a
 * worker. So the reader can sleep, be killed, and give up at its deadline, even
 * if a CPU never answers. One barrier by IPI is under way at a time.
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
#include <linux/workqueue.h>

#include "barrier.h"
#include "params.h"

/* CPUs that have not taken their IPI. */
static atomic_t cstats_ipis = ATOMIC_INIT(0);

static struct workqueue_struct *cstats_expedite_wq;
static void (*cstats_barrier_ended)(void);

static void cstats_ipi(void *unused)
{
	smp_mb();	/* ipi:B, pairs with start:A: see above */
	atomic_dec(&cstats_ipis);
}

static DEFINE_PER_CPU(call_single_data_t, cstats_csd);

/**
 * cstats_expedite - wait for an expedited grace period
 * @work: of the barrier
 *
 * It cannot be given up, hence a worker does it. Polling for it would take
 * longer: the grace period takes about as long as a timer.
 */
void cstats_expedite(struct work_struct *work)
{
	struct cstats_barrier *barrier = container_of(work, struct cstats_barrier, work);

	/* Begins and ends with a full barrier. */
	synchronize_rcu_expedited();
	smp_store_release(&barrier->over, true);	/* pairs with done */
	cstats_barrier_ended();
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
 * @rcu: for sets of the RCU flavour
 *
 * Return: the least that its end is going to prove.
 */
enum cstats_proof cstats_barrier_plan(bool rcu)
{
	return !rcu && cstats_sync_mode() == CSTATS_EXPEDITED ? CSTATS_SEEN : CSTATS_OVER;
}

/**
 * cstats_barrier_start - start a barrier
 * @barrier: the barrier, which is not under way
 * @plan: the least that its end has to prove
 *
 * One with CSTATS_SEEN at a time. Stores that the caller has made are ordered
 * before it.
 */
void cstats_barrier_start(struct cstats_barrier *barrier, enum cstats_proof plan)
{
	barrier->proof = CSTATS_SEEN;
	barrier->queued = false;
	if (plan == CSTATS_SEEN && cstats_send_ipis())
		return;
	barrier->proof = CSTATS_OVER;
	if (cstats_sync_mode() == CSTATS_QUIET) {
		/* Begins with a full barrier, before it looks at RCU's state. */
		barrier->gp = start_poll_synchronize_rcu();
		return;
	}
	barrier->over = false;
	barrier->queued = true;
	queue_work(cstats_expedite_wq, &barrier->work);
}

/**
 * cstats_barrier_done - is a barrier that was started over?
 * @barrier: the barrier
 *
 * Return: whether it is. Then loads that follow are ordered after it, on all
 * CPUs.
 */
bool cstats_barrier_done(struct cstats_barrier *barrier)
{
	/* ipi:B is before the decrement that this reads, or an earlier one. */
	if (barrier->proof == CSTATS_SEEN)
		return !atomic_read_acquire(&cstats_ipis);
	if (barrier->queued)
		return smp_load_acquire(&barrier->over);	/* see above */
	return poll_state_synchronize_rcu(barrier->gp);
}

/**
 * cstats_barrier_init - get ready for barriers
 * @ended: called by a worker when one that is not polled for has ended
 *
 * Return: 0 or -ENOMEM.
 */
int cstats_barrier_init(void (*ended)(void))
{
	int cpu;

	/* Modules cannot have addresses in the initial values of per-CPU data. */
	for_each_possible_cpu(cpu)
		INIT_CSD(per_cpu_ptr(&cstats_csd, cpu), cstats_ipi, NULL);
	cstats_barrier_ended = ended;
	cstats_expedite_wq = alloc_workqueue("cstats_expedite", WQ_UNBOUND | WQ_HIGHPRI |
							       WQ_MEM_RECLAIM, 0);
	return cstats_expedite_wq ? 0 : -ENOMEM;
}

/* Wait until no IPI and no grace period is on its way, before the module goes. */
void cstats_barrier_exit(void)
{
	while (atomic_read(&cstats_ipis))
		msleep(20);
	destroy_workqueue(cstats_expedite_wq);
}
