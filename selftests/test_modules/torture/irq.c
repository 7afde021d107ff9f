// SPDX-License-Identifier: GPL-2.0
/* Writers in softirqs, hard interrupts and NMIs. */
#define pr_fmt(fmt) "cstats-torture: " fmt

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/ktime.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/smp.h>

/* An NMI can be sent on purpose, and be told from others, on x86. */
#ifdef CONFIG_X86_LOCAL_APIC
#include <asm/apic.h>
#include <asm/nmi.h>
#endif

#include "irq.h"
#include "params.h"
#include "random.h"
#include "set.h"
#include "writers.h"

/* Interrupts of one CPU. */
struct torture_cpu {
	struct hrtimer timer;
	struct tasklet_struct tasklet;
	struct torture_tally *tallies[NR_CONTEXTS];
	u32 random;
	atomic_t nmi_pending;
};

static struct torture_cpu *torture_cpus;
static bool torture_writing;	/* no interrupt starts anything when false */

static void torture_tasklet(struct tasklet_struct *tasklet)
{
	struct torture_cpu *c = container_of(tasklet, struct torture_cpu, tasklet);

	torture_some(c->tallies[SOFTIRQ]);
	torture_some(c->tallies[SOFTIRQ]);
}

#ifdef CONFIG_X86_LOCAL_APIC
static int torture_nmi(unsigned int type, struct pt_regs *regs)
{
	struct torture_cpu *c = &torture_cpus[smp_processor_id()];

	if (!atomic_xchg(&c->nmi_pending, 0))
		return NMI_DONE;
	torture_some(c->tallies[NMI]);
	return NMI_HANDLED;
}

static void torture_nmi_send(u32 dice)
{
	unsigned int cpu = dice % nr_cpu_ids;

	if (cpu_online(cpu) && !atomic_xchg(&torture_cpus[cpu].nmi_pending, 1))
		apic->send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
}

static int torture_nmi_start(void)
{
	return torture.nmi_every ? register_nmi_handler(NMI_LOCAL, torture_nmi, 0,
						"cstats_torture") : 0;
}

/* Let those that were sent arrive: nobody else would know what they are. */
static void torture_nmi_stop(void)
{
	unsigned int cpu, i;

	if (!torture.nmi_every)
		return;
	for_each_online_cpu(cpu)
		for (i = 0; i < 1000 &&
		     atomic_read(&torture_cpus[cpu].nmi_pending); i++)
			usleep_range(1000, 2000);
	unregister_nmi_handler(NMI_LOCAL, "cstats_torture");
}
#else
static void torture_nmi_send(u32 dice)
{
}

static int torture_nmi_start(void)
{
	return 0;
}

static void torture_nmi_stop(void)
{
}
#endif

static ktime_t torture_irq_interval(struct torture_cpu *c)
{
	return ns_to_ktime(NSEC_PER_USEC *
			   (torture.irq_us / 2 + torture_random(&c->random) % torture.irq_us));
}

static enum hrtimer_restart torture_irq(struct hrtimer *timer)
{
	struct torture_cpu *c = container_of(timer, struct torture_cpu, timer);
	u32 dice = torture_random(&c->random);

	if (!READ_ONCE(torture_writing))
		return HRTIMER_NORESTART;
	torture_some(c->tallies[HARDIRQ]);
	if (torture.softirq)
		tasklet_schedule(&c->tasklet);
	if (torture.nmi_every && !((dice >> 8) % torture.nmi_every))
		torture_nmi_send(dice);
	hrtimer_forward_now(timer, torture_irq_interval(c));
	return HRTIMER_RESTART;
}

static void torture_irq_start(void *unused)
{
	struct torture_cpu *c = &torture_cpus[smp_processor_id()];

	hrtimer_start(&c->timer, torture_irq_interval(c),
		      HRTIMER_MODE_REL_PINNED_HARD);
}

/* Each tally takes two fields of the set: all contexts of 255 CPUs do not fit. */
static bool torture_comes(enum torture_context context)
{
	switch (context) {
	case SOFTIRQ:
		return torture.softirq;
	case NMI:
		return torture.nmi_every;
	case BRINGUP:
		return torture.onoff_ms;
	default:
		return torture.irq_us;
	}
}

int torture_irqs_alloc(void)
{
	unsigned int i, cpu;

	torture_cpus = kcalloc(nr_cpu_ids, sizeof(*torture_cpus), GFP_KERNEL);
	if (!torture_cpus)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct torture_cpu *c = &torture_cpus[cpu];

		for (i = SOFTIRQ; i < NR_CONTEXTS; i++)
			if (torture_comes(i))
				c->tallies[i] = torture_tally(i);
		c->random = get_random_u32();
		tasklet_setup(&c->tasklet, torture_tasklet);
#ifdef HAVE_hrtimer_setup
		hrtimer_setup(&c->timer, torture_irq, CLOCK_MONOTONIC,
			      HRTIMER_MODE_REL_PINNED_HARD);
#else
		hrtimer_init(&c->timer, CLOCK_MONOTONIC,
			     HRTIMER_MODE_REL_PINNED_HARD);
		c->timer.function = torture_irq;
#endif
	}
	return 0;
}

void torture_irqs_free(void)
{
	kfree(torture_cpus);
}

void torture_irqs_start(void)
{
	WRITE_ONCE(torture_writing, true);
	if (torture_nmi_start()) {
		pr_alert("no NMIs\n");
		torture.nmi_every = 0;
	}
}

bool torture_irqs_write(void)
{
	return READ_ONCE(torture_writing);
}

void torture_irqs_timers(void)
{
	if (torture.irq_us)
		on_each_cpu(torture_irq_start, NULL, true);
}

void torture_irqs_revive(unsigned int cpu)
{
	/* Its timer has moved away, an NMI to it may have been lost. */
	atomic_set(&torture_cpus[cpu].nmi_pending, 0);
	if (torture.irq_us) {
		hrtimer_cancel(&torture_cpus[cpu].timer);
		smp_call_function_single(cpu, torture_irq_start, NULL, true);
	}
}

void torture_irqs_stop(void)
{
	unsigned int cpu;

	WRITE_ONCE(torture_writing, false);
	for_each_possible_cpu(cpu) {
		hrtimer_cancel(&torture_cpus[cpu].timer);
		tasklet_kill(&torture_cpus[cpu].tasklet);
	}
	torture_nmi_stop();
}

struct torture_tally *torture_cpu_tally(unsigned int cpu,
					enum torture_context context)
{
	return torture_cpus[cpu].tallies[context];
}
