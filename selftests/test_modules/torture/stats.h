/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_STATS_H
#define _TORTURE_STATS_H

#include <linux/types.h>

/* A line with the counts so far. */
void torture_print(const char *prefix);

/* The last line, which has the verdict, as has the parameter from now on. */
void torture_end(void);

#endif /* _TORTURE_STATS_H */
