// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the instances of a family, found by number and by name, and summed
 *
 * They are numbered in the order in which they came, in an XArray, which is how
 * rotations and reports walk them; a hash table has their names. This file knows
 * no rotation: family.c lets instances come and go.
 */
#include <linux/cpumask.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "member.h"

/*
 * Names are looked up by their text. They differ in few bytes, mostly, and a chain
 * of 17 in a table that is being resized makes rhashtable refuse the next name:
 * full_name_hash() is not good enough.
 */
static u32 cstats_label_hash(const void *data, u32 len, u32 seed)
{
	return jhash(data, strlen(data), seed);
}

static u32 cstats_label_obj_hash(const void *data, u32 len, u32 seed)
{
	const struct cstats_label *label = data;

	return cstats_label_hash(label->text, len, seed);
}

static int cstats_label_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct cstats_label *label = obj;

	return strcmp(arg->key, label->text);
}

static const struct rhashtable_params cstats_label_params = {
	.head_offset = offsetof(struct cstats_label, node),
	.hashfn = cstats_label_hash,
	.obj_hashfn = cstats_label_obj_hash,
	.obj_cmpfn = cstats_label_cmp,
	.automatic_shrinking = true,
};

/* A label with one reference, or NULL without memory. */
struct cstats_label *cstats_label_new(const char *name)
{
	size_t size = strlen(name) + 1;
	struct cstats_label *label;

	/* Not struct_size(), which counts the padding behind ->ref as well. */
	label = kzalloc(offsetof(struct cstats_label, text) + size, GFP_KERNEL);
	if (!label)
		return NULL;
	refcount_set(&label->ref, 1);
	memcpy(label->text, name, size);
	return label;
}

/*
 * Returns 0, -EEXIST, -ENOMEM, or -EAGAIN: the table has as many names as it has
 * buckets, and a worker that is to enlarge it is late.
 */
int cstats_label_insert(struct cstats_family *family, struct cstats_label *label)
{
	int err = rhashtable_lookup_insert_key(&family->names, label->text,
					       &label->node, cstats_label_params);

	if (err == -EBUSY)
		return -EAGAIN;
	return err == 0 || err == -EEXIST ? err : -ENOMEM;
}

/* Free the name for others. */
void cstats_label_remove(struct cstats_family *family, struct cstats_label *label)
{
	rhashtable_remove_fast(&family->names, &label->node, cstats_label_params);
	cstats_label_put(label);
}

/* Needs the family's lock. */
struct cstats_label *cstats_label_find(struct cstats_family *family, const char *name)
{
	return rhashtable_lookup_fast(&family->names, name, cstats_label_params);
}

void cstats_label_put(struct cstats_label *label)
{
	if (label && refcount_dec_and_test(&label->ref))
		kfree(label);
}

/* Make @set a family. Returns 0 or -ENOMEM. */
int cstats_members_new(struct cstats_set *set, const char *label)
{
	struct cstats_family *family = kzalloc(sizeof(*family), GFP_KERNEL);

	if (!family)
		return -ENOMEM;
	family->gone = cstats_cells_alloc_parts(set->shared.nr_values);
	if (!family->gone || rhashtable_init(&family->names, &cstats_label_params)) {
		kvfree(family->gone);
		kfree(family);
		return -ENOMEM;
	}
	strscpy(family->label, label, sizeof(family->label));
	family->set = set;
	mutex_init(&family->lock);
	xa_init_flags(&family->members, XA_FLAGS_ALLOC1);
	INIT_LIST_HEAD(&family->leaving);
	INIT_LIST_HEAD(&family->going);
	INIT_LIST_HEAD(&family->orphan);
	set->family = family;
	return 0;
}

/* The set goes, and has no instances any more. */
void cstats_members_free(struct cstats_set *set)
{
	struct cstats_family *family = set->family;

	if (!family)
		return;
	rhashtable_destroy(&family->names);
	xa_destroy(&family->members);
	kvfree(family->gone);
	kfree(family);
}

/* An instance without a name or a number, or NULL without memory. */
struct cstats_member *cstats_member_new(struct cstats_set *set)
{
	unsigned int nr = set->shared.nr_values;
	struct cstats_member *member;

	member = kvzalloc(struct_size(member, last, 2 * nr), GFP_KERNEL);
	if (!member)
		return NULL;
	member->cells.slots = __alloc_percpu(2 * nr * sizeof(local64_t),
					     sizeof(local64_t));
	if (!member->cells.slots) {
		kvfree(member);
		return NULL;
	}
	member->cells.last = member->last;
	member->set = set;
	refcount_inc(&set->ref);
	return member;
}

void cstats_member_free(struct cstats_member *member)
{
	if (!member)
		return;
	cstats_set_put(member->set);
	cstats_label_put(member->label);
	free_percpu(member->cells.slots);
	kvfree(member->cells.parts);
	kvfree(member->cells.base);
	kvfree(member);
}

/**
 * cstats_member_next - walk the instances in the order in which they came
 * @family: the family, with its lock held, or the rotations' mutex
 * @id: where to go on; 0 at first
 *
 * Return: the next one, removed or not, or NULL at the end.
 */
struct cstats_member *cstats_member_next(struct cstats_family *family,
					 unsigned long *id)
{
	struct cstats_member *member;

	member = xa_find(&family->members, id, ULONG_MAX, XA_PRESENT);
	if (member)
		++*id;
	return member;
}

/**
 * cstats_members_close - sum a slot of the instances
 * @set: the family
 * @index: which slot; nobody writes to it any more
 * @id: where to go on; 0 at first
 * @budget: cache lines that may be looked at
 *
 * It needs the rotations' mutex.
 *
 * Return: what is left of @budget; 0 if instances may be left.
 */
unsigned int cstats_members_close(struct cstats_set *set, unsigned int index,
				  unsigned long *id, unsigned int budget)
{
	unsigned int nr = set->shared.nr_values;
	unsigned int cost = cstats_cells_cost(nr);
	struct cstats_member *member;

	while ((member = cstats_member_next(set->family, id))) {
		cstats_cells_close(&member->cells, nr, index, &set->cells);
		if (budget <= cost)
			return 0;
		budget -= cost;
	}
	return budget;
}

/* Add what is in all instances' slots right now, and what is gone. */
static void cstats_members_now(const struct cstats_set *set, u64 *values)
{
	unsigned int nr = set->shared.nr_values, i;
	struct cstats_member *member;
	unsigned long id;
	size_t n;

	for (n = 0; n < 2 * (size_t)nr_cpu_ids * nr; n++)
		values[n % nr] += READ_ONCE(set->family->gone[n]);
	rcu_read_lock();
	xa_for_each(&set->family->members, id, member)
		for (i = 0; i < nr; i++)
			values[i] += cstats_cells_sum_now(&member->cells, nr, i);
	rcu_read_unlock();
}

/**
 * cstats_values_now - add up a set without any synchronization
 * @set: the set
 * @values: where to store its values, which sections may be changing
 *
 * Context: Any. Takes no lock.
 */
void cstats_values_now(const struct cstats_set *set, u64 *values)
{
	unsigned int nr = set->shared.nr_values, i;

	for (i = 0; i < nr; i++)
		values[i] = cstats_cells_sum_now(&set->cells, nr, i) -
			    READ_ONCE(set->cells.base[i]);
	if (set->family)
		cstats_members_now(set, values);
}

/* Those that are gone count no more. Needs the rotations' mutex. */
void cstats_members_forget_gone(struct cstats_set *set)
{
	memset(set->family->gone, 0,
	       2 * (size_t)nr_cpu_ids * set->shared.nr_values * sizeof(u64));
}
