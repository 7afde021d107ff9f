// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_bench: who waits and who rotates
 *
 * Some readers read in a loop, all of them one set, or each a set of its own.
 * What counts is how long a read takes, how many rotations there are, and how
 * many rotations of its set a reader sees go by during one read. There are no
 * writers. The mode is that of the parameter sync.
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
#define WHO_READS	1000		/* latencies kept of each reader */
#define WHO_SAMPLES	400		/* latencies printed of all readers */
#define WHO_NS		(NSEC_PER_SEC / 5)

struct who_reader {
	struct task_struct *task;
	struct cstats *cs;
	u64 end;
	u64 reads;
	u64 rotations;
	u64 most;
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

static void who_print(struct out *o, unsigned int nr, unsigned int sets, u64 rotations)
{
	u64 reads = 0, kept = 0, seen = 0, most = 0;
	unsigned int i, j, step;

	for (i = 0; i < nr; i++) {
		reads += who[i].reads;
		kept += min_t(u64, who[i].reads, WHO_READS);
		seen += who[i].rotations;
		most = max(most, who[i].most);
	}
	out(o, "who_reads name=cstats readers=%u sets=%u: %llu\n", nr, sets, reads);
	out(o, "who_rotations name=cstats readers=%u sets=%u: %llu\n", nr, sets, rotations);
	out(o, "who_millirotations_per_read name=cstats readers=%u sets=%u: %llu\n",
	    nr, sets, reads ? div64_u64(seen * 1000, reads) : 0);
	out(o, "who_most_rotations_per_read name=cstats readers=%u sets=%u: %llu\n",
	    nr, sets, most);
	out(o, "who_ns name=cstats readers=%u sets=%u:", nr, sets);
	step = kept / WHO_SAMPLES + 1;
	for (i = 0; i < nr; i++)
		for (j = i % step; j < min_t(u64, who[i].reads, WHO_READS); j += step)
			out(o, " %u", who[i].ns[j]);
	out(o, "\n");
}

/* @nr readers, each of one of @sets sets. */
static int who_measure(struct out *o, unsigned int nr, unsigned int sets)
{
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
	if (!err)
		who_print(o, nr, sets, rotations);
	return err;
}

static int who_measure_all(struct out *o)
{
	static const unsigned int readers[] = { 1, 2, 8, 64 };
	unsigned int order[2 * ARRAY_SIZE(readers)], i, r;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(order); i++)
		order[i] = i;
	for (r = 0; r < 3 && !err; r++) {
		shuffle(order, ARRAY_SIZE(order));
		for (i = 0; i < ARRAY_SIZE(order) && !err; i++)
			err = who_measure(o, readers[order[i] / 2],
					  order[i] & 1 ? WHO_MOST : 1);
	}
	return err;
}

int test_who(struct out *o)
{
	struct cstats_field *fields = bench_fields_new(SIX_FIELDS);
	unsigned int sets;
	char name[16];
	int err = 0;

	who = kvcalloc(WHO_MOST, sizeof(*who), GFP_KERNEL);
	if (!who || !fields)
		err = -ENOMEM;
	for (sets = 0; sets < WHO_MOST && !err; sets++) {
		snprintf(name, sizeof(name), "bench_who%u", sets);
		err = cstats_init(&who_sets[sets], name, fields, SIX_FIELDS);
		if (err)
			break;
	}
	if (!err)
		err = who_measure_all(o);
	while (sets)
		cstats_destroy(&who_sets[--sets]);
	kvfree(who);
	kvfree(fields);
	return err;
}
