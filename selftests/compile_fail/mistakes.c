// SPDX-License-Identifier: GPL-2.0
/*
 * mistakes: what must not compile
 *
 * As it is, this is a client like any other. Each macro that is tested here replaces
 * something right by something wrong; the comment beside it has words of the
 * compiler's complaint. For scripts/check.
 */
#include <linux/cstats.h>
#include <linux/module.h>

#define MISTAKE_LIST(field)						\
	field(UP,   "up",   CSTATS_COUNTER)				\
	field(SIZE, "size", CSTATS_HISTOGRAM, "bytes", NULL, .first = 1, .last = 4)
CSTATS_FIELDS(mistake, MISTAKE_LIST);

enum { NR = ARRAY_SIZE(mistake_fields) };

static DEFINE_CSTATS(set);
static DEFINE_CSTATS_RCU(rcu_set);
static struct cstats_instance inst;

/* A section of the other flavour, in either direction, by its type and by its set */
static void flavours(void)
{
#ifndef MISTAKE_rcu_section	/* MISTAKE: invalid initializer */
	struct cstats_section s = cstats_acquire(&set);
#else
	struct cstats_section s = cstats_rcu_acquire(&rcu_set);
#endif
#ifndef MISTAKE_section_of_rcu	/* MISTAKE: incompatible pointer type */
	struct cstats_section t = cstats_acquire(&set);
#else
	struct cstats_section t = cstats_acquire(&rcu_set);
#endif
#ifndef MISTAKE_rcu_section_of_set	/* MISTAKE: incompatible pointer type */
	struct cstats_rcu_section r = cstats_rcu_acquire(&rcu_set);
#else
	struct cstats_rcu_section r = cstats_rcu_acquire(&set);
#endif
#ifndef MISTAKE_rcu_section_of_its_cs	/* MISTAKE: incompatible pointer type */
	struct cstats_rcu_section q = cstats_rcu_acquire(&rcu_set);
#else
	struct cstats_rcu_section q = cstats_rcu_acquire(&rcu_set.cs);
#endif

	cstats_release(&q);
	cstats_release(&r);
	cstats_release(&t);
	cstats_release(&s);
}

static void within(void)
{
	struct cstats_section s = cstats_acquire(&set);
	struct cstats_within in = cstats_in(&s, &inst);

	cstats_add(&in, UP, 1);
	cstats_observe(&in, SIZE, 1);
#ifndef MISTAKE_release_within	/* MISTAKE: incompatible pointer type */
	cstats_release(&s);
#else
	cstats_release(&in);
#endif
}

/* A constant index that the table does not have */
static void indices(void)
{
	struct cstats_section s = cstats_acquire_fields(&set, mistake_fields);
	struct cstats_rcu_section r = cstats_acquire_fields(&rcu_set, mistake_fields);

#ifndef MISTAKE_add_beyond	/* MISTAKE: table of fields has no such index */
	cstats_add(&s, NR - 1, 1);
#else
	cstats_add(&s, NR, 1);
#endif
#ifndef MISTAKE_rcu_add_beyond	/* MISTAKE: table of fields has no such index */
	cstats_add(&r, NR - 1, 1);
#else
	cstats_add(&r, NR, 1);
#endif
#ifndef MISTAKE_observe_beyond	/* MISTAKE: table of fields has no such index */
	cstats_observe(&r, SIZE, 1);
#else
	cstats_observe(&r, SIZE + 1, 1);
#endif
#ifndef MISTAKE_add_to_beyond	/* MISTAKE: table of fields has no such index */
	cstats_add_to(&s, &inst, UP, 1);
#else
	cstats_add_to(&s, &inst, -1, 1);
#endif
	cstats_release(&r);
	cstats_release(&s);
	s = cstats_acquire(&set);
#ifndef MISTAKE_no_table_has	/* MISTAKE: table of fields has no such index */
	cstats_add(&s, UP, 1);
#else
	cstats_add(&s, UP - 1, 1);
#endif
	cstats_release(&s);
}

/* What returns something that is not to be ignored */
static int results(void)
{
	int err = 0;

#ifndef MISTAKE_ignore_init	/* MISTAKE: unused-result */
	err = cstats_init(&set, "mistakes", mistake_fields, NR);
#else
	cstats_init(&set, "mistakes", mistake_fields, NR);
#endif
#ifndef MISTAKE_ignore_family	/* MISTAKE: unused-result */
	err = err ?: cstats_init_family(&rcu_set, "mistake", "device", mistake_fields, NR);
#else
	cstats_init_family(&rcu_set, "mistake", "device", mistake_fields, NR);
#endif
#ifndef MISTAKE_ignore_add	/* MISTAKE: unused-result */
	err = err ?: cstats_instance_add(&rcu_set.cs, &inst, "one");
#else
	cstats_instance_add(&rcu_set.cs, &inst, "one");
#endif
#ifdef MISTAKE_ignore_acquire	/* MISTAKE: unused-result */
	cstats_acquire(&set);
#endif
#ifdef MISTAKE_ignore_rcu_acquire	/* MISTAKE: unused-result */
	cstats_rcu_acquire(&rcu_set);
#endif
	return err;
}

/* Readers take a struct cstats, and cstats_init() one of the two. */
static int sets(void)
{
	s64 value;
	int err;

#ifndef MISTAKE_read_rcu	/* MISTAKE: incompatible pointer type */
	err = cstats_read_field(&rcu_set.cs, UP, &value);
#else
	err = cstats_read_field(&rcu_set, UP, &value);
#endif
#ifndef MISTAKE_init_instance	/* MISTAKE: incompatible pointer type */
	err = err ?: cstats_init(&set, "mistakes", mistake_fields, NR);
#else
	err = err ?: cstats_init(&inst, "mistakes", mistake_fields, NR);
#endif
	return err;
}

static int __init mistakes_init(void)
{
	flavours();
	within();
	indices();
	return results() ?: sets();
}
module_init(mistakes_init);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: what must not compile");
MODULE_LICENSE("GPL");
