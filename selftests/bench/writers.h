/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a writer costs: the same candidates, native and in the kernel
 *
 * Each candidate is a section that adds to @nr fields on the local CPU, written
 * against the kernel's interfaces. cstats_bench.ko gets those from the kernel,
 * the native bench from the shim in native/include. The including file provides
 * the memory, "struct writers_mem w".
 *
 * First cstats as in <linux/cstats.h>, and what a user could pick instead. Then
 * variants of cstats itself that were considered: they show what its parts cost,
 * and why it is as it is.
 */
#ifndef _CSTATS_BENCH_WRITERS_H
#define _CSTATS_BENCH_WRITERS_H

#include <asm/barrier.h>
#include <asm/local64.h>
#include <linux/atomic.h>
#include <linux/cstats.h>
#include <linux/percpu.h>
#include <linux/percpu-rwsem.h>
#include <linux/percpu_counter.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/u64_stats_sync.h>

#define WRITER_FIELDS	16	/* the most fields per section */
#define PACKED_OFFSET	40	/* from a cache line, of the set that is across two */

/* One CPU's plain counters, with the means of the candidates that need some. */
struct writers_cpu {
	__aligned(64) s64 value[WRITER_FIELDS];
	local64_t local[WRITER_FIELDS];
	u64_stats_t stat[WRITER_FIELDS];
	struct u64_stats_sync syncp;
	spinlock_t lock;	/* of locked */
	s64 locked[WRITER_FIELDS];
	atomic_t go_seq;
};

/* A set as the variants have it: as cstats, but for what the variant changes. */
struct variant_cpu {
	unsigned int seq;
	unsigned int pad;
	local64_t slots[2 * WRITER_FIELDS];
};

struct variant {
	struct variant_cpu __percpu *cpu;
	unsigned long gen;		/* byte offset of the slot */
	unsigned int index;		/* or its number */
	unsigned int nr_fields;
};

struct writers_mem {
	struct cstats cs;
	struct cstats_rcu rcu;
	struct cstats family;
	struct cstats_rcu rcu_family;
	struct cstats_instance instance;	/* of the families */
	struct cstats_instance rcu_instance;
	struct variant v;		/* aligned to a cache line */
	struct variant packed;		/* aligned to 8 bytes, across two lines */
	struct writers_cpu __percpu *cpu;
	struct percpu_counter counter[WRITER_FIELDS];
	struct percpu_rw_semaphore rwsem;
	struct srcu_struct srcu;
#ifdef HAVE_SRCU_FAST
	struct srcu_struct srcu_fast;
#endif
	__aligned(64) spinlock_t lock;	/* of locked */
	s64 locked[WRITER_FIELDS];
	__aligned(64) atomic64_t atomic[WRITER_FIELDS];
	__aligned(64) unsigned long go_gen;
	atomic64_t go[3][WRITER_FIELDS];
};

extern struct writers_mem w;

/* Functions that run a number of sections, one for each number of fields. */
#define WRITER_SIZES	6
#define SIX		3	/* index of six fields */

typedef void (*writer_fn)(unsigned long loops, s64 d);

struct writer {
	const char *name;
	writer_fn run[WRITER_SIZES];
};

extern const struct writer writers[];
extern const unsigned int nr_writers;
extern const unsigned int writer_fields[WRITER_SIZES];
enum { WRITER_FLOOR, WRITER_CSTATS };	/* indices of the first two */

#ifdef __KERNEL__
DECLARE_PER_CPU(struct variant_cpu, variant_static);
#define static_cpu_read(pcp)		this_cpu_read(pcp)
#define static_cpu_write(pcp, v)	this_cpu_write(pcp, v)
#define variant_static_add(off, i, d)	\
	this_cpu_add(((s64 __percpu *)((void __percpu *)&variant_static + (off)))[i], d)
#else
static_assert(sizeof(struct variant_cpu) <= SHIM_STATIC_SIZE, "too small");
#define variant_static			(*(struct variant_cpu *)shim_cpu.fixed)
#define static_cpu_read(pcp)		READ_ONCE(pcp)
#define static_cpu_write(pcp, v)	WRITE_ONCE(pcp, v)
#define variant_static_add(off, i, d)					\
({									\
	asm volatile("addq %1, %%fs:shim_cpu@tpoff+%c2(%0)"		\
		     : : "r" (off), "re" (d),				\
			 "i" (offsetof(struct shim_cpu, fixed) + 8 * (i)) : "memory");	\
})
#endif

/* What a user has to pay in any case. */
static __always_inline void section_floor(unsigned int nr, s64 d)
{
	s64 *value;
	unsigned int i;

	preempt_disable();
	value = raw_cpu_ptr(w.cpu)->value;
#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		value[i] += d;
	preempt_enable();
}

static __always_inline void section_this_cpu(unsigned int nr, s64 d)
{
	struct writers_cpu __percpu *cpu = w.cpu;
	unsigned int i;

	preempt_disable();
#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		this_cpu_add(cpu->value[i], d);
	preempt_enable();
}

static __always_inline void section_cstats(unsigned int nr, s64 d)
{
	struct cstats_section s = cstats_acquire(&w.cs);
	unsigned int i;

#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		cstats_add(&s, i, d);
	cstats_release(&s);
}

static __always_inline void section_cstats_rcu(unsigned int nr, s64 d)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&w.rcu);
	unsigned int i;

#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		cstats_add(&s, i, d);
	cstats_release(&s);
}

static __always_inline void section_family(unsigned int nr, s64 d)
{
	struct cstats_section s = cstats_acquire(&w.family);
	struct cstats_within in = cstats_in(&s, &w.instance);
	unsigned int i;

#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		cstats_add(&in, i, d);
	cstats_release(&s);
}

static __always_inline void section_rcu_family(unsigned int nr, s64 d)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&w.rcu_family);
	struct cstats_within in = cstats_in(&s, &w.rcu_instance);
	unsigned int i;

#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		cstats_add(&in, i, d);
	cstats_release(&s);
}

/* As cstats, with the barrier where every other such scheme has it. */
static __always_inline void section_cstats_mb(unsigned int nr, s64 d)
{
	struct cstats_section s = cstats_acquire(&w.cs);
	unsigned int i;

	smp_mb();	/* what the reader's barrier saves */
#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		cstats_add(&s, i, d);
	cstats_release(&s);
}

static __always_inline void section_u64_stats(unsigned int nr, s64 d)
{
	struct writers_cpu *cpu;
	unsigned int i;

	preempt_disable();
	cpu = raw_cpu_ptr(w.cpu);
	u64_stats_update_begin(&cpu->syncp);
#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		u64_stats_add(&cpu->stat[i], d);
	u64_stats_update_end(&cpu->syncp);
	preempt_enable();
}

/* With a batch that is never reached: the most that it can do. */
static __always_inline void section_percpu_counter(unsigned int nr, s64 d)
{
	unsigned int i;

#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		percpu_counter_add_batch(&w.counter[i], d, 0x7fffffff);
}

static __always_inline void section_atomic64(unsigned int nr, s64 d)
{
	unsigned int i;

#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		atomic64_add(d, &w.atomic[i]);
}

static __always_inline void section_spinlock(unsigned int nr, s64 d)
{
	unsigned int i;

	spin_lock(&w.lock);
#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		w.locked[i] += d;
	spin_unlock(&w.lock);
}

static __always_inline void section_percpu_lock(unsigned int nr, s64 d)
{
	struct writers_cpu *cpu;
	unsigned int i;

	preempt_disable();
	cpu = raw_cpu_ptr(w.cpu);
	spin_lock(&cpu->lock);
#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		cpu->locked[i] += d;
	spin_unlock(&cpu->lock);
	preempt_enable();
}

static __always_inline void section_percpu_rwsem(unsigned int nr, s64 d)
{
	struct writers_cpu __percpu *cpu = w.cpu;
	unsigned int i;

	percpu_down_read(&w.rwsem);
#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		this_cpu_add(cpu->value[i], d);
	percpu_up_read(&w.rwsem);
}

static __always_inline void section_srcu(unsigned int nr, s64 d)
{
	struct writers_cpu __percpu *cpu = w.cpu;
	int idx = srcu_read_lock(&w.srcu);
	unsigned int i;

#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		this_cpu_add(cpu->value[i], d);
	srcu_read_unlock(&w.srcu, idx);
}

#ifdef HAVE_SRCU_FAST
static __always_inline void section_srcu_fast(unsigned int nr, s64 d)
{
	struct writers_cpu __percpu *cpu = w.cpu;
	struct srcu_ctr __percpu *scp = srcu_read_lock_fast(&w.srcu_fast);
	unsigned int i;

#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		this_cpu_add(cpu->value[i], d);
	srcu_read_unlock_fast(&w.srcu_fast, scp);
}
#endif

/*
 * The Go runtime's consistentHeapStats: a sequence counter for each processor,
 * one ring of three slots for all of them, and every access atomic.
 */
static __always_inline void section_go(unsigned int nr, s64 d)
{
	struct writers_cpu *cpu;
	atomic64_t *slot;
	unsigned int i;

	preempt_disable();
	cpu = raw_cpu_ptr(w.cpu);
	if (unlikely(!(atomic_inc_return(&cpu->go_seq) & 1)))
		cstats_bad_sequence(NULL);
	slot = w.go[READ_ONCE(w.go_gen) % 3];
#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		atomic64_add(d, &slot[i]);
	if (unlikely(atomic_inc_return(&cpu->go_seq) & 1))
		cstats_bad_sequence(NULL);
	preempt_enable();
}

/*
 * Variants: cstats without the check of the sequence number at release. Those
 * with "pointer" in their names compute the address of this CPU's part first.
 */
struct variant_section {
	struct variant_cpu *cpu;
	local64_t *slot;
	unsigned int seq;
};

static __always_inline struct variant_section variant_begin(struct variant *v)
{
	struct variant_section s;

	preempt_disable_notrace();
	s.cpu = raw_cpu_ptr(v->cpu);
	s.seq = READ_ONCE(s.cpu->seq);
	WRITE_ONCE(s.cpu->seq, s.seq | 1);
	barrier();
	s.slot = (void *)s.cpu + READ_ONCE(v->gen);
	OPTIMIZER_HIDE_VAR(s.slot);
	return s;
}

static __always_inline void variant_end(struct variant_section *s)
{
	if (likely(!(s->seq & 1))) {
		smp_wmb();	/* the adds before the store */
		WRITE_ONCE(s->cpu->seq, s->seq + 2);
	}
	preempt_enable_notrace();
}

static __always_inline void variant_add(struct variant_section *s, unsigned int nr, s64 d)
{
	unsigned int i;

#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		local64_add(d, &s->slot[i]);
}

/* nothing else */
static __always_inline void section_v_pointer(unsigned int nr, s64 d)
{
	struct variant_section s = variant_begin(&w.v);

	variant_add(&s, nr, d);
	variant_end(&s);
}

/* the same, with the sequence counter and the slot across cache lines */
static __always_inline void section_v_pointer_unaligned(unsigned int nr, s64 d)
{
	struct variant_section s = variant_begin(&w.packed);

	variant_add(&s, nr, d);
	variant_end(&s);
}

/* with a cheaper check: of the parity of what is there, not its value */
static __always_inline void section_v_pointer_parity(unsigned int nr, s64 d)
{
	struct variant_section s = variant_begin(&w.v);

	variant_add(&s, nr, d);
	if (unlikely(!(READ_ONCE(s.cpu->seq) & 1)))
		cstats_bad_sequence(NULL);
	variant_end(&s);
}

/* generation as the index of the slot */
static __always_inline void section_v_pointer_index(unsigned int nr, s64 d)
{
	struct variant_section s;

	preempt_disable_notrace();
	s.cpu = raw_cpu_ptr(w.v.cpu);
	s.seq = READ_ONCE(s.cpu->seq);
	WRITE_ONCE(s.cpu->seq, s.seq | 1);
	barrier();
	s.slot = s.cpu->slots + READ_ONCE(w.v.index) * w.v.nr_fields;
	OPTIMIZER_HIDE_VAR(s.slot);
	variant_add(&s, nr, d);
	variant_end(&s);
}

/* cstats as it is, but for the check */
static __always_inline void section_v_unchecked(unsigned int nr, s64 d)
{
	struct variant_cpu __percpu *cpu = w.v.cpu;
	s64 __percpu *slot;
	unsigned int seq, i;

	preempt_disable_notrace();
	seq = this_cpu_read(cpu->seq);
	this_cpu_write(cpu->seq, seq | 1);
	barrier();
	slot = (void __percpu *)cpu + READ_ONCE(w.v.gen);
#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		this_cpu_add(slot[i], d);
	smp_wmb();	/* the adds before the store */
	if (likely(!(seq & 1)))
		this_cpu_write(cpu->seq, seq + 2);
	preempt_enable_notrace();
}

/* the same with static per-CPU memory, whose address needs no load */
static __always_inline void section_v_static(unsigned int nr, s64 d)
{
	unsigned int seq, i;
	unsigned long gen;

	preempt_disable_notrace();
	seq = static_cpu_read(variant_static.seq);
	static_cpu_write(variant_static.seq, seq | 1);
	barrier();
	gen = READ_ONCE(w.v.gen);
#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		variant_static_add(gen, i, d);
	barrier();
	if (likely(!(seq & 1))) {
		smp_wmb();	/* the adds before the store */
		static_cpu_write(variant_static.seq, seq + 2);
	}
	preempt_enable_notrace();
}

/*
 * no token: the counter's low byte is the depth, the rest counts the sections
 * that were outermost
 */
static __always_inline void section_v_pointer_tokenless(unsigned int nr, s64 d)
{
	struct variant_section s;

	preempt_disable_notrace();
	s.cpu = raw_cpu_ptr(w.v.cpu);
	s.seq = READ_ONCE(s.cpu->seq) + 1;
	WRITE_ONCE(s.cpu->seq, s.seq);
	barrier();
	s.slot = (void *)s.cpu + READ_ONCE(w.v.gen);
	OPTIMIZER_HIDE_VAR(s.slot);
	variant_add(&s, nr, d);
	s.cpu = raw_cpu_ptr(w.v.cpu);
	s.seq = READ_ONCE(s.cpu->seq);
	smp_wmb();	/* the adds before the store */
	WRITE_ONCE(s.cpu->seq, s.seq + (likely((s.seq & 0xff) == 1) ? 0xff : -1));
	preempt_enable_notrace();
}

/*
 * cstats as it is, check included, with this CPU's address computed: what
 * <linux/cstats.h> does where this_cpu_add() is no single instruction. On Intel's
 * Golden Cove stores relative to a segment take a cycle each, and others share
 * one.
 */
static __always_inline void section_v_pointer_checked(unsigned int nr, s64 d)
{
	struct cstats_shared *shared;
	struct cstats_cpu *cpu;
	local64_t *slot;
	unsigned int seq, i;

	preempt_disable();
	shared = READ_ONCE(w.cs.shared);
	if (unlikely(!shared))
		shared = cstats_no_set(&w.cs);
	cpu = raw_cpu_ptr(shared->cpu);
	seq = READ_ONCE(cpu->seq);
	WRITE_ONCE(cpu->seq, seq | 1);
	barrier();
	slot = (void *)cpu->slots + READ_ONCE(shared->gen);
	OPTIMIZER_HIDE_VAR(slot);
#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		local64_add(d, &slot[i]);
	smp_wmb();	/* the adds before the store */
	if (unlikely(READ_ONCE(cpu->seq) != (seq | 1)))
		cstats_bad_sequence(NULL);
	else if (likely(!(seq & 1)))
		WRITE_ONCE(cpu->seq, seq + 2);
	preempt_enable();
}

/* the same, with the address for the adds only */
static __always_inline void section_v_mixed_checked(unsigned int nr, s64 d)
{
	struct cstats_shared *shared;
	struct cstats_cpu __percpu *cpu;
	unsigned int seq, i;
	local64_t *slot;

	preempt_disable();
	shared = READ_ONCE(w.cs.shared);
	if (unlikely(!shared))
		shared = cstats_no_set(&w.cs);
	cpu = shared->cpu;
	seq = this_cpu_read(cpu->seq);
	this_cpu_write(cpu->seq, seq | 1);
	barrier();
	slot = raw_cpu_ptr((local64_t __percpu *)((void __percpu *)cpu +
			   offsetof(struct cstats_cpu, slots) +
			   READ_ONCE(shared->gen)));
#pragma GCC unroll 16
	for (i = 0; i < nr; i++)
		local64_add(d, &slot[i]);
	smp_wmb();	/* the adds before the store */
	if (unlikely(this_cpu_read(cpu->seq) != (seq | 1)))
		cstats_bad_sequence(NULL);
	else if (likely(!(seq & 1)))
		this_cpu_write(cpu->seq, seq + 2);
	preempt_enable();
}

#endif
