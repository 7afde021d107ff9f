// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_labels: a family that scripts can play with
 *
 * Its fields are in, out, now = in - out, and size, a histogram. What to do is
 * written to the parameter "cmd", where N is one of eight instances, 0 to 7, and
 * a NAME has blanks and the like in octal:
 *
 *	add N NAME, rename N NAME, remove N
 *	count N CPU IN OUT	one section on that CPU, by an IPI; 8: the family
 *	observe N VALUE		one section
 *	load 0|1		sections all the time, on all CPUs; each moves
 *				something from one of the first four to another
 *	names			many more instances, see selftests/instances.c
 *	misuse COUNT		adds to a field that is not there
 *	field			read a single field
 *	device			a device that comes with a set of its own, and goes
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include "cstats_test.h"

static bool rcu;
module_param(rcu, bool, 0444);
MODULE_PARM_DESC(rcu, "of the RCU flavour");

#define DEVICE_LIST(field)						\
	field(IN,   "in",   CSTATS_COUNTER,   "items", "what came in")	\
	field(OUT,  "out",  CSTATS_COUNTER,   "items")			\
	field(NOW,  "now",  CSTATS_GAUGE)				\
	field(SIZE, "size", CSTATS_HISTOGRAM, "bytes", NULL, .first = 1, .last = 4)
CSTATS_FIELDS(device, DEVICE_LIST);

enum { NR_INSTS = 8, NR_NAMES = 512 };

static DEFINE_CSTATS(seq_family);
static DEFINE_CSTATS_RCU(rcu_family);
static struct cstats *family;

/* The last one is never added: it counts for the family. */
static struct cstats_instance insts[NR_INSTS + 1];
static struct cstats_instance named[NR_NAMES];

/* Do something within the section "s". */
#define in_section(...)							\
do {									\
	if (rcu) {							\
		struct cstats_rcu_section s = cstats_rcu_acquire(&rcu_family);	\
									\
		__VA_ARGS__;						\
		cstats_release(&s);					\
	} else {							\
		struct cstats_section s = cstats_acquire(&seq_family);	\
									\
		__VA_ARGS__;						\
		cstats_release(&s);					\
	}								\
} while (0)

struct count {
	struct cstats_instance *inst;
	s64 in, out;
};

static void count_ipi(void *arg)
{
	const struct count *c = arg;

	in_section({
		cstats_add_to(&s, c->inst, IN, c->in);
		cstats_add_to(&s, c->inst, OUT, c->out);
		cstats_add_to(&s, c->inst, NOW, c->in - c->out);
	});
}

static void observe(struct cstats_instance *inst, u64 value)
{
	in_section({
		struct cstats_within in = cstats_in(&s, inst);

		cstats_observe(&in, SIZE, value);
	});
}

static void misuse(unsigned int count)
{
	unsigned int beyond = READ_ONCE((unsigned int){ 1000 });

	pr_info("vm: expect begin\n");
	while (count--)
		in_section(cstats_add(&s, beyond, 1));
	pr_info("vm: expect end\n");
}

static struct task_struct *movers[NR_CPUS];

static int mover(void *unused)
{
	unsigned int i = 0;

	set_user_nice(current, MAX_NICE);	/* the script goes first */
	while (!kthread_should_stop()) {
		struct cstats_instance *from = &insts[i & 3], *to = &insts[(i >> 2) & 3];

		in_section({
			cstats_add_to(&s, from, OUT, 3);
			cstats_add_to(&s, from, NOW, -3);
			cstats_add_to(&s, to, IN, 3);
			cstats_add_to(&s, to, NOW, 3);
		});
		observe(to, i++ & 7);
		cond_resched();
	}
	return 0;
}

static int load(bool on)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		cstats_test_stop(movers[cpu]);
		movers[cpu] = NULL;
		if (on && cpu_online(cpu))
			movers[cpu] = cstats_test_start(cpu, mover, NULL);
	}
	return 0;
}

/* The same as in selftests/instances.c, in the same order. */
static int name_it(unsigned int i, char *name)
{
	static const char * const odd[] = {
		"a b", " ", "\\040", "\\", "\"", "\"}.in 7", "end\n", "\n# no comment",
		"a\tb", "eth0.100", "0000:00:1f.2", "tank/home/user", "\303\244\342\202\254",
		"{device=\"x\"}", "a=b,c=d", "\\n", "\\101", "'", "#", "cstats version: 1",
	};

	if (i < 255) {
		sprintf(name, "<%c>", i + 1);
	} else if (i < 255 + ARRAY_SIZE(odd)) {
		strscpy(name, odd[i - 255], CSTATS_INSTANCE_LEN);
	} else if (i < 255 + ARRAY_SIZE(odd) + 2) {
		memset(name, i & 1 ? '\n' : 'n', CSTATS_INSTANCE_LEN - 1);
		name[CSTATS_INSTANCE_LEN - 1] = 0;
	} else {
		return -ENOENT;
	}
	return 0;
}

static int names(void)
{
	char name[CSTATS_INSTANCE_LEN];
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < NR_NAMES && !name_it(i, name); i++) {
		err = cstats_instance_add(family, &named[i], name);
		in_section(cstats_add_to(&s, &named[i], IN, i + 1));
	}
	return err;
}

static int device(void)
{
	static struct cstats set;
	struct platform_device *pdev;
	int err;

	pdev = platform_device_register_simple("cstats_test", -1, NULL, 0);
	if (IS_ERR(pdev))
		return -ENOMEM;	/* driver core has EINVAL for that as well */
	err = devm_cstats_init(&pdev->dev, &set, "device", device_fields,
			       ARRAY_SIZE(device_fields));
	platform_device_unregister(pdev);
	return err;
}

static int do_cmd(const char *text)
{
	char name[4 * CSTATS_INSTANCE_LEN];
	unsigned int n, cpu;
	u64 value;
	s64 in, out;

	if (sscanf(text, "add %u %511s", &n, name) == 2 && n < NR_INSTS) {
		string_unescape_inplace(name, UNESCAPE_OCTAL);
		return cstats_instance_add(family, &insts[n], name);
	}
	if (sscanf(text, "rename %u %511s", &n, name) == 2 && n < NR_INSTS) {
		string_unescape_inplace(name, UNESCAPE_OCTAL);
		return cstats_instance_rename(&insts[n], name);
	}
	if (sscanf(text, "remove %u", &n) == 1 && n < NR_INSTS) {
		cstats_instance_remove(&insts[n]);
		return 0;
	}
	if (sscanf(text, "count %u %u %lld %lld", &n, &cpu, &in, &out) == 4 &&
	    n <= NR_INSTS) {
		struct count c = { &insts[n], in, out };

		return smp_call_function_single(cpu, count_ipi, &c, 1);
	}
	if (sscanf(text, "observe %u %llu", &n, &value) == 2 && n <= NR_INSTS) {
		observe(&insts[n], value);
		return 0;
	}
	if (sscanf(text, "load %u", &n) == 1)
		return load(n);
	if (sscanf(text, "misuse %u", &n) == 1) {
		misuse(n);
		return 0;
	}
	if (sysfs_streq(text, "field"))
		return cstats_read_field(family, IN, &in);
	if (sysfs_streq(text, "device"))
		return device();
	return sysfs_streq(text, "names") ? names() : -EINVAL;
}

static int cmd_set(const char *text, const struct kernel_param *kp)
{
	return do_cmd(text);
}

CSTATS_TEST_CMD(cmd_set);

static int __init devices_init(void)
{
	family = rcu ? &rcu_family.cs : &seq_family;
	return rcu ? cstats_init_family(&rcu_family, "devices", "device", device_fields,
					ARRAY_SIZE(device_fields)) :
		     cstats_init_family(&seq_family, "devices", "device", device_fields,
					ARRAY_SIZE(device_fields));
}

static void __exit devices_exit(void)
{
	unsigned int i;

	load(false);
	for (i = 0; i < NR_INSTS; i++)
		cstats_instance_remove(&insts[i]);
	for (i = 0; i < NR_NAMES; i++)
		cstats_instance_remove(&named[i]);
	cstats_destroy(family);
}

module_init(devices_init);
module_exit(devices_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: a family that scripts can play with");
MODULE_LICENSE("GPL");
