// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_devices: a family with histograms that counts all the time
 *
 * Pretend devices, whose names are as devices have them and worse. Each CPU has a
 * timer that issues requests and completes others. In every snapshot, for each
 * device and for the family,
 *
 *	issued - completed = in_flight		(before the first reset)
 *	completed = latency_count = sum of latency_bucket_N
 *
 * and each of the family's values is the sum over the devices while none has gone.
 */
#include <linux/cstats.h>
#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/timer.h>

static unsigned int more;
module_param(more, uint, 0444);
MODULE_PARM_DESC(more, "so many devices more, more0 and so on");

enum { ISSUED, COMPLETED, IN_FLIGHT, LATENCY };

static const struct cstats_field fields[] = {
	[ISSUED] = { "issued", CSTATS_COUNTER, "requests", "requests issued" },
	[COMPLETED] = { "completed", CSTATS_COUNTER, "requests", "requests completed" },
	[IN_FLIGHT] = { "in_flight", CSTATS_GAUGE, "requests", "requests under way" },
	[LATENCY] = { "latency", CSTATS_HISTOGRAM, "ns", "time until a request is complete",
		      .first = 1 << 10, .last = 1 << 24 },
};

static const char * const names[] = {
	"dm-0", "nvme0n1", "eth0.100", "0000:00:1f.2", "tank/home/user", "my disk",
	"quote\"back\\slash", "tab\tline\nbell\a", "gr\303\266\303\237e\302\240", "\377",
	"a}.x 1", "{device=\"dm-0\"}.issued",
};

/* The one that can go and come back. */
#define GUEST	1

static DEFINE_CSTATS_RCU(stats);
static struct cstats_instance *devices;
static unsigned int nr_devices, nr_added;
static DEFINE_PER_CPU(struct timer_list, timers);
static DEFINE_PER_CPU(unsigned long, turns);
static DEFINE_MUTEX(mutex);
static bool present = true;

static void issue(unsigned int i)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&stats);
	struct cstats_within in = cstats_in(&s, &devices[i]);

	cstats_add(&in, ISSUED, 1);
	cstats_add(&in, IN_FLIGHT, 1);
	cstats_release(&s);
}

static void complete_one(unsigned int i, u64 ns)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&stats);
	struct cstats_within in = cstats_in(&s, &devices[i]);

	cstats_add(&in, COMPLETED, 1);
	cstats_add(&in, IN_FLIGHT, -1);
	cstats_observe(&in, LATENCY, ns);
	cstats_release(&s);
}

static void tick(struct timer_list *timer)
{
	unsigned long turn = this_cpu_inc_return(turns);
	unsigned int i = turn % nr_devices, n;

	for (n = 0; n < 20; n++)
		issue(i);
	for (n = 0; n < 20 - !(turn % 8); n++)
		complete_one(i, 500ULL << (turn + n) % 16);
	mod_timer(timer, jiffies + 1);
}

static int guest_set(const char *val, const struct kernel_param *kp)
{
	bool want;
	int err = kstrtobool(val, &want);

	if (err)
		return err;
	mutex_lock(&mutex);
	if (present && !want)
		cstats_instance_remove(&devices[GUEST]);
	else if (!present && want)
		err = cstats_instance_add(&stats.cs, &devices[GUEST], names[GUEST]);
	if (!err)
		present = want;
	mutex_unlock(&mutex);
	return err;
}

static const struct kernel_param_ops guest_ops = {
	.set = guest_set,
	.get = param_get_bool,
};

module_param_cb(nvme0n1, &guest_ops, &present, 0644);
__MODULE_PARM_TYPE(nvme0n1, "bool");
MODULE_PARM_DESC(nvme0n1, "whether the device of that name is there");

static void stop(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		timer_shutdown_sync(per_cpu_ptr(&timers, cpu));
	while (nr_added)
		cstats_instance_remove(&devices[--nr_added]);
	cstats_destroy(&stats.cs);
	kvfree(devices);
}

static int __init devices_init(void)
{
	char name[16];
	int cpu, err;

	nr_devices = ARRAY_SIZE(names) + more;
	devices = kvcalloc(nr_devices, sizeof(*devices), GFP_KERNEL);
	if (!devices)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		timer_setup(per_cpu_ptr(&timers, cpu), tick, TIMER_PINNED);
	err = cstats_init_family(&stats, "devices", "device", fields,
				 ARRAY_SIZE(fields));
	for (; !err && nr_added < nr_devices; nr_added += !err) {
		snprintf(name, sizeof(name), "more%zu", nr_added - ARRAY_SIZE(names));
		err = cstats_instance_add(&stats.cs, &devices[nr_added],
					  nr_added < ARRAY_SIZE(names) ?
					  names[nr_added] : name);
	}
	if (err) {
		stop();
		return err;
	}
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		struct timer_list *timer = per_cpu_ptr(&timers, cpu);

		timer->expires = jiffies + 1;
		add_timer_on(timer, cpu);
	}
	cpus_read_unlock();
	return 0;
}
module_init(devices_init);

static void __exit devices_exit(void)
{
	stop();
}
module_exit(devices_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: pretend devices as a family that counts all the time");
MODULE_LICENSE("GPL");
