// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_bench: files to make so many of something, and to print them
 */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>

#include "bench.h"

#define MOST	100000

const char * const bench_names[SIX_FIELDS] = { "f0", "f1", "f2", "f3", "f4", "f5" };

static ssize_t many_write(struct file *file, const char __user *buf, size_t count,
			  loff_t *pos)
{
	struct many *many = file->private_data;
	unsigned int nr;
	int err = kstrtouint_from_user(buf, count, 0, &nr);

	if (!err && nr > MOST)
		err = -EINVAL;
	if (err)
		return err;
	mutex_lock(&many->lock);
	err = many->resize(nr);
	mutex_unlock(&many->lock);
	return err ?: count;
}

static const struct file_operations many_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = many_write,
	.llseek = noop_llseek,
};

/* Line by line what cstats prints: what is shown is the token, then 2, 3, ... */
static void *many_at(const struct many *many, loff_t pos)
{
	return pos <= many->nr ? (void *)(unsigned long)(pos + 1) : NULL;
}

void *many_start(struct seq_file *m, loff_t *pos)
{
	struct many *many = m->private;

	mutex_lock(&many->lock);
	return many_at(many, *pos);
}

void *many_next(struct seq_file *m, void *v, loff_t *pos)
{
	return many_at(m->private, ++*pos);
}

void many_stop(struct seq_file *m, void *v)
{
	struct many *many = m->private;

	mutex_unlock(&many->lock);
}

void many_show_head(struct seq_file *m, const char *name)
{
	seq_printf(m, "# %s snapshot %llu time_ns %llu cpus %u rotation_ns %llu since_ns %llu\n",
		   name, 42ULL, 1234567890123ULL, 2U, 22137ULL, 1234567890123ULL);
}

/* Room for as many as there may be, to be freed with kvfree(), and the two files. */
void *many_init(struct many *many, size_t size, struct dentry *dir, const char *number,
		const char *text, const struct file_operations *text_fops)
{
	void *memory = kvcalloc(MOST, size, GFP_KERNEL);

	if (memory) {
		debugfs_create_file(number, 0200, dir, many, &many_fops);
		debugfs_create_file(text, 0400, dir, many, text_fops);
	}
	return memory;
}
