// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: two slots on each CPU, summed and noted
 *
 * Nothing here knows of sets, rotations or locks. Callers see to it that nobody
 * writes to a slot which is closed, and that one task at a time is here for the
 * same cells.
 */
#include <linux/cpumask.h>
#include <linux/kcsan-checks.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cells.h"

/**
 * cstats_cells_close - sum a slot that nobody writes to any more
 * @cells: whose slot
 * @nr: number of values
 * @index: which slot
 * @total: the family's, which it is added to, or NULL
 */
void cstats_cells_close(struct cstats_cells *cells, unsigned int nr,
			unsigned int index, struct cstats_cells *total)
{
	u64 *last = cells->last + (size_t)index * nr;
	unsigned int i;
	int cpu;

	memset(last, 0, nr * sizeof(*last));
	for_each_possible_cpu(cpu) {
		local64_t *slot = per_cpu_ptr(cells->slots, cpu) + (size_t)index * nr;
		u64 *part = cells->parts ? cells->parts +
			    ((size_t)index * nr_cpu_ids + cpu) * nr : NULL;
		u64 *parts = total && total->parts ? total->parts +
			     ((size_t)index * nr_cpu_ids + cpu) * nr : NULL;

		for (i = 0; i < nr; i++) {
			u64 value = local64_read(&slot[i]);

			ASSERT_EXCLUSIVE_WRITER(slot[i]);
			last[i] += value;
			if (part)
				part[i] = value;
			if (parts)
				parts[i] += value;
		}
		cond_resched();
	}
	for (i = 0; total && i < nr; i++)
		total->last[(size_t)index * nr + i] += last[i];
}

/**
 * cstats_cells_close_gone - the same for the values of cells that are gone
 * @total: what they are added to
 * @nr: number of values
 * @index: which slot
 * @gone: see cstats_cells_fold()
 */
void cstats_cells_close_gone(struct cstats_cells *total, unsigned int nr,
			     unsigned int index, const u64 *gone)
{
	u64 *last = total->last + (size_t)index * nr;
	unsigned int cpu, i;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		size_t at = ((size_t)index * nr_cpu_ids + cpu) * nr;

		for (i = 0; i < nr; i++) {
			last[i] += gone[at + i];
			if (total->parts)
				total->parts[at + i] += gone[at + i];
		}
		cond_resched();
	}
}

/**
 * cstats_cells_fold - add slots that nobody will ever write to again
 * @cells: whose slots
 * @nr: number of values
 * @gone: what both are added to, by slot, CPU and value
 */
void cstats_cells_fold(const struct cstats_cells *cells, unsigned int nr, u64 *gone)
{
	unsigned int index, i;
	int cpu;

	for_each_possible_cpu(cpu) {
		const local64_t *slot = per_cpu_ptr(cells->slots, cpu);

		for (index = 0; index < 2; index++)
			for (i = 0; i < nr; i++)
				gone[((size_t)index * nr_cpu_ids + cpu) * nr + i] +=
					local64_read(&slot[index * nr + i]);
		cond_resched();
	}
}

/* Set both slots, which nobody writes to, to zero, and their sums. */
void cstats_cells_zero(const struct cstats_cells *cells, unsigned int nr)
{
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		for (i = 0; i < 2 * nr; i++)
			local64_set(per_cpu_ptr(cells->slots, cpu) + i, 0);
		cond_resched();
	}
	memset(cells->last, 0, 2 * nr * sizeof(*cells->last));
	if (cells->base)
		memset(cells->base, 0, nr * sizeof(*cells->base));
}

/* Memory for the noted values of both slots, or NULL. */
u64 *cstats_cells_alloc_parts(unsigned int nr)
{
	return kvcalloc(2 * (size_t)nr_cpu_ids * nr, sizeof(u64), GFP_KERNEL);
}

/**
 * cstats_cells_merge_parts - make the parts of a snapshot from what was noted
 * @cells: whose
 * @nr: number of values
 * @parts: both slots as noted; the first half becomes their sum less the base
 * @based: whether to subtract the base
 */
void cstats_cells_merge_parts(const struct cstats_cells *cells, unsigned int nr,
			      u64 *parts, bool based)
{
	size_t n = (size_t)nr_cpu_ids * nr, at = 0;
	unsigned int i;

	while (at < n) {
		for (i = 0; i < nr; i++, at++)
			parts[at] += parts[n + at] -
				     (based && cells->base_cpu ? cells->base_cpu[at] : 0);
		cond_resched();
	}
}
