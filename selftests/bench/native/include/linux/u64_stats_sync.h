/* SPDX-License-Identifier: GPL-2.0 */
/* On 64-bit machines there is nothing to synchronize: single values are atomic. */
#ifndef _SHIM_U64_STATS_H
#define _SHIM_U64_STATS_H

#include <asm/local64.h>

#define u64_stats_t	local64_t

struct u64_stats_sync { };

static inline void u64_stats_update_begin(struct u64_stats_sync *syncp)
{
}

static inline void u64_stats_update_end(struct u64_stats_sync *syncp)
{
}

static __always_inline void u64_stats_add(u64_stats_t *p, unsigned long val)
{
	local64_add(val, p);
}

#endif
