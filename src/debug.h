/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports to debug kernels about the users' struct cstats.
 */
#ifndef _CSTATS_DEBUG_H
#define _CSTATS_DEBUG_H

#include <linux/debugobjects.h>

#include "set.h"

#ifdef CONFIG_DEBUG_OBJECTS
static bool cstats_debug_freed(void *cs, enum debug_obj_state state);

static const struct debug_obj_descr cstats_debug_descr = {
	.name = "cstats",
	.fixup_free = cstats_debug_freed,
};

static inline void cstats_debug_gone(const struct cstats *cs);

/* It has been reported, and is forgotten: else it is reported for ever. */
static bool cstats_debug_freed(void *cs, enum debug_obj_state state)
{
	cstats_debug_gone(cs);
	return true;
}
#endif

/* Lockdep keeps the name as long as the key, longer than the set lives. */
static inline void cstats_debug_class(struct cstats *cs, struct cstats_set *set,
				      struct lock_class_key *key)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	lockdep_init_map(&cs->dep_map, "cstats_section", key, 0);
	lockdep_init_map(&set->dep_map, "cstats_section", key, 0);
#endif
}

/* From here on, freeing the memory of @cs is a bug: CONFIG_DEBUG_OBJECTS_FREE. */
static inline void cstats_debug_live(const struct cstats *cs)
{
#ifdef CONFIG_DEBUG_OBJECTS
	debug_object_init((void *)cs, &cstats_debug_descr);
	debug_object_activate((void *)cs, &cstats_debug_descr);
#endif
}

static inline void cstats_debug_gone(const struct cstats *cs)
{
#ifdef CONFIG_DEBUG_OBJECTS
	debug_object_deactivate((void *)cs, &cstats_debug_descr);
	debug_object_free((void *)cs, &cstats_debug_descr);
#endif
}

#endif /* _CSTATS_DEBUG_H */
