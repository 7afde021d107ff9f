/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The set behind a struct cstats, and the members that each part of cstats.ko owns
 *
 * Each part owns one struct here and is the only one to write to it.
 */
#ifndef _CSTATS_SET_H
#define _CSTATS_SET_H

#include <linux/cstats.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "cells.h"

/* Numbers of sets and of instances. Where a walk goes on, one more has to fit as well. */
#define CSTATS_IDS	XA_LIMIT(1, INT_MAX)

struct cstats_about;
struct cstats_batch;
struct cstats_family;
struct cstats_fresh;
struct cstats_set;
struct dentry;

/* registry.c, under its lock: how the set is found. */
struct cstats_entry {
	struct hlist_node by_name;
	struct hlist_node by_user;
	u32 id;				/* in the order of cstats_init() */
	bool listed;
	const struct cstats *user;	/* compared, never dereferenced */
	struct module *owner;
};

/* rotate.c, under its mutex unless another lock is named. */
enum cstats_state {
	CSTATS_IDLE,	/* no rotation has begun since the last one was done */
	CSTATS_CUT,	/* the generation has changed, the barrier is not over */
	CSTATS_OPEN,	/* the barrier is over, some section may be open */
	CSTATS_SUM,	/* all sections are over, a family's sums are being made */
};

struct cstats_rotation {
	struct list_head request;	/* in the list of requests, its lock */
	struct list_head node;		/* in a list of sets that are not IDLE */
	enum cstats_state state;
	struct cstats_batch *batch;	/* while CUT, else NULL */
	bool urgent;		/* in the list of urgent requests, its lock */
	bool again;		/* asked for while none could begin; the requests' lock */
	unsigned long begun;	/* rotations; written under its lock as well */
	unsigned long done;	/* @begun or one less; both may wrap around */
	unsigned long stalled;	/* the rotation in which a reader's time was up, if any */
	u64 number;		/* of the last snapshot */
	u64 cut_ns;		/* CLOCK_MONOTONIC just before the cut */
	unsigned int nr_cpus;	/* that were online */
	unsigned int polls;
	unsigned int proof;	/* given by the end of the barrier */
	int cpu;		/* sections on CPUs below this one are over */
	bool suspect;		/* @gp has been asked for */
	unsigned long opened;	/* jiffies when the barrier was over */
	unsigned long gp;	/* the grace period after which all are over */
	unsigned long summed;	/* where a family's sums go on */
	/*
	 * Those who keep the snapshot from changing: of the next rotation, of the
	 * one under way, of the last one. Under the lock of the requests.
	 */
	unsigned int asked;
	unsigned int owed;
	unsigned int holds;
};

/* share.c: readers that wait. */
struct cstats_waiters {
	wait_queue_head_t queue;
};

/* mend.c: the CPU whose counter is being set even. */
struct cstats_mend {
	struct work_struct work;
	int cpu;
};

/* What an instance has to bring that comes now. */
enum cstats_notes {
	CSTATS_NOTES_NONE,
	CSTATS_NOTES_PARTS,	/* memory for its parts */
	CSTATS_NOTES_BASE,	/* and for its base */
};

/* base.c */
struct cstats_base {
	struct rw_semaphore lock;	/* of @since_ns and all bases */
	wait_queue_head_t idle;		/* for @busy to end */
	unsigned int busy;		/* a task has parts noted, or changes bases */
	enum cstats_notes notes;	/* by that task, under the family's lock */
	u64 since_ns;
};

/* latch.c: the newest snapshot and the one before. */
struct cstats_published {
	u64 number;
	u64 time_ns;
	u64 rotation_ns;
	u64 since_ns;
	unsigned int nr_cpus;
	u64 *values;
};

struct cstats_latch {
	unsigned int newest;	/* counts; its low bit is the index */
	struct cstats_published published[2];
};

/* debugfs.c */
struct cstats_files {
	struct dentry *dir;
	struct work_struct remove;
};

/**
 * struct cstats_set - the part of a set that readers know
 * @shared: the part that writers use
 * @about: descriptions of the fields, see describe.c
 * @name: its name
 * @dead: cstats_destroy() has been called
 * @errors: stalled rotations, dead sections and other misuse
 * @misuse: limits the reports of wrong releases
 * @reports: limits those of sections that do not end, or are dead
 * @ref: held by the registry, by each reader, by each list that it is in
 * @free: frees the set when no section can be using it
 * @cells: the slots; of a family, @cells.last are the sums over all instances
 * @family: see member.c; NULL unless the set has instances
 * @entry: see registry.c
 * @rotation: see rotate.c
 * @waiters: see share.c
 * @mend: see mend.c
 * @base: see base.c
 * @latch: see latch.c
 * @fresh: see fresh.c; NULL unless the set is kept fresh
 * @files: see debugfs.c
 * @dep_map: of the class that its sections have, for lockdep to check reads
 * @sums: memory of the cells' and the latch's values
 */
struct cstats_set {
	struct cstats_shared shared ____cacheline_aligned;

	struct cstats_about *about ____cacheline_aligned;
	char name[CSTATS_NAME_LEN];
	bool dead;
	atomic_t errors;
	struct ratelimit_state misuse;
	struct ratelimit_state reports;
	refcount_t ref;
	struct rcu_work free;
	struct cstats_cells cells;
	struct cstats_family *family;

	struct cstats_entry entry;
	struct cstats_rotation rotation;
	struct cstats_waiters waiters;
	struct cstats_mend mend;
	struct cstats_base base;
	struct cstats_latch latch;
	struct cstats_fresh *fresh;
	struct cstats_files files;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	struct lockdep_map dep_map;
#endif
	u64 sums[];
};

struct cstats_set *cstats_set_new(const struct cstats_spec *spec,
				  struct cstats_about *about);
struct cstats_set *cstats_set_get(struct cstats *cs);
bool cstats_set_tryget(struct cstats_set *set);
void cstats_set_put(struct cstats_set *set);
int cstats_sets_start(void);
void cstats_sets_stop(void);

/* The set to which the writers' part belongs. */
static inline struct cstats_set *cstats_set_of(struct cstats_shared *shared)
{
	return container_of(shared, struct cstats_set, shared);
}

/* Value of ->gen that opens slot @index. */
static inline unsigned long cstats_gen(const struct cstats_set *set,
				       unsigned int index)
{
	return (size_t)index * set->shared.nr_values * sizeof(local64_t);
}

static inline struct cstats_cpu *cstats_cpu(const struct cstats_set *set, int cpu)
{
	return per_cpu_ptr(set->shared.cpu, cpu);
}

#endif /* _CSTATS_SET_H */
