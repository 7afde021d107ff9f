/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_CHECK_H
#define _TORTURE_CHECK_H

#include <linux/cstats.h>
#include <linux/types.h>

#include "set.h"

/* The highest of everything that any reader has got so far. */
enum { NUMBER = GONE + 1, TIME, NR_LATEST };

void torture_known(enum torture_flavour flavour, s64 known[NR_LATEST]);
s64 torture_latest_number(enum torture_flavour flavour);

/* Do the values of a snapshot fit each other? */
void torture_check_values(const s64 *v, const char *what, u64 number);

/* Do those of one instance, or of a family? */
void torture_check_part(const s64 *v, const char *what, u64 number);

/* Is @snap later than what was known before? As new as it must be, if @fresh. */
void torture_check_order(enum torture_flavour flavour,
			 const struct cstats_snapshot *snap,
			 const s64 known[NR_LATEST], bool fresh);

/* Are the sections in that had ended before, and those out that start after? */
void torture_note_ended(unsigned long *ended);
void torture_check_ended(const struct cstats_snapshot *snap,
			 const unsigned long *ended);

/* All is quiet: every field must be what the tallies say. @scratch is for values. */
void torture_check_totals(enum torture_flavour flavour, struct cstats_snapshot *snap,
			  s64 *scratch);

#endif /* _TORTURE_CHECK_H */
