// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_bench: a family with many instances, as sets.c has many sets
 *
 * The parameter "instances" adds and removes instances of six fields. The file
 * "family_text" has the same text as the family's file "values", but for the values:
 * those are taken from memory, with no barrier and no sums.
 */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#include "bench.h"

#define MAX_INSTANCES	100000

struct bench_instance {
	struct cstats_instance inst;
	char name[16];
	s64 values[SIX_FIELDS];
};

static DEFINE_MUTEX(family_mutex);
static DEFINE_CSTATS(family);
static struct bench_instance *instances;
static unsigned int nr_instances;

static int family_add(void)
{
	struct bench_instance *bi = &instances[nr_instances];
	struct cstats_section s;
	struct cstats_within in;
	unsigned int i;
	int err;

	snprintf(bi->name, sizeof(bi->name), "dev%u", nr_instances);
	for (i = 0; i < SIX_FIELDS; i++)
		bi->values[i] = 1000003LL * nr_instances + i;
	err = cstats_instance_add(&family, &bi->inst, bi->name);
	if (err)
		return err;
	s = cstats_acquire(&family);
	in = cstats_in(&s, &bi->inst);
	for (i = 0; i < SIX_FIELDS; i++)
		cstats_add(&in, i, bi->values[i]);
	cstats_release(&s);
	nr_instances++;
	return 0;
}

/* The family is there while it has instances, as its text is not sets.c's. */
static int family_start(void)
{
	struct cstats_field *fields = bench_fields_new(SIX_FIELDS);
	int err = fields ? cstats_init_family(&family, "bench_family", "device", fields,
					      SIX_FIELDS) : -ENOMEM;

	kvfree(fields);
	return err;
}

static int family_resize(unsigned int nr)
{
	int err = nr && !nr_instances ? family_start() : 0;

	while (!err && nr_instances < nr) {
		err = signal_pending(current) ? -EINTR : family_add();
		cond_resched();
	}
	while (nr_instances > nr) {
		cstats_instance_remove(&instances[--nr_instances].inst);
		cond_resched();
	}
	if (!nr_instances)
		cstats_destroy(&family);
	return err;
}

static ssize_t instances_write(struct file *file, const char __user *buf, size_t count,
			       loff_t *pos)
{
	unsigned int nr;
	int err = kstrtouint_from_user(buf, count, 0, &nr);

	if (!err && nr > MAX_INSTANCES)
		err = -EINVAL;
	if (err)
		return err;
	mutex_lock(&family_mutex);
	err = family_resize(nr);
	mutex_unlock(&family_mutex);
	return err ?: count;
}

static const struct file_operations instances_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = instances_write,
	.llseek = noop_llseek,
};

/* Line by line what cstats prints: first the family, then its instances. */
static void *family_text_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&family_mutex);
	if (!*pos)
		return SEQ_START_TOKEN;
	return *pos <= nr_instances ? &instances[*pos - 1] : NULL;
}

static void *family_text_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return *pos <= nr_instances ? &instances[*pos - 1] : NULL;
}

static void family_text_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&family_mutex);
}

static int family_text_show(struct seq_file *m, void *v)
{
	static const char * const names[SIX_FIELDS] = { "f0", "f1", "f2", "f3", "f4", "f5" };
	const struct bench_instance *bi = v;
	unsigned int i;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "cstats version: 1\n");
		seq_printf(m, "# bench_family snapshot %llu time_ns %llu cpus %u rotation_ns %llu since_ns %llu\n",
			   42ULL, 1234567890123ULL, 2U, 22137ULL, 1234567890123ULL);
		for (i = 0; i < SIX_FIELDS; i++)
			seq_printf(m, "bench_family.%s %lld\n", names[i], 1000003LL * i);
		return 0;
	}
	for (i = 0; i < SIX_FIELDS; i++)
		seq_printf(m, "bench_family{device=\"%s\"}.%s %lld\n", bi->name, names[i],
			   bi->values[i]);
	return 0;
}

static const struct seq_operations family_text_sops = {
	.start = family_text_start,
	.next = family_text_next,
	.stop = family_text_stop,
	.show = family_text_show,
};
DEFINE_SEQ_ATTRIBUTE(family_text);

/* A read of the family's sums, which takes all slots of all instances. */
static int time_family(struct out *o, u32 *ns)
{
	s64 values[SIX_FIELDS];
	struct cstats_snapshot snap = { .values = values, .nr_values = SIX_FIELDS };
	unsigned int i;
	int err = cstats_read(&family, &snap);

	for (i = 0; i < bench_rounds && !err; i++) {
		u64 start = ktime_get_ns();

		err = cstats_read(&family, &snap);
		ns[i] = min_t(u64, ktime_get_ns() - start, U32_MAX);
		cond_resched();
	}
	if (err)
		return err;
	out(o, "family_ns instances=%u cpus=%u:", nr_instances, num_online_cpus());
	out_samples(o, ns, bench_rounds);
	return 0;
}

int test_family(struct out *o)
{
	static const unsigned int sizes[] = { 1, 10, 100, 1000, 10000 };
	u32 *ns = kvmalloc_array(bench_rounds, sizeof(*ns), GFP_KERNEL);
	unsigned int i;
	int err = 0;

	if (!ns)
		return -ENOMEM;
	mutex_lock(&family_mutex);
	for (i = 0; i < ARRAY_SIZE(sizes) && !err; i++) {
		err = family_resize(sizes[i]);
		if (!err)
			err = time_family(o, ns);
	}
	family_resize(0);
	mutex_unlock(&family_mutex);
	kvfree(ns);
	return err;
}

int family_init(struct dentry *dir)
{
	instances = kvcalloc(MAX_INSTANCES, sizeof(*instances), GFP_KERNEL);
	if (!instances)
		return -ENOMEM;
	debugfs_create_file("instances", 0200, dir, NULL, &instances_fops);
	debugfs_create_file("family_text", 0400, dir, NULL, &family_text_fops);
	return 0;
}

/* The files are gone. */
void family_exit(void)
{
	family_resize(0);
	kvfree(instances);
}
