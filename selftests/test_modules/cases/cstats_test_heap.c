// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_heap: the Go runtime's heap statistics, ported
 *
 * The six byte counts of Go's heapStatsDelta, updated at the same four places:
 * a span is allocated, a span is freed, the heap grows, idle memory is
 * scavenged (given back to the system). A small page heap stands behind them,
 * so that the counts mean something: every page is unmapped, released, idle
 * (committed, but not in use), or in use in one of four ways.
 *
 * As in Go, an allocation counts after the heap's lock is dropped, when the
 * pages are its own; the other three count while they have the lock, before
 * anybody else can get at the pages. So each page's history is a chain of
 * sections of which each is opened after the one before has ended, on whatever
 * CPU. A snapshot has a prefix of each chain, and in it:
 *
 *	released, in_heap, in_stacks, in_work_bufs, in_ptr_scalar_bits >= 0
 *	committed >= in_heap + in_stacks + in_work_bufs + in_ptr_scalar_bits
 *	committed + released = what grow() mapped: whole arenas, never fewer
 *
 * The difference in the second line is the idle memory. At the end, when all is
 * quiet, every count must be what the page map says.
 */
#include <linux/bitops.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "cstats_test.h"

enum {
	COMMITTED, RELEASED, IN_HEAP, IN_STACKS, IN_WORK_BUFS, IN_PTR_SCALAR_BITS,
	NR
};

static const struct cstats_field fields[NR] = {
	[COMMITTED] = { "committed_bytes", CSTATS_GAUGE, "bytes",
			"memory committed" },
	[RELEASED] = { "released_bytes", CSTATS_GAUGE, "bytes",
		       "memory mapped, but given back to the system" },
	[IN_HEAP] = { "in_heap_bytes", CSTATS_GAUGE, "bytes",
		      "memory placed in the heap" },
	[IN_STACKS] = { "in_stacks_bytes", CSTATS_GAUGE, "bytes",
			"memory reserved for stacks" },
	[IN_WORK_BUFS] = { "in_work_bufs_bytes", CSTATS_GAUGE, "bytes",
			   "memory reserved for work buffers" },
	[IN_PTR_SCALAR_BITS] = { "in_ptr_scalar_bits_bytes", CSTATS_GAUGE, "bytes",
				 "memory reserved for unrolled GC prog bits" },
};

#define PAGE_BYTES	8192		/* Go's page size */
#define ARENA_PAGES	64		/* what grow() maps at a time */
#define HEAP_PAGES	(16 * ARENA_PAGES)
#define SPAN_PAGES	8		/* the largest span */
#define NR_SPANS	64		/* spans passed from CPU to CPU */

static unsigned int ms = 1500;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "how long to run, in milliseconds");

static struct cstats stats;

/* What a page is: UNMAPPED, RELEASED, IDLE, or the field that counts it. */
enum { UNMAPPED = 0, IDLE = NR };

static DEFINE_SPINLOCK(heap_lock);
static u8 pages[HEAP_PAGES];
static unsigned int mapped;		/* pages below this are mapped */

/* A span in use that any CPU may free. */
struct span {
	unsigned int page, nr_pages;
};

static struct span *spans[NR_SPANS];
static struct span span_memory[NR_SPANS * 2];
static unsigned long span_used[BITS_TO_LONGS(NR_SPANS * 2)];

static atomic_long_t calls[4];
enum { ALLOC, FREE, GROW, SCAVENGE };

/* mheap.grow(): map an arena, released at first. */
static bool grow(void)
{
	struct cstats_section s;

	lockdep_assert_held(&heap_lock);
	if (mapped == HEAP_PAGES)
		return false;
	s = cstats_acquire(&stats);
	cstats_add(&s, RELEASED, ARENA_PAGES * PAGE_BYTES);
	cstats_release(&s);
	memset(pages + mapped, RELEASED, ARENA_PAGES);
	mapped += ARENA_PAGES;
	atomic_long_inc(&calls[GROW]);
	return true;
}

static int find_free(unsigned int nr_pages)
{
	unsigned int i, run = 0;

	for (i = 0; i < mapped; i++) {
		run = pages[i] == RELEASED || pages[i] == IDLE ? run + 1 : 0;
		if (run == nr_pages)
			return i + 1 - nr_pages;
	}
	return -1;
}

/* mheap.allocSpan() */
static bool alloc_span(struct span *span, unsigned int nr_pages, unsigned int type)
{
	s64 scavenged = 0, bytes = nr_pages * PAGE_BYTES;
	struct cstats_section s;
	unsigned int i;
	int page;

	spin_lock(&heap_lock);
	page = find_free(nr_pages);
	if (page < 0 && grow())
		page = find_free(nr_pages);
	for (i = page; page >= 0 && i < page + nr_pages; i++) {
		if (pages[i] == RELEASED)
			scavenged += PAGE_BYTES;
		pages[i] = type;
	}
	spin_unlock(&heap_lock);
	if (page < 0)
		return false;

	s = cstats_acquire(&stats);
	cstats_add(&s, COMMITTED, scavenged);
	cstats_add(&s, RELEASED, -scavenged);
	cstats_add(&s, type, bytes);
	cstats_release(&s);
	*span = (struct span){ page, nr_pages };
	atomic_long_inc(&calls[ALLOC]);
	return true;
}

/* mheap.freeSpanLocked() */
static void free_span(const struct span *span)
{
	struct cstats_section s;

	spin_lock(&heap_lock);
	s = cstats_acquire(&stats);
	cstats_add(&s, pages[span->page], -(s64)span->nr_pages * PAGE_BYTES);
	cstats_release(&s);
	memset(pages + span->page, IDLE, span->nr_pages);
	spin_unlock(&heap_lock);
	atomic_long_inc(&calls[FREE]);
}

/* pageAlloc.scavengeRangeLocked() */
static void scavenge(unsigned int from)
{
	struct cstats_section s;
	unsigned int end, i = from;
	s64 bytes;

	spin_lock(&heap_lock);
	while (i < mapped && pages[i] != IDLE)
		i++;
	for (end = i; end < mapped && pages[end] == IDLE; end++)
		;
	if (end > i) {
		bytes = (s64)(end - i) * PAGE_BYTES;
		s = cstats_acquire(&stats);
		cstats_add(&s, COMMITTED, -bytes);
		cstats_add(&s, RELEASED, bytes);
		cstats_release(&s);
		memset(pages + i, RELEASED, end - i);
		atomic_long_inc(&calls[SCAVENGE]);
	}
	spin_unlock(&heap_lock);
}

/* Allocates spans, leaves them where others find them, frees what it finds. */
static int mutator(void *arg)
{
	static const u8 types[] = {
		IN_HEAP, IN_HEAP, IN_HEAP, IN_STACKS, IN_WORK_BUFS, IN_PTR_SCALAR_BITS,
	};
	u32 seed = (unsigned long)arg, r;
	struct span *span;
	unsigned int i;

	while (!kthread_should_stop()) {
		r = cstats_test_random(&seed);
		if (r % 32 == 0)
			scavenge(r / 32 % HEAP_PAGES);
		/* Others set and clear bits: a hint, which the next line checks. */
		i = data_race(find_first_zero_bit(span_used, ARRAY_SIZE(span_memory)));
		if (i < ARRAY_SIZE(span_memory) && !test_and_set_bit(i, span_used)) {
			span = &span_memory[i];
			r = cstats_test_random(&seed);
			if (alloc_span(span, r % SPAN_PAGES + 1,
				       types[r / SPAN_PAGES % ARRAY_SIZE(types)])) {
				r = cstats_test_random(&seed);
				span = xchg(&spans[r % NR_SPANS], span);
				if (span)
					free_span(span);
			}
			if (span)
				clear_bit_unlock(span - span_memory, span_used);
		}
		cond_resched();
	}
	return 0;
}

static void check_snapshot(const s64 *v)
{
	s64 in_use = v[IN_HEAP] + v[IN_STACKS] + v[IN_WORK_BUFS] + v[IN_PTR_SCALAR_BITS];
	unsigned int i;

	for (i = RELEASED; i < NR; i++)
		check(v[i] >= 0, "%s is %lld", fields[i].name, v[i]);
	check(v[COMMITTED] >= in_use, "in use %lld, committed %lld", in_use, v[COMMITTED]);
	check((v[COMMITTED] + v[RELEASED]) % (ARENA_PAGES * PAGE_BYTES) == 0,
	      "committed %lld and released %lld are no whole arenas",
	      v[COMMITTED], v[RELEASED]);
}

static atomic_long_t snapshots;

static int reader(void *arg)
{
	s64 values[NR], total = 0;
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));
	u64 number = 0;

	while (!kthread_should_stop()) {
		if (!check_eq(cstats_read(&stats, &snap), 0))
			break;
		check(snap.number > number, "number %llu after %llu", snap.number, number);
		number = snap.number;
		check_snapshot(values);
		check(values[COMMITTED] + values[RELEASED] >= total, "mapped memory shrank");
		total = values[COMMITTED] + values[RELEASED];
		atomic_long_inc(&snapshots);
		cond_resched();
	}
	return 0;
}

static void compare_with_pages(void)
{
	s64 values[NR], expected[NR + 1] = {};
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));
	unsigned int i;

	if (!check_eq(cstats_read(&stats, &snap), 0))
		return;
	check_snapshot(values);
	for (i = 0; i < mapped; i++) {
		expected[pages[i]] += PAGE_BYTES;
		if (pages[i] != RELEASED)
			expected[COMMITTED] += PAGE_BYTES;
	}
	for (i = 0; i < NR; i++)
		check(values[i] == expected[i], "%s is %lld, the pages say %lld",
		      fields[i].name, values[i], expected[i]);
	check_eq(values[COMMITTED] + values[RELEASED], mapped * PAGE_BYTES);
}

/* A chain of calls with one thread: each call's effect, to the byte. */
static void call_sites(void)
{
	static const s64 steps[][NR] = {
		/* committed, released, heap, stacks, work, bits, in pages */
		{ 0, 64 },			/* grow */
		{ 3, 61, 3 },			/* alloc heap */
		{ 5, 59, 3, 2 },		/* alloc stack */
		{ 6, 58, 3, 2, 1 },		/* alloc work buffer */
		{ 10, 54, 3, 2, 1, 4 },		/* alloc bits */
		{ 10, 54, 3, 0, 1, 4 },		/* free stack */
		{ 8, 56, 3, 0, 1, 4 },		/* scavenge it */
		{ 9, 55, 4, 0, 1, 4 },		/* alloc heap, of one released page */
	};
	s64 values[NR];
	struct cstats_snapshot snap = cstats_test_snapshot(values, ARRAY_SIZE(values));
	struct span span[5];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		switch (i) {
		case 0:
			spin_lock(&heap_lock);
			check(grow(), "no room to grow");
			spin_unlock(&heap_lock);
			break;
		case 1:
			check(alloc_span(&span[0], 3, IN_HEAP), "no span");
			break;
		case 2:
			check(alloc_span(&span[1], 2, IN_STACKS), "no span");
			break;
		case 3:
			check(alloc_span(&span[2], 1, IN_WORK_BUFS), "no span");
			break;
		case 4:
			check(alloc_span(&span[3], 4, IN_PTR_SCALAR_BITS), "no span");
			break;
		case 5:
			free_span(&span[1]);
			break;
		case 6:
			scavenge(0);
			break;
		case 7:
			check(alloc_span(&span[4], 1, IN_HEAP), "no span");
			break;
		}
		check_eq(cstats_read(&stats, &snap), 0);
		for (j = 0; j < NR; j++)
			check(values[j] == steps[i][j] * PAGE_BYTES,
			      "step %u: %s is %lld, not %lld", i, fields[j].name,
			      values[j], steps[i][j] * PAGE_BYTES);
	}
	compare_with_pages();
	free_span(&span[0]);
	free_span(&span[2]);
	free_span(&span[3]);
	free_span(&span[4]);
	compare_with_pages();
}

/* Mutators and a reader on every CPU. */
static void concurrent_readers(void)
{
	unsigned int nr = 0, max = 2 * num_online_cpus(), i;
	unsigned long limit = jiffies + 90 * HZ;
	struct task_struct **tasks = kcalloc(max, sizeof(*tasks), GFP_KERNEL);
	int cpu;

	if (!check(tasks, "no memory"))
		return;
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		if (nr + 2 > max)
			break;
		tasks[nr++] = cstats_test_start(cpu, mutator, (void *)(long)cpu);
		tasks[nr++] = cstats_test_start(cpu, reader, NULL);
	}
	cpus_read_unlock();
	schedule_timeout_uninterruptible(msecs_to_jiffies(ms));
	while (atomic_long_read(&snapshots) < 50 && time_before(jiffies, limit))
		schedule_timeout_uninterruptible(HZ / 10);
	for (i = 0; i < nr; i++)
		cstats_test_stop(tasks[i]);
	kfree(tasks);
	compare_with_pages();
	cstats_test_note("%lu snapshots, %lu allocations, %lu frees, %lu arenas, %lu scavenges",
			 atomic_long_read(&snapshots), atomic_long_read(&calls[ALLOC]),
			 atomic_long_read(&calls[FREE]), atomic_long_read(&calls[GROW]),
			 atomic_long_read(&calls[SCAVENGE]));
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		check(atomic_long_read(&calls[i]), "call site %u never ran", i);
	check(atomic_long_read(&snapshots) >= 50, "too few snapshots to say anything");
}

static const struct cstats_test_case cases[] = {
	{ "heap_call_sites", call_sites },
	{ "heap_concurrent_readers", concurrent_readers },
};

static int __init heap_init(void)
{
	int err;

	static_assert((int)UNMAPPED == (int)COMMITTED);	/* no page is merely that */
	err = cstats_init(&stats, "heap", fields, NR);
	if (!err)
		cstats_test_run(THIS_MODULE, cases, ARRAY_SIZE(cases));
	return err;
}

static void __exit heap_exit(void)
{
	cstats_test_forget(THIS_MODULE);
	cstats_destroy(&stats);
}

module_init(heap_init);
module_exit(heap_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: the Go runtime's heap statistics");
MODULE_LICENSE("GPL");
