// SPDX-License-Identifier: GPL-2.0
/* CPUs that come and go. */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/random.h>

#include "hotplug.h"
#include "irq.h"
#include "params.h"
#include "random.h"
#include "section.h"
#include "set.h"
#include "violation.h"

/*
 * A section on a CPU that is not online yet. The state's owner is in no kernel
 * that has CPU hotplug and x86 at the same time; elsewhere we go without.
 */
#define TORTURE_BRINGUP	CPUHP_AP_DUMMY_TIMER_STARTING

unsigned long torture_nr_onoff;

static bool torture_bringup_set;

static int torture_bringup(unsigned int cpu)
{
	struct torture_tally *t = torture_cpu_tally(cpu, BRINGUP);
	unsigned int i;

	if (torture_irqs_write())
		for (i = 0; i < 10; i++)
			torture_section(t, 0, torture.nest, 500);
	return 0;
}

void torture_bringup_start(void)
{
	if (torture.onoff_ms)
		torture_bringup_set =
			!cpuhp_setup_state_nocalls(TORTURE_BRINGUP,
						   "cstats/torture:starting",
						   torture_bringup, NULL);
}

void torture_bringup_stop(void)
{
	if (torture_bringup_set)
		cpuhp_remove_state_nocalls(TORTURE_BRINGUP);
}

#ifdef CONFIG_HOTPLUG_CPU
int torture_onoff(void *unused)
{
	u32 random = get_random_u32();

	while (!kthread_should_stop()) {
		unsigned int cpu = torture_random(&random) % nr_cpu_ids;

		msleep(1 + torture_random(&random) % torture.onoff_ms);
		if (!cpu || !cpu_online(cpu) || remove_cpu(cpu))
			continue;
		msleep(torture_random(&random) % torture.onoff_ms);
		if (add_cpu(cpu)) {
			torture_violation(ERRORS, "CPU %u does not come back", cpu);
			continue;
		}
		torture_nr_onoff++;
		torture_irqs_revive(cpu);
	}
	return 0;
}
#else
int torture_onoff(void *unused)
{
	return 0;
}
#endif
