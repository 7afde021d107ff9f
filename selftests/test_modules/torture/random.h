/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_RANDOM_H
#define _TORTURE_RANDOM_H

#include <linux/types.h>

/* A cheap pseudo-random number, in any context. */
static inline u32 torture_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

#endif /* _TORTURE_RANDOM_H */
