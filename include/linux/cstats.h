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

#include <linux/compiler.h>
#include <linux/instrumented.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/local64.h>

/* Longest name of a set or a field, with the terminating NUL. */
#define CSTATS_NAME_LEN	64

/**
 * enum cstats_kind - the meaning of a field's value
 * @CSTATS_COUNTER: a running total of events or amounts
 * @CSTATS_GAUGE: a level that goes up and down
 */
enum cstats_kind { CSTATS_COUNTER, CSTATS_GAUGE };

/**
 * struct cstats_field - describes one field of a set; copied by cstats_init()
 * @name: ``[a-z][a-z0-9_]*``, unique within the set
 * @kind: counter or gauge
 * @unit: one word ("bytes", "pages"), or NULL
 * @description: one line for people, or NULL
 */
struct cstats_field {
	const char *name;
	enum cstats_kind kind;
	const char *unit;
	const char *description;
};

struct cstats_shared;

/* One CPU's part of a set: the sequence counter, then slot 0, then slot 1. */
struct cstats_cpu {
	unsigned int seq;	/* odd while a section is open on this CPU */
	unsigned int open;	/* the odd ->seq that the reader waits for, or 0 */
	struct cstats_shared *shared;	/* for reports of misuse */
	local64_t slots[];
};

/* The part of a set that writers use; in the memory of cstats.ko. */
struct cstats_shared {
	struct cstats_cpu __percpu *cpu;
	unsigned long gen;	/* offset of the open slot in ->slots, in bytes */
	unsigned int nr_fields;
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
 * DEFINE_CSTATS - define a set that writers may use before cstats_init()
 * @name: name of the variable, as in ``static DEFINE_CSTATS(my_stats);``
 */
#define DEFINE_CSTATS(name)	struct cstats name = { .shared = NULL }

/*
 * How a section gets at this CPU's part. Where this_cpu_add() is a single
 * instruction, the address is never computed, which makes a section of six
 * fields cheaper by a fifth (make bench). Elsewhere this_cpu_add() may toggle
 * preemption or interrupts for each field; local64_add() does not.
 */
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#define __cstats_this_cpu(ptr)		(ptr)
#define __cstats_slot(cpu, gen)						\
	((void __percpu *)(cpu) + offsetof(struct cstats_cpu, slots) + (gen))
#define __cstats_ptr(ptr)		raw_cpu_ptr(ptr)
#define __cstats_load(var)		this_cpu_read(var)
#define __cstats_store(var, val)	this_cpu_write(var, val)
#define __cstats_add(field, delta)	this_cpu_add(*(field), delta)
#else
#define __cstats_this_cpu(ptr)		raw_cpu_ptr(ptr)
#define __cstats_slot(cpu, gen)						\
	((void *)(cpu) + offsetof(struct cstats_cpu, slots) + (gen))
#define __cstats_ptr(ptr)		(ptr)
#define __cstats_load(var)		READ_ONCE(var)
#define __cstats_store(var, val)	WRITE_ONCE(var, val)
#define __cstats_add(field, delta)					\
do {									\
	s64 __delta = (delta);						\
									\
	/* User-mode Linux: x86 has no additions of 64-bit constants. */ \
	if (IS_ENABLED(CONFIG_UML))					\
		OPTIMIZER_HIDE_VAR(__delta);				\
	local64_add(__delta, (local64_t *)(field));			\
} while (0)
#endif

/* An open section; lives on the stack between acquire and release. */
struct cstats_section {
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
	struct cstats_cpu __percpu *cpu;
	s64 __percpu *slot;
#else
	struct cstats_cpu *cpu;
	s64 *slot;
#endif
	unsigned int seq;
	bool open;	/* known to the compiler, mostly, and then no code */
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	struct cstats *cs;
	unsigned int nr_fields;
#endif
};

/**
 * struct cstats_snapshot - the values of a set at one moment
 * @values: the caller's array for the values, one per field
 * @nr_fields: number of elements in @values, set by the caller; at least the
 *	       set's number of fields
 * @nr_cpus: number of CPUs that were online
 * @number: rises by one with each rotation or reset of the set; 0 is the
 *	    empty set
 * @time_ns: CLOCK_MONOTONIC just before the snapshot was cut, in nanoseconds
 * @rotation_ns: how long the rotation took from there, in nanoseconds
 * @since_ns: CLOCK_MONOTONIC of the init or reset from which counters count
 * @age_ns: how old the snapshot was when it was handed out, in nanoseconds
 */
struct cstats_snapshot {
	s64 *values;
	unsigned int nr_fields;
	unsigned int nr_cpus;
	u64 number;
	u64 time_ns;
	u64 rotation_ns;
	u64 since_ns;
	u64 age_ns;
};

int __must_check __cstats_init(struct cstats *cs, const char *name,
			       const struct cstats_field *fields,
			       unsigned int nr_fields, struct module *owner,
			       struct lock_class_key *key);

/**
 * cstats_init_owner - cstats_init() on behalf of another module
 * @cs: the set, in any state but initialized
 * @name: ``[a-z][a-z0-9_]*``, at most 63 characters, unique; copied
 * @fields: array of @nr_fields descriptions; copied, so it may be __initconst
 * @nr_fields: from 1 to 2047
 * @owner: the module whose memory @cs is in, for wrappers around cstats
 *
 * Context: Process context, may sleep; not in memory reclaim, as it allocates.
 * It may be called in a CPU hotplug callback and under cpus_read_lock().
 * Return: 0, or an error with one line in the log that names the mistake:
 * -EINVAL (NULL, no fields, an ill-formed name, kind, unit or description),
 * -ENAMETOOLONG, -EEXIST (the name of the set is in use, or two fields have
 * the same), -EBUSY (@cs is initialized), -E2BIG (more fields than fit in a
 * per-CPU allocation), -ENOMEM. Nothing has changed then, except that a @cs
 * which is not initialized swallows the adds of its writers.
 */
#define cstats_init_owner(cs, name, fields, nr_fields, owner)		\
({									\
	static struct lock_class_key __cstats_key;			\
									\
	__cstats_init(cs, name, fields, nr_fields, owner, &__cstats_key);\
})

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

struct device;
int __must_check __devm_cstats_init(struct device *dev, struct cstats *cs,
				    const char *name,
				    const struct cstats_field *fields,
				    unsigned int nr_fields, struct module *owner,
				    struct lock_class_key *key);

/**
 * devm_cstats_init - cstats_init() that a device undoes when it goes
 * @dev: the device; its driver's detaching destroys the set
 * @cs: see cstats_init_owner()
 * @name: see cstats_init_owner()
 * @fields: see cstats_init_owner()
 * @nr_fields: see cstats_init_owner()
 *
 * Context: As cstats_init_owner().
 * Return: As cstats_init_owner().
 */
#define devm_cstats_init(dev, cs, name, fields, nr_fields)		\
({									\
	static struct lock_class_key __cstats_key;			\
									\
	__devm_cstats_init(dev, cs, name, fields, nr_fields, THIS_MODULE,\
			   &__cstats_key);				\
})

void cstats_destroy(struct cstats *cs);
int cstats_read(struct cstats *cs, struct cstats_snapshot *snap);
int cstats_read_last(struct cstats *cs, struct cstats_snapshot *snap);
int cstats_keep_fresh(struct cstats *cs, unsigned int max_age_ms);
void cstats_read_unsafe(struct cstats *cs, s64 *values);
void cstats_clear_unsafe(struct cstats *cs);
int cstats_reset(struct cstats *cs);
struct cstats_shared *cstats_no_set(struct cstats *cs);
void cstats_bad_sequence(struct cstats_cpu *cpu);

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
 * Context: Any where RCU is watching, as for tracepoints. This includes NMIs if
 * local64_add() is safe against them: on 64-bit machines except powerpc. Never
 * blocks, never fails.
 * Return: the section, for cstats_add() and cstats_release().
 */
static __always_inline __must_check struct cstats_section
cstats_acquire(struct cstats *cs)
{
	struct cstats_shared *shared;
	struct cstats_section s;

	preempt_disable();
	/* Address dependency, with the release in __cstats_init(). */
	shared = READ_ONCE(cs->shared);
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	s.cs = shared ? cs : NULL;
	/* As a trylock: writers never wait, and may be NMIs. */
	if (s.cs)
		lock_acquire_shared_recursive(&cs->dep_map, 0, 1, NULL, _THIS_IP_);
	RCU_LOCKDEP_WARN(!rcu_is_watching(), "cstats section where RCU is not watching");
#endif
	if (unlikely(!shared))
		shared = cstats_no_set(cs);
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	s.nr_fields = shared->nr_fields;
#endif
	s.open = true;
	s.cpu = __cstats_this_cpu(shared->cpu);
	s.seq = __cstats_load(s.cpu->seq);
	__cstats_store(s.cpu->seq, s.seq | 1);
	barrier();	/* the load below never moves up; see above for the CPU */
	s.slot = __cstats_slot(s.cpu, READ_ONCE(shared->gen));
	return s;
}

/**
 * cstats_add - add to a field within a section
 * @s: the open section
 * @field: index of the field in the array given to cstats_init()
 * @delta: the amount to add, negative to subtract; wraps around
 *
 * One interrupt-safe read-modify-write of this CPU's memory (a plain ADD on
 * x86): a section that interrupts this one adds to the same slot.
 *
 * Context: As cstats_acquire().
 */
static __always_inline void cstats_add(struct cstats_section *s,
				       unsigned int field, s64 delta)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	if (WARN_ONCE(field >= s->nr_fields, "cstats: no field %u\n", field))
		return;
#endif
	/* The assembly of the adds is invisible to KASAN and KCSAN. */
	instrument_atomic_read_write(__cstats_ptr(&s->slot[field]), sizeof(s64));
	__cstats_add(&s->slot[field], delta);
}

/**
 * cstats_release - close a section
 * @s: the section that cstats_acquire() returned
 *
 * Only the outermost section moves the counter. The write barrier (release:C
 * in src/rotate.c) orders the adds before the store that says they are done. It
 * is not a store-release because a reader may see the *next* section's store
 * instead, which the barrier orders too; on x86 both are free. Nested sections
 * need theirs: they may interrupt the outer one after its barrier.
 *
 * A section that is released twice, or not in reverse order, is counted and
 * reported, and does no harm.
 *
 * Context: As cstats_acquire().
 */
static __always_inline void cstats_release(struct cstats_section *s)
{
	smp_wmb();	/* release:C */
	if (unlikely(!s->open || __cstats_load(s->cpu->seq) != (s->seq | 1))) {
		cstats_bad_sequence(__cstats_ptr(s->cpu));
		if (!s->open)
			return;
	} else if (likely(!(s->seq & 1))) {
		__cstats_store(s->cpu->seq, s->seq + 2);
	}
	s->open = false;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	if (s->cs)
		lock_map_release(&s->cs->dep_map);
#endif
	preempt_enable();
}

/*
 * The same bound to a scope, where the kernel has cleanup.h:
 *
 *	CLASS(cstats_section, s)(&my_stats);
 *
 *	cstats_add(&s, IN, len);
 */
#ifdef DEFINE_CLASS
DEFINE_CLASS(cstats_section, struct cstats_section, cstats_release(&_T),
	     cstats_acquire(cs), struct cstats *cs)
#endif

#endif /* _LINUX_CSTATS_H */
