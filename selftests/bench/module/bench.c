// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_bench: what cstats costs, next to what a user could pick instead
 *
 *	insmod cstats_bench.ko
 *	cat /sys/kernel/debug/cstats_bench/writers
 *	rmmod cstats_bench
 *
 * Each file runs a test when it is opened, by one task at a time, and holds its
 * samples: a line for each series, with the name of what was measured, its
 * parameters, and the values. A signal ends a test. Nothing is left behind.
 *
 * All that is to be compared is measured in turn, round by round, in random
 * order: what disturbs the machine disturbs all alike.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "bench.h"

unsigned int bench_rounds = 41;
module_param_named(rounds, bench_rounds, uint, 0644);
MODULE_PARM_DESC(rounds, "samples in each series (default 41)");

unsigned int bench_chunk_us = 200;
module_param_named(chunk_us, bench_chunk_us, uint, 0644);
MODULE_PARM_DESC(chunk_us, "microseconds that a sample of a writer takes (default 200)");

unsigned int bench_fields;
module_param_named(fields, bench_fields, uint, 0644);
MODULE_PARM_DESC(fields, "fields that writers add to: 1, 2, 4, 6, 8, 16 (default 0: each)");

static unsigned int cpus;
module_param(cpus, uint, 0644);
MODULE_PARM_DESC(cpus, "CPUs that take part (default 0: all that are online)");

static DEFINE_MUTEX(bench_mutex);
static struct dentry *bench_dir;

/* Cut off where memory ends; the size is checked at the end of the test. */
void out(struct out *o, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	o->len += vsnprintf(o->text + min(o->len, o->size),
			    o->size - min(o->len, o->size), fmt, args);
	va_end(args);
}

void out_samples(struct out *o, const u32 *samples, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		out(o, " %u", samples[i]);
	out(o, "\n");
}

void shuffle(unsigned int *order, unsigned int nr)
{
	unsigned int i, j;

	for (i = nr - 1; i; i--) {
		j = get_random_u32() % (i + 1);
		swap(order[i], order[j]);
	}
}

/* Names and descriptions in one piece of memory. */
struct cstats_field *bench_fields_new(unsigned int nr)
{
	struct cstats_field *fields = kvcalloc(nr, sizeof(*fields) + 16, GFP_KERNEL);
	char *names = (char *)(fields + nr);
	unsigned int i;

	for (i = 0; fields && i < nr; i++) {
		snprintf(names + 16 * i, 16, "f%u", i);
		fields[i].name = names + 16 * i;
	}
	return fields;
}

/* One thread on each CPU, as long as a test runs. */
struct worker {
	struct task_struct *task;
	struct completion done;
	unsigned int index;
	bool go;
};

static DECLARE_WAIT_QUEUE_HEAD(worker_wait);
static struct worker *workers;
static unsigned int nr_workers;
static struct job *worker_job;
static unsigned int worker_cpus;
static atomic_t worker_arrived;

static int worker_fn(void *data)
{
	struct worker *worker = data;

	for (;;) {
		/* acquire: with job_start() */
		wait_event_idle(worker_wait, smp_load_acquire(&worker->go) ||
				kthread_should_stop());
		if (kthread_should_stop())
			return 0;
		worker->go = false;
		/* Start together. */
		atomic_inc(&worker_arrived);
		while (atomic_read(&worker_arrived) < worker_cpus)
			cpu_relax();
		worker_job->fn(worker_job, worker->index);
		complete(&worker->done);
	}
}

static void workers_stop(void)
{
	while (nr_workers)
		kthread_stop(workers[--nr_workers].task);
	kfree(workers);
	workers = NULL;
}

static int workers_start(void)
{
	unsigned int max = cpus ?: UINT_MAX;
	int cpu;

	workers = kcalloc(nr_cpu_ids, sizeof(*workers), GFP_KERNEL);
	if (!workers)
		return -ENOMEM;
	for_each_online_cpu(cpu) {
		struct worker *worker = &workers[nr_workers];

		if (nr_workers == max)
			break;
		worker->index = nr_workers;
		init_completion(&worker->done);
		worker->task = kthread_run_on_cpu(worker_fn, worker, cpu,
						  "cstats_bench/%u");
		if (IS_ERR(worker->task)) {
			workers_stop();
			return -ENOMEM;
		}
		nr_workers++;
	}
	return 0;
}

unsigned int job_cpus(void)
{
	return nr_workers;
}

void job_start(struct job *job, unsigned int nr_cpus)
{
	unsigned int i;

	worker_job = job;
	worker_cpus = nr_cpus;
	atomic_set(&worker_arrived, 0);
	for (i = 0; i < nr_cpus; i++)
		smp_store_release(&workers[i].go, true);	/* with worker_fn() */
	wake_up_all(&worker_wait);
}

void job_wait(void)
{
	unsigned int i;

	for (i = 0; i < worker_cpus; i++)
		wait_for_completion(&workers[i].done);
}

int job_run(struct job *job, unsigned int nr_cpus)
{
	if (signal_pending(current))
		return -EINTR;
	job_start(job, nr_cpus);
	job_wait();
	return 0;
}

static const struct test {
	const char *name;
	int (*run)(struct out *o);
} tests[] = {
	{ "writers", test_writers },
	{ "scaling", test_scaling },
	{ "rotation", test_rotation },
	{ "tail", test_tail },
	{ "readers", test_readers },
	{ "readers_busy", test_readers_busy },
	{ "fields", test_fields },
	{ "grace", test_grace },
	{ "family", test_family },
	{ "mode", test_mode },
	{ "mode_busy", test_mode_busy },
	{ "read", test_read },
	{ "concurrent", test_concurrent },
	{ "who", test_who },
	{ "memory", test_memory },
};

static int bench_open(struct inode *inode, struct file *file)
{
	const struct test *test = inode->i_private;
	struct out *o;
	int err;

	if (mutex_lock_interruptible(&bench_mutex))
		return -EINTR;
	err = -ENOMEM;
	o = kzalloc(sizeof(*o), GFP_KERNEL);
	if (!o)
		goto unlock;
	o->size = 4 << 20;
	o->text = kvzalloc(o->size, GFP_KERNEL);
	if (!o->text)
		goto free;
	cpus_read_lock();
	err = workers_start();
	cpus_read_unlock();
	if (!err) {
		err = test->run(o);
		workers_stop();
	}
	if (!err && o->len >= o->size)
		err = -EOVERFLOW;
	if (!err) {
		file->private_data = o;
		mutex_unlock(&bench_mutex);
		return 0;
	}
	kvfree(o->text);
free:
	kfree(o);
unlock:
	mutex_unlock(&bench_mutex);
	return err;
}

static ssize_t bench_read(struct file *file, char __user *buf, size_t count,
			  loff_t *pos)
{
	struct out *o = file->private_data;

	return simple_read_from_buffer(buf, count, pos, o->text, o->len);
}

static int bench_release(struct inode *inode, struct file *file)
{
	struct out *o = file->private_data;

	kvfree(o->text);
	kfree(o);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = bench_open,
	.read = bench_read,
	.llseek = default_llseek,
	.release = bench_release,
};

static void bench_stop(void)
{
	debugfs_remove(bench_dir);
	sets_exit();
	family_exit();
	writers_free();
}

static int __init bench_init(void)
{
	unsigned int i;
	int err = writers_alloc();

	if (err)
		return err;
	bench_dir = debugfs_create_dir("cstats_bench", NULL);
	err = sets_init(bench_dir) ?: family_init(bench_dir);
	if (err) {
		bench_stop();
		return err;
	}
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		debugfs_create_file(tests[i].name, 0400, bench_dir,
				    (void *)&tests[i], &test_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	bench_stop();
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Benchmark of cstats and of its alternatives");
MODULE_LICENSE("GPL");
