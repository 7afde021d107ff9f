/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of cstats.ko share: the set behind a struct cstats, and the
 * report (snapshots of one or of all sets) that debugfs prints.
 */
#ifndef _CSTATS_INTERNAL_H
#define _CSTATS_INTERNAL_H

#include <linux/cstats.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>

struct dentry;

/* A snapshot as it stays published for cstats_read_last(). */
struct cstats_published {
	u64 number;
	u64 time_ns;
	u64 rotation_ns;
	unsigned int nr_cpus;
	u64 *values;
};

/* Opaque to clients, hence no part of the versions of the symbols they use. */
#ifndef __GENKSYMS__
/**
 * struct cstats_set - what the readers know of a set
 * @node: in cstats_sets, under cstats_mutex
 * @request: in the list of sets that wait for a rotation, under its lock
 * @batch: in the list of the rotation under way, under cstats_mutex
 * @cs: the user's part, which holds the generation; NULL once destroyed
 * @cpu: every CPU's sequence counter and slots
 * @nr_fields: number of fields
 * @begun: rotations begun: written under cstats_mutex and the request lock
 * @done: rotations done, @begun or one less; written under cstats_mutex. Both
 *	  may wrap around
 * @number: the number of the last snapshot; cstats_mutex
 * @stalled: the last attempt to finish the rotation timed out, waiting
 * @stalled_cpu: for this CPU
 * @stalled_seq: and the section with this sequence number
 * @errors: stalled rotations, and reads from within the reader's own section
 * @last: total of each slot when it was last closed
 * @base: what cstats_reset() subtracts
 * @base_cpu: the same for each CPU, or NULL before the first reset
 * @cut: where the rotation adds each CPU's part to, or NULL
 * @rebase: make @cut the new base when the rotation is done
 * @newest: counts snapshots; its low bit is the index of the newest one
 * @published: the newest snapshot and the one before
 * @ref: held by the registry and by each reader
 * @rcu: frees the set when no section can be using it
 * @owner: the module that made it
 * @dir: its directory in debugfs
 * @fields: copy of the descriptions
 * @name: its name
 * @sums: memory of @last, @base and @published
 */
struct cstats_set {
	struct list_head node;
	struct list_head request;
	struct list_head batch;
	struct cstats *cs;
	struct cstats_cpu __percpu *cpu;
	unsigned int nr_fields;
	unsigned long begun;
	unsigned long done;
	u64 number;
	bool stalled;
	int stalled_cpu;
	unsigned int stalled_seq;
	atomic_t errors;
	u64 *last[2];
	u64 *base;
	u64 *base_cpu;
	u64 *cut;
	bool rebase;
	unsigned int newest;
	struct cstats_published published[2];
	refcount_t ref;
	struct rcu_head rcu;
	struct module *owner;
	struct dentry *dir;
	struct cstats_field *fields;
	char name[CSTATS_NAME_LEN];
	u64 sums[];
};
#endif /* __GENKSYMS__ */

/* The registry, registry.c; cstats_mutex also serializes the rotations. */
extern struct mutex cstats_mutex;
extern struct list_head cstats_sets;
extern unsigned int cstats_nr_sets;

struct cstats_set *cstats_set_get(struct cstats *cs);
void cstats_set_put(struct cstats_set *set);

/* Rotations, core.c. cstats_cut() and cstats_zero() need cstats_lock(). */
unsigned long cstats_request(struct cstats_set *set);
void cstats_request_cancel(struct cstats_set *set);
int cstats_await(struct cstats_set *set, unsigned long want);
void cstats_lock(void);
void cstats_unlock(void);
void cstats_mutex_unlock(void);
u64 *cstats_cut(struct cstats_set *set, bool rebase);
void cstats_zero(struct cstats_set *set);
void cstats_copy(const struct cstats_set *set, struct cstats_snapshot *snap);
void cstats_publish(struct cstats_set *set, u64 time_ns, u64 rotation_ns,
		    unsigned int nr_cpus);

/* Reads, read.c */
int cstats_reset_set(struct cstats_set *set);
unsigned int cstats_errors(const struct cstats_set *set);

/* Module parameters, params.c */
enum cstats_sync {
	CSTATS_AUTO,
	CSTATS_EXPEDITED,
	CSTATS_SPARE_IDLE,
	CSTATS_QUIET,
};

enum cstats_sync cstats_sync_mode(void);
unsigned int cstats_stall_limit(void);

/**
 * struct cstats_report_set - one set of a report
 * @set: the set, with a reference held
 * @want: the rotation that its reader needs
 * @err: 0, -ETIMEDOUT if @snap is an older one, -ENODEV if it is destroyed
 * @errors: errors noticed on the set
 * @snap: its snapshot
 * @cpu: each CPU's part of it, by CPU number and field, or NULL
 */
struct cstats_report_set {
	struct cstats_set *set;
	unsigned long want;
	int err;
	unsigned int errors;
	struct cstats_snapshot snap;
	u64 *cpu;
};

/* What debugfs prints, report.c */
struct cstats_report {
	unsigned int nr_sets;
	struct cstats_report_set sets[];
};

struct cstats_report *cstats_report_take(struct cstats_set *only, bool percpu);
void cstats_report_free(struct cstats_report *report);

/* debugfs.c */
void cstats_debugfs_init(void);
void cstats_debugfs_exit(void);
void cstats_debugfs_add(struct cstats_set *set);
void cstats_debugfs_remove(struct cstats_set *set);

/* Byte offset in struct cstats_cpu of a set's slot @index, the generation. */
static inline unsigned long cstats_gen(const struct cstats_set *set,
				       unsigned int index)
{
	return offsetof(struct cstats_cpu, slots) +
	       (size_t)index * set->nr_fields * sizeof(local64_t);
}

static inline local64_t *cstats_slot(const struct cstats_set *set, int cpu,
				     unsigned int index)
{
	return (void *)per_cpu_ptr(set->cpu, cpu) + cstats_gen(set, index);
}

#endif /* _CSTATS_INTERNAL_H */
