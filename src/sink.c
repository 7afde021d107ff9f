// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: sections of a set that is not there
 *
 * A struct cstats that is zeroed, failed to initialize or is destroyed has no
 * set behind it. Its sections get the sink, which has room for the largest set
 * and is read by nobody: statistics never hurt the machine. Each of these
 * sections is counted, and the log names the first 64 of these structs once.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cstats.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/printk.h>

#include "sink.h"

/* One slot with room for the largest set. */
#define CSTATS_SINK_SIZE	(sizeof(struct cstats_cpu) + \
				 CSTATS_MAX_VALUES * sizeof(local64_t))

/*
 * It has no fields: indices that are checked lead nowhere. So they cannot lead beyond
 * the slots of an instance, which may still be there though its family is destroyed.
 */
#ifdef MODULE
static struct cstats_shared cstats_sink;
#else
/* Sections may come before there is a memory allocator. */
static DEFINE_PER_CPU_ALIGNED(u64[CSTATS_SINK_SIZE / sizeof(u64)], cstats_sink_cpu);
static struct cstats_shared cstats_sink = {
	.cpu = (struct cstats_cpu __percpu *)&cstats_sink_cpu,
};
#endif
static atomic64_t cstats_sink_sections = ATOMIC64_INIT(0);

/* Those that have been named, and who used them; when it is full, no more are. */
static struct {
	const struct cstats *cs;
	void *caller;
	unsigned int said;	/* as some machines have no xchg() of a byte */
} cstats_named[64];

static void cstats_say_names(struct irq_work *work)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cstats_named); i++) {
		/* Pairs with the release in cstats_name_once(), for ->cs. */
		void *caller = smp_load_acquire(&cstats_named[i].caller);

		if (caller && !xchg(&cstats_named[i].said, 1))
			pr_warn("%pS counts in a set at %p that is not initialized, or destroyed; what it adds is lost\n",
				caller, cstats_named[i].cs);
	}
}

/* Sections may be in NMIs, or under locks that printing takes. */
static DEFINE_IRQ_WORK(cstats_say_work, cstats_say_names);

static void cstats_name_once(const struct cstats *cs, void *caller)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cstats_named); i++) {
		const struct cstats *old = READ_ONCE(cstats_named[i].cs);

		if (!old)
			old = cmpxchg(&cstats_named[i].cs, NULL, cs);
		if (old == cs)
			return;
		if (old)
			continue;
		/* Pairs with the acquire in cstats_say_names(). */
		smp_store_release(&cstats_named[i].caller, caller);
		if (system_state == SYSTEM_BOOTING)
			cstats_say_names(NULL);	/* nobody waits for the console yet */
		else
			irq_work_queue(&cstats_say_work);
		return;
	}
}

/**
 * cstats_no_set - open a section of a set that is not there
 * @cs: zeroed, failed to initialize, or destroyed
 *
 * Context: Any, with preemption off.
 * Return: the sink.
 */
struct cstats_shared *cstats_no_set(struct cstats *cs)
{
	atomic64_inc(&cstats_sink_sections);
	cstats_name_once(cs, __builtin_return_address(0));
	return &cstats_sink;
}
EXPORT_SYMBOL_GPL(cstats_no_set);

int cstats_sink_start(void)
{
#ifdef MODULE
	/* Modules have little room for per-CPU data of their own. */
	cstats_sink.cpu = __alloc_percpu(CSTATS_SINK_SIZE, sizeof(local64_t));
#endif
	return cstats_sink.cpu ? 0 : -ENOMEM;
}

void cstats_sink_stop(void)
{
	irq_work_sync(&cstats_say_work);
#ifdef MODULE
	free_percpu(cstats_sink.cpu);
#endif
}

bool cstats_is_sink(const struct cstats_shared *shared)
{
	return shared == &cstats_sink;
}

/* How many sections there were of sets that are not there. */
u64 cstats_sink_count(void)
{
	return atomic64_read(&cstats_sink_sections);
}
