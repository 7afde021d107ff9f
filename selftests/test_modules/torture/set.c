// SPDX-License-Identifier: GPL-2.0
/* The set that is tortured, and what its writers say they did. */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "params.h"
#include "set.h"

const char * const torture_contexts[NR_CONTEXTS] = {
	"task", "softirq", "hardirq", "nmi", "bringup"
};

struct cstats torture_set;
unsigned int torture_nr_fields;
struct torture_tally *torture_tallies;
unsigned int torture_nr_tallies;

static struct cstats_field *torture_fields;

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

int torture_set_init(void)
{
	char (*names)[12];
	unsigned int i;
	int err;

	torture_fields = kcalloc(torture_nr_fields,
				 sizeof(*torture_fields) + sizeof(*names),
				 GFP_KERNEL);
	if (!torture_fields)
		return -ENOMEM;
	names = (void *)(torture_fields + torture_nr_fields);
	for (i = 0; i < torture_nr_fields; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		torture_fields[i].name = names[i];
	}
	err = cstats_init(&torture_set, "torture", torture_fields,
			  torture_nr_fields);
	if (err)
		kfree(torture_fields);
	return err;
}

void torture_set_destroy(void)
{
	cstats_destroy(&torture_set);
	kfree(torture_fields);
}
