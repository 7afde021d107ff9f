/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_PARAMS_H
#define _TORTURE_PARAMS_H

#include <linux/types.h>

/* What modinfo explains. main.c fills in defaults that depend on the machine. */
extern struct torture_params {
	int nwriters;
	int nreaders;
	unsigned int nfields;
	unsigned int seconds;
	unsigned int stat_interval;
	bool fail_fast;
	unsigned int nest;
	unsigned int irq_us;
	bool softirq;
	unsigned int nmi_every;
	unsigned int stall_us;
	unsigned int misses;
	unsigned int shuffle_ms;
	unsigned int onoff_ms;
	unsigned int churn_ms;
	unsigned int pause_us;
	unsigned int hog_us;
	unsigned int dead_every;
	unsigned int instances;
	unsigned int renew_us;
	bool histograms;
} torture;

#endif /* _TORTURE_PARAMS_H */
