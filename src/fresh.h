/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets that are kept fresh for readers in atomic context.
 */
#ifndef _CSTATS_FRESH_H
#define _CSTATS_FRESH_H

#include "set.h"

int cstats_fresh_set(struct cstats_set *set, unsigned int max_age_ms);
void cstats_fresh_stop(struct cstats_set *set);

#endif /* _CSTATS_FRESH_H */
