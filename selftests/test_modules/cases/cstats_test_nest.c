// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_nest: sections that interrupt sections
 *
 * On every CPU a thread, a softirq timer and a hardirq timer open sections,
 * and on x86 another CPU sends NMIs whose handler does. A section spends some
 * time half done, so that the next one up often interrupts it. Every context
 * adds to the same two fields, so that an addition that is not interrupt-safe
 * loses counts, and one that is torn off its partner shows in the snapshot.
 *
 * A case ends when its kind of nesting was seen often enough; it fails if that
 * does not happen. Whether a section is nested its token says: an odd number.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>
#ifdef CONFIG_X86_LOCAL_APIC
#include <asm/apic.h>
#include <asm/nmi.h>
#endif

#include "cstats_test.h"

#define SECONDS		60		/* a case fails after these */

static unsigned int wanted = 100;
module_param(wanted, uint, 0444);
MODULE_PARM_DESC(wanted, "nested sections to wait for");

enum context { TASK, SOFTIRQ, HARDIRQ, NMI, NR_CONTEXTS };

static const char * const context_names[] = { "task", "softirq", "hardirq", "NMI" };

/* PLUS + MINUS is 0; and each context has a count of its own. */
enum { PLUS, MINUS, COUNTS, NR = COUNTS + NR_CONTEXTS };

static const struct cstats_field fields[NR] = {
	{ "plus", CSTATS_COUNTER }, { "minus", CSTATS_COUNTER },
	{ "task", CSTATS_COUNTER }, { "softirq", CSTATS_COUNTER },
	{ "hardirq", CSTATS_COUNTER }, { "nmi", CSTATS_COUNTER },
};

static struct cstats set;

struct nest_cpu {
	struct hrtimer soft, hard;
	bool stop;
	bool nmi;			/* an NMI is on its way */
	u64 sections[NR_CONTEXTS];
	u64 nested[NR_CONTEXTS];
};

static DEFINE_PER_CPU(struct nest_cpu *, nest_cpu);

static void section(enum context context, unsigned int loops)
{
	struct nest_cpu *nc;
	struct cstats_section s = cstats_acquire(&set);

	nc = this_cpu_read(nest_cpu);
	nc->sections[context]++;
	nc->nested[context] += s.seq & 1;
	cstats_add(&s, PLUS, 1);
	while (loops--)
		cpu_relax();
	cstats_add(&s, COUNTS + context, 1);
	cstats_add(&s, MINUS, -1);
	cstats_release(&s);
}

static enum hrtimer_restart soft_timer(struct hrtimer *timer)
{
	struct nest_cpu *nc = container_of(timer, struct nest_cpu, soft);

	section(SOFTIRQ, 500);
	if (READ_ONCE(nc->stop))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime(470 * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static enum hrtimer_restart hard_timer(struct hrtimer *timer)
{
	struct nest_cpu *nc = container_of(timer, struct nest_cpu, hard);

	section(HARDIRQ, 500);
	if (READ_ONCE(nc->stop))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime(310 * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static int writer(void *arg)
{
	struct nest_cpu *nc = arg;

	cstats_test_hrtimer(&nc->soft, HRTIMER_MODE_REL_PINNED_SOFT, soft_timer);
	cstats_test_hrtimer(&nc->hard, HRTIMER_MODE_REL_PINNED_HARD, hard_timer);
	hrtimer_start(&nc->soft, ns_to_ktime(NSEC_PER_MSEC), HRTIMER_MODE_REL_PINNED_SOFT);
	hrtimer_start(&nc->hard, ns_to_ktime(NSEC_PER_MSEC), HRTIMER_MODE_REL_PINNED_HARD);
	while (!kthread_should_stop()) {
		section(TASK, 2000);
		cond_resched();
	}
	/* First no new interrupts, then what they wrote is complete. */
	WRITE_ONCE(nc->stop, true);
	hrtimer_cancel(&nc->soft);
	hrtimer_cancel(&nc->hard);
	return 0;
}

/* How many sections of @context there were on all CPUs, or nested ones only. */
static u64 total(bool nested, enum context context)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct nest_cpu *nc = per_cpu(nest_cpu, cpu);

		sum += nested ? READ_ONCE(nc->nested[context]) :
				READ_ONCE(nc->sections[context]);
	}
	return sum;
}

static bool read_and_check(s64 *values)
{
	struct cstats_snapshot snap = { .values = values, .nr_values = NR };

	return check_eq(cstats_read(&set, &snap), 0) &&
	       check(values[PLUS] == -values[MINUS], "torn: plus %lld, minus %lld",
		     values[PLUS], values[MINUS]) &&
	       check(values[PLUS] == values[COUNTS + TASK] + values[COUNTS + SOFTIRQ] +
		     values[COUNTS + HARDIRQ] + values[COUNTS + NMI],
		     "torn: %lld sections, by context %lld + %lld + %lld + %lld",
		     values[PLUS], values[COUNTS + TASK], values[COUNTS + SOFTIRQ],
		     values[COUNTS + HARDIRQ], values[COUNTS + NMI]);
}

/* Wait until sections of @context were nested often enough, reading all the time. */
static void wait_for_nesting(enum context context, void (*kick)(void))
{
	unsigned long limit = jiffies + SECONDS * HZ;
	u64 start = total(true, context), reads = 0;
	s64 values[NR];

	while (total(true, context) < start + wanted) {
		if (kick)
			kick();
		if (!check(time_before(jiffies, limit), "only %llu nested %s sections in %u s",
			   total(true, context) - start, context_names[context], SECONDS))
			return;
		if (!read_and_check(values))
			return;
		reads++;
		schedule_timeout_uninterruptible(1);
	}
	cstats_test_note("%llu of %llu %s sections nested, %llu snapshots",
			 total(true, context), total(false, context),
			 context_names[context], reads);
}

static void nested_softirq(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		cstats_test_skip("PREEMPT_RT runs softirqs in threads");
		return;
	}
	wait_for_nesting(SOFTIRQ, NULL);
}

static void nested_hardirq(void)
{
	wait_for_nesting(HARDIRQ, NULL);
}

#ifdef CONFIG_X86_LOCAL_APIC
static int nmi_handler(unsigned int type, struct pt_regs *regs)
{
	struct nest_cpu *nc = this_cpu_read(nest_cpu);

	if (!READ_ONCE(nc->nmi))
		return NMI_DONE;
	section(NMI, 10);
	WRITE_ONCE(nc->nmi, false);
	return NMI_HANDLED;
}

static int read_last_err;
static u64 read_last_number;

/* The same, and reads the last snapshot there, over a publication perhaps. */
static int nmi_read_handler(unsigned int type, struct pt_regs *regs)
{
	struct nest_cpu *nc = this_cpu_read(nest_cpu);
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));

	if (!READ_ONCE(nc->nmi))
		return NMI_DONE;
	if (cstats_read_last(&set, &snap) || values[PLUS] != -values[MINUS] ||
	    snap.number < read_last_number)
		read_last_err++;
	read_last_number = snap.number;
	nc->nested[NMI]++;
	WRITE_ONCE(nc->nmi, false);
	return NMI_HANDLED;
}

static void send_nmi(int cpu)
{
	unsigned int spins = 0;

	WRITE_ONCE(per_cpu(nest_cpu, cpu)->nmi, true);
	apic->send_IPI(cpu, NMI_VECTOR);
	while (READ_ONCE(per_cpu(nest_cpu, cpu)->nmi) && ++spins < 100000000)
		cpu_relax();
	check(spins < 100000000, "CPU %d got no NMI", cpu);
}

/*
 * Send an NMI to every CPU, and wait until all have had theirs. That of our own CPU
 * interrupts us, and no section; if there is no other, we have to open one.
 */
static void send_nmis(void)
{
	unsigned int i;
	int cpu;

	for (i = 0; i < 20; i++) {
		cpus_read_lock();
		if (num_online_cpus() == 1) {
			struct cstats_section s = cstats_acquire(&set);

			send_nmi(smp_processor_id());
			cstats_release(&s);
		} else {
			for_each_online_cpu(cpu)
				send_nmi(cpu);
		}
		cpus_read_unlock();
	}
}

static void nested_nmi(void)
{
	if (check_eq(register_nmi_handler(NMI_LOCAL, nmi_handler, 0, "cstats_test"), 0)) {
		wait_for_nesting(NMI, send_nmis);
		unregister_nmi_handler(NMI_LOCAL, "cstats_test");
	}
}

static void read_last_in_nmi(void)
{
	if (check_eq(register_nmi_handler(NMI_LOCAL, nmi_read_handler, 0, "cstats_test"), 0)) {
		wait_for_nesting(NMI, send_nmis);
		unregister_nmi_handler(NMI_LOCAL, "cstats_test");
		check_eq(read_last_err, 0);
		check(read_last_number, "no snapshot seen");
	}
}
#else
static void nested_nmi(void)
{
	cstats_test_skip("no way to raise an NMI without a local APIC");
}

static void read_last_in_nmi(void)
{
	nested_nmi();
}
#endif

static struct task_struct **tasks;

static void stop_writers(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (tasks[cpu])
			cstats_test_stop(tasks[cpu]);
		tasks[cpu] = NULL;
	}
}

static void nothing_lost(void)
{
	s64 values[NR];
	int i;

	stop_writers();
	if (!read_and_check(values))
		return;
	for (i = 0; i < NR_CONTEXTS; i++)
		check(values[COUNTS + i] == total(false, i), "%s: %lld, counted %llu",
		      context_names[i], values[COUNTS + i], total(false, i));
}

static const struct cstats_test_case cases[] = {
	{ "nested_softirq", nested_softirq },
	{ "nested_hardirq", nested_hardirq },
	{ "nested_nmi", nested_nmi },
	{ "read_last_in_nmi", read_last_in_nmi },
	{ "nothing_lost", nothing_lost },
};

static void nest_free(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		kfree(per_cpu(nest_cpu, cpu));
	kfree(tasks);
}

static int __init nest_init(void)
{
	int cpu, err;

	tasks = kcalloc(nr_cpu_ids, sizeof(*tasks), GFP_KERNEL);
	if (!tasks)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		per_cpu(nest_cpu, cpu) = kzalloc(sizeof(struct nest_cpu), GFP_KERNEL);
		if (!per_cpu(nest_cpu, cpu)) {
			nest_free();
			return -ENOMEM;
		}
	}
	err = cstats_init(&set, "nest", fields, NR);
	if (err) {
		nest_free();
		return err;
	}
	cpus_read_lock();
	for_each_online_cpu(cpu)
		tasks[cpu] = cstats_test_start(cpu, writer, per_cpu(nest_cpu, cpu));
	cpus_read_unlock();
	cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	stop_writers();
	return 0;
}

static void __exit nest_exit(void)
{
	cstats_test_forget(THIS_MODULE);
	cstats_destroy(&set);
	nest_free();
}

module_init(nest_init);
module_exit(nest_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: sections nested from softirqs, hardirqs and NMIs");
MODULE_LICENSE("GPL");
