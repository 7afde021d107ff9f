/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_INSTANCES_H
#define _TORTURE_INSTANCES_H

#include <linux/cstats.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include "params.h"
#include "set.h"

/**
 * struct torture_instance - one of a family's, or of each flavour's family
 * @inst: what cstats knows
 * @sem: held by readers, and while it comes or goes
 * @there: it is in the family
 * @known: the most sections that anybody has read of it
 *
 * The first two stay, and are only renamed. The one after the last is never there.
 */
struct torture_instance {
	struct cstats_instance inst[NR_FLAVOURS];
	struct rw_semaphore sem;
	bool there;
	atomic64_t known[NR_FLAVOURS];
};

extern struct torture_instance *torture_instances;
extern unsigned long torture_nr_renewed;	/* added, renamed or removed so far */
extern unsigned long torture_nr_pairs;		/* compared, of one snapshot */

static inline struct cstats_instance *torture_instance(unsigned int i,
						       enum torture_flavour flavour)
{
	return &torture_instances[i].inst[flavour];
}

/* Any of them, or that which is not there. */
static inline struct cstats_instance *torture_instance_any(u32 dice,
							   enum torture_flavour flavour)
{
	return torture_instance(dice % (torture.instances + 1), flavour);
}

/* Of those that are initialized. */
int torture_instances_alloc(void);
int torture_instances_add(void);
void torture_instances_remove(void);
void torture_instances_free(void);

/* The thread that adds, renames and removes. */
int torture_renew(void *unused);

/* Read one, and have it checked. */
void torture_instance_read(enum torture_flavour flavour, struct cstats_snapshot *snap,
			   u32 dice);

/* Replace the values of @snap by the sums over the instances. */
void torture_instances_sum(enum torture_flavour flavour, struct cstats_snapshot *snap,
			   struct cstats_snapshot *scratch);

/* All is quiet: what was transferred must be what the tallies say. */
void torture_instances_check(enum torture_flavour flavour, struct cstats_snapshot *snap);

#endif /* _TORTURE_INSTANCES_H */
