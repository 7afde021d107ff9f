// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the registry, in which sets are found
 *
 * Sets are found by name and by the address of their struct cstats, in hash
 * tables, and in the order of cstats_init(), in an XArray. The lock is a leaf:
 * nothing sleeps, allocates or waits under it, but for the objects of debugobjects.
 * The registry knows no rotation.
 *
 * A set is retired first: its user is done with it, readers leave it alone and
 * the address is free. It is unregistered when its files are gone, too; until
 * then its name stays taken.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/stringhash.h>
#include <linux/xarray.h>

#include "debug.h"
#include "registry.h"

#define CSTATS_HASH_BITS	12

static DEFINE_SPINLOCK(cstats_registry_lock);
static DEFINE_HASHTABLE(cstats_by_name, CSTATS_HASH_BITS);
static DEFINE_HASHTABLE(cstats_by_user, CSTATS_HASH_BITS);
static DEFINE_XARRAY_ALLOC1(cstats_by_id);
static u32 cstats_last_id;
static unsigned int cstats_count;

static u32 cstats_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

/* The set with this user that is not retired, or NULL. Needs the lock. */
static struct cstats_set *cstats_find_user(const struct cstats *user)
{
	struct cstats_set *set;

	hash_for_each_possible(cstats_by_user, set, entry.by_user,
			       (unsigned long)user)
		if (set->entry.user == user)
			return set;
	return NULL;
}

static struct cstats_set *cstats_find_name(const char *name)
{
	struct cstats_set *set;

	hash_for_each_possible(cstats_by_name, set, entry.by_name,
			       cstats_hash(name))
		if (!strcmp(set->name, name))
			return set;
	return NULL;
}

/**
 * cstats_register - take a set's name and its user
 * @set: the set; the registry takes the caller's reference
 * @user: the struct cstats that it is behind
 * @owner: the module of that
 *
 * Return: 0, or after a line in the log -EBUSY, -EEXIST or -ENOMEM, with the
 * reference still the caller's; or -EAGAIN, without a line, if a set that is
 * retired has the name.
 */
int cstats_register(struct cstats_set *set, const struct cstats *user,
		    struct module *owner)
{
	struct cstats_entry *entry = &set->entry;
	struct cstats_set *other, *namesake;
	int err;

	/* Allocates, hence before the lock. Nobody looks until it is listed. */
	err = xa_alloc_cyclic(&cstats_by_id, &entry->id, set, CSTATS_IDS,
			      &cstats_last_id, GFP_KERNEL);
	if (err < 0) {
		pr_err("set \"%s\": out of memory\n", set->name);
		return err;
	}
	err = 0;
	entry->user = user;
	entry->owner = owner;
	spin_lock(&cstats_registry_lock);
	other = cstats_find_user(user);
	namesake = cstats_find_name(set->name);
	if (other) {
		pr_err("set \"%s\": already initialized as \"%s\"\n",
		       set->name, other->name);
		err = -EBUSY;
	} else if (namesake && namesake->dead) {
		err = -EAGAIN;
	} else if (namesake) {
		pr_err("set \"%s\": name is in use\n", set->name);
		err = -EEXIST;
	} else {
		hash_add(cstats_by_user, &entry->by_user, (unsigned long)user);
		hash_add(cstats_by_name, &entry->by_name, cstats_hash(set->name));
		WRITE_ONCE(cstats_count, cstats_count + 1);
	}
	spin_unlock(&cstats_registry_lock);
	if (err)
		xa_erase(&cstats_by_id, entry->id);
	return err;
}

/**
 * cstats_list - let a set be found, and be retired
 * @set: the set, which is registered and ready
 *
 * Another task that takes the same struct cstats for its own may destroy it at any
 * time. Until here, that does nothing.
 */
void cstats_list(struct cstats_set *set)
{
	spin_lock(&cstats_registry_lock);
	cstats_debug_live(set->entry.user);
	WRITE_ONCE(set->entry.listed, true);
	spin_unlock(&cstats_registry_lock);
}

/* Unless it is still being initialized, or is retired already. Needs the lock. */
static bool cstats_retire_locked(struct cstats_set *set)
{
	if (!set->entry.listed)
		return false;
	cstats_debug_gone(set->entry.user);
	hash_del(&set->entry.by_user);
	WRITE_ONCE(set->entry.listed, false);
	WRITE_ONCE(set->dead, true);
	return true;
}

/**
 * cstats_retire - let go of the set that has this user
 * @user: the struct cstats
 *
 * Return: the set, for cstats_unregister(), or NULL if there is none, or if it is
 * still being initialized.
 */
struct cstats_set *cstats_retire(struct cstats *user)
{
	struct cstats_set *set;

	spin_lock(&cstats_registry_lock);
	set = cstats_find_user(user);
	if (set && cstats_retire_locked(set))
		WRITE_ONCE(user->shared, NULL);	/* from here on it may get another set */
	else
		set = NULL;
	spin_unlock(&cstats_registry_lock);
	return set;
}

/**
 * cstats_retire_freed - let go of a set whose struct cstats was freed, or overwritten
 * @user: the struct cstats, which may hold garbage
 *
 * Return: the set, for cstats_unregister(), or NULL if there is none.
 */
struct cstats_set *cstats_retire_freed(const struct cstats *user)
{
	struct cstats_set *set;

	spin_lock(&cstats_registry_lock);
	set = cstats_find_user(user);
	if (set && !(set->entry.listed && READ_ONCE(user->shared) != &set->shared &&
		     cstats_retire_locked(set)))
		set = NULL;
	spin_unlock(&cstats_registry_lock);
	return set;
}

/**
 * cstats_disown - let writers of a set that failed to initialize do no harm
 * @user: the struct cstats, which may hold garbage; unless it has another set
 */
void cstats_disown(struct cstats *user)
{
	spin_lock(&cstats_registry_lock);
	if (!cstats_find_user(user))
		WRITE_ONCE(user->shared, NULL);
	spin_unlock(&cstats_registry_lock);
}

/**
 * cstats_retire_of - let go of a set that a module has left behind
 * @owner: the module, or NULL for any
 * @id: where to go on; 0 at first
 *
 * Return: the next of them, for cstats_unregister(), or NULL if there is none.
 */
struct cstats_set *cstats_retire_of(const struct module *owner, u32 *id)
{
	struct cstats_set *set;
	bool found = false;

	while ((set = cstats_next_set(id))) {
		if (!owner || set->entry.owner == owner) {
			spin_lock(&cstats_registry_lock);
			found = cstats_retire_locked(set);
			spin_unlock(&cstats_registry_lock);
		}
		cstats_set_put(set);
		if (found)
			return set;
		cond_resched();
	}
	return NULL;
}

/**
 * cstats_unregister - forget a set that is retired
 * @set: the set; the registry's reference is dropped
 */
void cstats_unregister(struct cstats_set *set)
{
	spin_lock(&cstats_registry_lock);
	hash_del(&set->entry.by_name);
	WRITE_ONCE(cstats_count, cstats_count - 1);
	spin_unlock(&cstats_registry_lock);
	xa_erase(&cstats_by_id, set->entry.id);
	cstats_set_put(set);
}

/**
 * cstats_peek_set - walk the sets as they are, without a lock and without references
 * @id: where to go on; 0 at first
 *
 * Context: Any, in an RCU reader, which keeps the set in memory.
 * Return: the next set in the order of cstats_init(), or NULL at the end.
 */
struct cstats_set *cstats_peek_set(u32 *id)
{
	unsigned long index = *id;
	struct cstats_set *set;

	set = xa_find(&cstats_by_id, &index, U32_MAX, XA_PRESENT);
	while (set && !READ_ONCE(set->entry.listed))
		set = xa_find_after(&cstats_by_id, &index, U32_MAX, XA_PRESENT);
	*id = index + 1;
	return set;
}

/**
 * cstats_next_set - walk the sets in the order of cstats_init()
 * @id: where to go on; 0 at first
 *
 * Return: the next set, with a reference for the caller, or NULL at the end.
 */
struct cstats_set *cstats_next_set(u32 *id)
{
	struct cstats_set *set;

	rcu_read_lock();
	do {
		set = cstats_peek_set(id);
	} while (set && !cstats_set_tryget(set));
	rcu_read_unlock();
	return set;
}

/* How many there are, or a few more. */
unsigned int cstats_nr_sets(void)
{
	return READ_ONCE(cstats_count);
}
