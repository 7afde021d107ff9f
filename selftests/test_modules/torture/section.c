// SPDX-License-Identifier: GPL-2.0
/* One section, which does the same to the fields as every other. */
#include <linux/delay.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>

#include "params.h"
#include "random.h"
#include "section.h"
#include "set.h"
#include "type.h"

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

/* Forget a section; the preemption count is put right, as by an oops. */
static void torture_leak(void)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	lock_map_release(&torture_set.dep_map);
#endif
	preempt_enable();
}

void torture_section(struct torture_tally *t, int chain, unsigned int depth,
		     unsigned int stall)
{
	u32 dice = torture_random(&t->random);
	u64 amount = (u64)dice * 0x9e3779b97f4a7c15;
	u64 index = t->started;
	struct cstats_section s;
	unsigned int i;

	WRITE_ONCE(t->started, index + 1);
	if (unlikely(torture_type->loses && !(dice & 0xfff)))
		goto out;
	s = cstats_acquire(&torture_set);
	cstats_add(&s, SECTIONS, 1);
	cstats_add(&s, IN, amount);
	cstats_add(&s, t->field, 1);
	if (chain)
		cstats_add(&s, chain, 1);
	if (unlikely(!(dice & 0x3f)))
		torture_inside(t, dice, depth);
	if (unlikely(torture_type->split)) {
		cstats_release(&s);
		s = cstats_acquire(&torture_set);
	}
	if (unlikely(stall))
		torture_delay(stall);
	cstats_add(&s, OUT, -amount);
	cstats_add(&s, t->field + 1, index);
	for (i = COPIES; i < torture.nfields; i++)
		cstats_add(&s, i, 1);
	if (unlikely(torture.dead_every && t->context == TASK && !(dice % torture.dead_every)))
		torture_leak();
	else
		cstats_release(&s);
	t->in += amount;
	t->chain[chain]++;
out:
	/*
	 * As in cstats_release(): the section before this. Pairs with
	 * smp_load_acquire() in torture_note_ended().
	 */
	smp_wmb();
	WRITE_ONCE(t->ended, t->ended + 1);
}
