/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernel versions, by feature test. Nothing else in the
 * tree looks at the version.
 */
#ifndef _CSTATS_COMPAT_H
#define _CSTATS_COMPAT_H

#include <linux/irqflags.h>
#include <linux/lockdep.h>

/*
 * Before 6.4 lockdep had no annotation for "waits for the read sides, blocks
 * none of them". A write acquisition with interrupts off comes close.
 */
#ifndef lock_map_sync
static inline void lock_map_sync(struct lockdep_map *map)
{
	unsigned long flags;

	local_irq_save(flags);
	lock_map_acquire(map);
	lock_map_release(map);
	local_irq_restore(flags);
}
#endif

#endif /* _CSTATS_COMPAT_H */
