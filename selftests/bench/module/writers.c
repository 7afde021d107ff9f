// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_bench: what sections cost their writers
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "writers.h"
#include "bench.h"

struct writers_mem w;
DEFINE_PER_CPU(struct variant_cpu, variant_static);

/* Under emulation a loop across two pages is slow. */
#define WRITER_ALIGN	__aligned(512)
#include "writers_table.h"

#define MAX_WRITERS	32

static_assert(ARRAY_SIZE(writers) <= MAX_WRITERS);

static char __percpu *packed;

/* Memory for all writers, for as long as the module is there. */
int writers_alloc(void)
{
	unsigned int i;
	int cpu, err;

	packed = __alloc_percpu(PACKED_OFFSET + sizeof(*w.v.cpu), SMP_CACHE_BYTES);
	w.v.cpu = __alloc_percpu(sizeof(*w.v.cpu), SMP_CACHE_BYTES);
	w.cpu = alloc_percpu(struct writers_cpu);
	err = packed && w.v.cpu && w.cpu ? 0 : -ENOMEM;
	for (i = 0; i < WRITER_FIELDS && !err; i++)
		err = percpu_counter_init(&w.counter[i], 0, GFP_KERNEL);
	err = err ?: percpu_init_rwsem(&w.rwsem);
	if (!err) {
		err = init_srcu_struct(&w.srcu);
		if (err)
			percpu_free_rwsem(&w.rwsem);
	}
#ifdef HAVE_SRCU_FAST
	if (!err) {
		err = init_srcu_struct_fast(&w.srcu_fast);
		if (err) {
			cleanup_srcu_struct(&w.srcu);
			percpu_free_rwsem(&w.rwsem);
		}
	}
#endif
	if (err) {
		for (i = 0; i < WRITER_FIELDS; i++)
			percpu_counter_destroy(&w.counter[i]);
		free_percpu(w.cpu);
		free_percpu(w.v.cpu);
		free_percpu(packed);
		return err;
	}
	w.v.gen = offsetof(struct variant_cpu, slots);
	w.packed = w.v;
	w.packed.cpu = (void __percpu *)(packed + PACKED_OFFSET);
	spin_lock_init(&w.lock);
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(w.cpu, cpu)->lock);
	return 0;
}

void writers_free(void)
{
	unsigned int i;

#ifdef HAVE_SRCU_FAST
	cleanup_srcu_struct(&w.srcu_fast);
#endif
	cleanup_srcu_struct(&w.srcu);
	percpu_free_rwsem(&w.rwsem);
	for (i = 0; i < WRITER_FIELDS; i++)
		percpu_counter_destroy(&w.counter[i]);
	free_percpu(w.cpu);
	free_percpu(w.v.cpu);
	free_percpu(packed);
}

/* The set is laid out for the number of fields. */
int writers_init(unsigned int nr_fields)
{
	struct cstats_field *fields = bench_fields_new(nr_fields);
	int err;

	if (!fields)
		return -ENOMEM;
	w.v.nr_fields = nr_fields;
	w.packed.nr_fields = nr_fields;
	err = cstats_init(&w.cs, "bench_writers", fields, nr_fields) ?:
	      cstats_init(&w.rcu, "bench_rcu", fields, nr_fields) ?:
	      cstats_init_family(&w.family, "bench_family", "label", fields, nr_fields) ?:
	      cstats_init_family(&w.rcu_family, "bench_rcu_family", "label", fields,
				 nr_fields) ?:
	      cstats_instance_add(&w.family, &w.instance, "one") ?:
	      cstats_instance_add(&w.rcu_family.cs, &w.rcu_instance, "one");
	kvfree(fields);
	if (err)
		writers_exit();
	return err;
}

void writers_exit(void)
{
	cstats_instance_remove(&w.instance);
	cstats_instance_remove(&w.rcu_instance);
	cstats_destroy(&w.cs);
	cstats_destroy(&w.rcu.cs);
	cstats_destroy(&w.family);
	cstats_destroy(&w.rcu_family.cs);
}

/* One sample: what a section takes on each CPU, in picoseconds. */
struct writer_sample {
	writer_fn run;
	unsigned long loops;
	u32 *ps;
};

static void writer_job(struct job *job, unsigned int index)
{
	struct writer_sample *sample = job->data;
	u64 ns = ktime_get_ns();

	sample->run(sample->loops, index + 1);
	ns = ktime_get_ns() - ns;
	sample->ps[index] = div64_u64(ns * 1000, sample->loops);
}

/* How often @run fits into a chunk of time. */
static unsigned long writer_calibrate(writer_fn run)
{
	unsigned long loops = 64;
	u64 ns = 0;

	while (ns < bench_chunk_us * 250ULL) {
		loops *= 2;
		ns = ktime_get_ns();
		run(loops, 1);
		ns = ktime_get_ns() - ns;
		cond_resched();
	}
	return max_t(u64, 1, div64_u64((u64)loops * bench_chunk_us * 1000, ns));
}

/* All writers of one number of fields in turn; a sample is the CPUs' mean. */
static int writers_measure(struct out *o, const char *what, unsigned int size,
			   unsigned int cpus)
{
	unsigned int nr = ARRAY_SIZE(writers), i, r, cpu;
	unsigned int order[MAX_WRITERS];
	unsigned long loops[MAX_WRITERS];
	struct writer_sample sample;
	struct job job = { .fn = writer_job, .data = &sample };
	u32 *ps = kvmalloc_array(bench_rounds, nr * sizeof(*ps), GFP_KERNEL);
	int err = -ENOMEM;
	u64 sum;

	sample.ps = kcalloc(nr_cpu_ids, sizeof(*sample.ps), GFP_KERNEL);
	if (!ps || !sample.ps)
		goto free;
	err = writers_init(writer_fields[size]);
	if (err)
		goto free;
	for (i = 0; i < nr; i++) {
		order[i] = i;
		loops[i] = writer_calibrate(writers[i].run[size]);
	}
	for (r = 0; r < bench_rounds && !err; r++) {
		shuffle(order, nr);
		for (i = 0; i < nr && !err; i++) {
			sample.run = writers[order[i]].run[size];
			sample.loops = loops[order[i]];
			err = job_run(&job, cpus);
			for (cpu = 0, sum = 0; cpu < cpus; cpu++)
				sum += sample.ps[cpu];
			ps[order[i] * bench_rounds + r] = div_u64(sum, cpus);
		}
	}
	writers_exit();
	for (i = 0; i < nr && !err; i++) {
		out(o, "%s_ps name=%s fields=%u cpus=%u:", what, writers[i].name,
		    writer_fields[size], cpus);
		out_samples(o, ps + i * bench_rounds, bench_rounds);
	}
free:
	kfree(sample.ps);
	kvfree(ps);
	return err;
}

/* On one CPU, with each number of fields. */
int test_writers(struct out *o)
{
	unsigned int size;
	int err = 0;

	for (size = 0; size < WRITER_SIZES && !err; size++)
		if (!bench_fields || bench_fields == writer_fields[size])
			err = writers_measure(o, "writer", size, 1);
	return err;
}

/* With six fields, on 1 CPU to all. */
int test_scaling(struct out *o)
{
	unsigned int cpus, max = job_cpus();
	int err = 0;

	for (cpus = 1; cpus < max && !err; cpus *= 2)
		err = writers_measure(o, "scaling", SIX, cpus);
	return err ?: writers_measure(o, "scaling", SIX, max);
}

/* Writers of six fields on all CPUs until told to stop, and their mean cost. */
static void background_job(struct job *job, unsigned int index)
{
	u64 ns = ktime_get_ns(), n = 0;
	u32 *ps = job->data;

	while (!READ_ONCE(job->stop)) {
		writers[WRITER_CSTATS].run[SIX](1000, index + 1);
		n += 1000;
		cond_resched();
	}
	ns = ktime_get_ns() - ns;
	if (ps)
		ps[index] = n ? div64_u64(ns * 1000, n) : 0;
}

void writers_background_start(struct job *job, unsigned int cpus)
{
	job->fn = background_job;
	job->stop = false;
	job_start(job, cpus);
}

void writers_background_stop(struct job *job)
{
	WRITE_ONCE(job->stop, true);
	job_wait();
}

/* Let a reader rotate so often per second, for @ns. */
static int rotate_for(unsigned int rate, u64 ns)
{
	u64 begin = ktime_get_ns(), end = begin + ns, period, next, now;
	struct cstats_snapshot snap = { };
	s64 values[SIX_FIELDS];
	int err = 0;

	snap.values = values;
	snap.nr_values = ARRAY_SIZE(values);
	period = rate ? NSEC_PER_SEC / rate : 2 * ns;
	next = begin + period / 2;
	while (!err && (now = ktime_get_ns()) < end) {
		u64 until = min(next, end);

		if (now < until) {
			u64 us = div_u64(until - now, 1000);

			usleep_range(us, us + 5);
			continue;
		}
		err = cstats_read(&w.cs, &snap);
		next += period;
	}
	return err;
}

/* What sections cost while a reader rotates at a given rate. */
int test_rotation(struct out *o)
{
	static const unsigned int rates[] = { 0, 1, 100, 10000 };
	unsigned int order[ARRAY_SIZE(rates)] = { 0, 1, 2, 3 };
	unsigned int cpus = job_cpus(), windows = bench_rounds / 10 + 2, i, r, cpu;
	u32 *ps = kvmalloc_array(windows, sizeof(rates), GFP_KERNEL);
	struct job job = { };
	int err = -ENOMEM;
	u64 sum;

	job.data = kcalloc(nr_cpu_ids, sizeof(u32), GFP_KERNEL);
	if (!ps || !job.data)
		goto free;
	err = writers_init(SIX_FIELDS);
	if (err)
		goto free;
	for (r = 0; r < windows && !err; r++) {
		shuffle(order, ARRAY_SIZE(rates));
		for (i = 0; i < ARRAY_SIZE(rates) && !err; i++) {
			unsigned int rate = rates[order[i]];

			writers_background_start(&job, cpus);
			/* at 1 per second: one rotation in every window */
			err = rotate_for(rate, rate == 1 ? NSEC_PER_SEC : NSEC_PER_SEC / 4);
			writers_background_stop(&job);
			if (signal_pending(current))
				err = -EINTR;
			for (cpu = 0, sum = 0; cpu < cpus; cpu++)
				sum += ((u32 *)job.data)[cpu];
			ps[order[i] * windows + r] = div_u64(sum, cpus);
		}
	}
	writers_exit();
	for (i = 0; i < ARRAY_SIZE(rates) && !err; i++) {
		out(o, "rotation_ps name=cstats fields=6 cpus=%u rate=%u:", cpus, rates[i]);
		out_samples(o, ps + i * windows, windows);
	}
free:
	kfree(job.data);
	kvfree(ps);
	return err;
}

/*
 * How long single sections take, at worst too: with the clock read around each,
 * which is most of what the shortest ones show.
 */
#define TAIL_BUCKETS	4096	/* of 8 ns */
#define TAIL_SECTIONS	20000

struct tail {
	writer_fn run;
	u32 (*histogram)[TAIL_BUCKETS];	/* of each CPU */
	u32 *max;
};

static void tail_job(struct job *job, unsigned int index)
{
	struct tail *tail = job->data;
	unsigned int n;
	u64 ns;

	for (n = 0; n < TAIL_SECTIONS; n++) {
		ns = ktime_get_ns();
		if (tail->run)
			tail->run(1, index + 1);
		ns = ktime_get_ns() - ns;
		tail->histogram[index][min_t(u64, ns / 8, TAIL_BUCKETS - 1)]++;
		if (ns > tail->max[index])
			tail->max[index] = min_t(u64, ns, U32_MAX);
	}
}

static u32 tail_quantile(const struct tail *tail, unsigned int cpus, unsigned int permille)
{
	unsigned int bucket, cpu;
	u64 n = 0;

	for (bucket = 0; bucket < TAIL_BUCKETS - 1; bucket++) {
		for (cpu = 0; cpu < cpus; cpu++)
			n += tail->histogram[cpu][bucket];
		if (n * 1000 >= (u64)cpus * TAIL_SECTIONS * permille)
			break;
	}
	return bucket * 8;
}

static writer_fn writer_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(writers); i++)
		if (!strcmp(writers[i].name, name))
			return writers[i].run[SIX];
	return NULL;
}

static u32 max_of(const u32 *values, unsigned int nr)
{
	u32 max = 0;

	while (nr--)
		max = max(max, values[nr]);
	return max;
}

int test_tail(struct out *o)
{
	static const char * const names[] = {
		"clock", "floor", "cstats", "percpu_counter", "percpu_lock", "spinlock", "go",
	};
	static const char * const quantiles[] = { "p50", "p99", "p999", "max" };
	unsigned int order[ARRAY_SIZE(names)] = { 0, 1, 2, 3, 4, 5, 6 };
	unsigned int cpus = job_cpus(), passes = bench_rounds / 10 + 2, i, q, r;
	u32 *ns = kvmalloc_array(passes, sizeof(*ns) * ARRAY_SIZE(names) * 4, GFP_KERNEL);
	struct tail tail = { };
	struct job job = { .fn = tail_job, .data = &tail };
	int err = -ENOMEM;

	tail.histogram = kvcalloc(nr_cpu_ids, sizeof(*tail.histogram), GFP_KERNEL);
	tail.max = kcalloc(nr_cpu_ids, sizeof(*tail.max), GFP_KERNEL);
	if (!ns || !tail.histogram || !tail.max)
		goto free;
	err = writers_init(SIX_FIELDS);
	if (err)
		goto free;
	for (r = 0; r < passes && !err; r++) {
		shuffle(order, ARRAY_SIZE(names));
		for (i = 0; i < ARRAY_SIZE(names) && !err; i++) {
			u32 *sample = ns + (order[i] * passes + r) * 4;

			tail.run = writer_find(names[order[i]]);
			memset(tail.histogram, 0, nr_cpu_ids * sizeof(*tail.histogram));
			memset(tail.max, 0, nr_cpu_ids * sizeof(*tail.max));
			err = job_run(&job, cpus);
			sample[0] = tail_quantile(&tail, cpus, 500);
			sample[1] = tail_quantile(&tail, cpus, 990);
			sample[2] = tail_quantile(&tail, cpus, 999);
			sample[3] = max_of(tail.max, cpus);
		}
	}
	writers_exit();
	for (i = 0; i < ARRAY_SIZE(names) && !err; i++) {
		for (q = 0; q < 4; q++) {
			out(o, "tail_ns name=%s fields=6 cpus=%u q=%s:", names[i], cpus,
			    quantiles[q]);
			for (r = 0; r < passes; r++)
				out(o, " %u", ns[(i * passes + r) * 4 + q]);
			out(o, "\n");
		}
	}
free:
	kfree(tail.max);
	kvfree(tail.histogram);
	kvfree(ns);
	return err;
}
