/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The barrier that readers supply for writers, on all CPUs.
 */
#ifndef _CSTATS_BARRIER_H
#define _CSTATS_BARRIER_H

#include <linux/types.h>

/**
 * enum cstats_proof - the proof that the end of a barrier gives
 * @CSTATS_SEEN: each CPU has executed a full barrier: a section that goes on
 *		 there with the old generation has its sequence counter odd
 * @CSTATS_OVER: no section with the old generation goes on
 */
enum cstats_proof { CSTATS_SEEN, CSTATS_OVER };

void cstats_barrier_init(void);
enum cstats_proof cstats_barrier_plan(void);
enum cstats_proof cstats_barrier_start(enum cstats_proof plan);
bool cstats_barrier_done(void);
void cstats_barrier_drain(void);

#endif /* _CSTATS_BARRIER_H */
