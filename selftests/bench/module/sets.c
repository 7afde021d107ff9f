// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_bench: many sets, and what it takes just to print them
 *
 * The parameter "sets" makes and destroys sets of six fields. The file "text"
 * has the same text as the file cstats has for them, but for the values: those
 * are taken from memory, with no barrier and no sums.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "bench.h"

struct bench_set {
	struct cstats cs;
	char name[16];
	s64 values[SIX_FIELDS];
};

static int sets_resize(unsigned int nr);

static struct bench_set **sets;
static struct many many = {
	.lock = __MUTEX_INITIALIZER(many.lock),
	.resize = sets_resize,
};

static int sets_add(const struct cstats_field *fields)
{
	struct bench_set *set = kzalloc(sizeof(*set), GFP_KERNEL);
	struct cstats_section section;
	unsigned int i;
	int err;

	if (!set)
		return -ENOMEM;
	snprintf(set->name, sizeof(set->name), "bench%u", many.nr);
	for (i = 0; i < SIX_FIELDS; i++)
		set->values[i] = 1000003LL * many.nr + i;
	err = cstats_init(&set->cs, set->name, fields, SIX_FIELDS);
	if (err) {
		kfree(set);
		return err;
	}
	section = cstats_acquire(&set->cs);
	for (i = 0; i < SIX_FIELDS; i++)
		cstats_add(&section, i, set->values[i]);
	cstats_release(&section);
	sets[many.nr++] = set;
	return 0;
}

static int sets_resize(unsigned int nr)
{
	struct cstats_field *fields = bench_fields_new(SIX_FIELDS);
	int err = 0;

	if (!fields)
		return -ENOMEM;
	while (!err && many.nr < nr) {
		err = sets_add(fields);
		if (signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	while (many.nr > nr) {
		cstats_destroy(&sets[--many.nr]->cs);
		kfree(sets[many.nr]);
		cond_resched();
	}
	kvfree(fields);
	return err;
}

static int text_show(struct seq_file *m, void *v)
{
	const struct bench_set *set;
	unsigned int i;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "cstats version: 1\n");
		return 0;
	}
	set = sets[many_index(v)];
	many_show_head(m, set->name);
	for (i = 0; i < SIX_FIELDS; i++)
		seq_printf(m, "%s.%s %lld\n", set->name, bench_names[i], set->values[i]);
	return 0;
}

static const struct seq_operations text_sops = {
	.start = many_start,
	.next = many_next,
	.stop = many_stop,
	.show = text_show,
};
DEFINE_SEQ_ATTRIBUTE(text);

int sets_init(struct dentry *dir)
{
	sets = many_init(&many, sizeof(*sets), dir, "sets", "text", &text_fops);
	return sets ? 0 : -ENOMEM;
}

/* The files are gone. */
void sets_exit(void)
{
	while (many.nr) {
		cstats_destroy(&sets[--many.nr]->cs);
		kfree(sets[many.nr]);
	}
	kvfree(sets);
}
