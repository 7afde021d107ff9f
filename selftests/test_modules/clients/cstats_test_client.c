// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_client: a set that scripts can play with
 *
 * Its fields are in, out and now = in - out. What to do is written to the
 * parameter "cmd":
 *
 *	init, destroy		the set "client", which is there at first
 *	add CPU IN OUT		one section on that CPU, by an IPI
 *	hold CPU IN		a section on that CPU that stays open
 *	drop			end of that section
 *	load 0|1		sections all the time, on all CPUs; each adds as
 *				much to in as to out, in two steps
 *	dying 0|1		sections in hotplug callbacks that run on a CPU when
 *				it is no longer, or not yet, among the online ones
 *	read COUNT		cstats_read(), so many times
 *	misuse			a section that adds to a field that is not there
 *
 * "result" has what the last read returned: error, snapshot number, in, out, now; "sum"
 * has what the writers have counted themselves: in and out.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "cstats_test.h"

enum { IN, OUT, NOW, NR };

static struct cstats set;
static bool made;

static atomic64_t sum_in, sum_out;
static s64 result[2 + NR];

static int init(void)
{
	/* On the stack and overwritten: cstats_init() has to copy all of it. */
	char name[] = "client", in[] = "in", unit[] = "items", text[] = "what came in";
	struct cstats_field fields[NR] = {
		{ in, CSTATS_COUNTER, unit, text },
		{ "out", CSTATS_COUNTER, "items", NULL },
		{ "now", CSTATS_GAUGE, NULL, "what is there" },
	};
	int err = cstats_init(&set, name, fields, NR);

	memset(name, 'x', sizeof(name));
	memset(in, 'x', sizeof(in));
	memset(unit, 'x', sizeof(unit));
	memset(text, 'x', sizeof(text));
	memset(fields, 0, sizeof(fields));
	if (!err)
		made = true;
	return err;
}

static void destroy(void)
{
	if (made)
		cstats_destroy(&set);
	made = false;
}

static void count(s64 in, s64 out)
{
	struct cstats_section s = cstats_acquire(&set);

	cstats_add(&s, IN, in);
	cstats_add(&s, OUT, out);
	cstats_add(&s, NOW, in - out);
	cstats_release(&s);
	atomic64_add(in, &sum_in);
	atomic64_add(out, &sum_out);
}

struct add {
	s64 in, out;
};

static void add_ipi(void *arg)
{
	const struct add *a = arg;

	count(a->in, a->out);
}

static struct cstats_test_hold hold = { .cs = &set, .fields = 1 };
static bool held;

static int hold_on(int cpu, s64 in)
{
	int err;

	if (held)
		return -EBUSY;
	hold.cpu = cpu;
	hold.delta = in;
	err = cstats_test_hold(&hold);
	held = !err;
	return err;
}

static int drop(void)
{
	if (!held)
		return -ENOENT;
	held = false;
	atomic64_add(hold.delta, &sum_in);
	return cstats_test_release(&hold);
}

static struct task_struct *writers[NR_CPUS];

static int writer(void *arg)
{
	set_user_nice(current, MAX_NICE);	/* the script goes first */
	while (!kthread_should_stop()) {
		struct cstats_section s = cstats_acquire(&set);
		unsigned int i;

		cstats_add(&s, IN, 3);
		for (i = 0; i < 50; i++)
			cpu_relax();
		cstats_add(&s, OUT, 3);
		cstats_release(&s);
		atomic64_add(3, &sum_in);
		atomic64_add(3, &sum_out);
		cond_resched();
	}
	return 0;
}

static int load(bool on)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (writers[cpu])
			cstats_test_stop(writers[cpu]);
		writers[cpu] = NULL;
	}
	if (!on)
		return 0;
	cpus_read_lock();
	for_each_online_cpu(cpu)
		writers[cpu] = cstats_test_start(cpu, writer, NULL);
	cpus_read_unlock();
	return 0;
}

#ifdef CONFIG_HOTPLUG_CPU
/*
 * Modules have no hotplug state among those whose callbacks run on a CPU that
 * is not online. This is one of a timer that only some ARM machines have.
 */
#define NOT_ONLINE	CPUHP_AP_ARM_TWD_STARTING

static bool dying;

static int not_online(unsigned int cpu)
{
	if (!cpu_online(cpu) && cpu == smp_processor_id())
		count(1, 0);
	return 0;
}

static int count_dying(bool on)
{
	int err = 0;

	if (on == dying)
		return 0;
	if (on)
		err = cpuhp_setup_state_nocalls(NOT_ONLINE, "cstats_test", not_online,
						not_online);
	else
		cpuhp_remove_state_nocalls(NOT_ONLINE);
	if (!err)
		dying = on;
	return err;
}
#else
static int count_dying(bool on)
{
	return on ? -EOPNOTSUPP : 0;
}
#endif

static int read_set(int count)
{
	struct cstats_snapshot snap = { .values = result + 2, .nr_values = NR };

	while (count-- > 0)
		result[0] = cstats_read(&set, &snap);
	result[1] = snap.number;
	return 0;
}

static void misuse(void)
{
	static unsigned int no_field = NR;
	struct cstats_section s = cstats_acquire(&set);

	cstats_add(&s, READ_ONCE(no_field), 1);
	cstats_release(&s);
}

static int cmd_set(const char *val, const struct kernel_param *kp)
{
	int cpu, on;
	struct add a;

	if (sysfs_streq(val, "init"))
		return init();
	if (sysfs_streq(val, "destroy")) {
		destroy();
		return 0;
	}
	if (sysfs_streq(val, "misuse")) {
		misuse();
		return 0;
	}
	if (sysfs_streq(val, "drop"))
		return drop();
	if (sscanf(val, "add %d %lld %lld", &cpu, &a.in, &a.out) == 3)
		return smp_call_function_single(cpu, add_ipi, &a, 1);
	if (sscanf(val, "hold %d %lld", &cpu, &a.in) == 2)
		return hold_on(cpu, a.in);
	if (sscanf(val, "load %d", &on) == 1)
		return load(on);
	if (sscanf(val, "dying %d", &on) == 1)
		return count_dying(on);
	if (sscanf(val, "read %d", &on) == 1)
		return read_set(on);
	return -EINVAL;
}

CSTATS_TEST_CMD(cmd_set);

static int result_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%lld %lld %lld %lld %lld\n", result[0], result[1],
			  result[2], result[3], result[4]);
}

static const struct kernel_param_ops result_ops = { .get = result_get };

module_param_cb(result, &result_ops, NULL, 0444);
MODULE_PARM_DESC(result, "what the read returned");

static int sum_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%lld %lld\n", (s64)atomic64_read(&sum_in),
			  (s64)atomic64_read(&sum_out));
}

static const struct kernel_param_ops sum_ops = { .get = sum_get };

module_param_cb(sum, &sum_ops, NULL, 0444);
MODULE_PARM_DESC(sum, "what the writers have counted themselves");

static int __init client_init(void)
{
	return init();
}

static void __exit client_exit(void)
{
	load(false);
	count_dying(false);
	drop();
	destroy();
}

module_init(client_init);
module_exit(client_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: a set that scripts can play with");
MODULE_LICENSE("GPL");
