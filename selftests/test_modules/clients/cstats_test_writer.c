// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_writer: writers for disassembly.sh to look at
 *
 * cstats_writer_six() and cstats_writer_rcu() are the six-field sections whose
 * instructions are counted. The others are what must not be: the script has to
 * find fault with each.
 */
#include <linux/atomic.h>

#include "cstats_test.h"

static unsigned long shared;

static __always_inline void six(struct cstats_section *s, s64 a, s64 b)
{
	cstats_add(s, 0, a);
	cstats_add(s, 1, b);
	cstats_add(s, 2, a);
	cstats_add(s, 3, b);
	cstats_add(s, 4, a);
	cstats_add(s, 5, b);
}

static noinline __used void cstats_writer_six(struct cstats *cs, s64 a, s64 b)
{
	struct cstats_section s = cstats_acquire(cs);

	six(&s, a, b);
	cstats_release(&s);
}

static noinline __used void cstats_writer_fence(struct cstats *cs, s64 a, s64 b)
{
	struct cstats_section s = cstats_acquire(cs);

	mb();		/* wrong on purpose: a fence */
	six(&s, a, b);
	cstats_release(&s);
}

static noinline __used void cstats_writer_lock(struct cstats *cs, s64 a, s64 b)
{
	struct cstats_section s = cstats_acquire(cs);

	smp_mb();	/* wrong on purpose: a LOCK prefix */
	six(&s, a, b);
	cstats_release(&s);
}

static noinline __used void cstats_writer_xchg(struct cstats *cs, s64 a, s64 b)
{
	struct cstats_section s = cstats_acquire(cs);

	xchg(&shared, a);
	six(&s, a, b);
	cstats_release(&s);
}

static noinline __used void cstats_writer_long(struct cstats *cs, s64 a, s64 b)
{
	struct cstats_section s = cstats_acquire(cs);
	struct cstats_section t = cstats_acquire(cs);

	six(&s, a, b);
	cstats_release(&t);
	cstats_release(&s);
}

/* Constants leave no register to be saved, so nothing is left but the section. */
static __always_inline void six_ones(struct cstats_rcu_section *s)
{
	cstats_add(s, 0, 1);
	cstats_add(s, 1, 1);
	cstats_add(s, 2, 1);
	cstats_add(s, 3, 1);
	cstats_add(s, 4, 1);
	cstats_add(s, 5, 1);
}

static noinline __used void cstats_writer_rcu(struct cstats_rcu *rcu)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(rcu);

	six_ones(&s);
	cstats_release(&s);
}

static noinline __used void cstats_writer_rcu_fence(struct cstats_rcu *rcu)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(rcu);

	mb();		/* wrong on purpose: a fence */
	six_ones(&s);
	cstats_release(&s);
}

static noinline __used void cstats_writer_rcu_lock(struct cstats_rcu *rcu)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(rcu);

	smp_mb();	/* wrong on purpose: a LOCK prefix */
	six_ones(&s);
	cstats_release(&s);
}

static noinline __used void cstats_writer_rcu_store(struct cstats_rcu *rcu)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(rcu);

	WRITE_ONCE(shared, 1);	/* wrong on purpose: a store of its own */
	six_ones(&s);
	cstats_release(&s);
}

static noinline __used void cstats_writer_rcu_load(struct cstats_rcu *rcu)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(rcu);

	six_ones(&s);
	READ_ONCE(s.to.shared->nr_values);	/* wrong on purpose: one load more */
	cstats_release(&s);
}

static noinline __used void cstats_writer_rcu_long(struct cstats_rcu *rcu)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(rcu);
	struct cstats_rcu_section t = cstats_rcu_acquire(rcu);

	six_ones(&s);
	cstats_release(&t);
	cstats_release(&s);
}

/* They work too: five sections of six additions each, and six of six ones. */
static void writers_count(void)
{
	static const struct cstats_field fields[6] = {
		{ "a" }, { "b" }, { "c" }, { "d" }, { "e" }, { "f" },
	};
	static struct cstats_rcu rcu;
	static struct cstats set;
	s64 values[6];
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));
	unsigned int i;

	if (!check_eq(cstats_init(&set, "writer", fields, 6), 0))
		return;
	cstats_writer_six(&set, 1, 100);
	cstats_writer_fence(&set, 2, 200);
	cstats_writer_lock(&set, 3, 300);
	cstats_writer_xchg(&set, 4, 400);
	cstats_writer_long(&set, 5, 500);
	check_eq(cstats_read(&set, &snap), 0);
	for (i = 0; i < 6; i++)
		check(values[i] == (i % 2 ? 1500 : 15), "field %u is %lld", i, values[i]);
	cstats_destroy(&set);

	if (!check_eq(cstats_init(&rcu, "writer", fields, 6), 0))
		return;
	cstats_writer_rcu(&rcu);
	cstats_writer_rcu_fence(&rcu);
	cstats_writer_rcu_lock(&rcu);
	cstats_writer_rcu_store(&rcu);
	cstats_writer_rcu_load(&rcu);
	cstats_writer_rcu_long(&rcu);
	check_eq(cstats_read(&rcu.cs, &snap), 0);
	for (i = 0; i < 6; i++)
		check(values[i] == 6, "field %u is %lld, RCU flavour", i, values[i]);
	cstats_destroy(&rcu.cs);
}

static const struct cstats_test_case cases[] = {
	{ "writers_count", writers_count },
};

static int __init writer_init(void)
{
	cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	return 0;
}

static void __exit writer_exit(void)
{
	cstats_test_forget(THIS_MODULE);
}

module_init(writer_init);
module_exit(writer_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: writers to disassemble");
MODULE_LICENSE("GPL");
