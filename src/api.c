// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the exported functions
 *
 * They check their arguments, announce to lockdep their possible waits, and leave
 * the work to others. README.md has a table of the contexts in which they may be
 * called. Those that allocate do so with GFP_KERNEL, and not under a lock that another
 * one takes; so lockdep reports them under a lock that memory reclaim takes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>

#include "api.h"
#include "base.h"
#include "compat.h"
#include "debug.h"
#include "debugfs.h"
#include "describe.h"
#include "family.h"
#include "fresh.h"
#include "latch.h"
#include "mend.h"
#include "params.h"
#include "registry.h"
#include "rotate.h"
#include "share.h"
#include "sink.h"
#include "start.h"

/* The end of a set that is retired, which may be in memory reclaim. */
static void cstats_end(struct cstats_set *set)
{
	cstats_abandon(set);
	cstats_fresh_stop(set);
	cstats_family_orphan(set);
	cstats_debugfs_remove(set);
}

/* The memory at @cs may have been another one's, who freed it without a destroy. */
static void cstats_drop_freed(struct cstats *cs)
{
	struct cstats_set *set = cstats_retire_freed(cs);

	if (!set)
		return;
	pr_warn("set \"%s\": was freed or overwritten without cstats_destroy()\n", set->name);
	cstats_end(set);
}

static int cstats_do_init(struct cstats *cs, const struct cstats_spec *spec)
{
	struct cstats_about *about;
	struct cstats_set *set;
	int err;

	if (cs)
		cstats_drop_freed(cs);
	err = cstats_check(cs, spec);
	if (!err)
		err = cstats_start();
	if (err)
		return err;
	about = cstats_describe(spec);
	if (IS_ERR(about))
		return PTR_ERR(about);
	set = cstats_set_new(spec, about);
	if (!set) {
		pr_err("set \"%s\": out of memory for %u fields\n", spec->name,
		       spec->nr_fields);
		return -ENOMEM;
	}
	cstats_mend_init(set);
	if (set->family)
		cstats_family_init(set);
	while ((err = cstats_register(set, cs, spec->owner)) == -EAGAIN)
		usleep_range(200, 2000);	/* the files of its namesake go */
	if (err) {
		cstats_set_put(set);
		return err;
	}
	cstats_debug_class(cs, set, spec->key);
	/* init:N, with acquire:N in __cstats_open() */
	smp_store_release(&cs->shared, &set->shared);
	cstats_debugfs_add(set);
	cstats_list(set);
	return 0;
}

static void cstats_devm_destroy(void *cs)
{
	cstats_destroy(cs);
}

/* See cstats_init_owner(), cstats_init_family() and devm_cstats_init(). */
int __cstats_init(struct cstats *cs, const struct cstats_spec *spec)
{
	int err;

	might_sleep();
	/* Nothing else in @spec can be relied on then, nor in @cs. */
	if (spec->interface != CSTATS_INTERFACE) {
		pr_err("%pS was built against interface %u of <linux/cstats.h>, this is %u: build it again\n",
		       __builtin_return_address(0), spec->interface, CSTATS_INTERFACE);
		return -ENOEXEC;
	}
	err = cstats_do_init(cs, spec);
	if (err && cs)
		cstats_disown(cs);
	if (err || !spec->dev)
		return err;
	err = devm_add_action_or_reset(spec->dev, cstats_devm_destroy, cs);
	if (err)
		pr_err("set \"%s\": out of memory for its device\n", spec->name);
	return err;
}
EXPORT_SYMBOL_GPL(__cstats_init);

/**
 * cstats_destroy - forget a set
 * @cs: the set; nothing happens if it is NULL, zeroed, failed to initialize or
 *	is destroyed already
 *
 * Readers that are under way end with a snapshot or -ENODEV. Sections may be
 * open, and new ones may start: their adds are lost. @cs can be freed when
 * nobody uses it any more. Instances of a family should be removed before; each
 * that is left keeps its memory until it is removed, or its module goes.
 *
 * Context: Process context, may sleep; waits for no section and no rotation.
 * It may be called in a CPU hotplug callback, under cpus_read_lock() and in
 * memory reclaim; but outside of that not under a lock that reclaim takes, as
 * others allocate memory under locks that it waits for.
 */
void cstats_destroy(struct cstats *cs)
{
	struct cstats_set *set;

	/* Lockdep learns that locks which are held here are taken before reclaim. */
	might_alloc(GFP_KERNEL);
	if (!cs)
		return;
	set = cstats_retire(cs);
	if (!set) {
		if (READ_ONCE(cs->shared))
			pr_warn("%pS destroys a set that is not initialized\n",
				__builtin_return_address(0));
		return;
	}
	cstats_end(set);
}
EXPORT_SYMBOL_GPL(cstats_destroy);

/**
 * cstats_forget_module - forget the sets that a module has left behind
 * @mod: the module, or NULL for all that are left when cstats goes
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
	u32 id = 0;

	for (n = 0; (set = cstats_retire_of(mod, &id)); n++) {
		pr_warn("set \"%s\": %s%s went away without cstats_destroy()\n",
			set->name, mod ? "module " : "its owner", mod ? mod->name : "");
		cstats_end(set);
		cond_resched();
	}
	cstats_family_forget(mod);
	return n;
}

/**
 * cstats_instance_add - add an instance to a family
 * @cs: the family
 * @inst: the instance, zeroed or removed
 * @name: any text of 1 to 127 bytes, as devices are called, unique; copied
 *
 * Its counters are zero. Writers may use @inst from here on.
 *
 * Context: Process context, may sleep; not in memory reclaim, as it allocates.
 * It may be called in a CPU hotplug callback and under cpus_read_lock().
 * Return: 0, or with nothing changed -EINVAL (NULL, an empty name, or @cs is no
 * family), -ENAMETOOLONG, -EEXIST (an instance has that name), -EBUSY (@inst is
 * in use), -ENODEV (@cs is not initialized, or destroyed) or -ENOMEM.
 */
int cstats_instance_add(struct cstats *cs, struct cstats_instance *inst,
			const char *name)
{
	struct cstats_set *set;
	int err;

	might_sleep();
	if (!cs || !inst)
		return -EINVAL;
	err = cstats_check_instance(name);
	if (err)
		return err;
	set = cstats_set_get(cs);
	if (!set)
		return -ENODEV;
	err = set->family ? cstats_family_add(set, inst, name) : -EINVAL;
	cstats_set_put(set);
	return err;
}
EXPORT_SYMBOL_GPL(cstats_instance_add);

/**
 * cstats_instance_rename - give an instance another name
 * @inst: the instance
 * @name: see cstats_instance_add()
 *
 * Its counts stay. Not to be called while it is being added or removed.
 *
 * Context: As cstats_instance_add().
 * Return: 0, or with nothing changed -EINVAL, -ENAMETOOLONG, -EEXIST, -ENODEV
 * (it is not an instance, or its family is destroyed) or -ENOMEM.
 */
int cstats_instance_rename(struct cstats_instance *inst, const char *name)
{
	int err = inst ? cstats_check_instance(name) : -EINVAL;

	might_sleep();
	return err ?: cstats_family_rename(inst, name);
}
EXPORT_SYMBOL_GPL(cstats_instance_rename);

/**
 * cstats_instance_remove - remove an instance from its family
 * @inst: the instance; nothing happens if it is NULL, zeroed, removed already or
 *	  being removed by another task
 *
 * Sections may be open, and new ones may start: what they add to @inst counts for
 * the family, whose sums keep what @inst has counted. @inst can be freed when
 * nobody uses it any more. The name is free at once. Not to be called while it is
 * being added.
 *
 * Context: Process context, may sleep; not in memory reclaim. Waits for no section
 * and no rotation. It may be called in a CPU hotplug callback and under
 * cpus_read_lock().
 */
void cstats_instance_remove(struct cstats_instance *inst)
{
	might_sleep();
	if (inst)
		cstats_family_remove(inst);
}
EXPORT_SYMBOL_GPL(cstats_instance_remove);

/*
 * May the caller wait for a rotation of @set? Not before there are threads, nor
 * within a section of it, nor under a lock that sections take: lockdep knows. A
 * caller that can be preempted is in none, even if the counter is odd: a dead
 * section may have left it so. Sections of the RCU flavour have no counter: there,
 * preemption that is off is enough. Kernels that do not count preemption do not
 * know; there, the section is taken for dead.
 */
static int cstats_check_reader(struct cstats_set *set)
{
	if (system_state < SYSTEM_SCHEDULING)
		return -EAGAIN;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	lock_map_sync(&set->dep_map);	/* waits for all sections, ours too */
#endif
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT) || preemptible() ||
	    !(set->shared.rcu || READ_ONCE(raw_cpu_ptr(set->shared.cpu)->seq) & 1))
		return 0;
	atomic_inc(&set->errors);
	if (__ratelimit(&set->misuse))
		WARN(1, "cstats: read of set \"%s\" within a section%s\n", set->name,
		     set->shared.rcu ? ", or with preemption off" : " of it");
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
	return snap->values && snap->nr_values >= set->shared.nr_values;
}

static int cstats_do_read(struct cstats *cs, struct cstats_snapshot *snap,
			  unsigned long deadline)
{
	struct cstats_set *set = cstats_reader_get(cs);
	int err = -EINVAL;

	if (IS_ERR(set))
		return PTR_ERR(set);
	if (snap && cstats_snapshot_fits(set, snap)) {
		err = cstats_await(set, cstats_request(set, true), deadline);
		if (!err)
			cstats_copy(set, snap);
	}
	cstats_set_put(set);
	return err;
}

/**
 * cstats_read - take a consistent snapshot of a set
 * @cs: the set
 * @snap: where to store it; @snap->values and @snap->nr_values are the caller's
 *
 * Sections that ended before the call are in, those that start after the
 * return are out, and those in between wholly one or the other. Readers that
 * call at the same time share the work. Takes some microseconds (expedited) or an
 * expedited grace period, about a hundred microseconds (spare_idle), plus the longest
 * section that is open then; or a grace period, tens of milliseconds (quiet): see the
 * module parameter ``sync``. A set of the RCU flavour takes an expedited grace period
 * in place of the first. A family's values are the sums over its instances.
 *
 * Context: Process context, may sleep, and can be killed while it does. Not
 * within a section of @cs, nor under a lock that sections take. It may be
 * called in a CPU hotplug callback, under cpus_read_lock() and in memory
 * reclaim.
 * Return: 0, or with @snap unchanged -EINVAL (NULL, or no room for all
 * fields), -ENODEV (not initialized, or destroyed), -EDEADLK (called within a
 * section of @cs or, of the RCU flavour, with preemption off), -EINTR (killed),
 * -ETIMEDOUT (a section, a CPU's answer or a grace period has taken longer than
 * the module parameter ``stall_ms``; nothing is lost, and reads work again once it
 * is over), -EAGAIN (built in, and before early_initcall()).
 */
int cstats_read(struct cstats *cs, struct cstats_snapshot *snap)
{
	return cstats_do_read(cs, snap, cstats_deadline());
}
EXPORT_SYMBOL_GPL(cstats_read);

/**
 * cstats_read_timeout - cstats_read() with a deadline of its own
 * @cs: the set
 * @snap: see cstats_read()
 * @timeout_ms: in place of the module parameter ``stall_ms``, in milliseconds
 *
 * It is less where another reader has waited in vain already for the same section
 * or CPU: nobody else waits for that again.
 *
 * Context: As cstats_read().
 * Return: As cstats_read(). A deadline that passes before half of ``stall_ms`` has
 * is this reader's own: nothing is logged, and others go on waiting.
 */
int cstats_read_timeout(struct cstats *cs, struct cstats_snapshot *snap,
			unsigned int timeout_ms)
{
	unsigned long left = min(msecs_to_jiffies(timeout_ms), MAX_JIFFY_OFFSET);

	return cstats_do_read(cs, snap, jiffies + left + 1);
}
EXPORT_SYMBOL_GPL(cstats_read_timeout);

/**
 * cstats_read_field - read one field of a consistent snapshot
 * @cs: the set
 * @field: its index; of a histogram, that is the count, and cstats_sum_index() has
 *	   that of the sum
 * @value: where to store it
 *
 * Costs as much as cstats_read(): two fields that belong together are better
 * read with that.
 *
 * Context: As cstats_read(), but not in memory reclaim, as it allocates.
 * Return: 0, or with @value unchanged -ENOMEM, -EINVAL (NULL, or no such index)
 * or an error of cstats_read().
 */
int cstats_read_field(struct cstats *cs, unsigned int field, s64 *value)
{
	struct cstats_snapshot *snap;
	struct cstats_set *set;
	int err = -EINVAL;

	if (!value)
		return -EINVAL;
	set = cstats_reader_get(cs);	/* in a section nothing is allocated */
	if (IS_ERR(set))
		return PTR_ERR(set);
	snap = cstats_snapshot_alloc(cs);
	cstats_set_put(set);
	if (IS_ERR(snap))
		return PTR_ERR(snap);
	if (field < snap->nr_values)
		err = cstats_read(cs, snap);
	if (!err)
		*value = snap->values[field];
	cstats_snapshot_free(snap);
	return err;
}
EXPORT_SYMBOL_GPL(cstats_read_field);

/* Copy an instance's values, of a snapshot that is held. */
static int cstats_copy_one(struct cstats_set *set, struct cstats_instance *inst,
			   struct cstats_snapshot *snap)
{
	const struct cstats_member *member;
	unsigned int nr = set->shared.nr_values, i;

	cstats_copy(set, snap);
	mutex_lock(&set->family->lock);
	member = READ_ONCE(inst->member);
	for (i = 0; member && i < nr; i++)
		snap->values[i] = cstats_cells_value(&member->cells, nr, i);
	mutex_unlock(&set->family->lock);
	return member ? 0 : -ENODEV;
}

/**
 * cstats_instance_read - take a snapshot of a family, and get one instance's values
 * @inst: the instance; it must not be removed meanwhile
 * @snap: see cstats_read()
 *
 * Takes as long as a snapshot of the whole family.
 *
 * Context: As cstats_read(), but not in memory reclaim.
 * Return: As cstats_read(); -ENODEV if @inst is zeroed or removed. After another
 * error than -EINVAL, @snap may have changed.
 */
int cstats_instance_read(struct cstats_instance *inst, struct cstats_snapshot *snap)
{
	struct cstats_member *member = inst ? READ_ONCE(inst->member) : NULL;
	unsigned long deadline = cstats_deadline(), held;
	struct cstats_set *set;
	int err;

	might_sleep();
	if (!inst || !snap)
		return -EINVAL;
	if (!member)
		return -ENODEV;
	set = member->set;
	if (!cstats_snapshot_fits(set, snap))
		return -EINVAL;
	err = cstats_check_reader(set);
	if (err)
		return err;
	refcount_inc(&set->ref);
	err = cstats_await(set, cstats_request(set, true), deadline);
	if (!err)
		err = down_read_killable(&set->base.lock);
	if (err)
		goto put;
	err = cstats_hold(set, deadline, &held);
	if (!err) {
		err = cstats_copy_one(set, inst, snap);
		cstats_let_go(set, held);
	}
	up_read(&set->base.lock);
put:
	cstats_set_put(set);
	return err;
}
EXPORT_SYMBOL_GPL(cstats_instance_read);

/**
 * cstats_nr_values - how many values a snapshot of a set has
 * @cs: the set
 *
 * Context: Any.
 * Return: that number, or -EINVAL (NULL) or -ENODEV (not initialized).
 */
int cstats_nr_values(struct cstats *cs)
{
	struct cstats_shared *shared;
	int n = -ENODEV;

	if (!cs)
		return -EINVAL;
	rcu_read_lock();
	shared = READ_ONCE(cs->shared);
	if (shared)
		n = shared->nr_values;
	rcu_read_unlock();
	return n;
}
EXPORT_SYMBOL_GPL(cstats_nr_values);

/**
 * cstats_sum_index - where a histogram's sum is in a snapshot
 * @cs: the set
 * @field: index of the histogram, which is where its count is
 *
 * The buckets follow, one for each bound and one more.
 *
 * Context: Any.
 * Return: the index, or -EINVAL (NULL, or @field is no histogram) or -ENODEV (not
 * initialized).
 */
int cstats_sum_index(struct cstats *cs, unsigned int field)
{
	struct cstats_shared *shared;
	int index = -ENODEV;

	if (!cs)
		return -EINVAL;
	rcu_read_lock();
	shared = READ_ONCE(cs->shared);
	if (shared) {
		const struct cstats_about *about = cstats_set_of(shared)->about;

		index = -EINVAL;
		if (field < about->nr_fields && about->fields[field].kind == CSTATS_HISTOGRAM)
			index = about->histograms[field].sum;
	}
	rcu_read_unlock();
	return index;
}
EXPORT_SYMBOL_GPL(cstats_sum_index);

/**
 * cstats_snapshot_alloc - get memory for a set's snapshots
 * @cs: the set
 *
 * Context: Process context, may sleep; not in memory reclaim.
 * Return: for cstats_snapshot_free(), or ERR_PTR() of -EINVAL (NULL), -ENODEV (not
 * initialized) or -ENOMEM.
 */
struct cstats_snapshot *cstats_snapshot_alloc(struct cstats *cs)
{
	int nr_values = cstats_nr_values(cs);
	struct cstats_snapshot *snap;

	might_sleep();
	if (nr_values < 0)
		return ERR_PTR(nr_values);
	snap = kvzalloc(sizeof(*snap) + nr_values * sizeof(*snap->values), GFP_KERNEL);
	if (!snap)
		return ERR_PTR(-ENOMEM);
	snap->values = (s64 *)(snap + 1);
	snap->nr_values = nr_values;
	return snap;
}
EXPORT_SYMBOL_GPL(cstats_snapshot_alloc);

/**
 * cstats_snapshot_free - give that memory back
 * @snap: from cstats_snapshot_alloc(), or NULL or an error of it
 *
 * Context: Process context, may sleep.
 */
void cstats_snapshot_free(struct cstats_snapshot *snap)
{
	if (!IS_ERR(snap))
		kvfree(snap);
}
EXPORT_SYMBOL_GPL(cstats_snapshot_free);

/**
 * cstats_read_last - get the last snapshot that anybody took
 * @cs: the set
 * @snap: where to store it; @snap->values and @snap->nr_values are the caller's
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
 * @max_age_ms: how old it may become, in milliseconds, but not less than two ticks or
 *		a rotation take, plus the time of a rotation; 0 to end that
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
 * @values: array for cstats_nr_values()
 *
 * For an oops, a panic or a debugger: the values may be torn. It looks at all CPUs'
 * parts of all instances in one go, which takes seconds for 100,000 of them on 64 CPUs.
 *
 * Context: Any. Takes no lock. @cs must not be destroyed meanwhile.
 */
void cstats_read_unsafe(struct cstats *cs, s64 *values)
{
	struct cstats_shared *shared = cs ? READ_ONCE(cs->shared) : NULL;

	if (!shared || !values)
		return;
	cstats_values_now(cstats_set_of(shared), (u64 *)values);
}
EXPORT_SYMBOL_GPL(cstats_read_unsafe);

/**
 * cstats_clear_unsafe - set all fields of a set to zero, gauges too
 * @cs: the set
 *
 * Makes a snapshot of zeros. The caller must ensure that no section is open or
 * starts; otherwise use cstats_reset().
 *
 * Context: As cstats_reset(), whose locks it takes.
 * Return: 0, or with nothing changed an error of cstats_read().
 */
int cstats_clear_unsafe(struct cstats *cs)
{
	struct cstats_set *set = cstats_reader_get(cs);
	int err;

	if (IS_ERR(set))
		return PTR_ERR(set);
	err = cstats_clear_set(set);
	cstats_set_put(set);
	return err;
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

/* Count an error of a writer's. Returns the set, if it is to be reported. */
static const struct cstats_set *cstats_misused(struct cstats_shared *shared)
{
	struct cstats_set *set = cstats_set_of(shared);

	if (cstats_is_sink(shared))
		return NULL;
	atomic_inc(&set->errors);
	return __ratelimit(&set->misuse) ? set : NULL;
}

/**
 * cstats_bad_sequence - a section was released with a wrong sequence number
 * @shared: the set's, or the sink
 *
 * It was released twice, or not in reverse order. That is counted, and
 * reported once a minute for each set.
 *
 * Context: Any.
 */
void cstats_bad_sequence(struct cstats_shared *shared)
{
	const struct cstats_set *set = cstats_misused(shared);

	WARN(set, "cstats: set \"%s\": section released twice or out of order\n",
	     set ? set->name : "");
}
EXPORT_SYMBOL_GPL(cstats_bad_sequence);

/**
 * cstats_bad_index - a section adds to a field that the set does not have
 * @shared: the set's, or the sink
 * @field: the index
 *
 * The add has not been made. That is counted and reported likewise.
 *
 * Context: Any.
 */
void cstats_bad_index(struct cstats_shared *shared, unsigned int field)
{
	const struct cstats_set *set = cstats_misused(shared);

	WARN(set, "cstats: set \"%s\": no field %u, or of another kind\n",
	     set ? set->name : "", field);
}
EXPORT_SYMBOL_GPL(cstats_bad_index);

/**
 * cstats_find_bucket - which bucket of a histogram with given bounds?
 * @h: the histogram
 * @value: the amount
 *
 * Context: Any.
 * Return: the first whose bound is not smaller, or the last.
 */
unsigned int cstats_find_bucket(const struct cstats_histogram *h, u64 value)
{
	unsigned int from = 0, to = h->nr_bounds;

	while (from < to) {
		unsigned int middle = (from + to) / 2;

		if (h->bounds[middle] < value)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}
EXPORT_SYMBOL_GPL(cstats_find_bucket);
