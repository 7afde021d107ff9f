// SPDX-License-Identifier: GPL-2.0
/*
 * What the shim has out of line: per-CPU memory, a counter's slow path, and the
 * reader's half of cstats, with sys_membarrier() in place of the IPIs.
 */
#define _GNU_SOURCE
#include <err.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "native.h"

__thread struct shim_cpu shim_cpu = { .preempt_count = PREEMPT_NEED_RESCHED };
unsigned long shim_cpu_off[SHIM_NR_CPUS];
unsigned int nr_cpu_ids;

static size_t shim_percpu_used;

/* What writers load is in the part of the page that no CPU's memory has. */
#define SHIM_SHARED_AT		(SHIM_SHARED_SIZE - 2 * 64)

__aligned(4096) struct writers_mem w;
static_assert(offsetof(struct writers_mem, cpu) < SHIM_SHARED_AT, "too large");

void shim_preempt_schedule(void)
{
	sched_yield();
}

/* The calling thread is CPU @cpu from now on, and stays on the host's @host_cpu. */
void shim_cpu_start(unsigned int cpu, int host_cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(host_cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "cannot run on CPU %d", host_cpu);
	asm("movq %%fs:0, %0" : "=r" (shim_cpu.this_cpu_off));
	shim_cpu_off[cpu] = shim_cpu.this_cpu_off;
}

void *__alloc_percpu(size_t size, size_t align)
{
	size_t at = (shim_percpu_used + align - 1) & -align;

	if (at + size > SHIM_PERCPU_SIZE)
		errx(1, "out of per-CPU memory");
	shim_percpu_used = at + size;
	return (void *)((unsigned long)shim_cpu.area + at - shim_cpu.this_cpu_off);
}

noinline void percpu_counter_add_batch(struct percpu_counter *fbc, s64 amount, s32 batch)
{
	s64 count = this_cpu_read(*fbc->counters);

	do {
		s64 sum = count + amount;

		if (unlikely((sum < 0 ? -sum : sum) >= batch)) {
			spin_lock(&fbc->lock);
			count = this_cpu_read(*fbc->counters);
			fbc->count += count + amount;
			this_cpu_add(*fbc->counters, -count);
			spin_unlock(&fbc->lock);
			return;
		}
	} while (!this_cpu_try_cmpxchg(*fbc->counters, &count, count + amount));
}

void cstats_bad_sequence(struct cstats_shared *shared)
{
	errx(1, "bad sequence number");
}

void cstats_bad_index(struct cstats_shared *shared, unsigned int field)
{
	errx(1, "bad index %u", field);
}

unsigned int cstats_find_bucket(const struct cstats_histogram *h, u64 value)
{
	errx(1, "no bounds");
}

struct cstats_shared *cstats_no_set(struct cstats *cs)
{
	errx(1, "no set");
}

/* The reader's barrier on all CPUs: an IPI to those that run one of our threads. */
void shim_barrier_init(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0))
		err(1, "no sys_membarrier()");
}

void shim_barrier(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0))
		err(1, "sys_membarrier");
}

/* In memory of its own, as the real one, which is a line of its own, too. */
static struct {
	__aligned(4096) char unused[SHIM_SHARED_AT];
	__aligned(64) struct cstats_shared shared;
	__aligned(64) struct cstats_shared other;
} shim_page;

#define shim_shared		(shim_page.shared)
#define shim_other		(shim_page.other)	/* only written to, by all kinds of sets */
static s64 shim_last[2][WRITER_FIELDS];
static unsigned int shim_closed;

static s64 *shim_slot(unsigned int cpu, unsigned int index)
{
	return (s64 *)per_cpu_ptr(shim_shared.cpu, cpu)->slots +
	       index * shim_shared.nr_values;
}

/*
 * A rotation and a read, as in src/rotate.c: cut, barrier, note what is open,
 * wait for that, sum. The barrier is the caller's, so that test_check() can
 * leave it out. Returns how often it polled. When a writer's thread lost its
 * CPU within a section, it makes room for that.
 */
unsigned int shim_rotate(s64 *values, void (*barrier_on_all)(void))
{
	unsigned int closed = shim_closed, polls = 0;
	s64 *last = shim_last[closed];

	shim_closed = !closed;
	/* begin:E, after the loads from that slot in the rotation before */
	smp_store_release(&shim_shared.gen,
			  shim_closed * shim_shared.nr_values * sizeof(local64_t));
	barrier_on_all();
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		struct cstats_cpu *c = per_cpu_ptr(shim_shared.cpu, cpu);
		unsigned int seq = smp_load_acquire(&c->seq);	/* collect:D */
		unsigned int open = seq & 1 ? seq : 0;

		if (c->open != open)
			c->open = open;
	}
	memset(last, 0, sizeof(shim_last[closed]));
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		struct cstats_cpu *c = per_cpu_ptr(shim_shared.cpu, cpu);

		while (c->open && smp_load_acquire(&c->seq) == c->open) { /* over:D */
			if (++polls % 500)
				cpu_relax();
			else
				sched_yield();
		}
		for (unsigned int i = 0; i < shim_shared.nr_values; i++)
			last[i] += READ_ONCE(shim_slot(cpu, closed)[i]);
	}
	for (unsigned int i = 0; i < shim_shared.nr_values; i++)
		values[i] = shim_last[0][i] + shim_last[1][i];
	return polls;
}

/*
 * Memory for all writers of @nr_fields fields, in place of what there was. By
 * the thread that is CPU 0, when all others are and none is writing.
 */
void writers_mem_init(unsigned int nr_fields)
{
	size_t size = sizeof(struct cstats_cpu) + 2 * nr_fields * sizeof(local64_t);
	size_t align = 64;

	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		memset(per_cpu_ptr(shim_cpu.area - shim_cpu.this_cpu_off, cpu), 0,
		       SHIM_PERCPU_SIZE);
	shim_percpu_used = 0;
	memset(&w, 0, sizeof(w));
	memset(shim_last, 0, sizeof(shim_last));
	shim_closed = 0;

	while (align / 2 >= size)
		align /= 2;
	shim_shared.cpu = __alloc_percpu(size, align);
	shim_shared.gen = 0;
	shim_shared.nr_values = nr_fields;
	shim_shared.nr_fields = nr_fields;
	w.cs.shared = &shim_shared;
	shim_other.cpu = __alloc_percpu(size, align);
	shim_other.nr_values = nr_fields;
	shim_other.nr_fields = nr_fields;
	w.rcu.cs.shared = &shim_other;
	w.family.shared = &shim_other;
	w.rcu_family.cs.shared = &shim_other;
	w.instance.slots = __alloc_percpu(2 * nr_fields * sizeof(local64_t), align);
	w.rcu_instance.slots = w.instance.slots;

	w.v.cpu = __alloc_percpu(sizeof(struct variant_cpu), 64);
	w.v.gen = offsetof(struct variant_cpu, slots);
	w.v.nr_fields = nr_fields;
	w.packed = w.v;
	w.packed.cpu = __alloc_percpu(sizeof(struct variant_cpu) + PACKED_OFFSET, 64) +
		       PACKED_OFFSET;

	w.cpu = alloc_percpu(struct writers_cpu);
	for (unsigned int i = 0; i < WRITER_FIELDS; i++)
		w.counter[i].counters = __alloc_percpu(sizeof(s32), sizeof(s32));
	w.rwsem.read_count = alloc_percpu(unsigned int);
	w.srcu.sda = __alloc_percpu(2 * sizeof(struct srcu_ctr), 64);
	w.srcu_fast.sda = __alloc_percpu(2 * sizeof(struct srcu_ctr), 64);
	w.srcu_fast.current_ctr = w.srcu_fast.sda;
}
