// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_bench: who waits and who rotates
 *
 * Some readers read in a loop, all of them one set, or each a set of its own.
 * What counts is how long a read takes, how many rotations there are, and how
 * many rotations of its set a reader sees go by during one read. There are no
 * writers. The mode is that of the parameter sync. "concurrent" has more numbers
 * of readers, and one set; "who" has more sets, and is run in each mode.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "bench.h"

#define WHO_MOST	64		/* readers, and sets */
#define WHO_READS	2000		/* latencies kept of each reader */
#define WHO_COUNTS	8		/* numbers of readers in a test, at most */
#define WHO_SAMPLES	400		/* latencies printed of all readers */
#define WHO_NS		(NSEC_PER_SEC / 5)

struct who_reader {
	struct task_struct *task;
	struct cstats *cs;
	u64 end;
	u64 reads;
	u64 rotations;
	u64 most;
	u64 worst_ns;
	u32 ns[WHO_READS];
};

static struct cstats who_sets[WHO_MOST];
static struct who_reader *who;

static u64 who_number(struct cstats *cs)
{
	s64 values[SIX_FIELDS];
	struct cstats_snapshot snap = { .values = values, .nr_values = SIX_FIELDS };

	return cstats_read_last(cs, &snap) ? 0 : snap.number;
}

static int who_fn(void *data)
{
	struct who_reader *reader = data;
	s64 values[SIX_FIELDS];
	struct cstats_snapshot snap = { .values = values, .nr_values = SIX_FIELDS };

	while (ktime_get_ns() < reader->end) {
		u64 number = who_number(reader->cs), begin = ktime_get_ns(), ns;

		if (cstats_read(reader->cs, &snap))
			break;
		ns = ktime_get_ns() - begin;
		reader->worst_ns = max(reader->worst_ns, ns);
		number = snap.number - number;
		reader->most = max(reader->most, number);
		reader->rotations += number;
		if (reader->reads < WHO_READS)
			reader->ns[reader->reads] = min_t(u64, ns, U32_MAX);
		reader->reads++;
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/* @test with its @params is what the lines begin with. */
static void who_print(struct out *o, const char *test, const char *params,
		      unsigned int nr, u64 rotations)
{
	u64 reads = 0, kept = 0, seen = 0, most = 0, worst_ns = 0;
	unsigned int i, j, step;

	for (i = 0; i < nr; i++) {
		reads += who[i].reads;
		kept += min_t(u64, who[i].reads, WHO_READS);
		seen += who[i].rotations;
		most = max(most, who[i].most);
		worst_ns = max(worst_ns, who[i].worst_ns);
	}
	out(o, "%s_reads %s: %llu\n", test, params, reads);
	out(o, "%s_rotations %s: %llu\n", test, params, rotations);
	out(o, "%s_millirotations_per_read %s: %llu\n", test, params,
	    reads ? div64_u64(seen * 1000, reads) : 0);
	out(o, "%s_most_rotations_per_read %s: %llu\n", test, params, most);
	out(o, "%s_worst_ns %s: %llu\n", test, params, worst_ns);
	out(o, "%s_ns %s:", test, params);
	step = kept / WHO_SAMPLES + 1;
	for (i = 0; i < nr; i++)
		for (j = i % step; j < min_t(u64, who[i].reads, WHO_READS); j += step)
			out(o, " %u", who[i].ns[j]);
	out(o, "\n");
}

/* @nr readers, each of one of @sets sets. */
static int who_measure(struct out *o, const char *test, unsigned int nr,
		       unsigned int sets)
{
	char params[64];
	u64 end = ktime_get_ns() + WHO_NS, rotations = 0;
	unsigned int i, started;
	int err = 0;

	for (i = 0; i < sets; i++)
		rotations -= who_number(&who_sets[i]);
	for (started = 0; started < nr; started++) {
		struct who_reader *reader = &who[started];

		memset(reader, 0, sizeof(*reader));
		reader->cs = &who_sets[started % sets];
		reader->end = end;
		reader->task = kthread_run(who_fn, reader, "cstats_bench_w%u", started);
		if (IS_ERR(reader->task)) {
			err = PTR_ERR(reader->task);
			break;
		}
	}
	while (!err && ktime_get_ns() < end)
		if (schedule_timeout_interruptible(1) && signal_pending(current))
			err = -EINTR;
	for (i = 0; i < started; i++)
		kthread_stop(who[i].task);
	for (i = 0; i < sets; i++)
		rotations += who_number(&who_sets[i]);
	if (err)
		return err;
	snprintf(params, sizeof(params), "name=cstats readers=%u sets=%u", nr, sets);
	who_print(o, test, params, nr, rotations);
	return 0;
}

/* Three rounds of all these @counts of readers, and of one set or of @sets as well. */
static int who_measure_all(struct out *o, const char *test, const unsigned int *counts,
			   unsigned int nr, unsigned int sets)
{
	unsigned int order[WHO_COUNTS], i, r;
	int err = 0;

	for (i = 0; i < nr; i++)
		order[i] = i;
	for (r = 0; r < 3 && !err; r++) {
		shuffle(order, nr);
		for (i = 0; i < nr && !err; i++) {
			err = who_measure(o, test, counts[order[i]], 1);
			if (!err && sets > 1)
				err = who_measure(o, test, counts[order[i]], sets);
		}
	}
	return err;
}

static int who_run(struct out *o, const char *test, const unsigned int *counts,
		   unsigned int nr, unsigned int nr_sets)
{
	struct cstats_field *fields = bench_fields_new(SIX_FIELDS);
	unsigned int sets;
	char name[16];
	int err = 0;

	who = kvcalloc(WHO_MOST, sizeof(*who), GFP_KERNEL);
	if (!who || !fields)
		err = -ENOMEM;
	for (sets = 0; sets < nr_sets && !err; sets++) {
		snprintf(name, sizeof(name), "bench_who%u", sets);
		err = cstats_init(&who_sets[sets], name, fields, SIX_FIELDS);
		if (err)
			break;
	}
	if (!err)
		err = who_measure_all(o, test, counts, nr, nr_sets);
	while (sets)
		cstats_destroy(&who_sets[--sets]);
	kvfree(who);
	kvfree(fields);
	return err;
}

int test_concurrent(struct out *o)
{
	static const unsigned int counts[] = { 1, 2, 4, 8, 16, 32, 64 };

	return who_run(o, "concurrent", counts, ARRAY_SIZE(counts), 1);
}

int test_who(struct out *o)
{
	static const unsigned int counts[] = { 1, 2, 8, 64 };

	return who_run(o, "who", counts, ARRAY_SIZE(counts), WHO_MOST);
}
