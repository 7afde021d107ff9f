/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The instances of a family.
 */
#ifndef _CSTATS_MEMBER_H
#define _CSTATS_MEMBER_H

#include <linux/mutex.h>
#include <linux/rhashtable-types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "set.h"

/**
 * struct cstats_label - the name of an instance
 * @node: in the family's table of names, until it is another's; names are looked
 *	  up under the family's lock, so a label can be freed at once
 * @member: the instance
 * @ref: held by the instance, and by reports that print it
 * @text: the name; with eleven bytes, all of this fits into 32
 */
struct cstats_label {
	struct rhash_head node;
	struct cstats_member *member;
	refcount_t ref;
	char text[];
};

/**
 * struct cstats_member - the part of an instance that readers know
 * @cells: its slots
 * @set: its family, with a reference
 * @label: its name, or NULL once it is removed
 * @leaving: in the family's list of removed instances
 * @id: in the order of cstats_instance_add()
 * @last: memory of @cells.last
 */
struct cstats_member {
	struct cstats_cells cells;
	struct cstats_set *set;
	struct cstats_label *label;
	struct list_head leaving;
	u32 id;
	u64 last[];
};

/**
 * struct cstats_family - what a set has that has instances
 * @label: what they are
 * @set: the set
 * @lock: all that follows, and who is in which list
 * @members: instances by number, those included that wait for their end
 * @names: labels of those that are not removed
 * @nr_members: how many those are
 * @last_id: for the next number
 * @gone: sums over those that are gone, by slot, CPU and value; under the
 *	  rotations' mutex
 * @leaving: removed, to go after the next grace period
 * @going: to go after the present one
 * @go: lets them go
 * @orphan: in the list of families that are destroyed and still have instances
 */
struct cstats_family {
	char label[CSTATS_NAME_LEN];
	struct cstats_set *set;
	struct mutex lock;	/* of most of this, see above */
	struct xarray members;
	struct rhashtable names;
	unsigned int nr_members;
	u32 last_id;
	u64 *gone;
	struct list_head leaving;
	struct list_head going;
	struct rcu_work go;
	struct list_head orphan;
};

int cstats_members_new(struct cstats_set *set, const char *label);
void cstats_members_free(struct cstats_set *set);
struct cstats_member *cstats_member_new(struct cstats_set *set);
void cstats_member_free(struct cstats_member *member);
struct cstats_member *cstats_member_next(struct cstats_family *family,
					 unsigned long *id);
unsigned int cstats_members_close(struct cstats_set *set, unsigned int index,
				  unsigned long *id, unsigned int budget);
void cstats_values_now(const struct cstats_set *set, u64 *values);
void cstats_members_forget_gone(struct cstats_set *set);

struct cstats_label *cstats_label_new(const char *name);
int cstats_label_insert(struct cstats_family *family, struct cstats_label *label);
void cstats_label_remove(struct cstats_family *family, struct cstats_label *label);
struct cstats_label *cstats_label_find(struct cstats_family *family, const char *name);
void cstats_label_put(struct cstats_label *label);

#endif /* _CSTATS_MEMBER_H */
