/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_SET_H
#define _TORTURE_SET_H

#include <linux/cache.h>
#include <linux/cstats.h>
#include <linux/types.h>

/* The fields of the set; after the copies, two for each writer. */
enum { SECTIONS, IN, OUT, MADE, TAKEN, GONE, COPIES };

enum torture_context { TASK, SOFTIRQ, HARDIRQ, NMI, BRINGUP, NR_CONTEXTS };

extern const char * const torture_contexts[NR_CONTEXTS];

/* What one writer says it did. */
struct torture_tally {
	enum torture_context context;
	unsigned int field;	/* for the number of sections; next: of indices */
	u32 random;
	unsigned long started;	/* sections, before each */
	unsigned long ended;	/* sections, after each */
	u64 in;
	u64 chain[COPIES];	/* of MADE to GONE */
	char *cold;		/* memory that is in no cache */
	size_t pos;
} ____cacheline_aligned_in_smp;

extern struct cstats torture_set;
extern unsigned int torture_nr_fields;	/* with those of each writer */
extern struct torture_tally *torture_tallies;
extern unsigned int torture_nr_tallies;

int torture_tallies_alloc(void);
void torture_tallies_free(void);

/* The next tally, for a writer in @context. */
struct torture_tally *torture_tally(enum torture_context context);

/* When all tallies are given out. */
int torture_set_init(void);
void torture_set_destroy(void);

#endif /* _TORTURE_SET_H */
