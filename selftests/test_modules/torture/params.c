// SPDX-License-Identifier: GPL-2.0
/*
 * The parameters of the module, without torture_type, flavour and verdict,
 * which are where they are used.
 */
#include <linux/moduleparam.h>

#include "params.h"

struct torture_params torture = {
	.nwriters = -1,
	.nreaders = -1,
	.nfields = 8,
	.seconds = 30,
	.stat_interval = 5,
	.nest = 3,
	.irq_us = 150,
	.softirq = true,
	.nmi_every = 8,
	.stall_us = 20,
	.shuffle_ms = 50,
	.churn_ms = 5,
	.renew_us = 1000,
};

module_param_named(nwriters, torture.nwriters, int, 0444);
MODULE_PARM_DESC(nwriters, "writer threads (default: one per CPU)");

module_param_named(nreaders, torture.nreaders, int, 0444);
MODULE_PARM_DESC(nreaders, "reader threads (default: one per CPU)");

module_param_named(nfields, torture.nfields, uint, 0444);
MODULE_PARM_DESC(nfields, "fields of the set, at least 7, without those of each writer");

module_param_named(seconds, torture.seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "length of the test, 0: until rmmod");

module_param_named(stat_interval, torture.stat_interval, uint, 0444);
MODULE_PARM_DESC(stat_interval, "seconds between statistics, 0: none");

module_param_named(fail_fast, torture.fail_fast, bool, 0444);
MODULE_PARM_DESC(fail_fast, "end at the first violation");

module_param_named(nest, torture.nest, uint, 0444);
MODULE_PARM_DESC(nest, "depth of sections within sections");

module_param_named(irq_us, torture.irq_us, uint, 0444);
MODULE_PARM_DESC(irq_us, "mean time between hrtimer interrupts on each CPU, 0: none");

module_param_named(softirq, torture.softirq, bool, 0444);
MODULE_PARM_DESC(softirq, "sections in tasklets, that the interrupts raise");

module_param_named(nmi_every, torture.nmi_every, uint, 0444);
MODULE_PARM_DESC(nmi_every, "interrupts per NMI, 0: none");

module_param_named(stall_us, torture.stall_us, uint, 0444);
MODULE_PARM_DESC(stall_us, "longest stall within a section, 0: none");

module_param_named(misses, torture.misses, uint, 0444);
MODULE_PARM_DESC(misses, "stores to cold memory before a section, behind which its stores queue, 0: none");

module_param_named(shuffle_ms, torture.shuffle_ms, uint, 0444);
MODULE_PARM_DESC(shuffle_ms, "time between moves of threads to other CPUs, 0: none");

module_param_named(onoff_ms, torture.onoff_ms, uint, 0444);
MODULE_PARM_DESC(onoff_ms, "time between CPUs going off and on, 0: none");

module_param_named(churn_ms, torture.churn_ms, uint, 0444);
MODULE_PARM_DESC(churn_ms, "mean time to the next reset or end of sets that come and go, 0: none");

module_param_named(pause_us, torture.pause_us, uint, 0444);
MODULE_PARM_DESC(pause_us, "pause between the reads of a reader, 0: none");

module_param_named(hog_us, torture.hog_us, uint, 0444);
MODULE_PARM_DESC(hog_us, "nothing of this, but sections of this length one after the other, 0: no");

module_param_named(dead_every, torture.dead_every, uint, 0444);
MODULE_PARM_DESC(dead_every, "sections of tasks per one that is never released, 0: none");

module_param_named(instances, torture.instances, uint, 0444);
MODULE_PARM_DESC(instances, "of a family, two of which stay while others come and go, 0: no family");

module_param_named(renew_us, torture.renew_us, uint, 0444);
MODULE_PARM_DESC(renew_us, "mean time between instances being added, renamed or removed, 0: none");

module_param_named(histograms, torture.histograms, bool, 0444);
MODULE_PARM_DESC(histograms, "observe two amounts in each section");
