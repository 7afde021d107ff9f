// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the exported functions
 *
 * They check their arguments, announce to lockdep their possible waits, and leave
 * the work to others. Each of them may be called in these contexts:
 *
 *			section		hotplug callback,	memory reclaim
 *					cpus_read_lock()
 *	cstats_init	no		yes			no, it allocates
 *	cstats_destroy	no		yes			yes
 *	cstats_read	no (-EDEADLK)	yes			yes
 *	cstats_reset	no (-EDEADLK)	yes			no, it allocates
 *	keep_fresh	no		yes			no, it allocates
 *	read_last	yes		yes			yes
 *
 * Functions that allocate do so with GFP_KERNEL, and not under a lock that
 * another one takes; so lockdep reports the "no" of the last column.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>

#include "api.h"
#include "base.h"
#include "compat.h"
#include "debug.h"
#include "debugfs.h"
#include "describe.h"
#include "fresh.h"
#include "latch.h"
#include "mend.h"
#include "params.h"
#include "registry.h"
#include "rotate.h"
#include "share.h"

static int cstats_do_init(struct cstats *cs, const char *name,
			  const struct cstats_field *fields,
			  unsigned int nr_fields, struct module *owner,
			  struct lock_class_key *key)
{
	struct cstats_set *set;
	int err;

	err = cstats_check(cs, name, fields, nr_fields);
	if (err)
		return err;
	set = cstats_set_new(name, fields, nr_fields);
	if (!set) {
		pr_err("set \"%s\": out of memory for %u fields\n", name, nr_fields);
		return -ENOMEM;
	}
	cstats_mend_init(set);
	do {
		err = cstats_register(set, cs, owner);
	} while (err == -EAGAIN && cstats_debugfs_flush());
	if (err) {
		cstats_set_put(set);
		return err;
	}
	cstats_debug_live(cs, key);
	/* Pairs with the address dependency in cstats_acquire(). */
	smp_store_release(&cs->shared, &set->shared);
	cstats_debugfs_add(set);
	return 0;
}

/* See cstats_init_owner() for all but the last parameter. */
int __cstats_init(struct cstats *cs, const char *name,
		  const struct cstats_field *fields, unsigned int nr_fields,
		  struct module *owner, struct lock_class_key *key)
{
	int err;

	might_sleep();
	err = cstats_do_init(cs, name, fields, nr_fields, owner, key);
	/* Writers that do not know of the error do no harm. */
	if (err && cs && !cstats_registered(cs))
		WRITE_ONCE(cs->shared, NULL);
	return err;
}
EXPORT_SYMBOL_GPL(__cstats_init);

static void cstats_devm_destroy(void *cs)
{
	cstats_destroy(cs);
}

/* See devm_cstats_init() and cstats_init_owner(). */
int __devm_cstats_init(struct device *dev, struct cstats *cs, const char *name,
		       const struct cstats_field *fields, unsigned int nr_fields,
		       struct module *owner, struct lock_class_key *key)
{
	int err = __cstats_init(cs, name, fields, nr_fields, owner, key);

	return err ?: devm_add_action_or_reset(dev, cstats_devm_destroy, cs);
}
EXPORT_SYMBOL_GPL(__devm_cstats_init);

/* The end of a set that is retired, which may be in memory reclaim. */
static void cstats_end(struct cstats_set *set)
{
	cstats_abandon(set);
	cstats_fresh_stop(set);
	cstats_debugfs_remove(set, cstats_unregister);
}

/**
 * cstats_destroy - forget a set
 * @cs: the set; nothing happens if it is NULL, zeroed, failed to initialize or
 *	is destroyed already
 *
 * Readers that are under way end with a snapshot or -ENODEV. Sections may be
 * open, and new ones may start: their adds are lost. @cs can be freed when
 * nobody uses it any more.
 *
 * Context: Process context, may sleep; waits for no section and no rotation.
 * It may be called in a CPU hotplug callback, under cpus_read_lock() and in
 * memory reclaim.
 */
void cstats_destroy(struct cstats *cs)
{
	struct cstats_set *set;

	might_sleep();
	if (!cs)
		return;
	set = cstats_retire(cs);
	if (!set) {
		if (cs->shared)
			pr_warn("%pS destroys a set that is not initialized\n",
				__builtin_return_address(0));
		return;
	}
	WRITE_ONCE(cs->shared, NULL);
	cstats_debug_gone(cs);
	cstats_end(set);
}
EXPORT_SYMBOL_GPL(cstats_destroy);

/**
 * cstats_forget_module - forget the sets that a module has left behind
 * @mod: the module
 *
 * Its memory goes, and that of each struct cstats may be gone already: it is
 * not touched.
 *
 * Return: how many sets those were.
 */
unsigned int cstats_forget_module(const struct module *mod)
{
	struct cstats_set *set;
	unsigned int n;

	for (n = 0; (set = cstats_retire_of(mod)); n++) {
		pr_warn("set \"%s\": module %s went away without cstats_destroy()\n",
			set->name, mod->name);
		cstats_debug_gone(set->entry.user);
		cstats_end(set);
		cond_resched();
	}
	return n;
}

/*
 * May the caller wait for a rotation of @set? Not within a section of it. A
 * caller that can be preempted is in none, even if the counter is odd: a dead
 * section may have left it so. Kernels that do not count preemption do not
 * know; there, the section is taken for dead.
 */
static int cstats_check_reader(struct cstats_set *set)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT) || preemptible() ||
	    !(READ_ONCE(raw_cpu_ptr(set->shared.cpu)->seq) & 1))
		return 0;
	atomic_inc(&set->errors);
	if (__ratelimit(&set->misuse))
		WARN(1, "cstats: read of set \"%s\" within a section of it\n",
		     set->name);
	return -EDEADLK;
}

/* Get the set behind @cs, for a reader that may have to wait. */
static struct cstats_set *cstats_reader_get(struct cstats *cs)
{
	struct cstats_set *set;
	int err;

	might_sleep();
	if (!cs)
		return ERR_PTR(-EINVAL);
	set = cstats_set_get(cs);
	if (!set)
		return ERR_PTR(-ENODEV);
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	lock_map_sync(&cs->dep_map);	/* waits for all sections, ours too */
#endif
	err = cstats_check_reader(set);
	if (err) {
		cstats_set_put(set);
		return ERR_PTR(err);
	}
	return set;
}

static bool cstats_snapshot_fits(const struct cstats_set *set,
				 const struct cstats_snapshot *snap)
{
	return snap->values && snap->nr_fields >= set->shared.nr_fields;
}

/**
 * cstats_read - take a consistent snapshot of a set
 * @cs: the set
 * @snap: where to store it; @snap->values and @snap->nr_fields are the caller's
 *
 * Sections that ended before the call are in, those that start after the
 * return are out, and those in between wholly one or the other. Readers that
 * call at the same time share the work. Takes some microseconds plus the
 * longest section that is open (expedited, spare_idle), or a grace period, tens
 * of milliseconds (quiet): see the module parameter ``sync``.
 *
 * Context: Process context, may sleep, and can be killed while it does. Not
 * within a section of @cs, nor under a lock that sections take. It may be
 * called in a CPU hotplug callback, under cpus_read_lock() and in memory
 * reclaim.
 * Return: 0, or with @snap unchanged -EINVAL (NULL, or no room for all
 * fields), -ENODEV (not initialized, or destroyed), -EDEADLK (called within a
 * section of @cs), -EINTR (killed), -ETIMEDOUT (a section has been open, or a
 * CPU has not answered, for longer than the module parameter ``stall_ms``;
 * nothing is lost, and reads work again once it does).
 */
int cstats_read(struct cstats *cs, struct cstats_snapshot *snap)
{
	struct cstats_set *set = cstats_reader_get(cs);
	int err = -EINVAL;

	if (IS_ERR(set))
		return PTR_ERR(set);
	if (snap && cstats_snapshot_fits(set, snap)) {
		err = cstats_await(set, cstats_request(set, true),
				   cstats_deadline());
		if (!err)
			cstats_copy(set, snap);
	}
	cstats_set_put(set);
	return err;
}
EXPORT_SYMBOL_GPL(cstats_read);

/**
 * cstats_read_last - get the last snapshot that anybody took
 * @cs: the set
 * @snap: where to store it; @snap->values and @snap->nr_fields are the caller's
 *
 * @snap->age_ns says how old it is; cstats_keep_fresh() sets a bound. Before
 * the first rotation that is number 0, all zeros.
 *
 * Context: Any, NMI included. Never waits for a writer or for a rotation.
 * Return: 0, or -EINVAL or -ENODEV as cstats_read(), with @snap unchanged.
 */
int cstats_read_last(struct cstats *cs, struct cstats_snapshot *snap)
{
	struct cstats_shared *shared;
	int err = -ENODEV;

	if (!cs || !snap)
		return -EINVAL;
	rcu_read_lock();
	shared = READ_ONCE(cs->shared);
	if (shared) {
		struct cstats_set *set = cstats_set_of(shared);

		err = cstats_snapshot_fits(set, snap) ? 0 : -EINVAL;
		if (!err)
			cstats_copy(set, snap);
	}
	rcu_read_unlock();
	return err;
}
EXPORT_SYMBOL_GPL(cstats_read_last);

/**
 * cstats_keep_fresh - bound the age of a set's last snapshot
 * @cs: the set
 * @max_age_ms: how old it may become, in milliseconds, plus the time of a
 *		rotation; 0 to end that
 *
 * For readers in atomic context (ndo_get_stats64() for example), which have only
 * cstats_read_last(). The set is rotated at that interval, whether it is
 * read or not, until cstats_destroy(). A second is a good choice.
 *
 * Context: Process context, may sleep; not in memory reclaim, as it allocates.
 * Return: 0, -EINVAL (NULL), -ENODEV (not initialized) or -ENOMEM.
 */
int cstats_keep_fresh(struct cstats *cs, unsigned int max_age_ms)
{
	struct cstats_set *set;
	int err;

	might_sleep();
	if (!cs)
		return -EINVAL;
	set = cstats_set_get(cs);
	if (!set)
		return -ENODEV;
	err = cstats_fresh_set(set, max_age_ms);
	cstats_set_put(set);
	return err;
}
EXPORT_SYMBOL_GPL(cstats_keep_fresh);

/**
 * cstats_read_unsafe - add up a set without any synchronization
 * @cs: the set; nothing happens if it is NULL or not initialized
 * @values: array for the set's number of fields
 *
 * For an oops, a panic or a debugger: the values may be torn.
 *
 * Context: Any. Takes no lock. @cs must not be destroyed meanwhile.
 */
void cstats_read_unsafe(struct cstats *cs, s64 *values)
{
	struct cstats_shared *shared = cs ? READ_ONCE(cs->shared) : NULL;
	struct cstats_set *set;
	unsigned int i;
	int cpu;

	if (!shared || !values)
		return;
	set = cstats_set_of(shared);
	for (i = 0; i < shared->nr_fields; i++) {
		u64 sum = -READ_ONCE(set->base.sum[i]);

		for_each_possible_cpu(cpu)
			sum += (u64)local64_read(cstats_slot(set, cpu, 0) + i) +
			       (u64)local64_read(cstats_slot(set, cpu, 1) + i);
		values[i] = sum;
	}
}
EXPORT_SYMBOL_GPL(cstats_read_unsafe);

/**
 * cstats_clear_unsafe - set all fields of a set to zero, gauges too
 * @cs: the set; nothing happens if it is NULL or not initialized
 *
 * Makes a snapshot of zeros. The caller must ensure that no section is open or
 * starts; otherwise use cstats_reset().
 *
 * Context: Process context, may sleep; not in memory reclaim.
 */
void cstats_clear_unsafe(struct cstats *cs)
{
	struct cstats_set *set = cs ? cstats_set_get(cs) : NULL;

	if (!set)
		return;
	cstats_clear_set(set);
	cstats_set_put(set);
}
EXPORT_SYMBOL_GPL(cstats_clear_unsafe);

/**
 * cstats_reset - let counters count from here
 * @cs: the set
 *
 * Takes two rotations, and writes nothing that writers use. Counters start
 * from zero in later snapshots. Gauges are levels and stay as they are, so
 * that identities among counters go on holding, but not those that tie
 * counters to gauges.
 *
 * Context: As cstats_read(), but not in memory reclaim, as it allocates.
 * Return: 0, or with nothing changed -ENOMEM or an error of cstats_read().
 */
int cstats_reset(struct cstats *cs)
{
	struct cstats_set *set = cstats_reader_get(cs);
	int err;

	if (IS_ERR(set))
		return PTR_ERR(set);
	err = cstats_reset_set(set);
	cstats_set_put(set);
	return err;
}
EXPORT_SYMBOL_GPL(cstats_reset);

/**
 * cstats_bad_sequence - a section was released with a wrong sequence number
 * @cpu: the CPU's part of the set, or of the sink
 *
 * It was released twice, or not in reverse order. That is counted, and
 * reported once a minute for each set.
 *
 * Context: Any.
 */
void cstats_bad_sequence(struct cstats_cpu *cpu)
{
	struct cstats_set *set;

	if (!cpu->shared)
		return;
	set = cstats_set_of(cpu->shared);
	atomic_inc(&set->errors);
	if (__ratelimit(&set->misuse))
		WARN(1, "cstats: set \"%s\": section released twice or out of order\n",
		     set->name);
}
EXPORT_SYMBOL_GPL(cstats_bad_sequence);
