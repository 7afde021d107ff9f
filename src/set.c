// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: sets come into being, are held and go
 *
 * A set lives on after cstats_destroy() for as long as anybody holds it, and a
 * grace period longer, so that a section which was open when cstats_destroy()
 * was called ends on valid memory.
 */
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "describe.h"
#include "member.h"
#include "set.h"

static_assert(sizeof(local64_t) == sizeof(s64));
static_assert(offsetof(struct cstats_cpu, slots) % sizeof(s64) == 0);
static_assert(sizeof(struct cstats_cpu) + 2 * CSTATS_MAX_VALUES * sizeof(s64) <=
	      PCPU_MIN_UNIT_SIZE);

static struct workqueue_struct *cstats_free_wq;

static void cstats_set_free(struct cstats_set *set)
{
	free_percpu(set->shared.cpu);
	cstats_members_free(set);
	kvfree(set->cells.base_cpu);
	kfree(set->fresh);
	kvfree(set->about);
	kvfree(set);
}

/* The end of a family may sleep. */
static void cstats_set_free_work(struct work_struct *work)
{
	cstats_set_free(container_of(to_rcu_work(work), struct cstats_set, free));
}

static void cstats_set_limits(struct cstats_set *set)
{
	ratelimit_state_init(&set->misuse, 60 * HZ, 1);
	ratelimit_state_init(&set->reports, 60 * HZ, 10);
	ratelimit_set_flags(&set->misuse, RATELIMIT_MSG_ON_RELEASE);
	ratelimit_set_flags(&set->reports, RATELIMIT_MSG_ON_RELEASE);
}

/* Divide the memory behind the set, which is zero. */
static void cstats_set_sums(struct cstats_set *set)
{
	unsigned int nr = set->shared.nr_values;
	u64 *sums = set->sums;

	set->cells.last = sums;
	set->cells.base = sums + 2 * nr;
	set->base.since_ns = ktime_get_ns();
	set->latch.published[0].values = sums + 3 * nr;
	set->latch.published[1].values = sums + 4 * nr;
	set->latch.published[0].time_ns = set->base.since_ns;
	set->latch.published[0].since_ns = set->base.since_ns;
	set->latch.published[0].nr_cpus = num_online_cpus();
}

/**
 * cstats_set_new - make a set that nobody knows yet
 * @spec: what its user says of it, well-formed; copied
 * @about: descriptions of its fields; owned by the set from here on
 *
 * Return: the set, with one reference, or NULL without memory.
 */
struct cstats_set *cstats_set_new(const struct cstats_spec *spec,
				  struct cstats_about *about)
{
	size_t size = sizeof(struct cstats_cpu) +
		      2 * about->nr_values * sizeof(local64_t);
	/* Sets of up to a cache line do not straddle two. */
	size_t align = min_t(size_t, SMP_CACHE_BYTES, roundup_pow_of_two(size));
	struct cstats_set *set;

	set = kvzalloc(struct_size(set, sums, 5 * about->nr_values), GFP_KERNEL);
	if (!set) {
		kvfree(about);
		return NULL;
	}
	set->about = about;
	set->shared.nr_values = about->nr_values;
	set->shared.nr_fields = about->nr_fields;
	set->shared.rcu = spec->rcu;
	set->shared.histograms = about->histograms;
	/* Rounded up, as the allocator would search the holes again and again. */
	set->shared.cpu = __alloc_percpu(min_t(size_t, round_up(size, align),
					       PCPU_MIN_UNIT_SIZE), align);
	if (!set->shared.cpu || (spec->label && cstats_members_new(set, spec->label))) {
		cstats_set_free(set);
		return NULL;
	}
	set->cells.slots = (local64_t __percpu *)((void __percpu *)set->shared.cpu +
						  offsetof(struct cstats_cpu, slots));
	strscpy(set->name, spec->name, sizeof(set->name));
	cstats_set_limits(set);
	refcount_set(&set->ref, 1);
	INIT_RCU_WORK(&set->free, cstats_set_free_work);
	INIT_LIST_HEAD(&set->rotation.request);
	INIT_LIST_HEAD(&set->rotation.node);
	set->rotation.stalled = LONG_MAX;	/* none */
	init_waitqueue_head(&set->waiters.queue);
	init_rwsem(&set->base.lock);
	init_waitqueue_head(&set->base.idle);
	cstats_set_sums(set);
	return set;
}

/* Hold @set, which RCU keeps in memory. False if it is on its way out. */
bool cstats_set_tryget(struct cstats_set *set)
{
	return refcount_inc_not_zero(&set->ref);
}

/* The set that @cs has, with a reference, or NULL. */
struct cstats_set *cstats_set_get(struct cstats *cs)
{
	struct cstats_shared *shared;
	struct cstats_set *set = NULL;

	rcu_read_lock();
	shared = READ_ONCE(cs->shared);
	if (shared && cstats_set_tryget(cstats_set_of(shared)))
		set = cstats_set_of(shared);
	rcu_read_unlock();
	return set;
}

void cstats_set_put(struct cstats_set *set)
{
	if (refcount_dec_and_test(&set->ref))
		queue_rcu_work(cstats_free_wq, &set->free);
}

int cstats_sets_start(void)
{
	cstats_free_wq = alloc_workqueue("cstats_free", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return cstats_free_wq ? 0 : -ENOMEM;
}

/* Nobody holds a set any more: wait until the last one is freed. */
void cstats_sets_stop(void)
{
	rcu_barrier();
	destroy_workqueue(cstats_free_wq);
}
