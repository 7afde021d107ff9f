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
 *	static struct cstats my_stats;
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
 * that starts after it returned is not. How it works: src/core.c.
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
 * enum cstats_kind - what a field's value means
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

/* One CPU's part of a set: the sequence counter, then slot 0, then slot 1. */
struct cstats_cpu {
	unsigned int seq;	/* odd while a section is open on this CPU */
	atomic_t errors;	/* releases that found a wrong sequence number */
	local64_t slots[];
};

/**
 * struct cstats - one set of counters; embed it or make it static
 *
 * All members are private. Writers read it and nobody but a rotation writes
 * it, so it is best placed beside other data that is mostly read.
 */
struct cstats {
	/* private: */
	struct cstats_cpu __percpu *cpu;
	unsigned long gen;	/* offset in *cpu of the generation's slot */
	struct cstats_set __rcu *set;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	unsigned int nr_fields;
	struct lockdep_map dep_map;
#endif
};

/*
 * How a section gets at this CPU's part. Where this_cpu_add() is a single
 * instruction, without computing its address: a section of six fields takes
 * 1.1 instead of 1.3 times its bare adds (make bench). Elsewhere this_cpu_add()
 * may toggle preemption or interrupts for each field, local64_add() does not.
 */
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#define __cstats_this_cpu(ptr)		(ptr)
#define __cstats_slot(cpu, gen)		((void __percpu *)(cpu) + (gen))
#define __cstats_ptr(ptr)		raw_cpu_ptr(ptr)
#define __cstats_load(var)		this_cpu_read(var)
#define __cstats_store(var, val)	this_cpu_write(var, val)
#define __cstats_add(field, delta)	this_cpu_add(*(field), delta)
#else
#define __cstats_this_cpu(ptr)		raw_cpu_ptr(ptr)
#define __cstats_slot(cpu, gen)		((void *)(cpu) + (gen))
#define __cstats_ptr(ptr)		(ptr)
#define __cstats_load(var)		READ_ONCE(var)
#define __cstats_store(var, val)	WRITE_ONCE(var, val)
#define __cstats_add(field, delta)	local64_add(delta, (local64_t *)(field))
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
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	struct cstats *cs;
#endif
};

/**
 * struct cstats_snapshot - the values of a set at one moment
 * @values: the caller's array for the values, one per field
 * @nr_fields: number of elements in @values, set by the caller; at least the
 *	       set's number of fields
 * @number: rises by one with each rotation of the set; 0 is the empty set
 * @time_ns: CLOCK_MONOTONIC just before the snapshot was cut, in nanoseconds
 * @rotation_ns: what the rotation took from there, in nanoseconds
 * @nr_cpus: CPUs that were online
 */
struct cstats_snapshot {
	s64 *values;
	unsigned int nr_fields;
	unsigned int nr_cpus;
	u64 number;
	u64 time_ns;
	u64 rotation_ns;
};

int __cstats_init(struct cstats *cs, const char *name,
		  const struct cstats_field *fields, unsigned int nr_fields,
		  struct module *owner, struct lock_class_key *key);

/**
 * cstats_init - make a set known and ready for writers and readers
 * @cs: the set, in any state but initialized
 * @name: ``[a-z][a-z0-9_]*``, at most 63 characters, unique; copied
 * @fields: array of @nr_fields descriptions; copied, so it may be __initconst
 * @nr_fields: from 1 to 2047
 *
 * Context: Process context, may sleep.
 * Return: 0, or an error with one line in the log that says what is wrong,
 * and nothing changed: -EINVAL (NULL, no fields, an ill-formed name, kind,
 * unit or description), -ENAMETOOLONG, -EEXIST (the name of the set is in
 * use, or two fields have the same), -EBUSY (@cs is initialized), -E2BIG
 * (more fields than fit in a per-CPU allocation), -ENOMEM.
 */
#define cstats_init(cs, name, fields, nr_fields)			\
({									\
	static struct lock_class_key __cstats_key;			\
									\
	__cstats_init(cs, name, fields, nr_fields, THIS_MODULE,		\
		      &__cstats_key);					\
})

void cstats_destroy(struct cstats *cs);
int cstats_read(struct cstats *cs, struct cstats_snapshot *snap);
int cstats_read_last(struct cstats *cs, struct cstats_snapshot *snap);
void cstats_read_unsafe(struct cstats *cs, s64 *values);
void cstats_clear_unsafe(struct cstats *cs);
int cstats_reset(struct cstats *cs);
void cstats_bad_sequence(struct cstats_cpu *cpu);

/**
 * cstats_acquire - open a section on this CPU
 * @cs: an initialized set
 *
 * Preemption is off until cstats_release(); do not sleep, and do not call
 * cstats_read(), in between. Sections nest, those of one set in each other
 * and those of different sets, and are released in reverse order.
 *
 * There is no barrier between the store to ->seq and the load of ->gen: the
 * reader supplies it on both sides (A and B in src/core.c). No outermost
 * section can be open here when seq is even, and whatever interrupts us
 * between the load and the store leaves seq even again, so that plain
 * accesses will do.
 *
 * Context: Any where RCU is watching, as for tracepoints; NMI included on 64-bit
 * machines. Never blocks, never fails.
 * Return: the section, for cstats_add() and cstats_release().
 */
static __always_inline struct cstats_section cstats_acquire(struct cstats *cs)
{
	struct cstats_section s;

	preempt_disable_notrace();
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	s.cs = cs;
	/* As a trylock: writers never wait, and may be NMIs. */
	lock_acquire_shared_recursive(&cs->dep_map, 0, 1, NULL, _THIS_IP_);
	RCU_LOCKDEP_WARN(!rcu_is_watching(), "cstats section where RCU is not watching");
#endif
	s.cpu = __cstats_this_cpu(cs->cpu);
	s.seq = __cstats_load(s.cpu->seq);
	__cstats_store(s.cpu->seq, s.seq | 1);
	barrier();	/* the load below never moves up; see above for the CPU */
	s.slot = __cstats_slot(s.cpu, READ_ONCE(cs->gen));
	return s;
}

/**
 * cstats_add - add to a field within a section
 * @s: the open section
 * @field: index of the field in the array given to cstats_init()
 * @delta: what to add, negative to subtract; wraps around
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
	if (WARN_ONCE(field >= s->cs->nr_fields, "cstats: no field %u\n", field))
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
 * Only the outermost section moves the counter. The write barrier (C in
 * src/core.c) orders the adds before the store that says they are done. It is
 * not a store-release because a reader may see the *next* section's store
 * instead, which the barrier orders too; on x86 both are free. Nested sections
 * need theirs: they may interrupt the outer one after its barrier.
 *
 * Context: As cstats_acquire().
 */
static __always_inline void cstats_release(struct cstats_section *s)
{
	smp_wmb();	/* C */
	if (unlikely(__cstats_load(s->cpu->seq) != (s->seq | 1)))
		cstats_bad_sequence(__cstats_ptr(s->cpu));
	else if (likely(!(s->seq & 1)))
		__cstats_store(s->cpu->seq, s->seq + 2);
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	lock_map_release(&s->cs->dep_map);
#endif
	preempt_enable_notrace();
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
