// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the last snapshot, published for readers in any context
 *
 * There are two buffers. The newest is left alone while the other one is
 * filled, so a reader retries only if a whole publication and the beginning of
 * the next fell into its copying. Readers in NMIs may interrupt a publication:
 * they find the newest buffer whole.
 *
 *	label		where				pairs with
 *	publish:F1	publish: smp_wmb() before	copy:G2
 *			the buffer is changed
 *	publish:F2	publish: smp_wmb() before	copy:G1
 *			->newest says so
 *	copy:G1		copy: load-acquire of ->newest	publish:F2
 *	copy:G2		copy: smp_rmb() before the	publish:F1
 *			second look at ->newest
 *
 * If copy:G1 reads the ->newest that was stored after publish:F2, the values
 * read next are those stored before publish:F2, or newer. If a value read
 * there is from the publication that follows, which was stored after its
 * publish:F1, then the load after copy:G2 sees at least the ->newest before
 * that publish:F1, which differs from the first one: the copy is thrown away.
 *
 * Forbidden otherwise: cstats_read_last() returns a mix of two snapshots.
 * `make model`: latch-fill, latch-fill-handover, latch-done.
 */
#include <linux/ktime.h>
#include <linux/timekeeping.h>

#include "latch.h"

/**
 * cstats_publish - make a snapshot the last one
 * @set: the set; callers exclude each other
 * @head: the snapshot, without values
 *
 * Its values are those of the set's cells.
 */
void cstats_publish(struct cstats_set *set, const struct cstats_published *head)
{
	struct cstats_latch *latch = &set->latch;
	unsigned int next = latch->newest + 1, i;
	struct cstats_published *p = &latch->published[next & 1];

	smp_wmb();	/* publish:F1 */
	WRITE_ONCE(p->number, head->number);
	WRITE_ONCE(p->time_ns, head->time_ns);
	WRITE_ONCE(p->rotation_ns, head->rotation_ns);
	WRITE_ONCE(p->since_ns, head->since_ns);
	WRITE_ONCE(p->nr_cpus, head->nr_cpus);
	for (i = 0; i < set->shared.nr_values; i++)
		WRITE_ONCE(p->values[i],
			   cstats_cells_value(&set->cells, set->shared.nr_values, i));
	smp_wmb();	/* publish:F2 */
	WRITE_ONCE(latch->newest, next);
}

/**
 * cstats_copy - get the last snapshot of a set
 * @set: the set
 * @snap: where to store it; it has room for all fields
 *
 * Context: Any.
 */
void cstats_copy(const struct cstats_set *set, struct cstats_snapshot *snap)
{
	const struct cstats_latch *latch = &set->latch;
	unsigned int newest, i;
	u64 now;

	do {
		const struct cstats_published *p;

		newest = smp_load_acquire(&latch->newest);	/* copy:G1 */
		p = &latch->published[newest & 1];
		snap->number = READ_ONCE(p->number);
		snap->time_ns = READ_ONCE(p->time_ns);
		snap->rotation_ns = READ_ONCE(p->rotation_ns);
		snap->since_ns = READ_ONCE(p->since_ns);
		snap->nr_cpus = READ_ONCE(p->nr_cpus);
		for (i = 0; i < set->shared.nr_values; i++)
			snap->values[i] = READ_ONCE(p->values[i]);
		smp_rmb();					/* copy:G2 */
	} while (READ_ONCE(latch->newest) != newest);
	now = ktime_get_mono_fast_ns();	/* NMI-safe, and may lag a little */
	snap->age_ns = now > snap->time_ns ? now - snap->time_ns : 0;
}
