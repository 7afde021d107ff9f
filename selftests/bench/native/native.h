/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the native bench share.
 */
#ifndef _CSTATS_BENCH_NATIVE_H
#define _CSTATS_BENCH_NATIVE_H

#include "../writers.h"

/* shim.c */
void shim_cpu_start(unsigned int cpu, int host_cpu);
void shim_barrier_init(void);
void shim_barrier(void);
void writers_mem_init(unsigned int nr_fields);
unsigned int shim_rotate(s64 *values, void (*barrier_on_all)(void));

#endif
