/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two slots on each CPU, and what readers know of them.
 */
#ifndef _CSTATS_CELLS_H
#define _CSTATS_CELLS_H

#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <asm/local64.h>

/**
 * struct cstats_cells - the slots of a set, or of an instance
 * @slots: slot 0, then slot 1, on each CPU
 * @last: total of each slot when it was last closed
 * @parts: where each CPU's slots are noted when they are closed, or NULL
 * @base: what is subtracted from their sum since a reset, or NULL
 * @base_cpu: the same for each CPU, or NULL
 *
 * Arrays have the number of values as their innermost dimension.
 */
struct cstats_cells {
	local64_t __percpu *slots;
	u64 *last;
	u64 *parts;
	u64 *base;
	u64 *base_cpu;
};

void cstats_cells_close(struct cstats_cells *cells, unsigned int nr,
			unsigned int index, struct cstats_cells *total);
void cstats_cells_close_gone(struct cstats_cells *total, unsigned int nr,
			     unsigned int index, const u64 *gone);
void cstats_cells_fold(const struct cstats_cells *cells, unsigned int nr, u64 *gone);
void cstats_cells_zero(const struct cstats_cells *cells, unsigned int nr);
u64 *cstats_cells_alloc_parts(unsigned int nr);
void cstats_cells_merge_parts(const struct cstats_cells *cells, unsigned int nr,
			      u64 *parts, bool based);

/* Cache lines of other CPUs that the sums of a slot look at, and a little for the rest. */
static inline unsigned int cstats_cells_cost(unsigned int nr)
{
	return num_possible_cpus() * (1 + nr / 8) + 4;
}

/* Value @i of the last snapshot. */
static inline u64 cstats_cells_value(const struct cstats_cells *cells,
				     unsigned int nr, unsigned int i)
{
	return cells->last[i] + cells->last[nr + i] - (cells->base ? cells->base[i] : 0);
}

/* What is in a CPU's slots right now. */
static inline u64 cstats_cells_now(const struct cstats_cells *cells, unsigned int nr,
				   int cpu, unsigned int i)
{
	const local64_t *slot = per_cpu_ptr(cells->slots, cpu);

	return (u64)local64_read(&slot[i]) + (u64)local64_read(&slot[nr + i]);
}

/* The same on all CPUs. */
static inline u64 cstats_cells_sum_now(const struct cstats_cells *cells, unsigned int nr,
				       unsigned int i)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += cstats_cells_now(cells, nr, cpu, i);
	return sum;
}

#endif /* _CSTATS_CELLS_H */
