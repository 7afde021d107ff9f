// SPDX-License-Identifier: GPL-2.0
/* CPUs that come and go. */
#define pr_fmt(fmt) "cstats-torture: " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/printk.h>
#include <linux/random.h>

#include "hotplug.h"
#include "irq.h"
#include "params.h"
#include "random.h"
#include "section.h"
#include "set.h"
#include "violation.h"

/*
 * A section on a CPU that is not online yet. Modules have no state of their own
 * there. These belong to other machines' timers, and one of them is not taken.
 */
static const enum cpuhp_state torture_bringup_states[] = {
	CPUHP_AP_DUMMY_TIMER_STARTING,
	CPUHP_AP_ARM_TWD_STARTING,
	CPUHP_AP_TEGRA_TIMER_STARTING,
};

unsigned long torture_nr_onoff;

static enum cpuhp_state torture_bringup_state;	/* 0: none */

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
	unsigned int i;

	if (!torture.onoff_ms)
		return;
	for (i = 0; i < ARRAY_SIZE(torture_bringup_states); i++) {
		if (cpuhp_setup_state_nocalls(torture_bringup_states[i],
					      "cstats/torture:starting",
					      torture_bringup, NULL))
			continue;
		torture_bringup_state = torture_bringup_states[i];
		return;
	}
	pr_alert("no sections on CPUs that are starting\n");
}

void torture_bringup_stop(void)
{
	if (torture_bringup_state)
		cpuhp_remove_state_nocalls(torture_bringup_state);
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
