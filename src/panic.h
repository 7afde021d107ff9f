/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets that are printed at a panic.
 */
#ifndef _CSTATS_PANIC_H
#define _CSTATS_PANIC_H

void cstats_panic_start(void);
void cstats_panic_stop(void);

#endif /* _CSTATS_PANIC_H */
