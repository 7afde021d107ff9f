/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernel versions, by feature test where there is one.
 * Nothing else in the tree looks at the version.
 */
#ifndef _CSTATS_COMPAT_H
#define _CSTATS_COMPAT_H

#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/string.h>
#include <linux/version.h>

/* A kernel's own tree exports what its clients of cstats need. */
#define CSTATS_OUT_OF_TREE

/* 6012 is Linux 6.12. */
#define CSTATS_LINUX	(1000 * LINUX_VERSION_MAJOR + LINUX_VERSION_PATCHLEVEL)

#if CSTATS_LINUX < 6001
#error "cstats needs Linux 6.1 or later"
#endif

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

/* Since 6.10 the source of an event's string is given once, by __string(). */
#if CSTATS_LINUX < 6010
#define cstats_assign_str(dst, src)	__assign_str(dst, src)
#else
#define cstats_assign_str(dst, src)					\
do {									\
	(void)(src);							\
	__assign_str(dst);						\
} while (0)
#endif

/* Since 6.18 a work queue that is bound to CPUs says so. */
#if CSTATS_LINUX < 6018
#define CSTATS_WQ_PERCPU	0
#else
#define CSTATS_WQ_PERCPU	WQ_PERCPU
#endif

/* Before 6.4 the calls of a class interface were told which one it is. */
#if CSTATS_LINUX < 6004
#define CSTATS_CLASS_INTERFACE_ARGS	struct device *dev, struct class_interface *interface
#else
#define CSTATS_CLASS_INTERFACE_ARGS	struct device *dev
#endif

/* Since 6.9 a disk is allocated with the limits of its queue. */
#if CSTATS_LINUX < 6009
#define cstats_alloc_disk()	blk_alloc_disk(NUMA_NO_NODE)
#else
#define cstats_alloc_disk()	blk_alloc_disk(NULL, NUMA_NO_NODE)
#endif

#endif /* _CSTATS_COMPAT_H */
