// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test: runs the cases of a test module and keeps their results
 *
 * One module's cases run at a time. Results are text in memory, which debugfs
 * shows: nothing has to be fished out of the kernel log, and a module that dies
 * leaves none.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/kmsg_dump.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "cstats_test.h"

#define CSTATS_TEST_LOG_SIZE	SZ_32K
#define CSTATS_TEST_MAX_NOTES	8	/* per case; the rest is counted only */
#define CSTATS_TEST_HOLD_MS	15000	/* a held section ends by then */

static char *only;
module_param(only, charp, 0444);
MODULE_PARM_DESC(only, "run this case only");

static struct dentry *dir;
static DEFINE_MUTEX(run_mutex);

/* The results of the module that ran last, and the case that is running. */
static DEFINE_RAW_SPINLOCK(results_lock);
static char results[CSTATS_TEST_LOG_SIZE];
static size_t results_len;
static unsigned int failures;
static bool skipped;

static struct kmsg_dump_iter log_mark;

static __printf(2, 0) void add_line(const char *start, const char *fmt, va_list args)
{
	lockdep_assert_held(&results_lock);
	results_len += scnprintf(results + results_len,
				 sizeof(results) - results_len, "%s", start);
	results_len += vscnprintf(results + results_len,
				  sizeof(results) - results_len, fmt, args);
	results_len += scnprintf(results + results_len,
				 sizeof(results) - results_len, "\n");
}

/**
 * cstats_test_fail - the running case has failed
 * @file: source file
 * @line: line in it
 * @fmt: why
 */
void cstats_test_fail(const char *file, int line, const char *fmt, ...)
{
	unsigned long flags;
	char start[64];
	va_list args;

	snprintf(start, sizeof(start), "# %s:%d: ", kbasename(file), line);
	va_start(args, fmt);
	raw_spin_lock_irqsave(&results_lock, flags);
	if (++failures <= CSTATS_TEST_MAX_NOTES)
		add_line(start, fmt, args);
	raw_spin_unlock_irqrestore(&results_lock, flags);
	va_end(args);
}
EXPORT_SYMBOL_GPL(cstats_test_fail);

/**
 * cstats_test_note - say something about the running case
 * @fmt: what
 */
void cstats_test_note(const char *fmt, ...)
{
	unsigned long flags;
	va_list args;

	va_start(args, fmt);
	raw_spin_lock_irqsave(&results_lock, flags);
	add_line("# ", fmt, args);
	raw_spin_unlock_irqrestore(&results_lock, flags);
	va_end(args);
}
EXPORT_SYMBOL_GPL(cstats_test_note);

/**
 * cstats_test_skip - the running case cannot run here
 * @fmt: why
 */
void cstats_test_skip(const char *fmt, ...)
{
	unsigned long flags;
	va_list args;

	va_start(args, fmt);
	raw_spin_lock_irqsave(&results_lock, flags);
	skipped = true;
	add_line("# ", fmt, args);
	raw_spin_unlock_irqrestore(&results_lock, flags);
	va_end(args);
}
EXPORT_SYMBOL_GPL(cstats_test_skip);

static __printf(1, 2) void add_result(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	raw_spin_lock_irq(&results_lock);
	add_line("", fmt, args);
	raw_spin_unlock_irq(&results_lock);
	va_end(args);
}

static void run_case(const struct cstats_test_case *c)
{
	failures = 0;
	skipped = false;
	/* What scripts/vm must not take for a failure is between these lines. */
	if (c->warns)
		pr_info("vm: expect begin\n");
	c->run();
	if (c->warns)
		pr_info("vm: expect end\n");
	if (failures > CSTATS_TEST_MAX_NOTES)
		cstats_test_note("%u failed checks in all", failures);
	add_result("%s %s", failures ? "not ok" : skipped ? "skip" : "ok", c->name);
}

static int results_show(struct seq_file *m, void *v)
{
	seq_write(m, results, results_len);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

/**
 * cstats_test_run - run the cases of a test module
 * @module: the module
 * @cases: its cases
 * @nr_cases: how many
 */
void cstats_test_run(struct module *module, const struct cstats_test_case *cases,
		     unsigned int nr_cases)
{
	unsigned int i;

	mutex_lock(&run_mutex);
	results_len = 0;
	for (i = 0; i < nr_cases; i++)
		if (!only || !*only || !strcmp(only, cases[i].name))
			run_case(&cases[i]);
	debugfs_create_file(module->name, 0444, dir, NULL, &results_fops);
	mutex_unlock(&run_mutex);
}
EXPORT_SYMBOL_GPL(cstats_test_run);

/**
 * cstats_test_forget - a test module is unloaded
 * @module: the module
 */
void cstats_test_forget(struct module *module)
{
	struct dentry *file = debugfs_lookup(module->name, dir);

	debugfs_remove(file);
	dput(file);
}
EXPORT_SYMBOL_GPL(cstats_test_forget);

/**
 * cstats_test_log_mark - remember where the kernel log ends
 */
void cstats_test_log_mark(void)
{
	kmsg_dump_rewind(&log_mark);
	log_mark.cur_seq = log_mark.next_seq;
}
EXPORT_SYMBOL_GPL(cstats_test_log_mark);

/**
 * cstats_test_log_lines - count lines of cstats.ko since the mark
 * @text: what a line has to contain; "" for any
 */
unsigned int cstats_test_log_lines(const char *text)
{
	struct kmsg_dump_iter iter;
	unsigned int count = 0;
	char line[512];
	size_t len;

	kmsg_dump_rewind(&iter);
	iter.cur_seq = log_mark.cur_seq;
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = 0;
		if (strstr(line, "cstats: ") && strstr(line, text))
			count++;
	}
	return count;
}
EXPORT_SYMBOL_GPL(cstats_test_log_lines);

/**
 * cstats_test_start - start a kernel thread
 * @cpu: where, anywhere if negative
 * @fn: what it does; may return before it is stopped
 * @arg: for @fn
 *
 * Return: the thread, or NULL; then the case has failed.
 */
struct task_struct *cstats_test_start(int cpu, int (*fn)(void *), void *arg)
{
	struct task_struct *task = kthread_create(fn, arg, "cstats_test/%d", cpu);

	if (!check(!IS_ERR(task), "no thread: %ld", PTR_ERR(task)))
		return NULL;
	get_task_struct(task);
	if (cpu >= 0)
		kthread_bind(task, cpu);
	wake_up_process(task);
	return task;
}
EXPORT_SYMBOL_GPL(cstats_test_start);

/**
 * cstats_test_stop - stop a kernel thread and wait for its end
 * @task: what cstats_test_start() returned
 *
 * Return: what its function returned.
 */
int cstats_test_stop(struct task_struct *task)
{
	int ret;

	if (!task)
		return -ENOENT;
	ret = kthread_stop(task);
	put_task_struct(task);
	return ret;
}
EXPORT_SYMBOL_GPL(cstats_test_stop);

/**
 * cstats_test_other_cpu - keep this task to one CPU, and find another one
 *
 * For a section that is held open: nothing else gets that CPU meanwhile. Ends
 * with the caller's affinity set to the first CPU.
 *
 * Return: the other CPU, or -1; then the case is skipped.
 */
int cstats_test_other_cpu(void)
{
	int here = cpumask_first(cpu_online_mask);
	int cpu = cpumask_next(here, cpu_online_mask);

	if (cpu >= nr_cpu_ids) {
		cstats_test_skip("needs two CPUs");
		return -1;
	}
	set_cpus_allowed_ptr(current, cpumask_of(here));
	return cpu;
}
EXPORT_SYMBOL_GPL(cstats_test_other_cpu);

static void hold_add(struct cstats_section *s, const struct cstats_test_hold *hold,
		     s64 delta)
{
	unsigned int i;

	for (i = 0; i < hold->fields; i++)
		cstats_add(s, i, delta);
}

/* Return: whether it was ended, and not by the time limit. */
static bool hold_spin(struct cstats_test_hold *hold)
{
	u64 limit = ktime_get_ns() + (u64)CSTATS_TEST_HOLD_MS * NSEC_PER_MSEC;
	bool ended;

	complete(&hold->opened);
	while (!(ended = READ_ONCE(hold->end)) && ktime_get_ns() < limit)
		cpu_relax();
	return ended;
}

static int hold_thread(void *arg)
{
	struct cstats_test_hold *hold = arg;
	struct cstats_section s = cstats_acquire(hold->cs);
	bool ended;

	hold_add(&s, hold, hold->delta / 2);
	if (hold->nested) {
		struct cstats_section inner = cstats_acquire(hold->cs);
		struct cstats_section innermost = cstats_acquire(hold->cs);

		cstats_release(&innermost);
		ended = hold_spin(hold);
		cstats_release(&inner);
	} else {
		ended = hold_spin(hold);
	}
	hold_add(&s, hold, hold->delta - hold->delta / 2);
	cstats_release(&s);
	return ended ? 0 : -ETIME;
}

/**
 * cstats_test_hold - open a section on a CPU and keep it open
 * @hold: with the first five members set
 *
 * Return: 0 when it is open.
 */
int cstats_test_hold(struct cstats_test_hold *hold)
{
	hold->end = false;
	init_completion(&hold->opened);
	hold->task = cstats_test_start(hold->cpu, hold_thread, hold);
	if (!hold->task)
		return -ENOMEM;
	wait_for_completion(&hold->opened);
	return 0;
}
EXPORT_SYMBOL_GPL(cstats_test_hold);

/**
 * cstats_test_release - close the section
 * @hold: what was given to cstats_test_hold()
 *
 * Return: 0, or -ETIME if it was closed before by the time limit; then the case
 * has failed.
 */
int cstats_test_release(struct cstats_test_hold *hold)
{
	int ret;

	WRITE_ONCE(hold->end, true);
	ret = cstats_test_stop(hold->task);
	check_eq(ret, 0);
	return ret;
}
EXPORT_SYMBOL_GPL(cstats_test_release);

int cstats_test_wrapper(struct cstats *cs, const char *name, const char *label,
			const struct cstats_field *fields, unsigned int nr_fields,
			struct module *owner)
{
	if (label)
		return cstats_init_family_owner(cs, name, label, fields, nr_fields, owner);
	return cstats_init_owner(cs, name, fields, nr_fields, owner);
}
EXPORT_SYMBOL_GPL(cstats_test_wrapper);

static int __init cstats_test_init(void)
{
	dir = debugfs_create_dir("cstats_test", NULL);
	return PTR_ERR_OR_ZERO(dir);
}

static void __exit cstats_test_exit(void)
{
	debugfs_remove(dir);
}

module_init(cstats_test_init);
module_exit(cstats_test_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("Runs the cases of cstats' test modules");
MODULE_LICENSE("GPL");
