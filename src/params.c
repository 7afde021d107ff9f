// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the module parameters, which can be changed while readers run
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/sched/isolation.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "params.h"

#define CSTATS_STALL_MS_MAX	600000

static const char * const cstats_sync_names[] = {
	[CSTATS_AUTO] = "auto",
	[CSTATS_EXPEDITED] = "expedited",
	[CSTATS_SPARE_IDLE] = "spare_idle",
	[CSTATS_QUIET] = "quiet",
};

static int cstats_sync = CSTATS_AUTO;

static int cstats_sync_set(const char *val, const struct kernel_param *kp)
{
	int mode = sysfs_match_string(cstats_sync_names, val);

	if (mode < 0) {
		pr_err("sync=%*pE: use auto, expedited, spare_idle or quiet\n",
		       cstats_param_len(val), val);
		return mode;
	}
	WRITE_ONCE(cstats_sync, mode);
	return 0;
}

static int cstats_sync_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", cstats_sync_names[READ_ONCE(cstats_sync)]);
}

static const struct kernel_param_ops cstats_sync_ops = {
	.set = cstats_sync_set,
	.get = cstats_sync_get,
};

module_param_cb(sync, &cstats_sync_ops, NULL, 0644);
MODULE_PARM_DESC(sync, "how reads wait: expedited (IPIs to all CPUs), spare_idle (IPIs to those that are not idle: RCU's expedited grace period), quiet (RCU grace period), auto (quiet where CPUs are isolated and on PREEMPT_RT, else expedited; default)");

static unsigned int cstats_stall_ms = 10000;

static int cstats_stall_set(const char *val, const struct kernel_param *kp)
{
	unsigned int ms;

	if (kstrtouint(val, 0, &ms) || ms < 1 || ms > CSTATS_STALL_MS_MAX) {
		pr_err("stall_ms=%*pE: use 1 to %u\n", cstats_param_len(val), val,
		       CSTATS_STALL_MS_MAX);
		return -EINVAL;
	}
	WRITE_ONCE(cstats_stall_ms, ms);
	return 0;
}

static const struct kernel_param_ops cstats_stall_ops = {
	.set = cstats_stall_set,
	.get = param_get_uint,
};

module_param_cb(stall_ms, &cstats_stall_ops, &cstats_stall_ms, 0644);
MODULE_PARM_DESC(stall_ms, "milliseconds that a read waits, for open sections and for CPUs that do not answer, before it fails (1 to 600000; default 10000)");

/* Is there an online CPU that is not to be interrupted? */
static bool cstats_isolated(void)
{
	bool isolated = false;
	int cpu;

	rcu_read_lock();	/* Newer cpusets replace the mask of isolated CPUs. */
	for_each_online_cpu(cpu) {
		/* Newer kernels do not call a CPU isolated that only nohz_full= names. */
		isolated = cpu_is_isolated(cpu) ||
			   !housekeeping_test_cpu(cpu, HK_TYPE_TICK);
		if (isolated)
			break;
	}
	rcu_read_unlock();
	return isolated;
}

/*
 * Which mode is right for this machine, and why.
 *
 * Spare_idle was measured on a nohz_full CPU (20 reads each, emulated 6.12). It
 * sends no IPI while that CPU is in user mode, and is 15 times as fast as quiet.
 * But it sent 17 while a process there did system calls, where quiet sent none.
 * Hence quiet: "isolated" means no interruption, in system calls as well.
 */
static enum cstats_sync cstats_auto(const char **why)
{
	*why = "this is a PREEMPT_RT kernel";
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return CSTATS_QUIET;
	*why = "there are isolated CPUs";
	if (cstats_isolated())
		return CSTATS_QUIET;
	*why = "no CPU is isolated";
	return CSTATS_EXPEDITED;
}

/**
 * cstats_sync_mode - how a rotation gets its barrier now
 *
 * CPUs may be isolated at any time, hence it is found out anew for each
 * rotation, and said whenever it changes.
 *
 * Return: anything but CSTATS_AUTO.
 */
enum cstats_sync cstats_sync_mode(void)
{
	static enum cstats_sync said = CSTATS_AUTO;
	enum cstats_sync mode = READ_ONCE(cstats_sync);
	const char *why;

	if (mode != CSTATS_AUTO)
		return mode;
	mode = cstats_auto(&why);
	if (READ_ONCE(said) != mode) {
		WRITE_ONCE(said, mode);
		pr_info("sync=auto: reads are %s, as %s\n", cstats_sync_names[mode], why);
	}
	return mode;
}

/* How long a read waits before it gives up, in nanoseconds. */
u64 cstats_patience(void)
{
	return READ_ONCE(cstats_stall_ms) * (u64)NSEC_PER_MSEC;
}

/**
 * cstats_deadline - when a read that begins now gives up
 *
 * Return: jiffies.
 */
unsigned long cstats_deadline(void)
{
	return jiffies + msecs_to_jiffies(READ_ONCE(cstats_stall_ms)) + 1;
}
