// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_bench: what snapshots cost their readers
 */
#include <linux/cpu.h>
#include <linux/err.h>
#include <linux/kthread.h>
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
	{ "cstats_rcu", read_cstats_rcu },
	{ "ipi", read_ipi },
	{ "ipi_touch", read_ipi_touch },
	{ "rcu", read_rcu },
	{ "rcu_expedited", read_rcu_expedited },
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

/* The first @nr of the readers in turn, @reads of each for a sample. */
static int readers_measure(struct out *o, const char *what, unsigned int nr,
			   unsigned int reads, unsigned int fields, bool busy)
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
		time_read(readers[i].read, reads);
	}
	for (r = 0; r < bench_rounds && !err; r++) {
		shuffle(order, nr);
		for (i = 0; i < nr; i++) {
			ns[order[i] * bench_rounds + r] =
				time_read(readers[order[i]].read, reads);
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
		    readers[i].name, fields, num_online_cpus(), busy ? job_cpus() : 0);
		out_samples(o, ns + i * bench_rounds, bench_rounds);
	}
	kvfree(ns);
	return err;
}

/* While nobody writes, as far as there is time for interrupts. */
int test_readers(struct out *o)
{
	return readers_measure(o, "read", ARRAY_SIZE(readers), 1, SIX_FIELDS, false);
}

/* While all CPUs write as fast as they can. */
int test_readers_busy(struct out *o)
{
	return readers_measure(o, "read", ARRAY_SIZE(readers), 1, SIX_FIELDS, true);
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
		err = readers_measure(o, "fields", 3, FIELDS_READS, fields[i], false);
	return err;
}

/* cstats alone, in the mode that its parameter says. */
int test_mode(struct out *o)
{
	return readers_measure(o, "mode", 1, 1, SIX_FIELDS, false);
}

int test_mode_busy(struct out *o)
{
	return readers_measure(o, "mode", 1, 1, SIX_FIELDS, true);
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

/* Readers at the same time. */
#define CONCURRENT_READERS	64
#define CONCURRENT_READS	2000	/* latencies kept of each reader */
#define CONCURRENT_NS		(NSEC_PER_SEC / 5)

struct concurrent_reader {
	struct task_struct *task;
	u64 end;
	unsigned int reads;
	unsigned int most;	/* rotations that one read took */
	u64 rotations;
	u32 ns[CONCURRENT_READS];
};

static struct concurrent_reader *concurrent;

static int concurrent_fn(void *data)
{
	struct concurrent_reader *reader = data;
	struct cstats_snapshot snap = { };
	s64 read_values[SIX_FIELDS];
	u64 begin, number, ns;

	snap.values = read_values;
	snap.nr_values = SIX_FIELDS;
	while (!kthread_should_stop() && ktime_get_ns() < reader->end) {
		if (cstats_read_last(&w.cs, &snap))
			break;
		number = snap.number;
		begin = ktime_get_ns();
		if (cstats_read(&w.cs, &snap))
			break;
		ns = ktime_get_ns() - begin;
		number = snap.number - number;
		if (number > reader->most)
			reader->most = number;
		reader->rotations += number;
		if (reader->reads < CONCURRENT_READS)
			reader->ns[reader->reads] = min_t(u64, ns, U32_MAX);
		reader->reads++;
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static u64 set_number(void)
{
	struct cstats_snapshot snap = { };

	snap.values = values;
	snap.nr_values = nr_values;
	return cstats_read_last(&w.cs, &snap) ? 0 : snap.number;
}

/* Prints up to 400 of the latencies that all readers saw. */
static int concurrent_measure(struct out *o, unsigned int nr)
{
	u64 number, reads = 0, kept = 0, rotations = 0, end = ktime_get_ns() + CONCURRENT_NS;
	unsigned int i, j, most = 0, step;
	int err = 0;

	number = set_number();
	for (i = 0; i < nr; i++) {
		struct concurrent_reader *reader = &concurrent[i];

		memset(reader, 0, sizeof(*reader));
		reader->end = end;
		reader->task = kthread_run(concurrent_fn, reader, "cstats_bench_r%u", i);
		if (IS_ERR(reader->task)) {
			err = PTR_ERR(reader->task);
			break;
		}
	}
	nr = i;
	while (!err && ktime_get_ns() < end)
		if (schedule_timeout_interruptible(1) && signal_pending(current))
			err = -EINTR;
	for (i = 0; i < nr; i++) {
		struct concurrent_reader *reader = &concurrent[i];

		kthread_stop(reader->task);
		reads += reader->reads;
		kept += min_t(u64, reader->reads, CONCURRENT_READS);
		rotations += reader->rotations;
		most = max(most, reader->most);
	}
	if (err)
		return err;
	out(o, "concurrent_reads readers=%u: %llu\n", nr, reads);
	out(o, "concurrent_rotations readers=%u: %llu\n", nr, set_number() - number);
	out(o, "concurrent_millirotations_per_read readers=%u: %llu\n", nr,
	    reads ? div64_u64(rotations * 1000, reads) : 0);
	out(o, "concurrent_most_rotations_per_read readers=%u: %u\n", nr, most);
	out(o, "concurrent_ns readers=%u:", nr);
	step = kept / 400 + 1;
	for (i = 0; i < nr; i++)
		for (j = i % step; j < min_t(u64, concurrent[i].reads, CONCURRENT_READS);
		     j += step)
			out(o, " %u", concurrent[i].ns[j]);
	out(o, "\n");
	return 0;
}

int test_concurrent(struct out *o)
{
	static const unsigned int counts[] = { 1, 2, 4, 8, 16, 32, 64 };
	unsigned int order[ARRAY_SIZE(counts)] = { 0, 1, 2, 3, 4, 5, 6 }, r, i;
	int err;

	concurrent = kvcalloc(CONCURRENT_READERS, sizeof(*concurrent), GFP_KERNEL);
	if (!concurrent)
		return -ENOMEM;
	err = readers_init(SIX_FIELDS);
	if (!err) {
		for (r = 0; r < 3 && !err; r++) {
			shuffle(order, ARRAY_SIZE(counts));
			for (i = 0; i < ARRAY_SIZE(counts) && !err; i++)
				err = concurrent_measure(o, counts[order[i]]);
		}
		readers_exit();
	}
	kvfree(concurrent);
	return err;
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
