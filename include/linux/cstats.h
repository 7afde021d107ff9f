/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cstats - per-CPU counters whose totals are consistent
 *
 * Counters that belong together (allocated, freed, in use) form a set. A
 * writer updates several of them in one short section on the local CPU, at
 * about the price of the bare per-CPU adds. A reader gets a snapshot in which
 * every section is wholly in or wholly out, on all CPUs at once, without
 * stopping anybody:
 *
 *	static const struct cstats_field fields[] = {
 *		[IN]  = { "in_bytes",  CSTATS_COUNTER, "bytes", "received" },
 *		[NOW] = { "now_bytes", CSTATS_GAUGE,   "bytes", "held now" },
 *	};
 *	static DEFINE_CSTATS(my_stats);
 *
 *	err = cstats_init(&my_stats, "my_driver", fields, ARRAY_SIZE(fields));
 *
 *	struct cstats_section s = cstats_acquire(&my_stats);
 *
 *	cstats_add(&s, IN, len);
 *	cstats_add(&s, NOW, len);
 *	cstats_release(&s);
 *
 * The snapshots are causal: when a section is opened after another one's
 * effect was observed (on the same CPU, or through release and acquire), no
 * snapshot holds the later one without the earlier one. "Freed" never exceeds
 * "allocated", whichever CPUs did them, as long as each section is opened
 * after the event that it counts. A section that is already open and waits
 * inside for another CPU's section gives that up.
 *
 * A section that ended before cstats_read() was called is in its snapshot; one
 * that starts after it returned is not. How it works: src/rotate.c.
 */
#ifndef _LINUX_CSTATS_H
#define _LINUX_CSTATS_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/instrumented.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/local64.h>

/* The release, and the number of the layout that clients are built against. */
#define CSTATS_VERSION		"2.1.1"
#define CSTATS_INTERFACE	2

/* Longest name of a set or a field, with the terminating NUL. */
#define CSTATS_NAME_LEN		64

/* Longest name of an instance, likewise. */
#define CSTATS_INSTANCE_LEN	128

/**
 * enum cstats_kind - the meaning of a field's value
 * @CSTATS_COUNTER: a running total of events or amounts
 * @CSTATS_GAUGE: a level that goes up and down
 * @CSTATS_HISTOGRAM: amounts that are counted by size: their count, their sum
 *		      and a number of buckets, see cstats_observe()
 */
enum cstats_kind { CSTATS_COUNTER, CSTATS_GAUGE, CSTATS_HISTOGRAM };

/**
 * struct cstats_field - describes one field of a set; copied by cstats_init()
 * @name: ``[a-z][a-z0-9_]*``, unique within the set
 * @kind: counter, gauge or histogram
 * @unit: one word ("bytes", "pages") of at most 31 characters in ASCII, or NULL
 * @description: one line for people, at most 255 characters in ASCII, or NULL
 * @bounds: a histogram's buckets: the largest value in each, rising; or NULL
 * @nr_bounds: how many those are; there is one bucket more, for larger values
 * @first: without @bounds, the first of them, a power of two
 * @last: and the last; each is twice the one before
 */
struct cstats_field {
	const char *name;
	enum cstats_kind kind;
	const char *unit;
	const char *description;
	const u64 *bounds;
	unsigned int nr_bounds;
	u64 first;
	u64 last;
};

struct cstats_member;
struct cstats_shared;
struct device;

/* One CPU's part of a set: the sequence counter, then slot 0, then slot 1. */
struct cstats_cpu {
	unsigned int seq;	/* odd while a section is open on this CPU */
	unsigned int open;	/* the odd ->seq that the reader waits for, or 0 */
	local64_t slots[];
};

/* Where a histogram's values are; the count has the field's own index. */
struct cstats_histogram {
	u16 sum;		/* index of the sum; the buckets follow */
	u16 nr_bounds;		/* 0: the field is no histogram */
	u8 shift;		/* of the first bound, if they are powers of two */
	const u64 *bounds;	/* or NULL */
};

/* The part of a set that writers use; in the memory of cstats.ko. */
struct cstats_shared {
	struct cstats_cpu __percpu *cpu;
	unsigned long gen;	/* offset of the open slot in ->slots, in bytes */
	unsigned int nr_values;	/* of a slot: fields, then sums and buckets */
	unsigned int nr_fields;
	bool rcu;		/* sections have no sequence counter */
	const struct cstats_histogram *histograms;	/* by field, or NULL */
};

/**
 * struct cstats - one set of counters; embed it or make it static
 *
 * All members are private. Only cstats_init() and cstats_destroy() write to
 * it. A set that is zeroed, failed to initialize or is destroyed swallows all
 * adds of its writers: nothing is counted and nothing is harmed.
 */
struct cstats {
	/* private: */
	struct cstats_shared *shared;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	struct lockdep_map dep_map;
#endif
};

/**
 * struct cstats_rcu - the same, of the RCU flavour
 * @cs: for all functions but those of writers
 *
 * A section costs no more than its adds, and a read takes a grace period.
 */
struct cstats_rcu {
	struct cstats cs;
};

/**
 * struct cstats_instance - one of a family's, such as a device
 *
 * All members are private. Zeroed or removed, it has no values of its own: what
 * is added to it counts for the family only.
 */
struct cstats_instance {
	/* private: */
	local64_t __percpu *slots;
	struct cstats_member *member;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	struct cstats_shared *family;
#endif
};

/**
 * DEFINE_CSTATS - define a set that writers may use before cstats_init()
 * @name: name of the variable, as in ``static DEFINE_CSTATS(my_stats);``
 */
#define DEFINE_CSTATS(name)	struct cstats name = { .shared = NULL }

/**
 * DEFINE_CSTATS_RCU - the same for the RCU flavour
 * @name: name of the variable
 */
#define DEFINE_CSTATS_RCU(name)	struct cstats_rcu name = { .cs = { .shared = NULL } }

/**
 * CSTATS_FIELDS - declare an enum of fields and their table together
 * @prefix: the table is ``prefix_fields``
 * @list: a macro that takes another one, and applies it to each field
 *
 * For example::
 *
 *	#define MY_LIST(field)						\
 *		field(IN,  "in_bytes",  CSTATS_COUNTER, "bytes", "received")	\
 *		field(NOW, "now_bytes", CSTATS_GAUGE,   "bytes", "held now")
 *	CSTATS_FIELDS(my, MY_LIST);
 *
 * More members of struct cstats_field may follow the description.
 */
#define CSTATS_FIELDS(prefix, list...)					\
enum { list(__CSTATS_INDEX) };						\
static const struct cstats_field prefix##_fields[] = { list(__CSTATS_FIELD) }
#define __CSTATS_INDEX(index, ...)	index,
#define __CSTATS_FIELD(index, ...)					\
	[index] = { __VA_ARGS__ },

/* The slot that an open section adds to, the same in both flavours. */
struct cstats_open {
	struct cstats_shared *shared;
	local64_t *slot;
	unsigned long gen;
	unsigned int limit;	/* of constant indices, known to the compiler */
	bool open;		/* as well, mostly, and then no code */
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	struct cstats *cs;
#endif
};

/**
 * struct cstats_section - an open section
 *
 * It lives on the stack between cstats_acquire() and cstats_release().
 */
struct cstats_section {
	/* private: */
	struct cstats_open to;
	struct cstats_cpu *cpu;
	unsigned int seq;
};

/**
 * struct cstats_rcu_section - an open section of the RCU flavour
 *
 * It lives on the stack between cstats_rcu_acquire() and cstats_release().
 */
struct cstats_rcu_section {
	/* private: */
	struct cstats_open to;
};

/**
 * struct cstats_within - an instance of the section's family
 *
 * Returned by cstats_in(), for as long as the section is open.
 */
struct cstats_within {
	/* private: */
	struct cstats_open to;
};

/**
 * struct cstats_snapshot - the values of a set at one moment
 * @values: the caller's array: the fields by index, a histogram's count among
 *	    them; then for each histogram in turn its sum and its buckets, see
 *	    cstats_sum_index()
 * @nr_values: number of elements in @values, set by the caller; at least
 *	       cstats_nr_values()
 * @nr_cpus: number of CPUs that were online
 * @number: rises by one with each rotation of the set, and by more with a
 *	    reset; 0 is the empty set
 * @time_ns: CLOCK_MONOTONIC just before the snapshot was cut, in nanoseconds
 * @rotation_ns: how long the rotation took from there, in nanoseconds
 * @since_ns: CLOCK_MONOTONIC of the init or reset from which counters count
 * @age_ns: how old the snapshot was when it was handed out, in nanoseconds
 */
struct cstats_snapshot {
	s64 *values;
	unsigned int nr_values;
	unsigned int nr_cpus;
	u64 number;
	u64 time_ns;
	u64 rotation_ns;
	u64 since_ns;
	u64 age_ns;
};

/* The arguments of __cstats_init(). */
struct cstats_spec {
	unsigned int interface;		/* CSTATS_INTERFACE, always first */
	bool rcu;
	const char *name;
	const char *label;		/* of a family, else NULL */
	const struct cstats_field *fields;
	unsigned int nr_fields;
	struct module *owner;
	struct device *dev;		/* which undoes it when it goes, or NULL */
	struct lock_class_key *key;
};

int __must_check __cstats_init(struct cstats *cs, const struct cstats_spec *spec);

/* A set of either flavour. Anything else does not compile. */
static inline struct cstats *__cstats_of_rcu(struct cstats_rcu *rcu)
{
	return rcu ? &rcu->cs : NULL;
}

static inline struct cstats *__cstats_of_itself(struct cstats *cs)
{
	return cs;
}

#define __cstats_of(set)						\
	__builtin_choose_expr(						\
		__builtin_types_compatible_p(typeof(set), struct cstats_rcu *), \
		__cstats_of_rcu, __cstats_of_itself)(set)

/* The compiler does not see that the value of a statement expression is ignored. */
static __always_inline int __must_check __cstats_result(int err)
{
	return err;
}

#define __cstats_init_spec(set, name_, label_, fields_, nr, owner_, dev_)	\
__cstats_result(({							\
	static struct lock_class_key __cstats_key;			\
	/* __initconst, perhaps: no part of a constant that is copied. */	\
	const struct cstats_field *__cstats_fields = (fields_);		\
									\
	__cstats_init(__cstats_of(set), &(const struct cstats_spec){	\
		.interface = CSTATS_INTERFACE,				\
		.rcu = __builtin_types_compatible_p(typeof(set), struct cstats_rcu *), \
		.name = (name_),					\
		.label = (label_),					\
		.fields = __cstats_fields,				\
		.nr_fields = (nr),					\
		.owner = (owner_),					\
		.dev = (dev_),						\
		.key = &__cstats_key,					\
	});								\
}))

/**
 * cstats_init_owner - cstats_init() on behalf of another module
 * @cs: the set, of either flavour, in any state but initialized
 * @name: ``[a-z][a-z0-9_]*``, at most 63 characters, unique; copied
 * @fields: array of @nr_fields descriptions; copied, so it may be __initconst
 * @nr_fields: at least 1; there is room for 2047 values, of which a counter or
 *	       gauge is one, and a histogram as many as its bounds and three
 * @owner: the module whose memory @cs is in, for wrappers around cstats
 *
 * Context: Process context, may sleep; not in memory reclaim, as it allocates.
 * It may be called in a CPU hotplug callback and under cpus_read_lock().
 * Return: 0, or an error with one line in the log that names the mistake:
 * -EINVAL (NULL, no fields, an ill-formed name, kind, unit, description or
 * bound), -ENAMETOOLONG, -EEXIST (the name of the set is in use, or two fields
 * have the same), -EBUSY (@cs is initialized: it is another caller's, who loses
 * it if it is destroyed now), -E2BIG (more values than fit in a per-CPU
 * allocation), -ENOEXEC (the caller was built against another <linux/cstats.h>),
 * -ENOMEM. Nothing has changed then, except that a @cs which is not initialized
 * swallows the adds of its writers. After -ENOEXEC it does if it was zeroed.
 */
#define cstats_init_owner(cs, name, fields, nr_fields, owner)		\
	__cstats_init_spec(cs, name, NULL, fields, nr_fields, owner, NULL)

/**
 * cstats_init - make a set known and ready for writers and readers
 * @cs: see cstats_init_owner()
 * @name: see cstats_init_owner()
 * @fields: see cstats_init_owner()
 * @nr_fields: see cstats_init_owner()
 *
 * The owner of the set is the module that calls.
 *
 * Context: As cstats_init_owner().
 * Return: As cstats_init_owner().
 */
#define cstats_init(cs, name, fields, nr_fields)			\
	cstats_init_owner(cs, name, fields, nr_fields, THIS_MODULE)

/* Without its device a set would never be destroyed. */
static inline struct device *__cstats_device(struct device *dev)
{
	return dev ?: ERR_PTR(-EINVAL);
}

/* A family without a label is ill-formed, and not a set without instances. */
static inline const char *__cstats_label(const char *label)
{
	return label ?: "";
}

/**
 * cstats_init_family_owner - make a set with instances
 * @cs: see cstats_init_owner()
 * @name: see cstats_init_owner()
 * @label: what an instance is, "device" for example: ``[a-z][a-z0-9_]*``, at most
 *	   63 characters, and not "le", which is Prometheus' for a bucket's bound
 * @fields: see cstats_init_owner(); each instance has all of them
 * @nr_fields: see cstats_init_owner()
 * @owner: see cstats_init_owner(); the memory of the instances goes with it, too
 *
 * All instances are cut at one instant, and a section may add to several of
 * them. The family's own values are the sums over its instances, removed ones
 * included.
 *
 * Context: As cstats_init_owner().
 * Return: As cstats_init_owner().
 */
#define cstats_init_family_owner(cs, name, label, fields, nr_fields, owner)	\
	__cstats_init_spec(cs, name, __cstats_label(label), fields, nr_fields,	\
			   owner, NULL)

/**
 * cstats_init_family - make a set with instances
 * @cs: see cstats_init_owner()
 * @name: see cstats_init_owner()
 * @label: see cstats_init_family_owner()
 * @fields: see cstats_init_owner()
 * @nr_fields: see cstats_init_owner()
 *
 * The owner of the set is the module that calls.
 *
 * Context: As cstats_init_owner().
 * Return: As cstats_init_owner().
 */
#define cstats_init_family(cs, name, label, fields, nr_fields)		\
	cstats_init_family_owner(cs, name, label, fields, nr_fields, THIS_MODULE)

/**
 * devm_cstats_init_owner - cstats_init_owner() that a device undoes when it goes
 * @dev: the device, not NULL; its driver's detaching destroys the set
 * @cs: see cstats_init_owner()
 * @name: see cstats_init_owner()
 * @fields: see cstats_init_owner()
 * @nr_fields: see cstats_init_owner()
 * @owner: see cstats_init_owner()
 *
 * Context: As cstats_init_owner().
 * Return: As cstats_init_owner(); -EINVAL also if @dev is NULL.
 */
#define devm_cstats_init_owner(dev, cs, name, fields, nr_fields, owner)	\
	__cstats_init_spec(cs, name, NULL, fields, nr_fields, owner,	\
			   __cstats_device(dev))

/**
 * devm_cstats_init - cstats_init() that a device undoes when it goes
 * @dev: see devm_cstats_init_owner()
 * @cs: see cstats_init_owner()
 * @name: see cstats_init_owner()
 * @fields: see cstats_init_owner()
 * @nr_fields: see cstats_init_owner()
 *
 * The owner of the set is the module that calls.
 *
 * Context: As cstats_init_owner().
 * Return: As devm_cstats_init_owner().
 */
#define devm_cstats_init(dev, cs, name, fields, nr_fields)		\
	devm_cstats_init_owner(dev, cs, name, fields, nr_fields, THIS_MODULE)

void cstats_destroy(struct cstats *cs);
int __must_check cstats_instance_add(struct cstats *cs, struct cstats_instance *inst,
				     const char *name);
int cstats_instance_rename(struct cstats_instance *inst, const char *name);
void cstats_instance_remove(struct cstats_instance *inst);
int cstats_instance_read(struct cstats_instance *inst, struct cstats_snapshot *snap);
int cstats_read(struct cstats *cs, struct cstats_snapshot *snap);
int cstats_read_timeout(struct cstats *cs, struct cstats_snapshot *snap,
			unsigned int timeout_ms);
int cstats_read_field(struct cstats *cs, unsigned int field, s64 *value);
int cstats_read_last(struct cstats *cs, struct cstats_snapshot *snap);
int cstats_keep_fresh(struct cstats *cs, unsigned int max_age_ms);
void cstats_read_unsafe(struct cstats *cs, s64 *values);
int cstats_clear_unsafe(struct cstats *cs);
int cstats_reset(struct cstats *cs);
int cstats_nr_values(struct cstats *cs);
int cstats_sum_index(struct cstats *cs, unsigned int field);
struct cstats_snapshot *cstats_snapshot_alloc(struct cstats *cs);
void cstats_snapshot_free(struct cstats_snapshot *snap);
struct cstats_shared *cstats_no_set(struct cstats *cs);
void cstats_bad_sequence(struct cstats_shared *shared);
void cstats_bad_index(struct cstats_shared *shared, unsigned int field);
unsigned int cstats_find_bucket(const struct cstats_histogram *h, u64 value);

/* What fits a per-CPU allocation where pages have 4 KiB: the same everywhere. */
#define CSTATS_MAX_VALUES	2047U

/*
 * The slot that @gen opens in a CPU's part, its address in one register. Compilers
 * would have two in the address of each add, which Intel's Skylake splits into more
 * steps, with fewer ports for them: a section of six took a tenth longer.
 */
static __always_inline local64_t *__cstats_slot(void *cpu, unsigned long gen)
{
	struct cstats_cpu *at = cpu + gen;

	OPTIMIZER_HIDE_VAR(at);
	return at->slots;
}

/* Open the set's slot, once preemption is off. */
static __always_inline struct cstats_shared *
__cstats_open(struct cstats *cs, struct cstats_open *to, bool rcu)
{
	/* acquire:N, address dependency, with init:N in cstats_do_init() */
	struct cstats_shared *shared = READ_ONCE(cs->shared);

#ifdef CONFIG_DEBUG_LOCK_ALLOC
	to->cs = shared ? cs : NULL;
	/* As a trylock: writers never wait, and may be NMIs. */
	if (shared)
		lock_acquire_shared_recursive(&cs->dep_map, 0, 1, NULL, _THIS_IP_);
	RCU_LOCKDEP_WARN(!rcu_is_watching(), "cstats section where RCU is not watching");
	WARN_ONCE(shared && rcu && !shared->rcu,
		  "cstats: section of the RCU flavour in a set of the other\n");
#endif
	if (unlikely(!shared))
		shared = cstats_no_set(cs);
	to->shared = shared;
	to->limit = CSTATS_MAX_VALUES;
	to->open = true;
	__acquire(RCU_SCHED);	/* for sparse: all paths have to release it */
	return shared;
}

static __always_inline void __cstats_close(struct cstats_open *to)
{
	to->open = false;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	if (to->cs)
		lock_map_release(&to->cs->dep_map);
#endif
	preempt_enable();
}

/**
 * cstats_acquire - open a section on this CPU
 * @cs: a set; unless it is initialized, the section's adds are lost
 *
 * Preemption is off until cstats_release(); do not sleep, and do not call
 * cstats_read(), in between. Sections nest, those of one set in each other
 * and those of different sets, and are released in reverse order.
 *
 * There is no barrier between the store to ->seq and the load of ->gen: the
 * reader supplies it on both sides (start:A and ipi:B, src/barrier.c). No outermost
 * section can be open here when seq is even. Sections that interrupt this one
 * between the load and the store leave seq even again, so plain accesses are
 * enough.
 *
 * Context: Any where RCU is watching, as for tracepoints. This includes NMIs, if
 * adds of 64 bits are safe against them: on all machines of 64 bits, and those of
 * 32 bits that have such atomics (CSTATS_NMI_SAFE). Never blocks, never fails.
 * Return: the section, for cstats_add() and cstats_release().
 */
static __always_inline __must_check struct cstats_section
cstats_acquire(struct cstats *cs)
{
	struct cstats_shared *shared;
	struct cstats_section s;

	preempt_disable();
	shared = __cstats_open(cs, &s.to, false);
	s.cpu = raw_cpu_ptr(shared->cpu);
	s.seq = READ_ONCE(s.cpu->seq);
	WRITE_ONCE(s.cpu->seq, s.seq | 1);
	barrier();	/* the load below never moves up; see above for the CPU */
	s.to.gen = READ_ONCE(shared->gen);	/* acquire:E, with begin:E */
	s.to.slot = __cstats_slot(s.cpu, s.to.gen);
	return s;
}

/**
 * cstats_rcu_acquire - open a section on this CPU, RCU flavour
 * @rcu: a set; unless it is initialized, the section's adds are lost
 *
 * As cstats_acquire(). Readers wait for a grace period, after which no section
 * that loaded ->gen before is open: a section is a region with preemption off.
 * It needs no sequence counter, and no barrier.
 *
 * Context: As cstats_acquire().
 * Return: the section, for cstats_add() and cstats_release().
 */
static __always_inline __must_check struct cstats_rcu_section
cstats_rcu_acquire(struct cstats_rcu *rcu)
{
	struct cstats_shared *shared;
	struct cstats_rcu_section s;

	preempt_disable();
	shared = __cstats_open(&rcu->cs, &s.to, true);
	s.to.gen = READ_ONCE(shared->gen);	/* acquire:E, with begin:E */
	s.to.slot = __cstats_slot(raw_cpu_ptr(shared->cpu), s.to.gen);
	return s;
}

#define __cstats_acquire(cs)						\
	__builtin_choose_expr(						\
		__builtin_types_compatible_p(typeof(cs), struct cstats_rcu *), \
		cstats_rcu_acquire, cstats_acquire)(cs)

/**
 * cstats_acquire_fields - open a section whose table of fields is known
 * @cs: a set of either flavour
 * @table: the array that was given to cstats_init()
 *
 * As cstats_acquire() and cstats_rcu_acquire(). Besides, constant indices that
 * @table does not have are refused at compile time.
 *
 * Context: As cstats_acquire().
 * Return: the section, for cstats_add() and cstats_release().
 */
#define cstats_acquire_fields(cs, table)				\
({									\
	__auto_type __s = __cstats_acquire(cs);				\
									\
	__s.to.limit = ARRAY_SIZE(table);				\
	__s;								\
})

#ifdef CONFIG_DEBUG_LOCK_ALLOC
#define CSTATS_CHECK_CONSTANTS	true
#else
#define CSTATS_CHECK_CONSTANTS	false
#endif

/* Is @field one of the set's? Constant indices are taken on trust at run time. */
static __always_inline bool __cstats_has(struct cstats_open *to, unsigned int field)
{
	BUILD_BUG_ON_MSG(__builtin_constant_p(field >= to->limit) && field >= to->limit,
			 "cstats: the table of fields has no such index");
	if ((CSTATS_CHECK_CONSTANTS || !__builtin_constant_p(field)) &&
	    unlikely(field >= to->shared->nr_fields)) {
		cstats_bad_index(to->shared, field);
		return false;
	}
	return true;
}

/* Newer kernels call the option CONFIG_X86_CX8, and it is always set. */
#if defined(CONFIG_X86_32) && (defined(CONFIG_X86_CMPXCHG64) || defined(CONFIG_X86_CX8))
#define CSTATS_CMPXCHG8B
#endif

/*
 * Are adds of 64 bits safe against NMIs? Machines of 32 bits may take a lock for
 * them or turn interrupts off. A test is built as if this one did.
 */
#if !defined(CONFIG_GENERIC_ATOMIC64) && !defined(CSTATS_TEST_NO_NMI) && \
	(!defined(CONFIG_X86_32) || defined(CSTATS_CMPXCHG8B))
#define CSTATS_NMI_SAFE
#endif

#ifdef CSTATS_CMPXCHG8B
/*
 * local64_add() has a LOCK prefix, which only other CPUs would need. What an
 * interrupt adds between the load and the CMPXCHG8B makes it try again.
 */
static __always_inline void __cstats_add_local(u64 *value, s64 delta)
{
	u64 old = READ_ONCE(*value);
	bool stored;

	do {
		u32 low = delta, high = delta >> 32;

		/* The assembly adds, as compilers move such a sum around. */
		asm volatile("addl %%eax, %[low]\n"
			     "\tadcl %%edx, %[high]\n"
			     "\tcmpxchg8b %[value]"
			     : [value] "+m" (*value), "+A" (old), [low] "+b" (low),
			       [high] "+c" (high), "=@ccz" (stored));
	} while (unlikely(!stored));
}
#endif

/*
 * No section that interrupts this one may lose the add. No other CPU adds to the
 * same slot.
 */
static __always_inline void __cstats_add_value(local64_t *value, s64 delta)
{
#ifndef CSTATS_NMI_SAFE
	if (IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC) &&
	    WARN_ONCE(in_nmi(), "cstats: NMIs cannot count on this machine, the add is lost\n"))
		return;
#endif
	/* The assembly of the adds is invisible to KASAN and KCSAN. */
	instrument_atomic_read_write(value, sizeof(*value));
#if defined(CONFIG_X86_64)
	/* As local64_add(), which does not compile with constants of 64 bits. */
	asm volatile("addq %1, %0" : "+m" (*value) : "er" (delta));
#elif defined(CSTATS_CMPXCHG8B)
	__cstats_add_local((u64 *)value, delta);
#elif defined(CONFIG_ARM64)
	/* LDADD, as this_cpu_add(): STADD may add far away, in a shared cache. */
	(void)atomic64_fetch_add_relaxed(delta, (atomic64_t *)value);
#elif defined(CONFIG_PPC64)
	/* local64_add() masks interrupts, with a call, and NMIs come even then. */
	atomic64_add(delta, (atomic64_t *)value);
#else
	local64_add(delta, value);
#endif
}

static __always_inline bool __cstats_is_histogram(const struct cstats_open *to,
						  unsigned int field)
{
	return to->shared->histograms && to->shared->histograms[field].nr_bounds;
}

static __always_inline void __cstats_add(struct cstats_open *to,
					 unsigned int field, s64 delta)
{
	if (!__cstats_has(to, field))
		return;
	/* A count that no bucket has: taken on trust as well, elsewhere. */
	if (CSTATS_CHECK_CONSTANTS && unlikely(__cstats_is_histogram(to, field)))
		cstats_bad_index(to->shared, field);
	else
		__cstats_add_value(&to->slot[field], delta);
}

static __always_inline unsigned int
__cstats_bucket(const struct cstats_histogram *h, u64 value)
{
	unsigned int order, shift = h->shift, nr_bounds = h->nr_bounds;

	if (h->bounds)
		return cstats_find_bucket(h, value);
	order = fls64(value - !!value);	/* of the power of two above */
	order = order > shift ? order - shift : 0;
	return order < nr_bounds ? order : nr_bounds;
}

static __always_inline void __cstats_observe(struct cstats_open *to,
					     unsigned int field, u64 value)
{
	const struct cstats_histogram *h;
	unsigned int bucket;

	if (!__cstats_has(to, field))
		return;
	if (unlikely(!__cstats_is_histogram(to, field))) {
		cstats_bad_index(to->shared, field);
		return;
	}
	h = &to->shared->histograms[field];
	bucket = __cstats_bucket(h, value);
	__cstats_add_value(&to->slot[field], 1);
	__cstats_add_value(&to->slot[h->sum], value);
	__cstats_add_value(&to->slot[h->sum + 1 + bucket], 1);
}

/* The open slot of an instance, or the family's own if it has none. */
static __always_inline struct cstats_within
__cstats_in(const struct cstats_open *to, const struct cstats_instance *inst)
{
	/* acquire:K, address dependency, with add:K in src/family.c. */
	local64_t __percpu *slots = READ_ONCE(inst->slots);
	struct cstats_within in = { .to = *to };

#ifdef CONFIG_DEBUG_LOCK_ALLOC
	smp_rmb();	/* with add:K, the family of these slots */
	if (WARN_ONCE(slots && to->cs && READ_ONCE(inst->family) != to->shared,
		      "cstats: instance of another family\n"))
		slots = NULL;
#endif
	if (likely(slots)) {
		in.to.slot = (void *)raw_cpu_ptr(slots) + to->gen;
		OPTIMIZER_HIDE_VAR(in.to.slot);
	} else { /* to->slot once more, which is then computed here only */
		in.to.slot = __cstats_slot(raw_cpu_ptr(to->shared->cpu), to->gen);
	}
	return in;
}

/**
 * cstats_add - add to a field within a section
 * @s: the open section, of either flavour
 * @field: index of the field, a counter or gauge, in the array given to
 *	   cstats_init()
 * @delta: the amount to add, negative to subtract; wraps around
 *
 * One interrupt-safe read-modify-write of this CPU's memory (a plain ADD on
 * x86-64): a section that interrupts this one adds to the same slot. An index that
 * is not constant is checked; see also cstats_acquire_fields().
 *
 * Context: As cstats_acquire().
 */
#define cstats_add(s, field, delta)	__cstats_add(&(s)->to, field, delta)

/**
 * cstats_observe - add an amount to a histogram within a section
 * @s: the open section, of either flavour
 * @field: index of the histogram in the array given to cstats_init()
 * @value: the amount, counted in the first bucket whose bound is not smaller
 *
 * Adds 1 to the histogram's count and to one bucket, and @value to its sum: in
 * every snapshot, the buckets add up to the count.
 *
 * Context: As cstats_acquire().
 */
#define cstats_observe(s, field, value)	__cstats_observe(&(s)->to, field, value)

/**
 * cstats_in - an instance, to be added to within a section of its family
 * @s: the open section, of either flavour
 * @inst: the instance; if it is zeroed or removed, adds are the family's only
 *
 * A section may add to several instances, and to the family itself. The
 * family's sums have all of it.
 *
 * Context: As cstats_acquire().
 * Return: for cstats_add() and cstats_observe(), in place of the section, until
 * that is released.
 */
#define cstats_in(s, inst)	__cstats_in(&(s)->to, inst)

/**
 * cstats_add_to - a single cstats_add() to an instance
 * @s: the open section, of either flavour
 * @inst: see cstats_in()
 * @field: see cstats_add()
 * @delta: see cstats_add()
 *
 * Context: As cstats_acquire().
 */
#define cstats_add_to(s, inst, field, delta)				\
do {									\
	struct cstats_within __in = cstats_in(s, inst);			\
									\
	cstats_add(&__in, field, delta);				\
} while (0)

static __always_inline void __cstats_release(struct cstats_section *s)
{
	unsigned int changed = READ_ONCE(s->cpu->seq) ^ s->seq;

	OPTIMIZER_HIDE_VAR(changed);	/* compilers would keep a copy of the counter */
	smp_wmb();	/* release:C */
	/* It was even before, and this section made it odd. */
	if (likely(s->to.open && changed == 1)) {
		WRITE_ONCE(s->cpu->seq, s->seq + 2);
	} else if (!s->to.open || changed || !(s->seq & 1)) {
		cstats_bad_sequence(s->to.shared);
		if (!s->to.open)
			return;
	}
	__cstats_close(&s->to);
}

static __always_inline void __cstats_rcu_release(struct cstats_rcu_section *s)
{
	if (unlikely(!s->to.open)) {
		cstats_bad_sequence(s->to.shared);
		return;
	}
	__cstats_close(&s->to);
}

/**
 * cstats_release - close a section
 * @s: the section, of either flavour
 *
 * Only the outermost section moves the counter. The write barrier (release:C
 * in src/rotate.c) orders the adds before the store that says they are done. It
 * is not a store-release because a reader may see the *next* section's store
 * instead, which the barrier orders too; on x86 both are free. Nested sections
 * need theirs: they may interrupt the outer one after its barrier. The RCU
 * flavour has neither counter nor barrier.
 *
 * A section that is released twice, or not in reverse order, is counted and
 * reported, and does no harm while the set is there.
 *
 * Context: As cstats_acquire().
 */
#define cstats_release(s)						\
({									\
	__release(RCU_SCHED);						\
	__builtin_choose_expr(						\
		__builtin_types_compatible_p(typeof(s), struct cstats_rcu_section *), \
		__cstats_rcu_release, __cstats_release)(s);		\
})

/**
 * cstats_count - a section with a single add
 * @cs: a set of either flavour
 * @field: see cstats_add()
 * @delta: see cstats_add(); evaluated before the section, and may sleep where the
 *	   caller may
 *
 * Context: As cstats_acquire().
 */
#define cstats_count(cs, field, delta)					\
do {									\
	s64 __delta = (delta);	/* what it takes comes before the section */ \
	__auto_type __s = __cstats_acquire(cs);				\
									\
	cstats_add(&__s, field, __delta);				\
	cstats_release(&__s);						\
} while (0)

/**
 * cstats_inc - add one to a field in a section of its own
 * @cs: a set of either flavour
 * @field: see cstats_add()
 *
 * Context: As cstats_acquire().
 */
#define cstats_inc(cs, field)	cstats_count(cs, field, 1)

/*
 * The same bound to a scope, where the kernel has cleanup.h:
 *
 *	CLASS(cstats_section, s)(&my_stats);
 *
 *	cstats_add(&s, IN, len);
 */
#ifdef DEFINE_CLASS
/* Sparse does not see the release at the end of a scope. */
#define __cstats_scoped(s)	({ __auto_type __s = (s); __release(RCU_SCHED); __s; })
DEFINE_CLASS(cstats_section, struct cstats_section, cstats_release(&_T),
	     __cstats_scoped(cstats_acquire(cs)), struct cstats *cs)
DEFINE_CLASS(cstats_rcu_section, struct cstats_rcu_section, cstats_release(&_T),
	     __cstats_scoped(cstats_rcu_acquire(rcu)), struct cstats_rcu *rcu)
#endif

#endif /* _LINUX_CSTATS_H */
