/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The start of all that sets need.
 */
#ifndef _CSTATS_START_H
#define _CSTATS_START_H

int cstats_start(void);
void cstats_stop(void);

#endif /* _CSTATS_START_H */
