// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_bench: a family with many instances, as sets.c has many sets
 *
 * The parameter "instances" adds and removes instances of six fields. The file
 * "family_text" has the same text as the family's file "values", but for the values:
 * those are taken from memory, with no barrier and no sums.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#include "bench.h"

struct bench_instance {
	struct cstats_instance inst;
	char name[16];
	s64 values[SIX_FIELDS];
};

static int family_resize(unsigned int nr);

static DEFINE_CSTATS(family);
static struct bench_instance *instances;
static struct many many = {
	.lock = __MUTEX_INITIALIZER(many.lock),
	.resize = family_resize,
};

static int family_add(void)
{
	struct bench_instance *bi = &instances[many.nr];
	struct cstats_section s;
	struct cstats_within in;
	unsigned int i;
	int err;

	snprintf(bi->name, sizeof(bi->name), "dev%u", many.nr);
	for (i = 0; i < SIX_FIELDS; i++)
		bi->values[i] = 1000003LL * many.nr + i;
	err = cstats_instance_add(&family, &bi->inst, bi->name);
	if (err)
		return err;
	s = cstats_acquire(&family);
	in = cstats_in(&s, &bi->inst);
	for (i = 0; i < SIX_FIELDS; i++)
		cstats_add(&in, i, bi->values[i]);
	cstats_release(&s);
	many.nr++;
	return 0;
}

/* The family is there while it has instances, as its text is not sets.c's. */
static int family_start(void)
{
	struct cstats_field *fields = bench_fields_new(SIX_FIELDS);
	int err = fields ? cstats_init_family(&family, "bench_family", "device", fields,
					      SIX_FIELDS) : -ENOMEM;

	kvfree(fields);
	return err;
}

static int family_resize(unsigned int nr)
{
	int err = nr && !many.nr ? family_start() : 0;

	while (!err && many.nr < nr) {
		err = signal_pending(current) ? -EINTR : family_add();
		cond_resched();
	}
	while (many.nr > nr) {
		cstats_instance_remove(&instances[--many.nr].inst);
		cond_resched();
	}
	if (!many.nr)
		cstats_destroy(&family);
	return err;
}

/* First the family, then its instances. */
static int family_text_show(struct seq_file *m, void *v)
{
	const struct bench_instance *bi;
	unsigned int i;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "cstats version: 1\n");
		many_show_head(m, "bench_family");
		for (i = 0; i < SIX_FIELDS; i++)
			seq_printf(m, "bench_family.%s %lld\n", bench_names[i], 1000003LL * i);
		return 0;
	}
	bi = &instances[many_index(v)];
	for (i = 0; i < SIX_FIELDS; i++)
		seq_printf(m, "bench_family{device=\"%s\"}.%s %lld\n", bi->name, bench_names[i],
			   bi->values[i]);
	return 0;
}

static const struct seq_operations family_text_sops = {
	.start = many_start,
	.next = many_next,
	.stop = many_stop,
	.show = family_text_show,
};
DEFINE_SEQ_ATTRIBUTE(family_text);

/* A read of the family's sums, which takes all slots of all instances. */
static int time_family(struct out *o, u32 *ns)
{
	s64 values[SIX_FIELDS];
	struct cstats_snapshot snap = { .values = values, .nr_values = SIX_FIELDS };
	unsigned int i;
	int err = cstats_read(&family, &snap);

	for (i = 0; i < bench_rounds && !err; i++) {
		u64 start = ktime_get_ns();

		err = cstats_read(&family, &snap);
		ns[i] = min_t(u64, ktime_get_ns() - start, U32_MAX);
		cond_resched();
	}
	if (err)
		return err;
	out(o, "family_ns instances=%u cpus=%u:", many.nr, num_online_cpus());
	out_samples(o, ns, bench_rounds);
	return 0;
}

int test_family(struct out *o)
{
	static const unsigned int sizes[] = { 1, 10, 100, 1000, 10000 };
	u32 *ns = kvmalloc_array(bench_rounds, sizeof(*ns), GFP_KERNEL);
	unsigned int i;
	int err = 0;

	if (!ns)
		return -ENOMEM;
	mutex_lock(&many.lock);
	for (i = 0; i < ARRAY_SIZE(sizes) && !err; i++) {
		err = family_resize(sizes[i]);
		if (!err)
			err = time_family(o, ns);
	}
	family_resize(0);
	mutex_unlock(&many.lock);
	kvfree(ns);
	return err;
}

int family_init(struct dentry *dir)
{
	instances = many_init(&many, sizeof(*instances), dir, "instances", "family_text",
			      &family_text_fops);
	return instances ? 0 : -ENOMEM;
}

/* The files are gone. */
void family_exit(void)
{
	family_resize(0);
	kvfree(instances);
}
