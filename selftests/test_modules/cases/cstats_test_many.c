// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_many: a hundred thousand instances of six fields
 *
 * They are made when the module is loaded and stay for the script to read, until it
 * writes to the parameter "remove" how many of them go. Times are of batches of a
 * hundred; of the first and the last thousand, the median is compared, as machines are
 * noisy. The fastest of the first ones has per-CPU memory that was there already.
 *
 * The file "text" has the same lines as the file "values" of the family, but for the
 * numbers, which are taken from nowhere: what seq_file itself takes to print them.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/seq_file.h>
#include <linux/overflow.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "cstats_test.h"

static unsigned int nr = 100000;
module_param(nr, uint, 0444);
MODULE_PARM_DESC(nr, "number of instances");

enum { BATCH = 100, SAMPLES = 10, NR = 6, TRIES = 3 };	/* a thousand at each end */

static const char * const names[NR] = { "f0", "f1", "f2", "f3", "f4", "f5" };
static const struct cstats_field fields[NR] = {
	{ "f0" }, { "f1" }, { "f2" }, { "f3" }, { "f4" }, { "f5" },
};

static DEFINE_CSTATS_RCU(family);
static DEFINE_CSTATS_RCU(lone);
static DEFINE_CSTATS(small);
static struct cstats_instance *insts;
static u64 *took;			/* ns for each batch */
static unsigned int nr_made;
static struct dentry *text_file;

static s64 value(unsigned int i, unsigned int field)
{
	return 1000003LL * i + field;
}

static int compare_times(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static u64 median(u64 *samples)
{
	sort(samples, SAMPLES, sizeof(*samples), compare_times, NULL);
	return samples[SAMPLES / 2];
}

/* Does the last thousand of @n take more than @percent of what the first one takes? */
static bool last_is_slower(const char *what, unsigned int n, u64 all, unsigned int percent)
{
	u64 first = median(took), last = median(took + n / BATCH - SAMPLES);

	cstats_test_note("%s: %llu ns each at first, %llu at last, %llu in the middle", what,
			 div_u64(first, BATCH), div_u64(last, BATCH), div_u64(all, n));
	return !IS_ENABLED(CONFIG_GCOV_KERNEL) &&	/* which counts the lines that run */
	       last * 100 > first * percent;
}

static void count(unsigned int i, int times)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&family);
	struct cstats_within in = cstats_in(&s, &insts[i]);
	unsigned int f;

	for (f = 0; f < NR; f++)
		cstats_add(&in, f, times * value(i, f));
	cstats_release(&s);
}

static int make_one(unsigned int i)
{
	char name[16];
	int err;

	snprintf(name, sizeof(name), "dev%u", i);
	err = cstats_instance_add(&family.cs, &insts[i], name);
	if (!err)
		count(i, 1);
	return err;
}

/* Make those that are missing. */
static bool make_rest(void)
{
	u64 start = ktime_get_ns();

	for (; nr_made < nr; nr_made++) {
		if (!check_eq(make_one(nr_made), 0))
			return false;
		if (nr_made % BATCH == BATCH - 1) {
			took[nr_made / BATCH] = ktime_get_ns() - start;
			cond_resched();
			start = ktime_get_ns();
		}
	}
	return true;
}

/*
 * The last thousand takes milliseconds, and a machine may stop for as long, or the
 * table of names is being enlarged. Made again, it counts once in the sums.
 */
static void made(void)
{
	u64 all = ktime_get_ns();
	unsigned int try;

	if (!make_rest())
		return;
	all = ktime_get_ns() - all;
	for (try = 1; last_is_slower("made", nr, all, 150); try++) {
		if (!check(try < TRIES, "the last ones take longer to make than the first"))
			return;
		while (nr_made > nr - BATCH * SAMPLES) {
			count(--nr_made, -1);
			cstats_instance_remove(&insts[nr_made]);
		}
		msleep(200);	/* until they have left */
		if (!make_rest())
			return;
	}
}

static void read_some(void)
{
	unsigned int some[] = { 0, 1, nr / 2, nr - 1 }, i, f;
	s64 values[NR], sum[NR] = { };
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);
	u64 start = ktime_get_ns();

	for (i = 0; i < ARRAY_SIZE(some); i++) {
		check_eq(cstats_instance_read(&insts[some[i]], &snap), 0);
		for (f = 0; f < NR; f++)
			check_eq(values[f], value(some[i], f));
	}
	cstats_test_note("read: %llu us each", div_u64(ktime_get_ns() - start, 4000));
	for (i = 0; i < nr; i++)
		for (f = 0; f < NR; f++)
			sum[f] += value(i, f);
	check_eq(cstats_read(&family.cs, &snap), 0);
	for (f = 0; f < NR; f++)
		check_eq(values[f], sum[f]);
	cstats_test_note("a rotation: %llu us", div_u64(snap.rotation_ns, 1000));
}

/* The name of one that is removed is free at once. */
static void names_are_free(void)
{
	unsigned int i, n = min(nr, 1000u);
	u64 start = ktime_get_ns();

	for (i = 0; i < n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "dev%u", i);
		cstats_instance_remove(&insts[i]);
		check_eq(cstats_instance_add(&family.cs, &insts[i], name), 0);
	}
	cstats_test_note("removed and made again: %llu ns each",
			 div_u64(ktime_get_ns() - start, n));
}

/*
 * How long reads of another set take while a family is read all the time: the large
 * one, and one with a single instance, which costs a barrier but no sums. A slice of
 * the sums is about a millisecond of work, and no read is behind more than one. The
 * machine may stop at any time, hence of 300 reads only 270 are looked at.
 */
static int family_reader(void *cs)
{
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);
	int n;

	for (n = 0; !kthread_should_stop(); n++)
		check_eq(cstats_read(cs, &snap), 0);
	return n;
}

enum { READS = 300 };
static u64 reads[READS];

/* Nine of ten reads take at most that long. */
static u64 time_reads(const char *what, struct cstats *beside)
{
	struct task_struct *task = cstats_test_start(-1, family_reader, beside);
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);
	unsigned int i;
	int n;

	for (i = 0; i < READS; i++) {
		reads[i] = ktime_get_ns();
		check_eq(cstats_read(&small, &snap), 0);
		reads[i] = ktime_get_ns() - reads[i];
		schedule_timeout_uninterruptible(1);
	}
	n = cstats_test_stop(task);
	check(n > 0, "%s was not read", what);
	sort(reads, READS, sizeof(*reads), compare_times, NULL);
	cstats_test_note("reads beside %d of %s: half in %llu us, 9 of 10 in %llu, all in %llu",
			 n, what, div_u64(reads[READS / 2], 1000),
			 div_u64(reads[READS / 10 * 9], 1000), div_u64(reads[READS - 1], 1000));
	return reads[READS / 10 * 9];
}

static void others_do_not_wait(void)
{
	/* six cache lines for each on two CPUs, 10,000 in a slice */
	u64 slices = 1 + nr * (num_possible_cpus() + 4) / 10000, single, all, slice = 0;
	struct cstats_instance inst = {};
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);
	unsigned int try;

	if (!check_eq(cstats_init(&small, "small", fields, NR), 0))
		return;
	if (!check_eq(cstats_init_family(&lone, "lone", "device", fields, NR), 0))
		goto destroy;
	check_eq(cstats_instance_add(&lone.cs, &inst, "one"), 0);
	for (try = 0; try < TRIES; try++) {
		single = time_reads("one instance", &lone.cs);
		all = time_reads("all", &family.cs);
		check_eq(cstats_read(&family.cs, &snap), 0);
		slice = div_u64(snap.rotation_ns, slices);
		if (all <= single + 2 * slice + NSEC_PER_MSEC)
			break;
	}
	cstats_test_note("a slice of the sums takes %llu us", div_u64(slice, 1000));
	check(try < TRIES, "reads of another set wait for the family");
	cstats_instance_remove(&inst);
	cstats_destroy(&lone.cs);
destroy:
	cstats_destroy(&small);
}

static const struct cstats_test_case make_cases[] = {
	{ "made", made },
	{ "read", read_some },
	{ "names_are_free", names_are_free },
	{ "others_do_not_wait", others_do_not_wait },
};

static unsigned int nr_to_go;

static void removed(void)
{
	s64 values[NR], before[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(before, NR);
	u64 start, all;
	unsigned int i;

	check_eq(cstats_read(&family.cs, &snap), 0);
	start = ktime_get_ns();
	all = start;
	for (i = 0; i < nr_to_go; i++) {
		cstats_instance_remove(&insts[--nr_made]);
		if (i % BATCH == BATCH - 1) {
			took[i / BATCH] = ktime_get_ns() - start;
			cond_resched();
			start = ktime_get_ns();
		}
	}
	/* The last ones share a lock with the worker that lets the first ones go. */
	check(!last_is_slower("removed", nr_to_go, ktime_get_ns() - all, 1000),
	      "the last ones take longer to remove than the first");
	snap.values = values;
	check_eq(cstats_read(&family.cs, &snap), 0);
	check(!memcmp(values, before, sizeof(values)), "the sums have changed");
}

static const struct cstats_test_case remove_cases[] = {
	{ "removed", removed },
};

static int remove_set(const char *val, const struct kernel_param *kp)
{
	int err = kstrtouint(val, 0, &nr_to_go);

	if (err || nr_to_go < 2 * BATCH * SAMPLES || nr_to_go > nr_made)
		return -EINVAL;
	cstats_test_forget(THIS_MODULE);
	cstats_test_run(THIS_MODULE, remove_cases, ARRAY_SIZE(remove_cases));
	return 0;
}

static const struct kernel_param_ops remove_ops = {
	.set = remove_set,
};
module_param_cb(remove, &remove_ops, NULL, 0200);
MODULE_PARM_DESC(remove, "write: remove so many, 2000 or more");

/* Instance by instance what cstats prints. */
static void *text_start(struct seq_file *m, loff_t *pos)
{
	return *pos <= nr_made ? (void *)(unsigned long)(*pos + 1) : NULL;
}

static void *text_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return text_start(m, pos);
}

static void text_stop(struct seq_file *m, void *v)
{
}

static int text_show(struct seq_file *m, void *v)
{
	unsigned long i = (unsigned long)v - 1;
	unsigned int f;

	if (!i) {
		seq_puts(m, "cstats version: 1\n");
		seq_printf(m, "# many snapshot %llu time_ns %llu cpus %u rotation_ns %llu since_ns %llu\n",
			   42ULL, 1234567890123ULL, 2U, 22137ULL, 1234567890123ULL);
	}
	for (f = 0; f < NR; f++) {
		if (i)
			seq_printf(m, "many{device=\"dev%lu\"}.%s %lld\n", i - 1, names[f],
				   value(i - 1, f));
		else
			seq_printf(m, "many.%s %lld\n", names[f], value(nr, f));
	}
	return 0;
}

static const struct seq_operations text_sops = {
	.start = text_start,
	.next = text_next,
	.stop = text_stop,
	.show = text_show,
};
DEFINE_SEQ_ATTRIBUTE(text);

/* Instances that are left outlive the family, which goes while it is being summed. */
static void free_all(void)
{
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, NR);

	if (nr_made)
		cstats_read_timeout(&family.cs, &snap, 0);
	cstats_destroy(&family.cs);
	while (nr_made)
		cstats_instance_remove(&insts[--nr_made]);
	vfree(insts);
	kvfree(took);
}

static int __init many_init(void)
{
	insts = vzalloc(array_size(nr, sizeof(*insts)));	/* not in slabs: see many.sh */
	took = kvcalloc(nr / BATCH + 1, sizeof(*took), GFP_KERNEL);
	if (!insts || !took || nr < 4 * BATCH * SAMPLES || nr % BATCH ||
	    cstats_init_family(&family, "many", "device", fields, NR)) {
		vfree(insts);
		kvfree(took);
		return -ENOMEM;
	}
	cstats_test_run(THIS_MODULE, make_cases, ARRAY_SIZE(make_cases));
	text_file = debugfs_create_file("cstats_test_many_text", 0400, NULL, NULL, &text_fops);
	return 0;
}

static void __exit many_exit(void)
{
	debugfs_remove(text_file);
	cstats_test_forget(THIS_MODULE);
	free_all();
}

module_init(many_init);
module_exit(many_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: a hundred thousand instances");
MODULE_LICENSE("GPL");
