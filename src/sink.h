/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where sections of a set that is not there add to.
 */
#ifndef _CSTATS_SINK_H
#define _CSTATS_SINK_H

#include <linux/types.h>

struct cstats_shared;

int cstats_sink_start(void);
void cstats_sink_stop(void);
bool cstats_is_sink(const struct cstats_shared *shared);
u64 cstats_sink_count(void);

#endif /* _CSTATS_SINK_H */
