// SPDX-License-Identifier: GPL-2.0
/*
 * One section, which does the same to the fields as every other.
 *
 * In a family, some fields are of one instance and the rest of another one, so that
 * only the family's sums are whole. Any of them may be none, or be removed meanwhile.
 */
#include <linux/delay.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>

#include "histogram.h"
#include "instances.h"
#include "params.h"
#include "random.h"
#include "section.h"
#include "set.h"
#include "type.h"

/* An open section, of each flavour that is there, and the set itself within. */
struct torture_open {
	struct cstats_section seq;
	struct cstats_rcu_section rcu;
	struct cstats_within in[NR_FLAVOURS];
};

/* Sparse does not follow the flags: for it, nothing is open between the two. */
static __always_inline void torture_acquire(struct torture_open *o)
{
	static struct cstats_instance nobody;

	if (test_bit(FLAVOUR_SEQ, &torture_flavours)) {
		o->seq = cstats_acquire(&torture_sets[FLAVOUR_SEQ].cs);
		o->in[FLAVOUR_SEQ] = cstats_in(&o->seq, &nobody);
		__release(RCU_SCHED);
	}
	if (test_bit(FLAVOUR_RCU, &torture_flavours)) {
		o->rcu = cstats_rcu_acquire(&torture_sets[FLAVOUR_RCU]);
		o->in[FLAVOUR_RCU] = cstats_in(&o->rcu, &nobody);
		__release(RCU_SCHED);
	}
}

static __always_inline void torture_release(struct torture_open *o)
{
	if (test_bit(FLAVOUR_RCU, &torture_flavours)) {
		__acquire(RCU_SCHED);
		cstats_release(&o->rcu);
	}
	if (test_bit(FLAVOUR_SEQ, &torture_flavours)) {
		__acquire(RCU_SCHED);
		cstats_release(&o->seq);
	}
}

/* Forget a section; the preemption count is put right, as by an oops. */
static void torture_leak(void)
{
	unsigned int f;

	for_each_set_bit(f, &torture_flavours, NR_FLAVOURS) {
#ifdef CONFIG_DEBUG_LOCK_ALLOC
		lock_map_release(&torture_sets[f].cs.dep_map);
#endif
		preempt_enable();
	}
}

/* Add to a part of a histogram, which cstats_add() refuses. For busted types. */
static void torture_add_part(struct cstats_within *in, unsigned int index, u64 delta)
{
	__cstats_add_value(&in->to.slot[index], delta);
}

/* One add, as a section of its own. */
static void torture_late(unsigned int index, u64 delta)
{
	struct torture_open o;
	unsigned int f;

	torture_acquire(&o);
	for_each_set_bit(f, &torture_flavours, NR_FLAVOURS)
		torture_add_part(&o.in[f], index, delta);
	torture_release(&o);
}

static void torture_delay(unsigned int us)
{
	mdelay(us / 1000);
	udelay(us % 1000);
}

/* Within a section now and then: another one, another set's, a stall. */
static void torture_inside(struct torture_tally *t, u32 dice,
			   unsigned int depth)
{
	if ((dice & 0xc0) && depth)
		torture_section(t, 0, depth - 1, 0);
	if (!(dice & 0xf00) && torture.stall_us && t->context == TASK)
		udelay(1 + (dice >> 12) % torture.stall_us);
}

/* A transfer: @other is 0 when something leaves an instance, 1 when it arrives. */
static void torture_transfer(struct torture_open *o, u64 amount, unsigned int other)
{
	unsigned int which = (amount >> 20 & 1) ^ other, f;
	s64 delta = amount & 0xff;

	for_each_set_bit(f, &torture_flavours, NR_FLAVOURS)
		cstats_add_to(&o->in[f], torture_instance(which, f), torture_moved,
			      other ? delta : -delta);
}

/* What the first instance gets by that. */
static u64 torture_transferred(u64 amount)
{
	return amount >> 20 & 1 ? amount & 0xff : -(amount & 0xff);
}

struct torture_amounts {
	unsigned int bucket[NR_HISTOGRAMS];
	u64 value[NR_HISTOGRAMS];
};

static void torture_amounts(struct torture_tally *t, struct torture_amounts *a)
{
	unsigned int h;

	for (h = 0; h < NR_HISTOGRAMS; h++) {
		a->bucket[h] = torture_random(&t->random) % TORTURE_BUCKETS;
		a->value[h] = torture_histogram_value(h, a->bucket[h],
						      torture_random(&t->random));
	}
}

/* As cstats_observe(), and the busted ones leave some for later. */
static void torture_observe(struct cstats_within *in, const struct torture_amounts *a)
{
	unsigned int h;

	for (h = 0; h < NR_HISTOGRAMS; h++) {
		const struct torture_histogram *at = &torture_histograms[h];

		cstats_add(in, torture_observed, a->value[h]);
		if (likely(!torture_type->late_bucket && !torture_type->late_sum)) {
			cstats_observe(in, at->field, a->value[h]);
			continue;
		}
		torture_add_part(in, at->field, 1);
		if (!torture_type->late_sum)
			torture_add_part(in, at->sum, a->value[h]);
		if (!torture_type->late_bucket)
			torture_add_part(in, at->sum + 1 + a->bucket[h], 1);
	}
}

static void torture_observe_late(const struct torture_amounts *a)
{
	unsigned int h;

	for (h = 0; h < NR_HISTOGRAMS; h++) {
		const struct torture_histogram *at = &torture_histograms[h];

		if (torture_type->late_sum)
			torture_late(at->sum, a->value[h]);
		if (torture_type->late_bucket)
			torture_late(at->sum + 1 + a->bucket[h], 1);
	}
}

static void torture_count_amounts(struct torture_tally *t, const struct torture_amounts *a)
{
	unsigned int h;

	for (h = 0; h < NR_HISTOGRAMS; h++) {
		t->buckets[h][a->bucket[h]]++;
		t->observed += a->value[h];
	}
}

void torture_section(struct torture_tally *t, int chain, unsigned int depth,
		     unsigned int stall)
{
	struct cstats_within first[NR_FLAVOURS];
	u32 dice = torture_random(&t->random);
	u64 amount = (u64)dice * 0x9e3779b97f4a7c15;
	struct torture_amounts amounts;
	u64 index = t->started;
	struct torture_open o;
	unsigned int i, f;

	WRITE_ONCE(t->started, index + 1);
	if (unlikely(torture_type->loses && !(dice & 0xfff)))
		goto out;
	if (torture.histograms)
		torture_amounts(t, &amounts);
	torture_acquire(&o);
	for_each_set_bit(f, &torture_flavours, NR_FLAVOURS) {
		first[f] = o.in[f];
		if (torture.instances)
			first[f] = cstats_in(&o.in[f], torture_instance_any(dice >> 8, f));
		cstats_add(&first[f], SECTIONS, 1);
		cstats_add(&first[f], IN, amount);
		cstats_add(&first[f], t->field, 1);
		if (chain)
			cstats_add(&first[f], chain, 1);
	}
	if (torture.instances)
		torture_transfer(&o, amount, 0);
	if (unlikely(!(dice & 0x3f)))
		torture_inside(t, dice, depth);
	if (unlikely(torture_type->split)) {
		torture_release(&o);
		torture_acquire(&o);
		for_each_set_bit(f, &torture_flavours, NR_FLAVOURS)
			first[f] = o.in[f];
	}
	if (unlikely(stall))
		torture_delay(stall);
	for_each_set_bit(f, &torture_flavours, NR_FLAVOURS) {
		struct cstats_within second = o.in[f];

		if (torture.instances)
			second = cstats_in(&o.in[f], torture_instance_any(amount >> 32, f));
		cstats_add(&first[f], COPIES, 1);
		if (torture.histograms)
			torture_observe(&first[f], &amounts);
		cstats_add(&second, OUT, -amount);
		cstats_add(&second, t->field + 1, index);
		for (i = COPIES + 1; i < torture.nfields; i++)
			cstats_add(&second, i, 1);
	}
	if (torture.instances && likely(!torture_type->split_transfer))
		torture_transfer(&o, amount, 1);
	if (unlikely(torture.dead_every && t->context == TASK && !(dice % torture.dead_every)))
		torture_leak();
	else
		torture_release(&o);
	if (unlikely(torture.instances && torture_type->split_transfer)) {
		torture_acquire(&o);
		torture_transfer(&o, amount, 1);
		torture_release(&o);
	}
	if (unlikely(torture.histograms &&
		     (torture_type->late_bucket || torture_type->late_sum)))
		torture_observe_late(&amounts);
	if (torture.histograms)
		torture_count_amounts(t, &amounts);
	t->in += amount;
	t->moved += torture_transferred(amount);
	t->chain[chain]++;
out:
	/*
	 * As in cstats_release(): the section before this. Pairs with
	 * smp_load_acquire() in torture_note_ended().
	 */
	smp_wmb();
	WRITE_ONCE(t->ended, t->ended + 1);
}
