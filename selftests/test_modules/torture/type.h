/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_TYPE_H
#define _TORTURE_TYPE_H

#include <linux/cstats.h>
#include <linux/types.h>

/**
 * struct torture_type - the real test, or one that must fail
 * @name: as in the parameter torture_type
 * @read: reads @snap; @stale is the caller's for what it read before, @random
 *	  the state of its random numbers
 * @split: an update is in two sections
 * @early: tells of a section before it is there
 * @loses: tells of sections that never were
 */
struct torture_type {
	const char *name;
	int (*read)(struct cstats_snapshot *snap, struct cstats_snapshot *stale,
		    u32 *random);
	bool split;
	bool early;
	bool loses;
};

extern const struct torture_type *torture_type;

/* The parameter, and whether there is such a type: from then on torture_type. */
extern char *torture_type_name;
bool torture_type_choose(void);

#endif /* _TORTURE_TYPE_H */
