// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the functions for readers, on top of the rotations in core.c
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "internal.h"
#include "compat.h"

/*
 * May the caller wait for a rotation of @set? Not from within a section: no
 * other task's section can be open on this CPU, as they cannot be preempted.
 */
static int cstats_check_reader(struct cstats_set *set)
{
	bool open;

	preempt_disable();
	open = READ_ONCE(this_cpu_ptr(set->cpu)->seq) & 1;
	preempt_enable();
	if (!open)
		return 0;
	atomic_inc(&set->errors);
	WARN_ONCE(1, "cstats: read of set \"%s\" on a CPU with an open section of it\n",
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
	return snap->values && snap->nr_fields >= set->nr_fields;
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
 * Context: Process context, may sleep. Not within a section of @cs, not in a
 * CPU hotplug callback, not under a lock that sections take.
 * Return: 0, or with @snap unchanged -EINVAL (NULL, or no room for all
 * fields), -ENODEV (not initialized, or destroyed), -EDEADLK (called within a
 * section of @cs), -ETIMEDOUT (a section has been open for longer than the
 * module parameter ``stall_ms``; nothing is lost, and reads work again once it
 * has ended).
 */
int cstats_read(struct cstats *cs, struct cstats_snapshot *snap)
{
	struct cstats_set *set = cstats_reader_get(cs);
	int err;

	if (IS_ERR(set))
		return PTR_ERR(set);
	if (!snap || !cstats_snapshot_fits(set, snap)) {
		cstats_set_put(set);
		return -EINVAL;
	}
	err = cstats_await(set, cstats_request(set));
	if (!err)
		cstats_copy(set, snap);
	cstats_set_put(set);
	return err;
}
EXPORT_SYMBOL_GPL(cstats_read);

/**
 * cstats_read_last - get the last snapshot that anybody took
 * @cs: the set
 * @snap: where to store it; @snap->values and @snap->nr_fields are the caller's
 *
 * Before the first rotation that is number 0, all zeros.
 *
 * Context: Any, NMI included. Never waits for a writer or for a rotation.
 * Return: 0, or -EINVAL or -ENODEV as cstats_read(), with @snap unchanged.
 */
int cstats_read_last(struct cstats *cs, struct cstats_snapshot *snap)
{
	struct cstats_set *set;
	int err = -ENODEV;

	if (!cs || !snap)
		return -EINVAL;
	rcu_read_lock();
	set = rcu_dereference(cs->set);
	if (set) {
		err = cstats_snapshot_fits(set, snap) ? 0 : -EINVAL;
		if (!err)
			cstats_copy(set, snap);
	}
	rcu_read_unlock();
	return err;
}
EXPORT_SYMBOL_GPL(cstats_read_last);

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
	struct cstats_set *set = cs ? rcu_dereference_raw(cs->set) : NULL;
	unsigned int i;
	int cpu;

	if (!set || !values)
		return;
	for (i = 0; i < set->nr_fields; i++) {
		u64 sum = -READ_ONCE(set->base[i]);

		for_each_possible_cpu(cpu)
			sum += (u64)local64_read(cstats_slot(set, cpu, 0) + i) +
			       (u64)local64_read(cstats_slot(set, cpu, 1) + i);
		values[i] = sum;
	}
}
EXPORT_SYMBOL_GPL(cstats_read_unsafe);

/**
 * cstats_clear_unsafe - set all fields of a set to zero
 * @cs: the set; nothing happens if it is NULL or not initialized
 *
 * Counts as a rotation. The caller guarantees that no section is open and
 * none starts; who cannot does better with cstats_reset().
 *
 * Context: Process context, may sleep.
 */
void cstats_clear_unsafe(struct cstats *cs)
{
	struct cstats_set *set = cs ? cstats_set_get(cs) : NULL;

	if (!set)
		return;
	cstats_lock();
	if (set->cs)
		cstats_zero(set);
	cstats_unlock();
	cstats_set_put(set);
}
EXPORT_SYMBOL_GPL(cstats_clear_unsafe);

/**
 * cstats_reset_set - cstats_reset() for who has the set
 * @set: the set, with a reference held
 *
 * Return: as cstats_reset().
 */
int cstats_reset_set(struct cstats_set *set)
{
	u64 *old;

	cstats_lock();
	old = cstats_cut(set, true);
	cstats_unlock();
	if (IS_ERR(old))
		return PTR_ERR(old);
	kvfree(old);
	return 0;
}

/**
 * cstats_reset - let later snapshots count from here
 * @cs: the set
 *
 * Takes two rotations, and writes nothing that writers use. All fields start
 * from zero, gauges too, which then show the change since the reset: whatever
 * adds up keeps adding up.
 *
 * Context: As cstats_read().
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
 * @cpu: the CPU's part of the set
 *
 * Released twice, not in reverse order, or after sleeping. A wrong statistic
 * is no reason to stop a machine, so it is counted and reported once.
 *
 * Context: Any.
 */
void cstats_bad_sequence(struct cstats_cpu *cpu)
{
	atomic_inc(&cpu->errors);
	WARN_ONCE(1, "cstats: section released twice, out of order or after sleeping\n");
}
EXPORT_SYMBOL_GPL(cstats_bad_sequence);

/**
 * cstats_errors - errors that were noticed on a set
 * @set: the set
 *
 * Return: how many, those of its readers and of its sections.
 */
unsigned int cstats_errors(const struct cstats_set *set)
{
	unsigned int sum = atomic_read(&set->errors);
	int cpu;

	for_each_possible_cpu(cpu)
		sum += atomic_read(&per_cpu_ptr(set->cpu, cpu)->errors);
	return sum;
}
