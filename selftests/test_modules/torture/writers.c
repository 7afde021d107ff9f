// SPDX-License-Identifier: GPL-2.0
/* What writers do, in threads here and in interrupts elsewhere. */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "churn.h"
#include "params.h"
#include "random.h"
#include "section.h"
#include "set.h"
#include "type.h"
#include "writers.h"

struct torture_writer *torture_writers;

static atomic_t chain_made = ATOMIC_INIT(0), chain_taken = ATOMIC_INIT(0);

/* A link of the chain. There are more who take than who make. */
static void torture_chain(struct torture_tally *t)
{
	int link = (torture_random(&t->random) >> 3) & 7;

	if (!link) {
		if (torture_type->early) {
			atomic_inc(&chain_made);
			udelay(t->context == TASK ? 30 : 1);
		}
		torture_section(t, MADE, 0, 0);
		if (!torture_type->early)
			atomic_fetch_add_release(1, &chain_made);
	} else if (link < 4) {
		if (atomic_dec_if_positive(&chain_made) < 0)
			return;
		torture_section(t, TAKEN, 0, 0);
		atomic_fetch_add_release(1, &chain_taken);
	} else if (atomic_dec_if_positive(&chain_taken) >= 0) {
		torture_section(t, GONE, 0, 0);
	}
}

/*
 * A CPU's stores reach memory in order. Behind some that miss the caches those
 * of a section take their time, while its loads do not: what the barriers of a
 * rotation are for.
 */
#define TORTURE_COLD	SZ_16M

static void torture_misses(struct torture_tally *t)
{
	unsigned int i;

	for (i = 0; i < torture.misses; i++) {
		t->pos = (t->pos + 65 * 64) % TORTURE_COLD;
		WRITE_ONCE(t->cold[t->pos], i);
	}
}

void torture_some(struct torture_tally *t)
{
	u32 dice = torture_random(&t->random);

	if (t->cold)
		torture_misses(t);
	if (!(dice & 0x1f0))
		torture_chain(t);
	else if (!(dice & 0xff00) && t->context != NMI)
		torture_churn_section(t);
	else
		torture_section(t, 0, torture.nest, 0);
}

/* Sections one after the other with nothing else in between. */
static void torture_hog(struct torture_tally *t)
{
	ktime_t end = ktime_add_ms(ktime_get(), 3000);

	preempt_disable();
	while (ktime_before(ktime_get(), end) && !kthread_should_stop())
		torture_section(t, 0, 0, torture.hog_us);
	preempt_enable();
	msleep(20);
}

int torture_writer(void *writer)
{
	struct torture_writer *w = writer;
	unsigned int i;

	while (!kthread_should_stop()) {
		if (torture.hog_us)
			torture_hog(w->tally);
		else
			for (i = 0; i < 100; i++)
				torture_some(w->tally);
		cond_resched();
	}
	return 0;
}

int torture_writers_alloc(void)
{
	unsigned int i;

	torture_writers = kcalloc(torture.nwriters, sizeof(*torture_writers),
				  GFP_KERNEL);
	if (!torture_writers)
		return -ENOMEM;
	for (i = 0; i < torture.nwriters; i++) {
		struct torture_tally *t = torture_tally(TASK);

		torture_writers[i].tally = t;
		if (!torture.misses)
			continue;
		t->cold = vzalloc(TORTURE_COLD);
		if (!t->cold)
			return -ENOMEM;
	}
	return 0;
}

void torture_writers_free(void)
{
	unsigned int i;

	for (i = 0; torture_writers && i < torture.nwriters; i++)
		if (torture_writers[i].tally)
			vfree(torture_writers[i].tally->cold);
	kfree(torture_writers);
}
