// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the files in debugfs
 *
 *	cstats				all sets, one consistent snapshot each
 *	cstats_sets/<set>/values	the same for one set
 *	cstats_sets/<set>/last		its last snapshot, without a rotation
 *	cstats_sets/<set>/percpu	each possible CPU's part of a snapshot
 *	cstats_sets/<set>/fields	name, kind, unit and description
 *	cstats_sets/<set>/reset		write 1: counters count from here
 *
 * Snapshots are taken at open. Readable and writable files are separate because
 * lockdown refuses to open any debugfs file that has a write bit. Without
 * debugfs, everything else works.
 *
 * A line has two columns, or three in percpu, or begins with #; only the first
 * line has neither form.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "base.h"
#include "debugfs.h"
#include "registry.h"
#include "report.h"
#include "sink.h"

static struct dentry *cstats_file, *cstats_dir;
static struct workqueue_struct *cstats_files_wq;

/*
 * A report as lines of text, in records: the first lines, then one record for
 * each set, or in percpu for each field of the only one.
 */
static void cstats_show_first(struct seq_file *m, bool all)
{
	u64 lost = cstats_sink_count();

	seq_puts(m, "cstats version: 1\n");
	if (all && lost)
		seq_printf(m, "# sections without a set: %llu\n", lost);
}

static void cstats_show_head(struct seq_file *m, const struct cstats_report_set *rs)
{
	const struct cstats_snapshot *snap = &rs->snap;
	const char *name = rs->set->name;

	if (rs->err)
		seq_printf(m, "# %s stalled: a section or a CPU takes too long, values are of the last snapshot\n",
			   name);
	if (rs->errors)
		seq_printf(m, "# %s errors %u\n", name, rs->errors);
	seq_printf(m, "# %s snapshot %llu time_ns %llu cpus %u rotation_ns %llu since_ns %llu\n",
		   name, snap->number, snap->time_ns, snap->nr_cpus,
		   snap->rotation_ns, snap->since_ns);
}

static void cstats_show_values(struct seq_file *m, const struct cstats_report_set *rs)
{
	unsigned int i;

	cstats_show_head(m, rs);
	for (i = 0; i < rs->set->shared.nr_fields; i++)
		seq_printf(m, "%s.%s %lld\n", rs->set->name,
			   rs->set->fields[i].name, rs->snap.values[i]);
}

static void cstats_show_parts(struct seq_file *m, const struct cstats_report_set *rs,
			      unsigned int field)
{
	const struct cstats_set *set = rs->set;
	int cpu;

	if (!field)
		cstats_show_head(m, rs);
	for_each_possible_cpu(cpu)
		seq_printf(m, "%s.%s %d %lld\n", set->name,
			   set->fields[field].name, cpu,
			   (s64)rs->cpu[(size_t)cpu * set->shared.nr_fields + field]);
}

static unsigned int cstats_records(const struct cstats_report *report)
{
	const struct cstats_report_set *rs = report->sets;

	if (report->nr_sets && rs->cpu)
		return 1 + rs->set->shared.nr_fields;
	return 1 + report->nr_sets;
}

/* The record's position is passed on, plus one, so that it is never NULL. */
static void *cstats_start(struct seq_file *m, loff_t *pos)
{
	return *pos < cstats_records(m->private) ?
	       (void *)(unsigned long)(*pos + 1) : NULL;
}

static void *cstats_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return cstats_start(m, pos);
}

static void cstats_stop(struct seq_file *m, void *v)
{
}

static int cstats_show(struct seq_file *m, void *v)
{
	const struct cstats_report *report = m->private;
	unsigned long record = (unsigned long)v - 1;
	const struct cstats_report_set *rs;

	if (!record) {
		cstats_show_first(m, !file_inode(m->file)->i_private);
		return 0;
	}
	rs = report->sets;
	if (report->nr_sets && rs->cpu) {
		cstats_show_parts(m, rs, record - 1);
		return 0;
	}
	rs += record - 1;
	if (rs->err == -ENODEV)
		return SEQ_SKIP;
	cstats_show_values(m, rs);
	cond_resched();
	return 0;
}

static const struct seq_operations cstats_ops = {
	.start = cstats_start,
	.next = cstats_next,
	.stop = cstats_stop,
	.show = cstats_show,
};

/* Print @report, and free it when the file is closed. */
static int cstats_open(struct file *file, struct cstats_report *report)
{
	int err;

	if (IS_ERR(report))
		return PTR_ERR(report);
	err = seq_open(file, &cstats_ops);
	if (err) {
		cstats_report_free(report);
		return err;
	}
	((struct seq_file *)file->private_data)->private = report;
	return 0;
}

static int cstats_all_open(struct inode *inode, struct file *file)
{
	return cstats_open(file, cstats_report_all());
}

static int cstats_values_open(struct inode *inode, struct file *file)
{
	return cstats_open(file, cstats_report_one(inode->i_private));
}

static int cstats_last_open(struct inode *inode, struct file *file)
{
	return cstats_open(file, cstats_report_last(inode->i_private));
}

static int cstats_percpu_open(struct inode *inode, struct file *file)
{
	return cstats_open(file, cstats_report_percpu(inode->i_private));
}

static int cstats_release_report(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	cstats_report_free(m->private);
	return seq_release(inode, file);
}

#define CSTATS_REPORT_FOPS(name)					\
static const struct file_operations cstats_##name##_fops = {		\
	.owner = THIS_MODULE,						\
	.open = cstats_##name##_open,					\
	.read = seq_read,						\
	.llseek = seq_lseek,						\
	.release = cstats_release_report,				\
}

CSTATS_REPORT_FOPS(all);
CSTATS_REPORT_FOPS(values);
CSTATS_REPORT_FOPS(last);
CSTATS_REPORT_FOPS(percpu);

static int cstats_fields_show(struct seq_file *m, void *v)
{
	const struct cstats_set *set = m->private;
	const struct cstats_field *f;

	seq_puts(m, "# name kind unit description\n");
	for (f = set->fields; f < set->fields + set->shared.nr_fields; f++)
		seq_printf(m, "%s %s %s%s%s\n", f->name,
			   f->kind == CSTATS_GAUGE ? "gauge" : "counter",
			   f->unit ?: "-", f->description ? " " : "",
			   f->description ?: "");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cstats_fields);

static ssize_t cstats_reset_write(struct file *file, const char __user *buf,
				  size_t count, loff_t *pos)
{
	char text[3] = "";
	int err;

	if (count < 1 || count > 2)
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	if (strcmp(text, "1") && strcmp(text, "1\n"))
		return -EINVAL;
	err = cstats_reset_set(file->private_data);
	return err ?: count;
}

static const struct file_operations cstats_reset_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = cstats_reset_write,
	.llseek = noop_llseek,
};

/**
 * cstats_debugfs_add - make the files of a set
 * @set: the set
 *
 * A set that comes before the directory gets its files with that.
 */
void cstats_debugfs_add(struct cstats_set *set)
{
	struct dentry *dir;

	if (!cstats_dir)
		return;
	dir = debugfs_create_dir(set->name, cstats_dir);
	debugfs_create_file("values", 0444, dir, set, &cstats_values_fops);
	debugfs_create_file("last", 0444, dir, set, &cstats_last_fops);
	debugfs_create_file("percpu", 0444, dir, set, &cstats_percpu_fops);
	debugfs_create_file("fields", 0444, dir, set, &cstats_fields_fops);
	debugfs_create_file("reset", 0200, dir, set, &cstats_reset_fops);
	set->files.dir = dir;
}

static void cstats_remove_work(struct work_struct *work)
{
	struct cstats_set *set = container_of(work, struct cstats_set, files.remove);

	debugfs_remove(set->files.dir);
	set->files.then(set);
}

/**
 * cstats_debugfs_remove - remove the files of a set
 * @set: the set, which is dead
 * @then: to be called afterwards
 *
 * Waits for operations on them that are under way, which end soon as the set is
 * dead. Files that are open stay open, and fail to read. Memory reclaim cannot
 * wait for locks under which debugfs allocates: there, all of it is left to
 * a worker.
 */
void cstats_debugfs_remove(struct cstats_set *set,
			   void (*then)(struct cstats_set *set))
{
	set->files.then = then;
	INIT_WORK(&set->files.remove, cstats_remove_work);
	if (current->flags & PF_MEMALLOC)
		queue_work(cstats_files_wq, &set->files.remove);
	else
		cstats_remove_work(&set->files.remove);
}

/* Wait for files that are being removed. True, for use in loops. */
bool cstats_debugfs_flush(void)
{
	flush_workqueue(cstats_files_wq);
	cond_resched();
	return true;
}

int cstats_debugfs_start(void)
{
	struct cstats_set *set;
	u32 id = 0;

	cstats_files_wq = alloc_workqueue("cstats_files", WQ_UNBOUND, 0);
	if (!cstats_files_wq)
		return -ENOMEM;
	cstats_file = debugfs_create_file("cstats", 0444, NULL, NULL,
					  &cstats_all_fops);
	cstats_dir = debugfs_create_dir("cstats_sets", NULL);
	while ((set = cstats_next_set(&id))) {
		cstats_debugfs_add(set);
		cstats_set_put(set);
	}
	return 0;
}

void cstats_debugfs_stop(void)
{
	debugfs_remove(cstats_dir);
	debugfs_remove(cstats_file);
	destroy_workqueue(cstats_files_wq);
}
