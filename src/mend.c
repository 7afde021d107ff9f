// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: sequence counters that a dead section has left odd
 *
 * A task oopses, or returns, between cstats_acquire() and cstats_release(), and
 * the counter of its CPU stays odd. Later sections on that CPU take themselves
 * for nested ones and do not move it. Readers would wait for ever.
 *
 * A work item on that CPU sets the counter even again. It runs in task context
 * with preemption off. Sections are preemption-off regions, so no task has one
 * open there, and neither has an interrupt, which would have to end first. An
 * odd counter is therefore a dead section's.
 *
 *	mend, in task context		an interrupt's or NMI's section
 *
 *	seq = s (odd)
 *					reads s: takes itself for nested,
 *					adds, leaves s as it is
 *	store s + 1
 *					reads s + 1 (even): is outermost,
 *					stores s + 2, adds, stores s + 3
 *
 * A section that comes between the load and the store leaves s, so plain
 * accesses are enough. A section that comes after the store counts as any other.
 * A reader that waits for s to change sees s + 1. The write barrier orders the
 * adds of the dead section before it, as in cstats_release() (release:C), hence they
 * are counted.
 *
 * Should the dead section come to life again and be released, it does not find
 * its number: that is counted as misuse, and changes nothing.
 *
 * A CPU that is down has no sections. The rotation that notices sets its
 * counter even, with CPU hotplug locked out.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include "compat.h"
#include "mend.h"

static struct workqueue_struct *cstats_mend_wq;

/* Was the counter odd? Needs a CPU where no section can be open. */
static bool cstats_mend_cpu(struct cstats_cpu *c)
{
	unsigned int seq = READ_ONCE(c->seq);

	if (!(seq & 1))
		return false;
	smp_wmb();	/* release:C, as in cstats_release() */
	WRITE_ONCE(c->seq, seq + 1);
	return true;
}

static void cstats_mended(struct cstats_set *set, int cpu)
{
	atomic_inc(&set->errors);
	if (__ratelimit(&set->reports))
		pr_warn("set \"%s\": a section on CPU %d has ended without cstats_release(); what it added is counted, and reads go on\n",
			set->name, cpu);
}

static void cstats_mend_work(struct work_struct *work)
{
	struct cstats_set *set = container_of(work, struct cstats_set, mend.work);
	int cpu = READ_ONCE(set->mend.cpu);
	bool dead = false;

	/* Another CPU runs this if the right one went down: leave it then. */
	if (get_cpu() == cpu)
		dead = cstats_mend_cpu(cstats_cpu(set, cpu));
	put_cpu();
	if (dead)
		cstats_mended(set, cpu);
	cstats_set_put(set);
}

void cstats_mend_init(struct cstats_set *set)
{
	INIT_WORK(&set->mend.work, cstats_mend_work);
}

int cstats_mend_start(void)
{
	cstats_mend_wq = alloc_workqueue("cstats_mend",
					 WQ_MEM_RECLAIM | CSTATS_WQ_PERCPU, 0);
	return cstats_mend_wq ? 0 : -ENOMEM;
}

void cstats_mend_stop(void)
{
	destroy_workqueue(cstats_mend_wq);
}

/**
 * cstats_mend - if the section on a CPU is dead, set the counter even
 * @set: the set
 * @cpu: the CPU, whose counter has been odd for suspiciously long
 *
 * Does not wait: to be called again if it has not helped. Callers exclude each
 * other for a set.
 */
void cstats_mend(struct cstats_set *set, int cpu)
{
	bool dead = false;

	if (work_busy(&set->mend.work) || !cpus_read_trylock())
		return;
	if (cpu_online(cpu)) {
		WRITE_ONCE(set->mend.cpu, cpu);
		refcount_inc(&set->ref);
		if (!queue_work_on(cpu, cstats_mend_wq, &set->mend.work))
			cstats_set_put(set);
	} else {
		dead = cstats_mend_cpu(cstats_cpu(set, cpu));
	}
	cpus_read_unlock();
	if (dead)
		cstats_mended(set, cpu);
}
