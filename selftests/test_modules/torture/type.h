/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_TYPE_H
#define _TORTURE_TYPE_H

#include <linux/cstats.h>
#include <linux/types.h>

#include "set.h"

/**
 * struct torture_type - the real test, or one that must fail
 * @name: as in the parameter torture_type
 * @read: reads @snap of the set of a flavour; @stale is the caller's for what it
 *	  read of it before, @random the state of its random numbers
 * @split: an update is in two sections
 * @early: tells of a section before it is there
 * @loses: tells of sections that never were
 * @split_transfer: a transfer between instances is in two sections
 * @late_bucket: an amount is counted in its bucket in a section of its own
 * @late_sum: the same for the sum
 * @anew: removes an instance and adds it in place of a change of its name
 * @members: takes the sums over the instances that are there for the family's
 */
struct torture_type {
	const char *name;
	int (*read)(enum torture_flavour flavour, struct cstats_snapshot *snap,
		    struct cstats_snapshot *stale, u32 *random);
	bool split;
	bool early;
	bool loses;
	bool split_transfer;
	bool late_bucket;
	bool late_sum;
	bool anew;
	bool members;
};

extern const struct torture_type *torture_type;

/* The parameter, and whether there is such a type: from then on torture_type. */
extern char *torture_type_name;
bool torture_type_choose(void);

#endif /* _TORTURE_TYPE_H */
