/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_SET_H
#define _TORTURE_SET_H

#include <linux/cache.h>
#include <linux/cstats.h>
#include <linux/types.h>

#include "histogram.h"

/* The fields of a set; after the copies, two for each writer, then the extras. */
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
	u64 moved;		/* to the first instance, from the second */
	u64 observed;
	u64 buckets[NR_HISTOGRAMS][TORTURE_BUCKETS];
	char *cold;		/* memory that is in no cache */
	size_t pos;
} ____cacheline_aligned_in_smp;

/*
 * The sets that are tortured, by flavour. If it is both, each section is one of
 * either, and does the same to either.
 */
enum torture_flavour { FLAVOUR_SEQ, FLAVOUR_RCU, NR_FLAVOURS };

extern struct cstats_rcu torture_sets[NR_FLAVOURS];
extern unsigned long torture_flavours;	/* which of them are there, by bit */

/* The parameter, and whether it is well-formed: from then on torture_flavours. */
extern char *torture_flavour_name;
bool torture_flavour_choose(void);

/* One that is there. */
enum torture_flavour torture_flavour_any(u32 dice);

extern unsigned int torture_nr_fields;	/* with those of each writer, and extras */
extern unsigned int torture_nr_values;	/* with those of histograms */
extern unsigned int torture_moved;	/* the field of what instances exchange */
extern struct torture_tally *torture_tallies;
extern unsigned int torture_nr_tallies;

int torture_tallies_alloc(void);
void torture_tallies_free(void);

/* The next tally, for a writer in @context. */
struct torture_tally *torture_tally(enum torture_context context);

/* When all tallies are given out. */
int torture_fields_alloc(void);
void torture_fields_free(void);

int torture_sets_init(void);
void torture_sets_destroy(void);

#endif /* _TORTURE_SET_H */
