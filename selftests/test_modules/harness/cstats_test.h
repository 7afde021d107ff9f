/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the test modules share, see cstats_test.c
 *
 * A test module has an array of cases. They run when it is loaded; the results
 * are in /sys/kernel/debug/cstats_test/<module> until it is unloaded, one line
 * each, which selftests/lib/lib.sh turns into TAP:
 *
 *	ok <case>
 *	not ok <case>
 *	skip <case>
 *	# why, for the case in the next line
 */
#ifndef _CSTATS_TEST_H
#define _CSTATS_TEST_H

#include <linux/completion.h>
#include <linux/cstats.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

/**
 * struct cstats_test_case - one test
 * @name: in words with underscores
 * @run: what to do; check() as often as needed
 * @warns: it provokes a kernel warning
 */
struct cstats_test_case {
	const char *name;
	void (*run)(void);
	bool warns;
};

void cstats_test_run(struct module *module, const struct cstats_test_case *cases,
		     unsigned int nr_cases);
void cstats_test_forget(struct module *module);

/* The parameter "cmd" of a module, for what selftests write to it (do_cmd). */
#define CSTATS_TEST_CMD(fn)						\
	static const struct kernel_param_ops cmd_ops = { .set = (fn) };	\
	module_param_cb(cmd, &cmd_ops, NULL, 0200);			\
	MODULE_PARM_DESC(cmd, "what to do")

/* Any context but NMI. A case that has failed may go on. */
__printf(3, 4) void cstats_test_fail(const char *file, int line, const char *fmt, ...);
__printf(1, 2) void cstats_test_note(const char *fmt, ...);
__printf(1, 2) void cstats_test_skip(const char *fmt, ...);

/* Is @cond true? If not the case fails, with the message. */
#define check(cond, fmt, ...)						\
({									\
	bool __ok = !!(cond);						\
									\
	if (!__ok)							\
		cstats_test_fail(__FILE__, __LINE__, fmt, ##__VA_ARGS__);\
	__ok;								\
})

/* Is @a, which is what it is, @b, which is what it should be? */
#define check_eq(a, b)							\
({									\
	s64 __a = (s64)(a), __b = (s64)(b);				\
									\
	check(__a == __b, "%s is %lld, not %lld", #a, __a, __b);	\
})

/*
 * The kernel log since the last cstats_test_log_mark(): the number of lines
 * that cstats.ko wrote and that contain @text.
 */
void cstats_test_log_mark(void);
unsigned int cstats_test_log_lines(const char *text);

/* A snapshot whose values go to the array @values. */
static inline struct cstats_snapshot cstats_test_snapshot(s64 *values,
							  unsigned int nr_fields)
{
	return (struct cstats_snapshot){ .values = values, .nr_values = nr_fields };
}

/* Kernel threads, on CPU @cpu or anywhere if negative. */
struct task_struct *cstats_test_start(int cpu, int (*fn)(void *), void *arg);
int cstats_test_stop(struct task_struct *task);

/* Set up a timer, which is not on the stack, to call @fn. */
static inline void cstats_test_hrtimer(struct hrtimer *timer, enum hrtimer_mode mode,
				       enum hrtimer_restart (*fn)(struct hrtimer *))
{
#ifdef HAVE_hrtimer_setup
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, mode);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, mode);
	timer->function = fn;
#endif
}

/**
 * struct cstats_test_hold - a section that is held open on another CPU
 * @cs: the set
 * @cpu: the CPU
 * @nested: with another one open within it, and one within that over already
 * @fields: how many fields to add @delta to, half of it at each end
 * @delta: see there
 * @end: tells the thread to close the section
 * @opened: the section is open
 * @task: the thread
 */
struct cstats_test_hold {
	struct cstats *cs;
	int cpu;
	bool nested;
	unsigned int fields;
	s64 delta;
	bool end;
	struct completion opened;
	struct task_struct *task;
};

int cstats_test_other_cpu(void);
int cstats_test_hold(struct cstats_test_hold *hold);
int cstats_test_release(struct cstats_test_hold *hold);

/*
 * Another module's wrapper around cstats, as a subsystem has for its drivers. With a
 * label, it makes a family.
 */
int __must_check cstats_test_wrapper(struct cstats *cs, const char *name, const char *label,
				     const struct cstats_field *fields,
				     unsigned int nr_fields, struct module *owner);

/* A cheap pseudo-random number. */
static inline u32 cstats_test_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

#endif /* _CSTATS_TEST_H */
