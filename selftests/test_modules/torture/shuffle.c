// SPDX-License-Identifier: GPL-2.0
/* The thread that moves writers and readers to other CPUs. */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "params.h"
#include "random.h"
#include "readers.h"
#include "shuffle.h"
#include "writers.h"

int torture_shuffle(void *unused)
{
	u32 random = get_random_u32();

	while (!kthread_should_stop()) {
		unsigned int who = torture_random(&random) % (torture.nwriters + torture.nreaders);
		unsigned int cpu = torture_random(&random) % (nr_cpu_ids + 1);
		struct task_struct *task = who < torture.nwriters ?
					   torture_writers[who].task :
					   torture_readers[who - torture.nwriters].task;

		cpus_read_lock();	/* kernel threads may even go to a dying CPU */
		set_cpus_allowed_ptr(task, cpu < nr_cpu_ids && cpu_online(cpu) ?
				     cpumask_of(cpu) : cpu_possible_mask);
		cpus_read_unlock();
		msleep(1 + torture_random(&random) % torture.shuffle_ms);
	}
	return 0;
}
