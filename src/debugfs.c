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
 *	cstats_sets/<set>/instance	write a name, and read: that instance only
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
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include "base.h"
#include "debugfs.h"
#include "describe.h"
#include "registry.h"
#include "report.h"

static struct dentry *cstats_file, *cstats_dir;
static struct workqueue_struct *cstats_files_wq;

/*
 * A report as lines of text, in records: the first lines, then for each set one
 * of its own, and one for each of its instances. In percpu, each line is one.
 */
static void cstats_show_first(struct seq_file *m, const struct cstats_report *report)
{
	seq_puts(m, "cstats version: 1\n");
	if (report->lost)
		seq_printf(m, "# sections without a set: %llu\n", report->lost);
}

static void cstats_show_head(struct seq_file *m, const struct cstats_report_set *rs)
{
	const struct cstats_snapshot *snap = &rs->snap;
	const char *name = rs->set->name;

	if (rs->err)
		seq_printf(m, "# %s stalled: a section, a CPU or a grace period takes too long, values are of the last snapshot\n",
			   name);
	if (rs->errors)
		seq_printf(m, "# %s errors %u\n", name, rs->errors);
	seq_printf(m, "# %s snapshot %llu time_ns %llu cpus %u rotation_ns %llu since_ns %llu\n",
		   name, snap->number, snap->time_ns, snap->nr_cpus,
		   snap->rotation_ns, snap->since_ns);
}

/* What the names of a set's, or an instance's, values begin with. */
static void cstats_show_name(struct seq_file *m, const struct cstats_report_set *rs,
			     const struct cstats_report_instance *ri)
{
	seq_puts(m, rs->set->name);
	if (ri) {
		seq_putc(m, '{');
		seq_puts(m, rs->set->family->label);
		seq_puts(m, "=\"");
		seq_escape(m, ri->label->text, CSTATS_ESCAPED);
		seq_puts(m, "\"}");
	}
	seq_putc(m, '.');
}

static void cstats_show_values(struct seq_file *m, const struct cstats_report_set *rs,
			       const struct cstats_report_instance *ri)
{
	const struct cstats_about *about = rs->set->about;
	size_t from = m->count, len = 0;
	unsigned int i;

	for (i = 0; i < about->nr_values; i++) {
		const struct cstats_line *line = &about->lines[i];

		/* Escaping costs as much as all else: it is done for the first line. */
		if (len) {
			seq_write(m, m->buf + from, len);
		} else {
			cstats_show_name(m, rs, ri);
			len = m->count - from;
		}
		seq_puts(m, line->name);
		seq_put_decimal_ll(m, " ", ri ? ri->values[line->index] :
					   rs->snap.values[line->index]);
		seq_putc(m, '\n');
	}
}

static void cstats_show_parts(struct seq_file *m, const struct cstats_report_set *rs,
			      const struct cstats_report_instance *ri, unsigned int i)
{
	const struct cstats_about *about = rs->set->about;
	const struct cstats_line *line = &about->lines[i];
	const u64 *parts = ri ? ri->cpu : rs->cpu;
	int cpu;

	for_each_possible_cpu(cpu) {
		cstats_show_name(m, rs, ri);
		seq_puts(m, line->name);
		seq_put_decimal_ull(m, " ", cpu);
		seq_put_decimal_ll(m, " ", parts[(size_t)cpu * about->nr_values + line->index]);
		seq_putc(m, '\n');
	}
}

/* Number the records, once the report is complete. */
static void cstats_number(struct cstats_report *report)
{
	struct cstats_report_set *rs, *end = report->sets + report->nr_sets;

	report->nr_records = 1;
	for (rs = report->sets; rs < end; rs++) {
		rs->record = report->nr_records;
		report->nr_records += (1 + (unsigned long)rs->nr_instances) *
				      (report->percpu ? rs->set->about->nr_values : 1);
		cond_resched();
	}
}

/* The set that has a record, which is not the first one. */
static const struct cstats_report_set *cstats_set_with(const struct cstats_report *report,
						       unsigned long record)
{
	unsigned int from = 0, to = report->nr_sets;

	while (to - from > 1) {
		unsigned int middle = from + (to - from) / 2;

		if (report->sets[middle].record <= record)
			from = middle;
		else
			to = middle;
	}
	return &report->sets[from];
}

/* The record's position is passed on, plus one, so that it is never NULL. */
static void *cstats_seq_start(struct seq_file *m, loff_t *pos)
{
	const struct cstats_report *report = m->private;

	return report && *pos < report->nr_records ?
	       (void *)(unsigned long)(*pos + 1) : NULL;
}

static void *cstats_seq_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return cstats_seq_start(m, pos);
}

static void cstats_seq_stop(struct seq_file *m, void *v)
{
}

static int cstats_seq_show(struct seq_file *m, void *v)
{
	const struct cstats_report *report = m->private;
	const struct cstats_report_instance *ri;
	unsigned long record = (unsigned long)v - 1, line = 0;
	const struct cstats_report_set *rs;

	if (!record) {
		cstats_show_first(m, report);
		return 0;
	}
	rs = cstats_set_with(report, record);
	if (rs->err == -ENODEV)
		return SEQ_SKIP;
	if (record == rs->record)
		cstats_show_head(m, rs);
	record -= rs->record;
	if (report->percpu) {
		line = record % rs->set->about->nr_values;
		record /= rs->set->about->nr_values;
	}
	ri = record ? &rs->instances[record - 1] : NULL;
	if (report->percpu)
		cstats_show_parts(m, rs, ri, line);
	else if (ri || !report->only)
		cstats_show_values(m, rs, ri);
	cond_resched();
	return 0;
}

static const struct seq_operations cstats_ops = {
	.start = cstats_seq_start,
	.next = cstats_seq_next,
	.stop = cstats_seq_stop,
	.show = cstats_seq_show,
};

/* Print @report, and free it when the file is closed. */
static int cstats_open(struct file *file, struct cstats_report *report)
{
	int err;

	if (IS_ERR(report))
		return PTR_ERR(report);
	cstats_number(report);
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

/*
 * One instance of a family: write its name, as it is printed, and read. Both are
 * done with the same open file; each write takes a snapshot.
 */
static int cstats_one_open(struct inode *inode, struct file *file)
{
	return seq_open(file, &cstats_ops);
}

/* The name that is written, for kfree(), or ERR_PTR(). */
static char *cstats_written_name(const char __user *buf, size_t count)
{
	char *name;
	int len;

	if (!count || count > 4 * CSTATS_INSTANCE_LEN)
		return ERR_PTR(-EINVAL);
	name = memdup_user_nul(buf, count);
	if (IS_ERR(name))
		return name;
	if (name[count - 1] == '\n')
		name[--count] = '\0';
	/* No name has a NUL, as it is or in octal: its beginning is another one. */
	if (strlen(name) == count) {
		len = string_unescape_inplace(name, UNESCAPE_OCTAL);
		if (strlen(name) == len)
			return name;
	}
	kfree(name);
	return ERR_PTR(-EINVAL);
}

static ssize_t cstats_one_write(struct file *file, const char __user *buf,
				size_t count, loff_t *pos)
{
	char *name = cstats_written_name(buf, count);
	struct seq_file *m = file->private_data;
	struct cstats_report *report, *old;

	if (IS_ERR(name))
		return PTR_ERR(name);
	report = cstats_report_instance(file_inode(file)->i_private, name);
	kfree(name);
	if (IS_ERR(report))
		return PTR_ERR(report);
	report->only = "";	/* only that it is one matters from here on */
	cstats_number(report);
	mutex_lock(&m->lock);
	old = m->private;
	m->private = report;
	m->count = 0;
	m->from = 0;
	m->index = 0;
	m->read_pos = 0;
	mutex_unlock(&m->lock);
	*pos = 0;		/* what comes is read from its beginning */
	cstats_report_free(old);
	return count;
}

static ssize_t cstats_one_read(struct file *file, char __user *buf, size_t size,
			       loff_t *pos)
{
	struct seq_file *m = file->private_data;

	return READ_ONCE(m->private) ? seq_read(file, buf, size, pos) : -ENODATA;
}

static const struct file_operations cstats_one_fops = {
	.owner = THIS_MODULE,
	.open = cstats_one_open,
	.write = cstats_one_write,
	.read = cstats_one_read,
	.llseek = seq_lseek,
	.release = cstats_release_report,
};

static const char * const cstats_kind_names[] = {
	[CSTATS_COUNTER] = "counter",
	[CSTATS_GAUGE] = "gauge",
	[CSTATS_HISTOGRAM] = "histogram",
};

/* What the file with the fields shows: the number is that of its open. */
struct cstats_fields_file {
	const struct cstats_set *set;
	unsigned int nr_instances;
};

static int cstats_fields_show(struct seq_file *m, void *v)
{
	const struct cstats_fields_file *file = m->private;
	const struct cstats_set *set = file->set;
	const struct cstats_about *about = set->about;
	const struct cstats_field *f;

	seq_puts(m, "# name kind unit description\n");
	if (set->shared.rcu)
		seq_printf(m, "# %s flavour rcu\n", set->name);
	if (set->family)
		seq_printf(m, "# %s label %s instances %u\n", set->name,
			   set->family->label, file->nr_instances);
	for (f = about->fields; f < about->fields + about->nr_fields; f++)
		seq_printf(m, "%s %s %s%s%s\n", f->name, cstats_kind_names[f->kind],
			   f->unit ?: "-", f->description ? " " : "",
			   f->description ?: "");
	return 0;
}

static int cstats_fields_open(struct inode *inode, struct file *file)
{
	const struct cstats_set *set = inode->i_private;
	struct cstats_fields_file *shown = kzalloc(sizeof(*shown), GFP_KERNEL);
	int err;

	if (!shown)
		return -ENOMEM;
	shown->set = set;
	if (set->family)
		shown->nr_instances = READ_ONCE(set->family->nr_members);
	err = single_open(file, cstats_fields_show, shown);
	if (err)
		kfree(shown);
	return err;
}

static int cstats_fields_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kfree(m->private);
	return single_release(inode, file);
}

static const struct file_operations cstats_fields_fops = {
	.owner = THIS_MODULE,
	.open = cstats_fields_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = cstats_fields_release,
};

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
	if (set->family)
		debugfs_create_file("instance", 0600, dir, set, &cstats_one_fops);
	set->files.dir = dir;
}

static void cstats_remove_work(struct work_struct *work)
{
	struct cstats_set *set = container_of(work, struct cstats_set, files.remove);

	debugfs_remove(set->files.dir);
	cstats_unregister(set);
}

/**
 * cstats_debugfs_remove - remove the files of a set, and then forget it
 * @set: the set, which is dead
 *
 * Waits for operations on them that are under way, which end soon as the set is
 * dead. Files that are open stay open, and fail to read. Memory reclaim cannot
 * wait for locks under which debugfs allocates: there, all of it is left to
 * a worker.
 */
void cstats_debugfs_remove(struct cstats_set *set)
{
	INIT_WORK(&set->files.remove, cstats_remove_work);
	/* Built in, and early: without the worker, there are no files. */
	if (current->flags & PF_MEMALLOC && cstats_files_wq)
		queue_work(cstats_files_wq, &set->files.remove);
	else
		cstats_remove_work(&set->files.remove);
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
	/* What sets have left to it is below the directory. */
	destroy_workqueue(cstats_files_wq);
	debugfs_remove(cstats_dir);
	debugfs_remove(cstats_file);
}
