/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_IRQ_H
#define _TORTURE_IRQ_H

#include <linux/types.h>

#include "set.h"

int torture_irqs_alloc(void);
void torture_irqs_free(void);

/* From its start on interrupts write, until a stop. */
void torture_irqs_start(void);
void torture_irqs_stop(void);
bool torture_irqs_write(void);

/* The timers, on all CPUs, and on one that went offline and is back. */
void torture_irqs_timers(void);
void torture_irqs_revive(unsigned int cpu);

/* That of a CPU in a context other than TASK. */
struct torture_tally *torture_cpu_tally(unsigned int cpu,
					enum torture_context context);

#endif /* _TORTURE_IRQ_H */
