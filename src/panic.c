// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: sets that are printed at a panic
 *
 * The parameter names them. The text is that of debugfs, but for the head of a
 * set: there is no snapshot, as nobody can wait for writers that have been
 * stopped in the middle of a section. A comment names the CPUs with an open one.
 *
 * The other CPUs may hold any lock, and none of them will release it. So nothing
 * here takes a lock, allocates, waits, or drops a reference. Sets and instances are
 * found in XArrays by RCU, whose readers do not mind a stopped update.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <linux/sysfs.h>
#include <linux/timekeeping.h>

#include "describe.h"
#include "member.h"
#include "panic.h"
#include "params.h"
#include "registry.h"

/* A serial console takes some milliseconds for a line. */
#define CSTATS_PANIC_INSTANCES	16

/*
 * A panic may read the names while they are being written. Their last byte is
 * always NUL, and what it finds is at worst no name of a set.
 */
static char cstats_panic_names[512];

/* Names of sets, or *, with commas between them, or nothing at all. */
static bool cstats_panic_ok(const char *val, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		bool first = !i || val[i - 1] == ',';
		bool last = i + 1 == len || val[i + 1] == ',';

		if (val[i] == ',' ? first || i + 1 == len :
		    val[i] == '*' ? !first || !last :
		    !cstats_name_has(val[i], first))
			return false;
	}
	return true;
}

static int cstats_panic_set(const char *val, const struct kernel_param *kp)
{
	size_t len = strcspn(val, "\n");

	if (len >= sizeof(cstats_panic_names) || !cstats_panic_ok(val, len)) {
		pr_err("panic_print=%*pE: use names of sets with commas between them, or *\n",
		       cstats_param_len(val), val);
		return -EINVAL;
	}
	memcpy(cstats_panic_names, val, len);
	memset(cstats_panic_names + len, 0, sizeof(cstats_panic_names) - len);
	return 0;
}

static int cstats_panic_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", cstats_panic_names);
}

static const struct kernel_param_ops cstats_panic_ops = {
	.set = cstats_panic_set,
	.get = cstats_panic_get,
};

module_param_cb(panic_print, &cstats_panic_ops, NULL, 0644);
MODULE_PARM_DESC(panic_print, "sets to print at a panic: names with commas between them, or * for all (default: none)");

/* The text of cstats_show_head() in debugfs.c, for what is no snapshot. */
static void cstats_panic_head(const struct cstats_set *set)
{
	unsigned int errors = atomic_read(&set->errors);
	int cpu;

	if (errors)
		pr_emerg("# %s errors %u\n", set->name, errors);
	for_each_possible_cpu(cpu)
		if (!set->shared.rcu && READ_ONCE(cstats_cpu(set, cpu)->seq) & 1)
			pr_emerg("# %s open on CPU %d\n", set->name, cpu);
	pr_emerg("# %s unsafe time_ns %llu since_ns %llu\n", set->name,
		 ktime_get_mono_fast_ns(), READ_ONCE(set->base.since_ns));
}

static void cstats_panic_instance(const struct cstats_set *set,
				  const struct cstats_member *member, const char *name)
{
	static char text[4 * CSTATS_INSTANCE_LEN];	/* panics come one at a time */
	const struct cstats_about *about = set->about;
	const u64 *base = READ_ONCE(member->cells.base);
	unsigned int i;

	i = string_escape_str(name, text, sizeof(text) - 1, ESCAPE_OCTAL, CSTATS_ESCAPED);
	text[i] = '\0';
	for (i = 0; i < about->nr_values; i++) {
		unsigned int index = about->lines[i].index;
		u64 sum = cstats_cells_sum_now(&member->cells, about->nr_values, index);

		pr_emerg("%s{%s=\"%s\"}.%s %lld\n", set->name, set->family->label, text,
			 about->lines[i].name, sum - (base ? base[index] : 0));
	}
}

/* The first instances that are not removed. */
static void cstats_panic_instances(const struct cstats_set *set)
{
	unsigned int left = READ_ONCE(set->family->nr_members);
	const struct cstats_label *label;
	struct cstats_member *member;
	unsigned int n = 0;
	unsigned long id;

	xa_for_each(&set->family->members, id, member) {
		if (n == CSTATS_PANIC_INSTANCES)
			break;
		label = READ_ONCE(member->label);
		if (label) {
			cstats_panic_instance(set, member, label->text);
			n++;
		}
	}
	if (left > n)
		pr_emerg("# %s instances not printed: %u\n", set->name, left - n);
}

static void cstats_panic_one(const struct cstats_set *set)
{
	static u64 values[CSTATS_MAX_VALUES];	/* panics come one at a time */
	const struct cstats_about *about = set->about;
	unsigned int i;

	cstats_panic_head(set);
	cstats_values_now(set, values);
	for (i = 0; i < about->nr_values; i++)
		pr_emerg("%s.%s %lld\n", set->name, about->lines[i].name,
			 values[about->lines[i].index]);
	if (set->family)
		cstats_panic_instances(set);
}

static void cstats_panic_named(const char *name, size_t len)
{
	bool all = len == 1 && *name == '*', found = all;
	const struct cstats_set *set;
	u32 id = 0;

	while ((set = cstats_peek_set(&id))) {
		if (all || (strlen(set->name) == len && !memcmp(set->name, name, len))) {
			cstats_panic_one(set);
			found = true;
		}
	}
	if (!found)
		pr_emerg("# %.*s is not there\n", (int)len, name);
}

static int cstats_panic_event(struct notifier_block *nb, unsigned long event, void *data)
{
	const char *name = cstats_panic_names;
	size_t len;

	if (!*name)
		return NOTIFY_DONE;
	pr_emerg("cstats version: 1\n");
	rcu_read_lock();
	for (; (len = strcspn(name, ",")); name += len + (name[len] == ','))
		cstats_panic_named(name, len);
	rcu_read_unlock();
	return NOTIFY_DONE;
}

static struct notifier_block cstats_panic_nb = {
	.notifier_call = cstats_panic_event,
};

void cstats_panic_start(void)
{
	atomic_notifier_chain_register(&panic_notifier_list, &cstats_panic_nb);
}

void cstats_panic_stop(void)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &cstats_panic_nb);
}
