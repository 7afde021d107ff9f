// SPDX-License-Identifier: GPL-2.0
/* What was found wrong, and when. */
#define pr_fmt(fmt) "cstats-torture: " fmt

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/printk.h>

#include "violation.h"

static const char * const violation_names[] = {
	"torn", "transfer", "histogram", "causal", "backward", "lost", "early", "errors"
};

static atomic_long_t violations[NR_VIOLATIONS];
static atomic_t nr_reported = ATOMIC_INIT(0);
static ktime_t torture_start;
static atomic64_t first_violation_ns;

void torture_clock_start(void)
{
	torture_start = ktime_get();
}

s64 torture_clock_ms(void)
{
	return ktime_ms_delta(ktime_get(), torture_start);
}

void torture_violation(enum torture_kind kind, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	atomic_long_inc(&violations[kind]);
	atomic64_cmpxchg(&first_violation_ns, 0,
			 ktime_to_ns(ktime_sub(ktime_get(), torture_start)));
	if (atomic_inc_return(&nr_reported) > 10)
		return;
	va_start(args, fmt);
	vaf.va = &args;
	pr_alert("%s: %pV\n", violation_names[kind], &vaf);
	va_end(args);
}

bool torture_failed(void)
{
	return atomic64_read(&first_violation_ns) != 0;
}

s64 torture_first_violation_ms(void)
{
	return ktime_to_ms(atomic64_read(&first_violation_ns));
}

int torture_violations_print(char *text, size_t size)
{
	unsigned int i;
	int n = 0;

	for (i = 0; i < NR_VIOLATIONS; i++)
		n += scnprintf(text + n, size - n, " %s %ld", violation_names[i],
			       atomic_long_read(&violations[i]));
	return n;
}
