// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the files in debugfs
 *
 *	cstats				all sets, one consistent snapshot each
 *	cstats_sets/<set>/values	the same for one set
 *	cstats_sets/<set>/fields	name, kind, unit and description
 *	cstats_sets/<set>/percpu	each possible CPU's part of a snapshot
 *	cstats_sets/<set>/reset		write 1: count from here
 *
 * Snapshots are taken at open. What people read and what scripts write are
 * separate files, as lockdown lets only files without write permission be
 * opened. Without debugfs, everything else works.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "internal.h"

static struct dentry *cstats_file, *cstats_dir;

/*
 * A report as lines of text: a record each for the version and for every set,
 * and in percpu for every field.
 */
static void cstats_show_head(struct seq_file *m, const struct cstats_report_set *rs)
{
	const char *name = rs->set->name;

	if (rs->err)
		seq_printf(m, "# %s stalled: a section does not end, values are of the last snapshot\n",
			   name);
	if (rs->errors)
		seq_printf(m, "# %s errors %u\n", name, rs->errors);
	seq_printf(m, "# %s snapshot %llu time_ns %llu cpus %u rotation_ns %llu\n",
		   name, rs->snap.number, rs->snap.time_ns, rs->snap.nr_cpus,
		   rs->snap.rotation_ns);
}

static void *cstats_values_start(struct seq_file *m, loff_t *pos)
{
	struct cstats_report *report = m->private;

	if (!*pos)
		return SEQ_START_TOKEN;
	return *pos <= report->nr_sets ? &report->sets[*pos - 1] : NULL;
}

static void *cstats_values_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return cstats_values_start(m, pos);
}

static void cstats_stop(struct seq_file *m, void *v)
{
}

static int cstats_values_show(struct seq_file *m, void *v)
{
	const struct cstats_report_set *rs = v;
	unsigned int i;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "cstats version: 1\n");
		return 0;
	}
	if (rs->err == -ENODEV)
		return SEQ_SKIP;
	cstats_show_head(m, rs);
	for (i = 0; i < rs->set->nr_fields; i++)
		seq_printf(m, "%s.%s %lld\n", rs->set->name,
			   rs->set->fields[i].name, rs->snap.values[i]);
	return 0;
}

static const struct seq_operations cstats_values_ops = {
	.start = cstats_values_start,
	.next = cstats_values_next,
	.stop = cstats_stop,
	.show = cstats_values_show,
};

static void *cstats_percpu_start(struct seq_file *m, loff_t *pos)
{
	struct cstats_report *report = m->private;
	struct cstats_report_set *rs = &report->sets[0];

	if (!*pos)
		return SEQ_START_TOKEN;
	return *pos <= rs->set->nr_fields ? &rs->set->fields[*pos - 1] : NULL;
}

static void *cstats_percpu_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return cstats_percpu_start(m, pos);
}

static int cstats_percpu_show(struct seq_file *m, void *v)
{
	const struct cstats_report *report = m->private;
	const struct cstats_report_set *rs = &report->sets[0];
	const struct cstats_set *set = rs->set;
	const struct cstats_field *field = v;
	int cpu;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "cstats version: 1\n");
		cstats_show_head(m, rs);
		return 0;
	}
	for_each_possible_cpu(cpu)
		seq_printf(m, "%s.%s %d %lld\n", set->name, field->name, cpu,
			   (s64)rs->cpu[(size_t)cpu * set->nr_fields +
					(field - set->fields)]);
	return 0;
}

static const struct seq_operations cstats_percpu_ops = {
	.start = cstats_percpu_start,
	.next = cstats_percpu_next,
	.stop = cstats_stop,
	.show = cstats_percpu_show,
};

/* Take a report and print it with @ops. */
static int cstats_open(struct inode *inode, struct file *file,
		       const struct seq_operations *ops, bool percpu)
{
	struct cstats_report *report;
	int err;

	report = cstats_report_take(inode->i_private, percpu);
	if (IS_ERR(report))
		return PTR_ERR(report);
	err = seq_open(file, ops);
	if (err) {
		cstats_report_free(report);
		return err;
	}
	((struct seq_file *)file->private_data)->private = report;
	return 0;
}

static int cstats_values_open(struct inode *inode, struct file *file)
{
	return cstats_open(inode, file, &cstats_values_ops, false);
}

static int cstats_percpu_open(struct inode *inode, struct file *file)
{
	return cstats_open(inode, file, &cstats_percpu_ops, true);
}

static int cstats_release_report(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	cstats_report_free(m->private);
	return seq_release(inode, file);
}

static const struct file_operations cstats_values_fops = {
	.owner = THIS_MODULE,
	.open = cstats_values_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = cstats_release_report,
};

static const struct file_operations cstats_percpu_fops = {
	.owner = THIS_MODULE,
	.open = cstats_percpu_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = cstats_release_report,
};

static int cstats_fields_show(struct seq_file *m, void *v)
{
	const struct cstats_set *set = m->private;
	const struct cstats_field *f;

	seq_puts(m, "# name kind unit description\n");
	for (f = set->fields; f < set->fields + set->nr_fields; f++)
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
 */
void cstats_debugfs_add(struct cstats_set *set)
{
	set->dir = debugfs_create_dir(set->name, cstats_dir);
	debugfs_create_file("values", 0444, set->dir, set, &cstats_values_fops);
	debugfs_create_file("fields", 0444, set->dir, set, &cstats_fields_fops);
	debugfs_create_file("percpu", 0444, set->dir, set, &cstats_percpu_fops);
	debugfs_create_file("reset", 0200, set->dir, set, &cstats_reset_fops);
}

/**
 * cstats_debugfs_remove - remove the files of a set
 * @set: the set
 *
 * Waits for operations on them that are under way. Files that are open stay
 * open, and fail to read.
 */
void cstats_debugfs_remove(struct cstats_set *set)
{
	debugfs_remove(set->dir);
}

void cstats_debugfs_init(void)
{
	cstats_file = debugfs_create_file("cstats", 0444, NULL, NULL,
					  &cstats_values_fops);
	cstats_dir = debugfs_create_dir("cstats_sets", NULL);
}

void cstats_debugfs_exit(void)
{
	debugfs_remove(cstats_dir);
	debugfs_remove(cstats_file);
}
