// SPDX-License-Identifier: GPL-2.0
/*
 * The native bench: the unchanged <linux/cstats.h> over a shim, at full speed
 *
 * usage: bench [-r ROUNDS] [-t TEST]...
 *
 * Prints its samples, a line for each series: what was measured, its parameters,
 * and the values. All that is to be compared is measured in turn, round by
 * round, in random order: what disturbs the machine disturbs all alike.
 *
 * Each thread is a CPU, and has one of the machine's to itself.
 */
#define _GNU_SOURCE
#include <err.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "native.h"

#define CHUNK_NS	60000	/* what a sample of a writer takes */
#define MAX_ROUNDS	10001
#define MAX_WRITERS	64

static unsigned int rounds = 201;
static unsigned int nr_cpus;
static int host_cpus[SHIM_NR_CPUS];

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* What this thread has had of its CPU: other programs do not count. */
static u64 cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void shuffle(unsigned int *order, unsigned int nr)
{
	for (unsigned int i = nr - 1; i; i--) {
		unsigned int j = random() % (i + 1), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
}

static void print_samples(const u64 *samples, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		printf(" %llu", samples[i]);
	putchar('\n');
	fflush(stdout);
}

/*
 * Jobs: @job runs on the CPUs from @job_first up to @job_last at the same time.
 * Each thread sleeps between jobs, so that the machine belongs to those at work.
 */
static void (*job)(unsigned int cpu);
static unsigned int job_first, job_last, job_number, job_arrived, job_left;
static pthread_mutex_t job_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t job_begin = PTHREAD_COND_INITIALIZER;
static pthread_cond_t job_end = PTHREAD_COND_INITIALIZER;

static void *job_thread(void *arg)
{
	unsigned int cpu = (unsigned long)arg, done = 0;

	shim_cpu_start(cpu, host_cpus[cpu]);
	pthread_mutex_lock(&job_mutex);
	job_left--;
	pthread_cond_signal(&job_end);
	for (;;) {
		while (job_number == done)
			pthread_cond_wait(&job_begin, &job_mutex);
		done = job_number;
		if (cpu < job_first || cpu > job_last)
			continue;
		pthread_mutex_unlock(&job_mutex);
		__atomic_fetch_add(&job_arrived, 1, __ATOMIC_SEQ_CST);
		while (READ_ONCE(job_arrived) <= job_last - job_first)
			cpu_relax();
		job(cpu);
		pthread_mutex_lock(&job_mutex);
		if (!--job_left)
			pthread_cond_signal(&job_end);
	}
	return NULL;
}

static void job_start(void (*fn)(unsigned int cpu), unsigned int first, unsigned int nr)
{
	pthread_mutex_lock(&job_mutex);
	job = fn;
	job_first = first;
	job_last = first + nr - 1;
	job_arrived = 0;
	job_left = nr;
	job_number++;
	pthread_cond_broadcast(&job_begin);
	pthread_mutex_unlock(&job_mutex);
}

static void job_wait(void)
{
	pthread_mutex_lock(&job_mutex);
	while (job_left)
		pthread_cond_wait(&job_end, &job_mutex);
	pthread_mutex_unlock(&job_mutex);
}

static void job_run(void (*fn)(unsigned int cpu), unsigned int first, unsigned int nr)
{
	job_start(fn, first, nr);
	job_wait();
}

/* The main thread stays off the CPUs' memory, but has to be one to allocate it. */
static void threads_start(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		err(1, "sched_getaffinity");
	for (int cpu = 0; cpu < CPU_SETSIZE && nr_cpus < SHIM_NR_CPUS; cpu++)
		if (CPU_ISSET(cpu, &set))
			host_cpus[nr_cpus++] = cpu;
	nr_cpu_ids = nr_cpus;
	shim_barrier_init();
	job_left = nr_cpus;
	for (unsigned long cpu = 0; cpu < nr_cpus; cpu++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, job_thread, (void *)cpu))
			errx(1, "cannot start a thread");
	}
	job_wait();
}

/* Counters of the CPU, if the machine lets us have them: for this thread only. */
static int counter_open(u64 config)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = config,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static u64 counter_read(int fd)
{
	u64 value = 0;

	return fd >= 0 && read(fd, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

/* One sample of one writer. */
static struct sample {
	writer_fn run;
	unsigned long loops;
	u64 ps[SHIM_NR_CPUS];
} sample;

static void writer_job(unsigned int cpu)
{
	u64 ns = cpu_ns();

	sample.run(sample.loops, cpu + 1);
	sample.ps[cpu] = (cpu_ns() - ns) * 1000 / sample.loops;
}

static void calibrate_job(unsigned int cpu)
{
	u64 ns = 0;

	for (sample.loops = 64; ns < CHUNK_NS / 4; sample.loops *= 2) {
		ns = cpu_ns();
		sample.run(sample.loops, 1);
		ns = cpu_ns() - ns;
	}
	sample.loops = sample.loops / 2 * CHUNK_NS / ns + 1;
}

static unsigned long calibrate(writer_fn run)
{
	sample.run = run;
	job_run(calibrate_job, 0, 1);
	return sample.loops;
}

static void mem_init_job(unsigned int cpu)
{
	writers_mem_init(sample.loops);
}

static void mem_init(unsigned int nr_fields)
{
	sample.loops = nr_fields;
	job_run(mem_init_job, 0, 1);
}

/* Every writer on 1 CPU, which changes from round to round. */
static void test_writers(void)
{
	static u64 ps[MAX_WRITERS][MAX_ROUNDS];
	unsigned int order[MAX_WRITERS];
	unsigned long loops[MAX_WRITERS];

	for (unsigned int size = 0; size < WRITER_SIZES; size++) {
		mem_init(writer_fields[size]);
		for (unsigned int i = 0; i < nr_writers; i++) {
			order[i] = i;
			loops[i] = calibrate(writers[i].run[size]);
		}
		for (unsigned int r = 0; r < rounds; r++) {
			shuffle(order, nr_writers);
			for (unsigned int i = 0; i < nr_writers; i++) {
				unsigned int cpu = r % nr_cpus;

				sample.run = writers[order[i]].run[size];
				sample.loops = loops[order[i]];
				job_run(writer_job, cpu, 1);
				ps[order[i]][r] = sample.ps[cpu];
			}
		}
		for (unsigned int i = 0; i < nr_writers; i++) {
			printf("writer_ps name=%s fields=%u cpus=1:", writers[i].name,
			       writer_fields[size]);
			print_samples(ps[i], rounds);
		}
	}
}

/* Six fields, on 1 CPU to all; a sample is the mean over the CPUs. */
static void test_scaling(void)
{
	static u64 ps[10][MAX_WRITERS][MAX_ROUNDS];
	unsigned int steps[10], nr_steps = 0, nr, order[10 * MAX_WRITERS];
	unsigned long loops[MAX_WRITERS];

	for (unsigned int cpus = 1; cpus < nr_cpus && nr_steps < 9; cpus *= 2)
		steps[nr_steps++] = cpus;
	steps[nr_steps++] = nr_cpus;
	nr = nr_steps * nr_writers;
	mem_init(writer_fields[SIX]);
	for (unsigned int i = 0; i < nr; i++)
		order[i] = i;
	for (unsigned int i = 0; i < nr_writers; i++)
		loops[i] = calibrate(writers[i].run[SIX]);
	for (unsigned int r = 0; r < rounds; r++) {
		shuffle(order, nr);
		for (unsigned int i = 0; i < nr; i++) {
			unsigned int writer = order[i] % nr_writers;
			unsigned int step = order[i] / nr_writers;
			unsigned int cpus = steps[step];
			unsigned int first = r % (nr_cpus - cpus + 1);
			u64 sum = 0;

			sample.run = writers[writer].run[SIX];
			/* Long, as the threads do not begin at the same moment. */
			sample.loops = loops[writer] * 4;
			job_run(writer_job, first, cpus);
			for (unsigned int cpu = first; cpu < first + cpus; cpu++)
				sum += sample.ps[cpu];
			ps[step][writer][r] = sum / cpus;
		}
	}
	for (unsigned int step = 0; step < nr_steps; step++) {
		for (unsigned int i = 0; i < nr_writers; i++) {
			printf("scaling_ps name=%s fields=6 cpus=%u:", writers[i].name,
			       steps[step]);
			print_samples(ps[step][i], rounds);
		}
	}
}

/* Instructions and cycles of a section, where the machine has counters. */
static u64 counted[2];

static void count_job(unsigned int cpu)
{
	const u64 events[2] = { PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CPU_CYCLES };

	for (int i = 0; i < 2; i++) {
		int fd = counter_open(events[i]);
		u64 least = -1ULL, begin, n;

		for (int r = 0; r < 50; r++) {
			begin = counter_read(fd);
			sample.run(sample.loops, 1);
			n = counter_read(fd) - begin;
			if (n < least)
				least = n;
		}
		counted[i] = least * 1000 / sample.loops;
		if (fd >= 0)
			close(fd);
	}
}

static void test_counters(void)
{
	for (unsigned int size = 0; size < WRITER_SIZES; size++) {
		mem_init(writer_fields[size]);
		for (unsigned int i = 0; i < nr_writers; i++) {
			sample.run = writers[i].run[size];
			sample.loops = 10000;
			job_run(count_job, 0, 1);
			if (!counted[0])
				return;		/* callgrind counts them then */
			printf("writer_milliinsns name=%s fields=%u: %llu\n",
			       writers[i].name, writer_fields[size], counted[0]);
			printf("writer_millicycles name=%s fields=%u: %llu\n",
			       writers[i].name, writer_fields[size], counted[1]);
		}
	}
}

/* What callgrind runs: it tells the functions apart by their names. */
static void callgrind_job(unsigned int cpu)
{
	for (unsigned int size = 0; size < WRITER_SIZES; size++)
		for (unsigned int i = 0; i < nr_writers; i++)
			writers[i].run[size](1000, 1);
}

static void test_callgrind(void)
{
	mem_init(WRITER_FIELDS);
	job_run(callgrind_job, 0, 1);
}

/* The reader: rotations of the real set, and the barrier alone. */
static bool stop;
static u64 section_ps[SHIM_NR_CPUS];
static u64 torn;

static void background_job(unsigned int cpu)
{
	u64 n = 0, ns = cpu_ns();

	while (!READ_ONCE(stop)) {
		sample.run(1000, cpu + 1);
		n += 1000;
	}
	section_ps[cpu] = n ? (cpu_ns() - ns) * 1000 / n : 0;
}

static void background_start(writer_fn run)
{
	sample.run = run;
	stop = false;
	job_start(background_job, 0, nr_cpus);
	while (READ_ONCE(job_arrived) < nr_cpus)
		sched_yield();
}

static void background_stop(void)
{
	WRITE_ONCE(stop, true);
	job_wait();
}

/* All fields were always given the same. */
static void check_values(const s64 *values)
{
	for (unsigned int i = 1; i < 6; i++)
		if (values[i] != values[0])
			torn++;
}

static void test_readers(void)
{
	static u64 ns[2][2][MAX_ROUNDS];	/* writers, what, round */
	s64 values[WRITER_FIELDS];

	mem_init(writer_fields[SIX]);
	for (int writing = 0; writing < 2; writing++) {
		if (writing)
			background_start(writers[WRITER_CSTATS].run[SIX]);
		for (unsigned int r = 0; r < 2 * rounds; r++) {
			u64 begin = now_ns();

			if (random() & 1) {
				shim_barrier();
				ns[writing][0][r / 2] = now_ns() - begin;
				begin = now_ns();
				shim_rotate(values, shim_barrier);
				ns[writing][1][r / 2] = now_ns() - begin;
			} else {
				shim_rotate(values, shim_barrier);
				ns[writing][1][r / 2] = now_ns() - begin;
				begin = now_ns();
				shim_barrier();
				ns[writing][0][r / 2] = now_ns() - begin;
			}
			check_values(values);
		}
		if (writing)
			background_stop();
		for (int what = 0; what < 2; what++) {
			printf("read_ns name=%s fields=6 cpus=%u writers=%u:",
			       what ? "cstats" : "membarrier", nr_cpus,
			       writing ? nr_cpus : 0);
			print_samples(ns[writing][what], rounds);
		}
	}
}

/*
 * Writers on all CPUs while a reader rotates at a given rate: the mean time per
 * section over a window.
 */
static void test_rotation(void)
{
	static const unsigned int rates[] = { 0, 1, 100, 10000 };
	static u64 ps[ARRAY_SIZE(rates)][MAX_ROUNDS];
	unsigned int order[ARRAY_SIZE(rates)] = { 0, 1, 2, 3 };
	unsigned int windows = rounds / 20 + 2;
	const u64 window = 200000000;
	s64 values[WRITER_FIELDS];

	mem_init(writer_fields[SIX]);
	for (unsigned int r = 0; r < windows; r++) {
		shuffle(order, ARRAY_SIZE(rates));
		for (unsigned int i = 0; i < ARRAY_SIZE(rates); i++) {
			unsigned int rate = rates[order[i]];
			u64 begin, next, sum = 0, period;

			background_start(writers[WRITER_CSTATS].run[SIX]);
			begin = now_ns();
			period = rate ? 1000000000 / rate : 0;
			/* at 1 per second, one window in five has one */
			next = begin + (period ? random() % period : 2 * window);
			while (now_ns() < begin + window) {
				u64 until = next < begin + window ? next : begin + window;
				struct timespec ts = {
					.tv_sec = until / 1000000000,
					.tv_nsec = until % 1000000000,
				};

				clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
				if (now_ns() < next)
					continue;
				shim_rotate(values, shim_barrier);
				check_values(values);
				next += period;
			}
			background_stop();
			for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
				sum += section_ps[cpu];
			ps[order[i]][r] = sum / nr_cpus;
		}
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(rates); i++) {
		printf("rotation_ps name=cstats fields=6 cpus=%u rate=%u:", nr_cpus, rates[i]);
		print_samples(ps[i], windows);
	}
}

/* How long one section takes, at worst too: with the clock read around each. */
#define TAIL_BUCKETS	65536

static u64 tail_histogram[SHIM_NR_CPUS][TAIL_BUCKETS];
static u64 tail_max[SHIM_NR_CPUS];

static u64 tsc(void)
{
	unsigned int low, high;

	asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
}

static void tail_job(unsigned int cpu)
{
	writer_fn run = sample.run;
	u64 begin, ticks;

	for (unsigned long n = sample.loops; n; n--) {
		begin = tsc();
		if (run)
			run(1, cpu + 1);
		ticks = tsc() - begin;
		tail_histogram[cpu][ticks < TAIL_BUCKETS ? ticks : TAIL_BUCKETS - 1]++;
		if (ticks > tail_max[cpu])
			tail_max[cpu] = ticks;
	}
}

static u64 tail_quantile(u64 total, unsigned int permille)
{
	u64 n = 0;

	for (u64 ticks = 0; ticks < TAIL_BUCKETS; ticks++) {
		for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
			n += tail_histogram[cpu][ticks];
		if (n * 1000 >= total * permille)
			return ticks;
	}
	return TAIL_BUCKETS - 1;
}

static double tsc_ns(void)
{
	u64 ns = now_ns(), ticks = tsc();

	usleep(50000);
	return (double)(now_ns() - ns) / (tsc() - ticks);
}

static void test_tail(void)
{
	static const char * const names[] = {
		"clock", "floor", "cstats", "percpu_counter", "percpu_lock", "spinlock", "go",
	};
	static const char * const quantiles[] = { "p50", "p99", "p999", "max" };
	static u64 ps[ARRAY_SIZE(names)][4][MAX_ROUNDS];
	unsigned int order[ARRAY_SIZE(names)] = { 0, 1, 2, 3, 4, 5, 6 };
	unsigned int passes = rounds / 20 + 3;
	double scale = tsc_ns() * 1000;

	mem_init(writer_fields[SIX]);
	sample.loops = 200000;
	for (unsigned int r = 0; r < passes; r++) {
		shuffle(order, ARRAY_SIZE(names));
		for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
			u64 max = 0, total = sample.loops * nr_cpus;
			u64 (*q)[MAX_ROUNDS] = ps[order[i]];

			sample.run = NULL;
			for (unsigned int k = 0; k < nr_writers; k++)
				if (!strcmp(writers[k].name, names[order[i]]))
					sample.run = writers[k].run[SIX];
			memset(tail_histogram, 0, sizeof(tail_histogram));
			memset(tail_max, 0, sizeof(tail_max));
			job_run(tail_job, 0, nr_cpus);
			for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
				if (tail_max[cpu] > max)
					max = tail_max[cpu];
			q[0][r] = tail_quantile(total, 500) * scale;
			q[1][r] = tail_quantile(total, 990) * scale;
			q[2][r] = tail_quantile(total, 999) * scale;
			q[3][r] = max * scale;
		}
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		for (unsigned int q = 0; q < 4; q++) {
			printf("tail_ps name=%s fields=6 cpus=%u q=%s:", names[i], nr_cpus,
			       quantiles[q]);
			print_samples(ps[i][q], passes);
		}
	}
}

/*
 * The shim rotates by itself, so what it reads is checked before anything is
 * timed: while all CPUs write, no snapshot is torn or goes back, and the last
 * one has every section. The same rotations without the barrier must be torn,
 * or this check would see nothing.
 */
#define CHECK_ROTATIONS	100000
#define CHECK_PASSES	50	/* without the barrier, until one is torn */

static u64 check_sections[SHIM_NR_CPUS];

static void check_job(unsigned int cpu)
{
	u64 n = 0;

	for (; !READ_ONCE(stop); n += 100)
		writers[WRITER_CSTATS].run[SIX](100, 1);
	check_sections[cpu] = n;
}

static void no_barrier(void)
{
}

/* Returns how many of @nr snapshots are torn; the others are right. */
static u64 check_rotations(void (*barrier_on_all)(void), unsigned int nr)
{
	s64 values[WRITER_FIELDS], before = 0, sections = 0;
	u64 count = 0;

	mem_init(writer_fields[SIX]);
	stop = false;
	job_start(check_job, 0, nr_cpus);
	for (unsigned int r = 0; r < nr; r++) {
		bool equal = true;

		shim_rotate(values, barrier_on_all);
		for (unsigned int i = 1; i < 6; i++)
			equal &= values[i] == values[0];
		count += !equal;
		if (values[0] < before && barrier_on_all == shim_barrier)
			errx(1, "a snapshot goes back");
		before = values[0];
	}
	background_stop();
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		sections += check_sections[cpu];
	/* Both slots are closed once more: what was torn is whole by now. */
	shim_rotate(values, shim_barrier);
	shim_rotate(values, shim_barrier);
	for (unsigned int i = 0; i < 6; i++)
		if (values[i] != sections)
			errx(1, "%lld sections, field %u has %lld", sections, i, values[i]);
	return count;
}

static void test_check(void)
{
	u64 count = check_rotations(shim_barrier, CHECK_ROTATIONS);

	torn += count;
	printf("check_torn name=cstats rotations=%u: %llu\n", CHECK_ROTATIONS, count);
	count = 0;
	for (unsigned int pass = 0; !count && pass < CHECK_PASSES; pass++)
		count = check_rotations(no_barrier, CHECK_ROTATIONS);
	printf("check_torn name=no_barrier rotations=%u: %llu\n", CHECK_ROTATIONS, count);
	if (!count && nr_cpus > 1)
		errx(1, "no snapshot is torn without the barrier: the check sees nothing");
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "check", test_check },
	{ "writers", test_writers },
	{ "scaling", test_scaling },
	{ "counters", test_counters },
	{ "tail", test_tail },
	{ "readers", test_readers },
	{ "rotation", test_rotation },
	{ "callgrind", test_callgrind },	/* the one that has to be asked for */
};

int main(int argc, char **argv)
{
	const char *only = NULL;
	int opt;

	while ((opt = getopt(argc, argv, "r:t:")) != -1) {
		switch (opt) {
		case 'r':
			rounds = strtoul(optarg, NULL, 0);
			break;
		case 't':
			only = optarg;
			break;
		default:
			errx(2, "usage: bench [-r ROUNDS] [-t TEST]");
		}
	}
	if (!rounds || rounds > MAX_ROUNDS || nr_writers > MAX_WRITERS)
		errx(2, "1 to %u rounds", MAX_ROUNDS);
	srandom(time(NULL));
	threads_start();
	for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++) {
		if (only ? strcmp(only, tests[i].name) : tests[i].run == test_callgrind)
			continue;
		fprintf(stderr, "bench: native %s\n", tests[i].name);
		tests[i].run();
	}
	if (torn)
		errx(1, "%llu torn snapshots", torn);
	return 0;
}
