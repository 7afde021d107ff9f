// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_torture: try hard to get a wrong snapshot
 *
 * Writers run sections on one set from every context there is, readers take
 * snapshots of it meanwhile, and whatever can get in the way does: stalls in
 * sections, CPUs that come and go, threads that are moved, other sets that come
 * and go. Every section does the same to the fields,
 *
 *	sections += 1, in += random, out -= the same, copies += 1
 *
 * and some are links of a chain: who makes something tells so by a release,
 * who takes it has seen that by an acquire, and counts it in a later section,
 * mostly on another CPU. Each writer has two fields more, for how many sections
 * it had and the sum of their indices: if one is missing while a later one is
 * there, they do not fit each other. And each keeps a tally of its own: how many
 * sections it has started, before each, and ended, after each. So for every
 * snapshot it is known that
 *
 *	torn		in + out == 0, and all copies == sections
 *	causal		made >= taken >= gone, and of each writer index_sum ==
 *			nr * (nr - 1) / 2
 *	backward	number, time and counts are not below those of a snapshot
 *			that somebody had before this one was asked for
 *	lost		each writer's sections >= those ended before the call
 *	early		each writer's sections <= those started before the return
 *
 * and for the last one that every field is what the tallies say, to the unit.
 * The module counts what is otherwise. Its busted types, which use the public
 * interface as one must not, prove that it would.
 *
 * Debian's kernels do not have the kernel's own torture framework; the messages
 * and the verdict have the same form.
 */
#define pr_fmt(fmt) "cstats-torture: " fmt

#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/cstats.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

/* An NMI can be sent on purpose, and be told from others, on x86. */
#ifdef CONFIG_X86_LOCAL_APIC
#include <asm/apic.h>
#include <asm/nmi.h>
#endif

static char *torture_type = "cstats";
module_param(torture_type, charp, 0444);
MODULE_PARM_DESC(torture_type, "cstats, or what must fail: busted_unsafe, busted_split, busted_early, busted_last, busted_stale, busted_lost");

static int nwriters = -1;
module_param(nwriters, int, 0444);
MODULE_PARM_DESC(nwriters, "writer threads (default: one per CPU)");

static int nreaders = -1;
module_param(nreaders, int, 0444);
MODULE_PARM_DESC(nreaders, "reader threads (default: one per CPU)");

static unsigned int nfields = 8;
module_param(nfields, uint, 0444);
MODULE_PARM_DESC(nfields, "fields of the set, at least 7, without those of each writer");

static unsigned int seconds = 30;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "length of the test, 0: until rmmod");

static unsigned int stat_interval = 5;
module_param(stat_interval, uint, 0444);
MODULE_PARM_DESC(stat_interval, "seconds between statistics, 0: none");

static bool fail_fast;
module_param(fail_fast, bool, 0444);
MODULE_PARM_DESC(fail_fast, "end at the first violation");

static unsigned int nest = 3;
module_param(nest, uint, 0444);
MODULE_PARM_DESC(nest, "depth of sections within sections");

static unsigned int irq_us = 150;
module_param(irq_us, uint, 0444);
MODULE_PARM_DESC(irq_us, "mean time between hrtimer interrupts on each CPU, 0: none");

static bool softirq = true;
module_param(softirq, bool, 0444);
MODULE_PARM_DESC(softirq, "sections in tasklets, that the interrupts raise");

static unsigned int nmi_every = 8;
module_param(nmi_every, uint, 0444);
MODULE_PARM_DESC(nmi_every, "interrupts per NMI, 0: none");

static unsigned int stall_us = 20;
module_param(stall_us, uint, 0444);
MODULE_PARM_DESC(stall_us, "longest stall within a section, 0: none");

static unsigned int misses;
module_param(misses, uint, 0444);
MODULE_PARM_DESC(misses, "stores to cold memory before a section, behind which its stores queue, 0: none");

static unsigned int shuffle_ms = 50;
module_param(shuffle_ms, uint, 0444);
MODULE_PARM_DESC(shuffle_ms, "time between moves of threads to other CPUs, 0: none");

static unsigned int onoff_ms;
module_param(onoff_ms, uint, 0444);
MODULE_PARM_DESC(onoff_ms, "time between CPUs going off and on, 0: none");

static unsigned int churn_ms = 5;
module_param(churn_ms, uint, 0444);
MODULE_PARM_DESC(churn_ms, "mean life of the sets that come and go, 0: none");

static unsigned int pause_us;
module_param(pause_us, uint, 0444);
MODULE_PARM_DESC(pause_us, "pause between the reads of a reader, 0: none");

static unsigned int hog_us;
module_param(hog_us, uint, 0444);
MODULE_PARM_DESC(hog_us, "nothing of this, but sections of this length one after the other, 0: no");

static unsigned int dead_every;
module_param(dead_every, uint, 0444);
MODULE_PARM_DESC(dead_every, "sections of tasks per one that is never released, 0: none");

enum { SECTIONS, IN, OUT, MADE, TAKEN, GONE, COPIES };

enum torture_context { TASK, SOFTIRQ, HARDIRQ, NMI, BRINGUP, NR_CONTEXTS };

static const char * const torture_contexts[] = {
	"task", "softirq", "hardirq", "nmi", "bringup"
};

/* What one writer says it did. */
struct torture_tally {
	enum torture_context context;
	unsigned int field;	/* for the number of sections; next: of indices */
	u32 random;
	unsigned long started;	/* sections, before each */
	unsigned long ended;	/* sections, after each */
	u64 in;
	u64 chain[COPIES];	/* of MADE to GONE */
	char *cold;		/* memory that is in no cache */
	size_t pos;
} ____cacheline_aligned_in_smp;

/* A thread: a writer with a tally, a reader with a snapshot. */
struct torture_thread {
	struct task_struct *task;
	struct torture_tally *tally;
	struct cstats_snapshot snap;
	struct cstats_snapshot stale;
	unsigned long *ended;
	u64 snapshots;
	u64 lasts;
	u32 random;
};

/* Interrupts of one CPU. */
struct torture_cpu {
	struct hrtimer timer;
	struct tasklet_struct tasklet;
	struct torture_tally *tallies[NR_CONTEXTS];
	u32 random;
	atomic_t nmi_pending;
};

struct torture_ops {
	const char *name;
	int (*read)(struct torture_thread *t);
	bool split;		/* an update in two sections */
	bool early;		/* tells of a section before it is there */
	bool loses;		/* tells of sections that never were */
};

static const struct torture_ops *ops;
static struct cstats torture_set, churn_set;
static struct cstats_field *torture_fields;
static unsigned int nr_fields;	/* with those of each writer */

static struct torture_tally *torture_tallies;
static unsigned int nr_tallies;
static struct torture_cpu *torture_cpus;
static struct torture_thread *writers, *readers;
static struct task_struct *main_task, *shuffle_task, *onoff_task, *churn_task;

static bool torture_writing;	/* no interrupt starts anything when false */
static atomic_t chain_made = ATOMIC_INIT(0), chain_taken = ATOMIC_INIT(0);

/* The highest of everything that any reader has got so far. */
enum { NUMBER = GONE + 1, TIME, NR_LATEST };
static atomic64_t torture_latest[NR_LATEST];

enum { TORN, CAUSAL, BACKWARD, LOST, EARLY, ERRORS, NR_VIOLATIONS };
static const char * const violation_names[] = {
	"torn", "causal", "backward", "lost", "early", "errors"
};

static atomic_long_t violations[NR_VIOLATIONS];
static atomic_t nr_reported = ATOMIC_INIT(0);
static ktime_t torture_start;
static atomic64_t first_violation_ns;
static unsigned long nr_onoff, nr_churn;

static const char *torture_verdict = "running";

static int torture_verdict_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", READ_ONCE(torture_verdict));
}

static const struct kernel_param_ops torture_verdict_ops = {
	.get = torture_verdict_get,
};

module_param_cb(verdict, &torture_verdict_ops, NULL, 0444);
MODULE_PARM_DESC(verdict, "running, SUCCESS or FAILURE");

/* Count a violation; the first few in detail. */
static __printf(2, 3) void torture_violation(int kind, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	atomic_long_inc(&violations[kind]);
	atomic64_cmpxchg(&first_violation_ns, 0,
			 ktime_to_ns(ktime_sub(ktime_get(), torture_start)));
	if (atomic_inc_return(&nr_reported) > 10)
		return;
	va_start(args, fmt);
	vaf.va = &args;
	pr_alert("%s: %pV\n", violation_names[kind], &vaf);
	va_end(args);
}

static bool torture_failed(void)
{
	return atomic64_read(&first_violation_ns) != 0;
}

static u32 torture_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void torture_delay(unsigned int us)
{
	mdelay(us / 1000);
	udelay(us % 1000);
}

/* Writers */

static void torture_section(struct torture_tally *t, int chain,
			    unsigned int depth, unsigned int stall);

/* Within a section now and then: another one, another set's, a stall. */
static void torture_inside(struct torture_tally *t, u32 dice,
			   unsigned int depth)
{
	if ((dice & 0xc0) && depth)
		torture_section(t, 0, depth - 1, 0);
	if (!(dice & 0xf00) && stall_us && t->context == TASK)
		udelay(1 + (dice >> 12) % stall_us);
}

/* Forget a section; the preemption count is put right, as by an oops. */
static void torture_leak(void)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	lock_map_release(&torture_set.dep_map);
#endif
	preempt_enable();
}

static void torture_section(struct torture_tally *t, int chain,
			    unsigned int depth, unsigned int stall)
{
	u32 dice = torture_random(&t->random);
	u64 amount = (u64)dice * 0x9e3779b97f4a7c15;
	u64 index = t->started;
	struct cstats_section s;
	unsigned int i;

	WRITE_ONCE(t->started, index + 1);
	if (unlikely(ops->loses && !(dice & 0xfff)))
		goto out;
	s = cstats_acquire(&torture_set);
	cstats_add(&s, SECTIONS, 1);
	cstats_add(&s, IN, amount);
	cstats_add(&s, t->field, 1);
	if (chain)
		cstats_add(&s, chain, 1);
	if (unlikely(!(dice & 0x3f)))
		torture_inside(t, dice, depth);
	if (unlikely(ops->split)) {
		cstats_release(&s);
		s = cstats_acquire(&torture_set);
	}
	if (unlikely(stall))
		torture_delay(stall);
	cstats_add(&s, OUT, -amount);
	cstats_add(&s, t->field + 1, index);
	for (i = COPIES; i < nfields; i++)
		cstats_add(&s, i, 1);
	if (unlikely(dead_every && t->context == TASK && !(dice % dead_every)))
		torture_leak();
	else
		cstats_release(&s);
	t->in += amount;
	t->chain[chain]++;
out:
	/*
	 * As in cstats_release(): the section before this. Pairs with
	 * smp_load_acquire() in torture_read().
	 */
	smp_wmb();
	WRITE_ONCE(t->ended, t->ended + 1);
}

/* A link of the chain. There are more who take than who make. */
static void torture_chain(struct torture_tally *t)
{
	int link = (torture_random(&t->random) >> 3) & 7;

	if (!link) {
		if (ops->early) {
			atomic_inc(&chain_made);
			udelay(t->context == TASK ? 30 : 1);
		}
		torture_section(t, MADE, 0, 0);
		if (!ops->early)
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

/* The set that comes and goes; an RCU reader sees that it is there. */
static bool churn_there;

static void torture_churn_section(struct torture_tally *t)
{
	rcu_read_lock();
	if (smp_load_acquire(&churn_there)) {	/* with torture_churn() */
		struct cstats_section s = cstats_acquire(&churn_set);

		cstats_add(&s, 0, 1);
		torture_section(t, 0, 0, 0);
		cstats_add(&s, 1, -1);
		cstats_release(&s);
	}
	rcu_read_unlock();
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

	for (i = 0; i < misses; i++) {
		t->pos = (t->pos + 65 * 64) % TORTURE_COLD;
		WRITE_ONCE(t->cold[t->pos], i);
	}
}

static void torture_some(struct torture_tally *t)
{
	u32 dice = torture_random(&t->random);

	if (t->cold)
		torture_misses(t);
	if (!(dice & 0x1f0))
		torture_chain(t);
	else if (!(dice & 0xff00) && t->context != NMI)
		torture_churn_section(t);
	else
		torture_section(t, 0, nest, 0);
}

/* Sections one after the other with nothing else in between. */
static void torture_hog(struct torture_tally *t)
{
	ktime_t end = ktime_add_ms(ktime_get(), 3000);

	preempt_disable();
	while (ktime_before(ktime_get(), end) && !kthread_should_stop())
		torture_section(t, 0, 0, hog_us);
	preempt_enable();
	msleep(20);
}

static int torture_writer(void *arg)
{
	struct torture_thread *w = arg;
	unsigned int i;

	while (!kthread_should_stop()) {
		if (hog_us)
			torture_hog(w->tally);
		else
			for (i = 0; i < 100; i++)
				torture_some(w->tally);
		cond_resched();
	}
	return 0;
}

/* Interrupts */

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
	return nmi_every ? register_nmi_handler(NMI_LOCAL, torture_nmi, 0,
						"cstats_torture") : 0;
}

/* Let those that were sent arrive: nobody else would know what they are. */
static void torture_nmi_stop(void)
{
	unsigned int cpu, i;

	if (!nmi_every)
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
			   (irq_us / 2 + torture_random(&c->random) % irq_us));
}

static enum hrtimer_restart torture_irq(struct hrtimer *timer)
{
	struct torture_cpu *c = container_of(timer, struct torture_cpu, timer);
	u32 dice = torture_random(&c->random);

	if (!READ_ONCE(torture_writing))
		return HRTIMER_NORESTART;
	torture_some(c->tallies[HARDIRQ]);
	if (softirq)
		tasklet_schedule(&c->tasklet);
	if (nmi_every && !((dice >> 8) % nmi_every))
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

/* CPUs */

/*
 * A section on a CPU that is not online yet. The state's owner is in no kernel
 * that has CPU hotplug and x86 at the same time; elsewhere we go without.
 */
#define TORTURE_BRINGUP	CPUHP_AP_DUMMY_TIMER_STARTING

static bool torture_bringup_set;

static int torture_bringup(unsigned int cpu)
{
	struct torture_tally *t = torture_cpus[cpu].tallies[BRINGUP];
	unsigned int i;

	if (READ_ONCE(torture_writing))
		for (i = 0; i < 10; i++)
			torture_section(t, 0, nest, 500);
	return 0;
}

#ifdef CONFIG_HOTPLUG_CPU
static int torture_onoff(void *arg)
{
	u32 random = get_random_u32();

	while (!kthread_should_stop()) {
		unsigned int cpu = torture_random(&random) % nr_cpu_ids;

		msleep(1 + torture_random(&random) % onoff_ms);
		if (!cpu || !cpu_online(cpu) || remove_cpu(cpu))
			continue;
		msleep(torture_random(&random) % onoff_ms);
		if (add_cpu(cpu)) {
			torture_violation(ERRORS, "CPU %u does not come back", cpu);
			continue;
		}
		nr_onoff++;
		/* Its timer has moved away, an NMI to it may have been lost. */
		atomic_set(&torture_cpus[cpu].nmi_pending, 0);
		if (irq_us) {
			hrtimer_cancel(&torture_cpus[cpu].timer);
			smp_call_function_single(cpu, torture_irq_start, NULL, true);
		}
	}
	return 0;
}
#endif

static int torture_shuffle(void *arg)
{
	u32 random = get_random_u32();

	while (!kthread_should_stop()) {
		unsigned int who = torture_random(&random) % (nwriters + nreaders);
		unsigned int cpu = torture_random(&random) % (nr_cpu_ids + 1);
		struct torture_thread *t = who < nwriters ? &writers[who] :
					   &readers[who - nwriters];

		cpus_read_lock();	/* kernel threads may even go to a dying CPU */
		set_cpus_allowed_ptr(t->task, cpu < nr_cpu_ids && cpu_online(cpu) ?
				     cpumask_of(cpu) : cpu_possible_mask);
		cpus_read_unlock();
		msleep(1 + torture_random(&random) % shuffle_ms);
	}
	return 0;
}

/* Readers */

static void torture_max(atomic64_t *max, s64 value)
{
	s64 old = atomic64_read(max);

	while (old < value && !atomic64_try_cmpxchg(max, &old, value))
		;
}

/* 0 + 1 + ... + nr - 1; one of the factors is even, whatever overflows. */
static u64 torture_index_sum(u64 nr)
{
	return nr & 1 ? nr * ((nr - 1) / 2) : nr / 2 * (nr - 1);
}

static void torture_check_values(const s64 *v, const char *what, u64 number)
{
	unsigned int i;

	if (v[IN] + v[OUT])
		torture_violation(TORN, "%s %llu: in %lld out %lld, off by %lld",
				  what, number, v[IN], v[OUT], v[IN] + v[OUT]);
	for (i = COPIES; i < nfields; i++)
		if (v[i] != v[SECTIONS]) {
			torture_violation(TORN, "%s %llu: sections %lld, but field %u is %lld",
					  what, number, v[SECTIONS], i, v[i]);
			break;
		}
	if (v[MADE] < v[TAKEN] || v[TAKEN] < v[GONE])
		torture_violation(CAUSAL, "%s %llu: made %lld taken %lld gone %lld",
				  what, number, v[MADE], v[TAKEN], v[GONE]);
	for (i = 0; i < nr_tallies; i++) {
		u64 nr = v[torture_tallies[i].field];
		u64 index_sum = v[torture_tallies[i].field + 1];

		if (index_sum != torture_index_sum(nr))
			torture_violation(CAUSAL, "%s %llu: writer %u: %llu, indices make %llu",
					  what, number, i, nr, index_sum);
	}
}

/* Is @snap later than what was known before? As new as it must be, if @fresh. */
static void torture_check_order(const struct cstats_snapshot *snap,
				const s64 *known, bool fresh)
{
	unsigned int i;

	for (i = 0; i <= GONE; i++) {
		if (i == IN || i == OUT)
			continue;
		if (snap->values[i] < known[i])
			torture_violation(BACKWARD, "snapshot %llu: field %u is %lld after %lld",
					  snap->number, i, snap->values[i],
					  known[i]);
		torture_max(&torture_latest[i], snap->values[i]);
	}
	if ((s64)snap->number < known[NUMBER] + fresh)
		torture_violation(BACKWARD, "snapshot %llu after %lld",
				  snap->number, known[NUMBER]);
	if ((s64)snap->time_ns < known[TIME])
		torture_violation(BACKWARD, "snapshot %llu: time %llu after %lld",
				  snap->number, snap->time_ns, known[TIME]);
	torture_max(&torture_latest[NUMBER], snap->number);
	torture_max(&torture_latest[TIME], snap->time_ns);
}

static void torture_known(s64 *known)
{
	unsigned int i;

	for (i = 0; i < NR_LATEST; i++)
		known[i] = atomic64_read(&torture_latest[i]);
	smp_rmb();	/* with the full barriers in torture_max() */
}

static void torture_read_last(struct torture_thread *r)
{
	s64 known[NR_LATEST];
	int err;

	torture_known(known);
	err = cstats_read_last(&torture_set, &r->snap);
	if (err) {
		torture_violation(ERRORS, "cstats_read_last: %d", err);
		return;
	}
	r->lasts++;
	torture_check_values(r->snap.values, "last snapshot", r->snap.number);
	torture_check_order(&r->snap, known, false);
}

static void torture_read(struct torture_thread *r)
{
	s64 known[NR_LATEST];
	unsigned int i;
	int err;

	torture_known(known);
	for (i = 0; i < nr_tallies; i++)	/* pairs with torture_section() */
		r->ended[i] = smp_load_acquire(&torture_tallies[i].ended);
	err = ops->read(r);
	if (err) {
		torture_violation(ERRORS, "cstats_read: %d", err);
		return;
	}
	r->snapshots++;
	smp_rmb();	/* with the write barrier of the section after ->started */
	for (i = 0; i < nr_tallies; i++) {
		const struct torture_tally *t = &torture_tallies[i];
		unsigned long started = READ_ONCE(t->started);
		u64 nr = r->snap.values[t->field];

		if (nr < r->ended[i])
			torture_violation(LOST, "snapshot %llu: writer %u: %llu, had ended %lu",
					  r->snap.number, i, nr, r->ended[i]);
		if (nr > started)
			torture_violation(EARLY, "snapshot %llu: writer %u: %llu, had started %lu",
					  r->snap.number, i, nr, started);
	}
	torture_check_values(r->snap.values, "snapshot", r->snap.number);
	torture_check_order(&r->snap, known, true);
}

static DECLARE_RWSEM(churn_sem);

static void torture_read_churn(void)
{
	s64 values[2];
	struct cstats_snapshot snap = { .values = values, .nr_values = 2 };
	int err;

	if (!down_read_trylock(&churn_sem))
		return;
	err = cstats_read(&churn_set, &snap);
	if (err && err != -ENODEV)
		torture_violation(ERRORS, "cstats_read of churn: %d", err);
	if (!err && values[0] + values[1])
		torture_violation(TORN, "churn: %lld and %lld", values[0], values[1]);
	up_read(&churn_sem);
}

static int torture_reader(void *arg)
{
	struct torture_thread *r = arg;

	while (!kthread_should_stop()) {
		u32 dice = torture_random(&r->random);

		if (!(dice & 7))
			torture_read_last(r);
		else
			torture_read(r);
		if (churn_ms && !(dice & 0xf00))
			torture_read_churn();
		if (pause_us)
			usleep_range(pause_us, 2 * pause_us);
		cond_resched();
	}
	return 0;
}

/* Sets that are read, reset and destroyed while others use them. */
static int torture_churn(void *arg)
{
	static const struct cstats_field fields[] = {
		{ "plus", CSTATS_COUNTER, "sections", "rises in every section" },
		{ "minus", CSTATS_COUNTER, "sections", "falls in every section" },
	};
	u32 random = get_random_u32();
	int err;

	while (!kthread_should_stop()) {
		down_write(&churn_sem);
		err = cstats_init(&churn_set, "torture_churn", fields,
				  ARRAY_SIZE(fields));
		up_write(&churn_sem);
		if (err) {
			torture_violation(ERRORS, "cstats_init: %d", err);
			return 0;
		}
		/* Pairs with smp_load_acquire() in torture_churn_section(). */
		smp_store_release(&churn_there, true);
		msleep(torture_random(&random) % (2 * churn_ms));
		if (torture_random(&random) & 1) {
			err = cstats_reset(&churn_set);
			if (err)
				torture_violation(ERRORS, "cstats_reset: %d", err);
		}
		msleep(torture_random(&random) % (2 * churn_ms));
		WRITE_ONCE(churn_there, false);
		synchronize_rcu();
		cstats_destroy(&churn_set);
		nr_churn++;
	}
	return 0;
}

/* The real one and the busted ones */

static int torture_real_read(struct torture_thread *r)
{
	return cstats_read(&torture_set, &r->snap);
}

/* The sums without any synchronization, as if they were a snapshot. */
static int torture_unsafe_read(struct torture_thread *r)
{
	cstats_read_unsafe(&torture_set, r->snap.values);
	r->snap.number = atomic64_read(&torture_latest[NUMBER]) + 1;
	r->snap.time_ns = ktime_get_ns();
	return 0;
}

/* What somebody else read some time ago, as if it were fresh. */
static int torture_last_read(struct torture_thread *r)
{
	if (!(torture_random(&r->random) & 3))
		return cstats_read(&torture_set, &r->snap);
	return cstats_read_last(&torture_set, &r->snap);
}

/* What was read here the time before. */
static int torture_stale_read(struct torture_thread *r)
{
	swap(r->snap, r->stale);
	return cstats_read(&torture_set, &r->stale);
}

static const struct torture_ops torture_ops[] = {
	{ .name = "cstats", .read = torture_real_read },
	{ .name = "busted_unsafe", .read = torture_unsafe_read },
	{ .name = "busted_split", .read = torture_real_read, .split = true },
	{ .name = "busted_early", .read = torture_real_read, .early = true },
	{ .name = "busted_last", .read = torture_last_read },
	{ .name = "busted_stale", .read = torture_stale_read },
	{ .name = "busted_lost", .read = torture_real_read, .loses = true },
};

/* Statistics and the verdict */

static void torture_print(const char *prefix)
{
	u64 by_context[NR_CONTEXTS] = { }, sections = 0, snapshots = 0, lasts = 0;
	char text[320];
	unsigned int i;
	int n = 0;

	for (i = 0; i < nr_tallies; i++) {
		u64 ended = READ_ONCE(torture_tallies[i].ended);

		by_context[torture_tallies[i].context] += ended;
		sections += ended;
	}
	for (i = 0; i < nreaders; i++) {
		snapshots += READ_ONCE(readers[i].snapshots);
		lasts += READ_ONCE(readers[i].lasts);
	}
	for (i = 0; i < NR_VIOLATIONS; i++)
		n += scnprintf(text + n, sizeof(text) - n, " %s %ld",
			       violation_names[i],
			       atomic_long_read(&violations[i]));
	n += scnprintf(text + n, sizeof(text) - n, " last %llu", lasts);
	for (i = 0; i < NR_CONTEXTS; i++)
		n += scnprintf(text + n, sizeof(text) - n, " %s %llu",
			       torture_contexts[i], by_context[i]);
	pr_alert("%s torture_type=%s ms %lld sections %llu snapshots %llu%s onoff %lu churn %lu\n",
		 prefix, ops->name, ktime_ms_delta(ktime_get(), torture_start),
		 sections, snapshots, text, READ_ONCE(nr_onoff),
		 READ_ONCE(nr_churn));
}

/* All is quiet: every field must be what the tallies say. */
static void torture_check_totals(void)
{
	static const char * const names[] = { "read", "read_last", "read_unsafe" };
	struct cstats_snapshot *snap = &readers[0].snap;
	unsigned int how, f, i;
	int err;

	for (how = 0; how < ARRAY_SIZE(names); how++) {
		err = how == 0 ? cstats_read(&torture_set, snap) :
		      how == 1 ? cstats_read_last(&torture_set, snap) : 0;
		if (how == 2)
			cstats_read_unsafe(&torture_set, snap->values);
		if (err) {
			torture_violation(ERRORS, "%s at the end: %d", names[how], err);
			continue;
		}
		torture_check_values(snap->values, names[how], 0);
		for (f = 0; f < nfields; f++) {
			u64 want = 0;

			for (i = 0; i < nr_tallies; i++) {
				struct torture_tally *t = &torture_tallies[i];

				want += f == IN ? t->in : f == OUT ? -t->in :
					f >= MADE && f <= GONE ? t->chain[f] :
					t->ended;
			}
			if (snap->values[f] != want)
				torture_violation(LOST, "%s at the end: field %u is %lld, not %lld",
						  names[how], f, snap->values[f],
						  want);
		}
	}
}

static void torture_stop_thread(struct task_struct **task)
{
	if (*task)
		kthread_stop(*task);
	*task = NULL;
}

static void torture_stop(void)
{
	unsigned int i, cpu;

	torture_stop_thread(&shuffle_task);
	torture_stop_thread(&onoff_task);
	for (i = 0; i < nwriters; i++)
		torture_stop_thread(&writers[i].task);
	WRITE_ONCE(torture_writing, false);
	for_each_possible_cpu(cpu) {
		hrtimer_cancel(&torture_cpus[cpu].timer);
		tasklet_kill(&torture_cpus[cpu].tasklet);
	}
	torture_nmi_stop();
	if (torture_bringup_set)
		cpuhp_remove_state_nocalls(TORTURE_BRINGUP);
	for (i = 0; i < nreaders; i++)
		torture_stop_thread(&readers[i].task);
	torture_stop_thread(&churn_task);
}

static struct task_struct *torture_start_thread(int (*fn)(void *), void *arg,
						const char *name)
{
	struct task_struct *task = kthread_run(fn, arg, "torture_%s", name);

	if (!IS_ERR(task))
		return task;
	torture_violation(ERRORS, "no thread for %s: %ld", name, PTR_ERR(task));
	return NULL;
}

static void torture_go(void)
{
	unsigned int i;

	torture_start = ktime_get();
	WRITE_ONCE(torture_writing, true);
	if (torture_nmi_start()) {
		pr_alert("no NMIs\n");
		nmi_every = 0;
	}
	if (onoff_ms)
		torture_bringup_set =
			!cpuhp_setup_state_nocalls(TORTURE_BRINGUP,
						   "cstats/torture:starting",
						   torture_bringup, NULL);
	for (i = 0; i < nwriters; i++) {
		writers[i].task = torture_start_thread(torture_writer, &writers[i],
						       "writer");
		/* A hog leaves the first CPU to the others. */
		if (hog_us && writers[i].task)
			set_cpus_allowed_ptr(writers[i].task,
					     cpumask_of(1 + i % max(num_online_cpus() - 1, 1U)));
	}
	for (i = 0; i < nreaders; i++)
		readers[i].task = torture_start_thread(torture_reader, &readers[i],
						       "reader");
	if (irq_us)
		on_each_cpu(torture_irq_start, NULL, true);
	if (churn_ms)
		churn_task = torture_start_thread(torture_churn, NULL, "churn");
	if (shuffle_ms && !torture_failed())
		shuffle_task = torture_start_thread(torture_shuffle, NULL, "shuffle");
#ifdef CONFIG_HOTPLUG_CPU
	if (onoff_ms)
		onoff_task = torture_start_thread(torture_onoff, NULL, "onoff");
#endif
}

static int torture_main(void *unused)
{
	s64 ms = 0, next_stat = 1000 * stat_interval;
	u64 first;

	torture_go();
	while (!kthread_should_stop() && !(seconds && ms >= seconds * 1000ll) &&
	       !(fail_fast && torture_failed())) {
		schedule_timeout_interruptible(msecs_to_jiffies(20));
		ms = ktime_ms_delta(ktime_get(), torture_start);
		if (stat_interval && ms >= next_stat) {
			torture_print("statistics:");
			next_stat += 1000 * stat_interval;
		}
	}
	torture_stop();
	torture_check_totals();

	first = atomic64_read(&first_violation_ns);
	if (first)
		pr_alert("first violation after %lld ms\n", ktime_to_ms(first));
	torture_print(first ? "End of test: FAILURE" : "End of test: SUCCESS");
	WRITE_ONCE(torture_verdict, first ? "FAILURE" : "SUCCESS");

	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return 0;
}

/* Setting up */

static void torture_free(void)
{
	unsigned int i;

	for (i = 0; readers && i < nreaders; i++) {
		kfree(readers[i].snap.values);
		kfree(readers[i].stale.values);
		kfree(readers[i].ended);
	}
	for (i = 0; torture_tallies && i < nr_tallies; i++)
		vfree(torture_tallies[i].cold);
	kfree(readers);
	kfree(writers);
	kfree(torture_cpus);
	kfree(torture_tallies);
	kfree(torture_fields);
}

static struct torture_tally *torture_tally(enum torture_context context)
{
	struct torture_tally *t = &torture_tallies[nr_tallies++];

	t->context = context;
	t->field = nr_fields;
	nr_fields += 2;
	t->random = get_random_u32();
	return t;
}

static int torture_alloc(void)
{
	unsigned int i, j, cpu;
	char (*names)[12];

	torture_tallies = kcalloc(nwriters + nr_cpu_ids * NR_CONTEXTS,
				  sizeof(*torture_tallies), GFP_KERNEL);
	torture_cpus = kcalloc(nr_cpu_ids, sizeof(*torture_cpus), GFP_KERNEL);
	writers = kcalloc(nwriters, sizeof(*writers), GFP_KERNEL);
	readers = kcalloc(nreaders, sizeof(*readers), GFP_KERNEL);
	if (!torture_tallies || !torture_cpus || !writers || !readers)
		return -ENOMEM;

	nr_fields = nfields;
	for (i = 0; i < nwriters; i++) {
		struct torture_tally *t = torture_tally(TASK);

		writers[i].tally = t;
		if (!misses)
			continue;
		t->cold = vzalloc(TORTURE_COLD);
		if (!t->cold)
			return -ENOMEM;
	}
	for_each_possible_cpu(cpu) {
		struct torture_cpu *c = &torture_cpus[cpu];

		for (j = SOFTIRQ; j < NR_CONTEXTS; j++)
			c->tallies[j] = torture_tally(j);
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
	torture_fields = kcalloc(nr_fields, sizeof(*torture_fields) + sizeof(*names),
				 GFP_KERNEL);
	if (!torture_fields)
		return -ENOMEM;
	names = (void *)(torture_fields + nr_fields);
	for (i = 0; i < nr_fields; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		torture_fields[i].name = names[i];
	}
	for (i = 0; i < nreaders; i++) {
		struct torture_thread *r = &readers[i];

		r->random = get_random_u32();
		r->snap.nr_values = nr_fields;
		r->snap.values = kcalloc(nr_fields, sizeof(s64), GFP_KERNEL);
		r->stale.nr_values = nr_fields;
		r->stale.values = kcalloc(nr_fields, sizeof(s64), GFP_KERNEL);
		r->ended = kcalloc(nr_tallies, sizeof(*r->ended), GFP_KERNEL);
		if (!r->snap.values || !r->stale.values || !r->ended)
			return -ENOMEM;
	}
	return 0;
}

static int __init torture_check_params(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(torture_ops); i++)
		if (!strcmp(torture_type, torture_ops[i].name))
			ops = &torture_ops[i];
	if (!ops || nfields <= COPIES || nfields > 1000) {
		pr_err("torture_type=%s nfields=%u: no such type, or not 7 to 1000\n",
		       torture_type, nfields);
		return -EINVAL;
	}
	if (nwriters < 0)
		nwriters = num_online_cpus();
	if (nreaders < 1)
		nreaders = num_online_cpus();
	if (hog_us) {
		if (num_online_cpus() < 2) {
			pr_err("hog_us needs two CPUs\n");
			return -EINVAL;
		}
		nwriters = min_t(int, nwriters, num_online_cpus() - 1);
		irq_us = 0;
		churn_ms = 0;
		shuffle_ms = 0;
		onoff_ms = 0;
	}
	if (!irq_us) {
		softirq = false;
		nmi_every = 0;
	}
	if (!IS_ENABLED(CONFIG_X86_LOCAL_APIC))
		nmi_every = 0;
	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU))
		onoff_ms = 0;
	return 0;
}

static int __init torture_init(void)
{
	int err = torture_check_params();

	if (!err)
		err = torture_alloc();
	if (err)
		goto free;
	err = cstats_init(&torture_set, "torture", torture_fields, nr_fields);
	if (err)
		goto free;
	pr_alert("start: torture_type=%s nwriters=%d nreaders=%d nfields=%u seconds=%u nest=%u irq_us=%u softirq=%d nmi_every=%u stall_us=%u misses=%u shuffle_ms=%u onoff_ms=%u churn_ms=%u hog_us=%u dead_every=%u\n",
		 ops->name, nwriters, nreaders, nfields, seconds, nest, irq_us,
		 softirq, nmi_every, stall_us, misses, shuffle_ms, onoff_ms,
		 churn_ms, hog_us, dead_every);
	main_task = kthread_run(torture_main, NULL, "torture_main");
	if (!IS_ERR(main_task))
		return 0;
	err = PTR_ERR(main_task);
	cstats_destroy(&torture_set);
free:
	torture_free();
	return err;
}

static void __exit torture_exit(void)
{
	kthread_stop(main_task);
	cstats_destroy(&torture_set);
	torture_free();
}

module_init(torture_init);
module_exit(torture_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("Torture test of cstats");
MODULE_LICENSE("GPL");
