// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_bench: what snapshots cost their readers
 */
#include <linux/cpu.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>

#include "writers.h"
#include "bench.h"

/* Where the reads store what they read. */
static s64 *values;
static unsigned int nr_values;

static void read_set(struct cstats *cs)
{
	struct cstats_snapshot snap = { };

	snap.values = values;
	snap.nr_values = nr_values;
	if (cstats_read(cs, &snap))
		pr_warn_once("cstats_bench: cstats_read() failed\n");
}

static void read_cstats(void)
{
	read_set(&w.cs);
}

static void read_cstats_rcu(void)
{
	read_set(&w.rcu.cs);
}

static void read_last(void)
{
	struct cstats_snapshot snap = { };

	snap.values = values;
	snap.nr_values = nr_values;
	cstats_read_last(&w.cs, &snap);
}

static void read_unsafe(void)
{
	cstats_read_unsafe(&w.cs, values);
}

/* The limit of the expedited mode: the IPIs, and nothing done with them. */
static void ipi_handler(void *unused)
{
	smp_mb();	/* as the real one */
}

static void read_ipi(void)
{
	smp_call_function(ipi_handler, NULL, true);
}

/* The same, and what any reader has to touch: each CPU's counter and slot. */
static void read_ipi_touch(void)
{
	struct cstats_shared *shared = w.cs.shared;
	unsigned long slot = READ_ONCE(shared->gen);
	unsigned int i;
	int cpu;

	cpus_read_lock();
	smp_call_function(ipi_handler, NULL, true);
	memset(values, 0, nr_values * sizeof(*values));
	for_each_online_cpu(cpu)
		values[0] += READ_ONCE(per_cpu_ptr(shared->cpu, cpu)->seq) & 1;
	for_each_possible_cpu(cpu) {
		const s64 *part = (void *)per_cpu_ptr(shared->cpu, cpu)->slots + slot;

		for (i = 0; i < nr_values; i++)
			values[i] += READ_ONCE(part[i]);
	}
	cpus_read_unlock();
}

static void read_sum(void)
{
	unsigned int i;
	int cpu;

	memset(values, 0, nr_values * sizeof(*values));
	for_each_possible_cpu(cpu)
		for (i = 0; i < min_t(unsigned int, nr_values, WRITER_FIELDS); i++)
			values[i] += per_cpu_ptr(w.cpu, cpu)->locked[i];
}

static int stop_handler(void *unused)
{
	read_sum();
	return 0;
}

static void read_stop_machine(void)
{
	stop_machine(stop_handler, NULL, NULL);
}

static void read_rcu(void)
{
	synchronize_rcu();
}

static void read_rcu_expedited(void)
{
	synchronize_rcu_expedited();
}

static DEFINE_MUTEX(nest);

/* For sparse, each of these is balanced. */
static void percpu_lock(spinlock_t *lock)
{
	spin_lock_nest_lock(lock, &nest);
	__release(lock);
}

static void percpu_unlock(spinlock_t *lock)
{
	__acquire(lock);
	spin_unlock(lock);
}

/* All locks at once, or the sums are of different moments. */
static void read_percpu_locks(void)
{
	int cpu;

	mutex_lock(&nest);
	preempt_disable();
	for_each_possible_cpu(cpu)
		percpu_lock(&per_cpu_ptr(w.cpu, cpu)->lock);
	read_sum();
	for_each_possible_cpu(cpu)
		percpu_unlock(&per_cpu_ptr(w.cpu, cpu)->lock);
	preempt_enable();
	mutex_unlock(&nest);
}

/* Single counters, each exact at some moment. */
static void read_percpu_counter(void)
{
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, nr_values, WRITER_FIELDS); i++)
		values[i] = percpu_counter_sum(&w.counter[i]);
}

static const struct reader {
	const char *name;
	void (*read)(void);
} readers[] = {
	{ "cstats", read_cstats },
	{ "ipi", read_ipi },
	{ "ipi_touch", read_ipi_touch },
#define IPI_READERS	3		/* those above */
	{ "cstats_rcu", read_cstats_rcu },
	{ "rcu_expedited", read_rcu_expedited },
#define GRACE_READERS	2		/* these two */
	{ "rcu", read_rcu },
	{ "stop_machine", read_stop_machine },
	{ "percpu_locks", read_percpu_locks },
	{ "percpu_counter_sum", read_percpu_counter },
	{ "cstats_read_last", read_last },
	{ "cstats_read_unsafe", read_unsafe },
};

static int readers_init(unsigned int nr_fields)
{
	int err;

	values = kvcalloc(nr_fields, sizeof(*values), GFP_KERNEL);
	if (!values)
		return -ENOMEM;
	nr_values = nr_fields;
	err = writers_init(nr_fields);
	if (err)
		kvfree(values);
	return err;
}

static void readers_exit(void)
{
	writers_exit();
	kvfree(values);
}

/* The mean of @reads reads in a row. */
static u32 time_read(void (*read)(void), unsigned int reads)
{
	u64 ns = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < reads; i++)
		read();
	return min_t(u64, div_u64(ktime_get_ns() - ns, reads), U32_MAX);
}

/* @nr readers from @first on in turn, @reads of each for a sample. */
static int readers_measure(struct out *o, const char *what, const struct reader *first,
			   unsigned int nr, unsigned int reads, unsigned int fields, bool busy)
{
	unsigned int order[ARRAY_SIZE(readers)], i, r;
	u32 *ns = kvmalloc_array(bench_rounds, nr * sizeof(*ns), GFP_KERNEL);
	struct job job = { };
	int err;

	if (!ns)
		return -ENOMEM;
	err = readers_init(fields);
	if (err) {
		kvfree(ns);
		return err;
	}
	if (busy)
		writers_background_start(&job, job_cpus());
	for (i = 0; i < nr; i++) {
		order[i] = i;
		time_read(first[i].read, reads);
	}
	for (r = 0; r < bench_rounds && !err; r++) {
		shuffle(order, nr);
		for (i = 0; i < nr; i++) {
			ns[order[i] * bench_rounds + r] =
				time_read(first[order[i]].read, reads);
			cond_resched();
		}
		if (signal_pending(current))
			err = -EINTR;
	}
	if (busy)
		writers_background_stop(&job);
	readers_exit();
	for (i = 0; i < nr && !err; i++) {
		out(o, "%s_ns name=%s fields=%u cpus=%u writers=%u:", what,
		    first[i].name, fields, num_online_cpus(), busy ? job_cpus() : 0);
		out_samples(o, ns + i * bench_rounds, bench_rounds);
	}
	kvfree(ns);
	return err;
}

/* While nobody writes, as far as there is time for interrupts. */
int test_readers(struct out *o)
{
	return readers_measure(o, "read", readers, ARRAY_SIZE(readers), 1, SIX_FIELDS, false);
}

/* While all CPUs write as fast as they can. */
int test_readers_busy(struct out *o)
{
	return readers_measure(o, "read", readers, ARRAY_SIZE(readers), 1, SIX_FIELDS, true);
}

/*
 * By the number of fields: cstats, the IPIs, and with the memory touched. Those
 * three alone, as what stops the machine leaves it in another state.
 */
#define FIELDS_READS	16	/* User-mode Linux has a clock of 256 ns */

int test_fields(struct out *o)
{
	static const unsigned int fields[] = { 1, 6, 64, 512, 2047 };
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(fields) && !err; i++)
		err = readers_measure(o, "fields", readers, IPI_READERS, FIELDS_READS,
				      fields[i], false);
	return err;
}

/* The RCU flavour and what it waits for, alone for the same reason. */
int test_grace(struct out *o)
{
	return readers_measure(o, "grace", readers + IPI_READERS, GRACE_READERS, 1,
			       SIX_FIELDS, false);
}

/* cstats alone, in the mode that its parameter says. */
int test_mode(struct out *o)
{
	return readers_measure(o, "mode", readers, 1, 1, SIX_FIELDS, false);
}

int test_mode_busy(struct out *o)
{
	return readers_measure(o, "mode", readers, 1, 1, SIX_FIELDS, true);
}

/* 1,000 reads and nothing else, for who wants to count the interrupts. */
int test_read(struct out *o)
{
	unsigned int i;
	u64 ns;
	int err = readers_init(SIX_FIELDS);

	if (err)
		return err;
	ns = ktime_get_ns();
	for (i = 0; i < 1000; i++)
		read_cstats();
	out(o, "read_mean_ns name=cstats cpus=%u: %llu\n", num_online_cpus(),
	    div_u64(ktime_get_ns() - ns, 1000));
	readers_exit();
	return 0;
}

/* What the compiler says; the guest's script adds what /proc/meminfo says. */
int test_memory(struct out *o)
{
	out(o, "size_bytes name=cstats: %zu\n", sizeof(struct cstats));
	out(o, "size_bytes name=cstats_cpu: %zu\n", sizeof(struct cstats_cpu));
	out(o, "size_bytes name=percpu_counter: %zu\n", sizeof(struct percpu_counter));
	out(o, "size_bytes name=u64_stats_sync: %zu\n", sizeof(struct u64_stats_sync));
	out(o, "size_bytes name=u64_stats: %zu\n", sizeof(u64_stats_t));
	out(o, "size_bytes name=atomic64: %zu\n", sizeof(atomic64_t));
	out(o, "size_bytes name=spinlock: %zu\n", sizeof(spinlock_t));
	out(o, "size_bytes name=percpu_rwsem: %zu\n", sizeof(struct percpu_rw_semaphore));
	out(o, "size_bytes name=srcu: %zu\n", sizeof(struct srcu_struct));
	out(o, "size_bytes name=srcu_cpu: %zu\n", sizeof(struct srcu_data));
	return 0;
}
