// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_bench: many sets, and what it takes just to print them
 *
 * The parameter "sets" makes and destroys sets of six fields. The file "text"
 * has the same text as the file cstats has for them, but for the values: those
 * are taken from memory, with no barrier and no sums.
 */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "bench.h"

#define MAX_SETS	100000

struct bench_set {
	struct cstats cs;
	char name[16];
	s64 values[SIX_FIELDS];
};

static DEFINE_MUTEX(sets_mutex);
static struct bench_set **sets;
static unsigned int nr_sets;

static int sets_add(const struct cstats_field *fields)
{
	struct bench_set *set = kzalloc(sizeof(*set), GFP_KERNEL);
	struct cstats_section section;
	unsigned int i;
	int err;

	if (!set)
		return -ENOMEM;
	snprintf(set->name, sizeof(set->name), "bench%u", nr_sets);
	for (i = 0; i < SIX_FIELDS; i++)
		set->values[i] = 1000003LL * nr_sets + i;
	err = cstats_init(&set->cs, set->name, fields, SIX_FIELDS);
	if (err) {
		kfree(set);
		return err;
	}
	section = cstats_acquire(&set->cs);
	for (i = 0; i < SIX_FIELDS; i++)
		cstats_add(&section, i, set->values[i]);
	cstats_release(&section);
	sets[nr_sets++] = set;
	return 0;
}

static int sets_resize(unsigned int nr)
{
	struct cstats_field *fields = bench_fields_new(SIX_FIELDS);
	int err = 0;

	if (!fields)
		return -ENOMEM;
	while (!err && nr_sets < nr) {
		err = sets_add(fields);
		if (signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	while (nr_sets > nr) {
		cstats_destroy(&sets[--nr_sets]->cs);
		kfree(sets[nr_sets]);
		cond_resched();
	}
	kvfree(fields);
	return err;
}

static ssize_t sets_write(struct file *file, const char __user *buf, size_t count,
			  loff_t *pos)
{
	unsigned int nr;
	int err = kstrtouint_from_user(buf, count, 0, &nr);

	if (!err && nr > MAX_SETS)
		err = -EINVAL;
	if (err)
		return err;
	mutex_lock(&sets_mutex);
	err = sets_resize(nr);
	mutex_unlock(&sets_mutex);
	return err ?: count;
}

static const struct file_operations sets_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = sets_write,
	.llseek = noop_llseek,
};

/* Line by line what cstats prints. */
static void *text_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&sets_mutex);
	if (!*pos)
		return SEQ_START_TOKEN;
	return *pos <= nr_sets ? sets[*pos - 1] : NULL;
}

static void *text_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return *pos <= nr_sets ? sets[*pos - 1] : NULL;
}

static void text_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&sets_mutex);
}

static int text_show(struct seq_file *m, void *v)
{
	static const char * const names[SIX_FIELDS] = { "f0", "f1", "f2", "f3", "f4", "f5" };
	const struct bench_set *set = v;
	unsigned int i;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "cstats version: 1\n");
		return 0;
	}
	seq_printf(m, "# %s snapshot %llu time_ns %llu cpus %u rotation_ns %llu since_ns %llu\n",
		   set->name, 42ULL, 1234567890123ULL, 2U, 22137ULL, 1234567890123ULL);
	for (i = 0; i < SIX_FIELDS; i++)
		seq_printf(m, "%s.%s %lld\n", set->name, names[i], set->values[i]);
	return 0;
}

static const struct seq_operations text_sops = {
	.start = text_start,
	.next = text_next,
	.stop = text_stop,
	.show = text_show,
};
DEFINE_SEQ_ATTRIBUTE(text);

int sets_init(struct dentry *dir)
{
	sets = kvcalloc(MAX_SETS, sizeof(*sets), GFP_KERNEL);
	if (!sets)
		return -ENOMEM;
	debugfs_create_file("sets", 0200, dir, NULL, &sets_fops);
	debugfs_create_file("text", 0400, dir, NULL, &text_fops);
	return 0;
}

/* The files are gone. */
void sets_exit(void)
{
	while (nr_sets) {
		cstats_destroy(&sets[--nr_sets]->cs);
		kfree(sets[nr_sets]);
	}
	kvfree(sets);
}
