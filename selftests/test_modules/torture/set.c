// SPDX-License-Identifier: GPL-2.0
/* The sets that are tortured, and what their writers say they did. */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "histogram.h"
#include "params.h"
#include "set.h"

const char * const torture_contexts[NR_CONTEXTS] = {
	"task", "softirq", "hardirq", "nmi", "bringup"
};

struct cstats_rcu torture_sets[NR_FLAVOURS];
unsigned long torture_flavours;
unsigned int torture_nr_fields;
unsigned int torture_nr_values;
unsigned int torture_moved;
struct torture_tally *torture_tallies;
unsigned int torture_nr_tallies;

static struct cstats_field *torture_fields;
static char (*torture_names)[12];

char *torture_flavour_name = "seq";
module_param_named(flavour, torture_flavour_name, charp, 0444);
MODULE_PARM_DESC(flavour, "of sections: seq, rcu or both");

bool torture_flavour_choose(void)
{
	bool both = !strcmp(torture_flavour_name, "both");

	if (both || !strcmp(torture_flavour_name, "seq"))
		__set_bit(FLAVOUR_SEQ, &torture_flavours);
	if (both || !strcmp(torture_flavour_name, "rcu"))
		__set_bit(FLAVOUR_RCU, &torture_flavours);
	return torture_flavours;
}

enum torture_flavour torture_flavour_any(u32 dice)
{
	if (!test_bit(FLAVOUR_SEQ, &torture_flavours))
		return FLAVOUR_RCU;
	return test_bit(FLAVOUR_RCU, &torture_flavours) && dice & 1 ? FLAVOUR_RCU : FLAVOUR_SEQ;
}

int torture_tallies_alloc(void)
{
	torture_nr_fields = torture.nfields;
	torture_tallies = kcalloc(torture.nwriters + nr_cpu_ids * NR_CONTEXTS,
				  sizeof(*torture_tallies), GFP_KERNEL);
	return torture_tallies ? 0 : -ENOMEM;
}

void torture_tallies_free(void)
{
	kfree(torture_tallies);
}

struct torture_tally *torture_tally(enum torture_context context)
{
	struct torture_tally *t = &torture_tallies[torture_nr_tallies++];

	t->context = context;
	t->field = torture_nr_fields;
	torture_nr_fields += 2;
	t->random = get_random_u32();
	return t;
}

int torture_fields_alloc(void)
{
	unsigned int extra = torture_nr_fields, i;

	torture_nr_fields += !!torture.instances;
	if (torture.histograms)
		torture_nr_fields += NR_HISTOGRAMS + 1;
	torture_nr_values = torture_nr_fields;
	torture_fields = kcalloc(torture_nr_fields, sizeof(*torture_fields), GFP_KERNEL);
	torture_names = kcalloc(torture_nr_fields, sizeof(*torture_names), GFP_KERNEL);
	if (!torture_fields || !torture_names)
		return -ENOMEM;
	for (i = 0; i < torture_nr_fields; i++) {
		snprintf(torture_names[i], sizeof(torture_names[i]), "f%u", i);
		torture_fields[i].name = torture_names[i];
	}
	if (torture.instances) {
		torture_moved = extra++;
		torture_fields[torture_moved].name = "moved";
		torture_fields[torture_moved].kind = CSTATS_GAUGE;
	}
	if (torture.histograms)
		torture_nr_values += torture_histograms_place(torture_fields, extra,
							      torture_nr_fields);
	return 0;
}

void torture_fields_free(void)
{
	kfree(torture_names);
	kfree(torture_fields);
}

static int torture_set_init(enum torture_flavour flavour)
{
	static const char * const names[] = {
		[FLAVOUR_SEQ] = "torture",
		[FLAVOUR_RCU] = "torture_rcu",
	};
	struct cstats_rcu *set = &torture_sets[flavour];
	unsigned int nr = torture_nr_fields;

	if (flavour == FLAVOUR_RCU)
		return torture.instances ?
		       cstats_init_family(set, names[flavour], "instance", torture_fields, nr) :
		       cstats_init(set, names[flavour], torture_fields, nr);
	return torture.instances ?
	       cstats_init_family(&set->cs, names[flavour], "instance", torture_fields, nr) :
	       cstats_init(&set->cs, names[flavour], torture_fields, nr);
}

int torture_sets_init(void)
{
	unsigned int f;
	int err = 0;

	for_each_set_bit(f, &torture_flavours, NR_FLAVOURS)
		err = err ?: torture_set_init(f);
	if (err)
		torture_sets_destroy();
	return err;
}

void torture_sets_destroy(void)
{
	unsigned int f;

	for_each_set_bit(f, &torture_flavours, NR_FLAVOURS)
		cstats_destroy(&torture_sets[f].cs);
}
