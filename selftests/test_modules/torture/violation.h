/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_VIOLATION_H
#define _TORTURE_VIOLATION_H

#include <linux/types.h>

enum torture_kind {
	TORN, TRANSFER, HISTOGRAM, CAUSAL, BACKWARD, LOST, EARLY, ERRORS, NR_VIOLATIONS
};

/* The clock starts with the test. */
void torture_clock_start(void);
s64 torture_clock_ms(void);

/* Count a violation; the first few in detail. */
__printf(2, 3) void torture_violation(enum torture_kind kind, const char *fmt, ...);

/* Was there one? When was the first, in ms? */
bool torture_failed(void);
s64 torture_first_violation_ms(void);

/* " torn 0 causal 0 ...", and how long that is. */
int torture_violations_print(char *text, size_t size);

#endif /* _TORTURE_VIOLATION_H */
