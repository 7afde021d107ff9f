// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_nomem: each allocation fails in turn
 *
 * Stock kernels are built without fault injection, so this does its own: a
 * return probe on the allocators lets the Nth call of this task return NULL
 * (and frees later what had been allocated). N rises until the operation
 * succeeds, so that each of its allocations has failed once.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/string.h>

#include "cstats_test.h"

#if defined(CONFIG_KRETPROBES) && defined(CONFIG_HAVE_FUNCTION_ERROR_INJECTION)

static struct task_struct *victim;
static unsigned int calls, fail_nth;
static unsigned long taken_percpu, taken;

static void maybe_fail(struct pt_regs *regs, unsigned long *save)
{
	if (current != READ_ONCE(victim) || in_interrupt() || !regs_return_value(regs))
		return;
	if (++calls != fail_nth)
		return;
	*save = regs_return_value(regs);
	regs_set_return_value(regs, 0);
}

static int fail_kvmalloc(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	maybe_fail(regs, &taken);
	return 0;
}

static int fail_percpu(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	maybe_fail(regs, &taken_percpu);
	return 0;
}

/* The allocators that cstats.ko calls, by their names in the kernels around. */
static struct kretprobe probes[] = {
	{ .kp.symbol_name = "__kvmalloc_node_noprof", .handler = fail_kvmalloc },
	{ .kp.symbol_name = "kvmalloc_node_noprof", .handler = fail_kvmalloc },
	{ .kp.symbol_name = "kvmalloc_node", .handler = fail_kvmalloc },
	{ .kp.symbol_name = "pcpu_alloc_noprof", .handler = fail_percpu },
	{ .kp.symbol_name = "__alloc_percpu", .handler = fail_percpu },
};

static bool registered[ARRAY_SIZE(probes)];

static bool probes_register(void)
{
	bool kvmalloc = false, percpu = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (register_kretprobe(&probes[i]))
			continue;
		registered[i] = true;
		if (probes[i].handler == fail_percpu)
			percpu = true;
		else
			kvmalloc = true;
	}
	return kvmalloc && percpu;
}

static void probes_unregister(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (registered[i])
			unregister_kretprobe(&probes[i]);
}

/* Run @op with its @nth allocation failing. Did one fail? */
static bool fail_one(int (*op)(void), unsigned int nth, int *ret)
{
	bool failed;

	calls = 0;
	fail_nth = nth;
	WRITE_ONCE(victim, current);
	*ret = op();
	WRITE_ONCE(victim, NULL);
	failed = calls >= nth;
	kvfree((void *)taken);
	free_percpu((void __percpu __force *)taken_percpu);
	taken = 0;
	taken_percpu = 0;
	return failed;
}

enum { UP, NR = 40 };

static struct cstats_field fields[NR];
static char names[NR][4];

static struct cstats set;

/*
 * Every allocation of @op must be able to fail, with -ENOMEM, at least @least
 * of them; @after checks what is left.
 */
static void fail_each(int (*op)(void), unsigned int least, void (*after)(void))
{
	unsigned int nth;
	int ret;

	for (nth = 1; nth < 100; nth++) {
		cstats_test_log_mark();
		if (!fail_one(op, nth, &ret))
			break;
		check(ret == -ENOMEM, "allocation %u failed, and the result is %d", nth, ret);
		after();
	}
	check_eq(ret, 0);
	check(nth > least, "only %u allocations seen", nth - 1);
	cstats_test_note("%u allocations failed", nth - 1);
}

static void add(s64 delta)
{
	struct cstats_section s = cstats_acquire(&set);

	cstats_add(&s, UP, delta);
	cstats_release(&s);
}

static void expect(s64 up)
{
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));

	check_eq(cstats_read(&set, &snap), 0);
	check_eq(values[UP], up);
}

static int do_init(void)
{
	return cstats_init(&set, "nomem", fields, NR);
}

static void init_failed(void)
{
	struct cstats_snapshot snap = {};

	check_eq(cstats_test_log_lines(""), 1);
	check_eq(cstats_test_log_lines("\"nomem\""), 1);
	check(!memchr_inv(&set, 0, sizeof(set)), "the set has changed");
	check_eq(cstats_read(&set, &snap), -ENODEV);
}

static void init_out_of_memory(void)
{
	fail_each(do_init, 3, init_failed);
	add(1);
	expect(1);
	cstats_destroy(&set);
	memset(&set, 0, sizeof(set));
}

static int do_reset(void)
{
	return cstats_reset(&set);
}

static s64 counted;

static void still_counts(void)
{
	add(1);
	expect(++counted);
}

static void reset_out_of_memory(void)
{
	if (!check_eq(do_init(), 0))
		return;
	counted = 0;
	still_counts();
	fail_each(do_reset, 1, still_counts);
	expect(0);
	cstats_destroy(&set);
	memset(&set, 0, sizeof(set));
}

static const char *path;

static int do_open(void)
{
	struct file *file = filp_open(path, O_RDONLY, 0);

	if (IS_ERR(file))
		return PTR_ERR(file);
	filp_close(file, NULL);
	return 0;
}

static void open_out_of_memory(void)
{
	static const char * const paths[] = {
		"/sys/kernel/debug/cstats",
		"/sys/kernel/debug/cstats_sets/nomem/values",
		"/sys/kernel/debug/cstats_sets/nomem/percpu",
	};
	unsigned int i;

	if (!check_eq(do_init(), 0))
		return;
	counted = 0;
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		path = paths[i];
		fail_each(do_open, 2, still_counts);
	}
	cstats_destroy(&set);
	memset(&set, 0, sizeof(set));
}

static struct cstats_instance inst;

static int do_init_family(void)
{
	return cstats_init_family(&set, "nomem", "device", fields, NR);
}

static int do_add_instance(void)
{
	return cstats_instance_add(&set, &inst, "one");
}

static void no_instance(void)
{
	check(!memchr_inv(&inst, 0, sizeof(inst)), "the instance has changed");
	still_counts();
}

static void family_out_of_memory(void)
{
	/* Its hash table of names makes do with less memory: not each has to fail. */
	if (!check_eq(do_init_family(), 0))
		return;
	counted = 0;
	fail_each(do_add_instance, 2, no_instance);
	fail_each(do_reset, 3, still_counts);
	expect(0);
	counted = 0;
	path = "/sys/kernel/debug/cstats_sets/nomem/percpu";
	fail_each(do_open, 4, still_counts);
	path = "/sys/kernel/debug/cstats";
	fail_each(do_open, 4, still_counts);
	cstats_instance_remove(&inst);
	cstats_destroy(&set);
	memset(&set, 0, sizeof(set));
}

static const struct cstats_test_case cases[] = {
	{ "nomem_init", init_out_of_memory },
	{ "nomem_reset", reset_out_of_memory },
	{ "nomem_open", open_out_of_memory },
	{ "nomem_family", family_out_of_memory },
};

static bool nomem_start(void)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		fields[i] = (struct cstats_field){ names[i], CSTATS_COUNTER, "x", "y" };
	}
	return probes_register();
}

#else /* no probes */

static const struct cstats_test_case cases[] = { };

static bool nomem_start(void)
{
	return false;
}

static void probes_unregister(void)
{
}

#endif

static void skip(void)
{
	cstats_test_skip("no return probes here, or no allocator under a known name");
}

static const struct cstats_test_case skipped[] = {
	{ "nomem_init", skip },
	{ "nomem_reset", skip },
	{ "nomem_open", skip },
	{ "nomem_family", skip },
};

static int __init nomem_init(void)
{
	if (nomem_start())
		cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	else
		cstats_test_run(THIS_MODULE, skipped, ARRAY_SIZE(skipped));
	probes_unregister();
	return 0;
}

static void __exit nomem_exit(void)
{
	cstats_test_forget(THIS_MODULE);
}

module_init(nomem_init);
module_exit(nomem_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: each allocation fails in turn");
MODULE_LICENSE("GPL");
