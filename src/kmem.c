// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_kmem - the kernel's own memory traffic as one consistent set
 *
 * Probes on seven tracepoints of the page and slab allocators count into the
 * set "kmem". They fire in every context, hundreds of thousands of times a
 * second, on all CPUs, and yet every snapshot satisfies exactly
 *
 *	page_allocs_count = sum of page_allocs_bucket_N
 *	page_allocs_sum = sum of N * page_allocs_bucket_N, and so for page_frees
 *	kmalloc_count = sum of kmalloc_bucket_N, and so for kmem_cache_alloc
 *	kmalloc_sum + kmem_cache_alloc_sum <= slab_bytes_given
 *
 * because the adds that belong to one event are made in one section. The count
 * of a histogram is that of calls or blocks, the sum that of pages or of bytes
 * requested. No bucket_inf counts anything: the last bound is the most that the
 * allocator gives.
 *
 * The fields that each tracepoint counts into:
 *
 * mm_page_alloc	Every request to the page allocator proper, when it is
 *			over; a NULL page is a failure and nothing else.
 * mm_page_free		Every block of pages on its way back to the free lists,
 *			single or in a batch. A block beyond the largest order
 *			(a gigantic page) goes back in pieces of that order and
 *			is counted as so many frees, all in one section.
 * mm_page_free_batched	Only those pages (in 6.1) or folios (in 6.12) of a batch
 *			that go to a per-CPU list. mm_page_free has fired for
 *			each before: page_frees_batched is a part of page_frees
 *			and must not be added to its count.
 * kmalloc		All sizes. Those beyond the largest cache come straight
 *			from the page allocator and are in page_allocs as well,
 *			as is every slab. If such a size is not known at compile
 *			time, 6.12 and later (6.1 not) fire twice. One of the two
 *			is counted, see kmem_large_again(); a failure counts twice.
 * kmem_cache_alloc	Objects of all other caches, one at a time.
 * kfree		Anything, NULL and ZERO_SIZE_PTR too; those two give
 *			nothing back and are counted apart.
 * kmem_cache_free	Objects of a named cache, one at a time.
 *
 * Allocations and frees need not match, since these tracepoints do not see
 *
 *	- events from before the module was loaded;
 *	- the bulk page allocator (vmalloc with most kernel stacks, page pools),
 *	  whose pages are seen when they are freed;
 *	- contiguous ranges, and pages that compaction takes from the free lists,
 *	  likewise;
 *	- kmem_cache_alloc_bulk() and kmem_cache_free_bulk(), the latter behind
 *	  kfree_rcu(); krealloc() in place; the early boot allocator;
 *	- kmalloc_nolock() and kfree_nolock(), which came with 6.18. If kfree() frees
 *	  such memory, that is seen.
 *
 * A block may be allocated whole and freed in parts (alloc_pages_exact(), a split
 * huge page), so the orders of the frees are not those of the allocations.
 *
 * The set is of the RCU flavour, because this is a hot path in all contexts, and
 * tracepoints fire only where RCU is watching. On x86-64 a free takes 13 to 60
 * instructions here and an allocation 53 to 62; with a sequence counter it would be
 * 23 to 73 and 69 to 75. The price is that a read waits for a grace period. A
 * fork and exec of busybox, 450 events, takes 3 % more instructions (6.12, counted
 * by QEMU's -icount); recording the kernel's own trace events of the same names
 * takes 23 % more.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cstats.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <trace/events/kmem.h>

#include "compat.h"

/* One free list per order. Kernel versions name the largest one differently. */
#define NR_ORDERS	ARRAY_SIZE(((struct zone *)NULL)->free_area)
#define LARGE_ORDER	get_order(KMALLOC_MAX_CACHE_SIZE + 1)

enum kmem_field {
	PAGE_ALLOCS,
	PAGE_ALLOC_FAILURES,
	PAGE_FREES,
	PAGE_FREES_BATCHED,
	KMALLOC,
	KMALLOC_FAILURES,
	KMEM_CACHE_ALLOC,
	KMEM_CACHE_ALLOC_FAILURES,
	SLAB_BYTES_GIVEN,
	KFREE_CALLS,
	KFREE_NULL_CALLS,
	KMEM_CACHE_FREE_CALLS,
	NR_FIELDS,
};

#define COUNTER(name, unit, description)				\
	{ name, CSTATS_COUNTER, unit, description }
#define PAGES(name, description)					\
	{ name, CSTATS_HISTOGRAM, "pages", description,			\
	  .first = 1, .last = 1UL << (NR_ORDERS - 1) }
#define BYTES(name, description)					\
	{ name, CSTATS_HISTOGRAM, "bytes", description,			\
	  .first = 8, .last = KMALLOC_MAX_SIZE }

static const struct cstats_field kmem_fields[NR_FIELDS] __initconst = {
	[PAGE_ALLOCS] = PAGES("page_allocs",
			      "successful calls of the page allocator"),
	[PAGE_ALLOC_FAILURES] = COUNTER("page_alloc_failures", "calls",
					"calls of the page allocator that returned NULL"),
	[PAGE_FREES] = PAGES("page_frees",
			     "blocks of pages given back, one by one or in batches"),
	[PAGE_FREES_BATCHED] = COUNTER("page_frees_batched", "blocks",
				       "part of page_frees that came in batches"),
	[KMALLOC] = BYTES("kmalloc",
			  "successful calls of kmalloc() and its kin, by bytes requested"),
	[KMALLOC_FAILURES] = COUNTER("kmalloc_failures", "calls",
				     "calls of kmalloc() that returned NULL"),
	[KMEM_CACHE_ALLOC] = BYTES("kmem_cache_alloc",
				   "successful calls of kmem_cache_alloc() and its kin, by size"),
	[KMEM_CACHE_ALLOC_FAILURES] = COUNTER("kmem_cache_alloc_failures", "calls",
					      "calls of kmem_cache_alloc() that returned NULL"),
	[SLAB_BYTES_GIVEN] = COUNTER("slab_bytes_given", "bytes",
				     "what both kinds of calls got, rounded up"),
	[KFREE_CALLS] = COUNTER("kfree_calls", "calls",
				"calls of kfree() that freed something"),
	[KFREE_NULL_CALLS] = COUNTER("kfree_null_calls", "calls",
				     "calls of kfree() with nothing to free"),
	[KMEM_CACHE_FREE_CALLS] = COUNTER("kmem_cache_free_calls", "calls",
					  "calls of kmem_cache_free()"),
};

/* Pages of large kmalloc()s that were reported once, by a hash. */
static struct page *kmem_large_pages[512];

static DEFINE_CSTATS_RCU(kmem_stats);

static __always_inline void kmem_count_pages(enum kmem_field field, unsigned int order)
{
	struct cstats_rcu_section s;
	unsigned int blocks = 1;

	if (unlikely(order >= NR_ORDERS)) {
		blocks <<= order - (NR_ORDERS - 1);
		order = NR_ORDERS - 1;
	}

	s = cstats_rcu_acquire(&kmem_stats);
	do
		cstats_observe(&s, field, 1UL << order);
	while (unlikely(--blocks));
	cstats_release(&s);
}

static __always_inline void kmem_count_slab(enum kmem_field field,
					    size_t requested, size_t given)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&kmem_stats);

	cstats_observe(&s, field, requested);
	cstats_add(&s, SLAB_BYTES_GIVEN, given);
	cstats_release(&s);
}

static void kmem_mm_page_alloc(void *data, struct page *page, unsigned int order,
			       gfp_t gfp_flags, int migratetype)
{
	if (likely(page))
		kmem_count_pages(PAGE_ALLOCS, order);
	else
		cstats_inc(&kmem_stats, PAGE_ALLOC_FAILURES);
}

static struct page **kmem_large_slot(struct page *page)
{
	return &kmem_large_pages[hash_ptr(page, ilog2(ARRAY_SIZE(kmem_large_pages)))];
}

/*
 * Is this the second report of the same memory? Both come before the caller has
 * the memory, and mm_page_free() comes before somebody else can have it. When two
 * allocations under way at a time share a slot, theirs are counted twice.
 */
static bool kmem_large_again(const void *ptr)
{
	struct page *page = virt_to_page(ptr);
	struct page **slot = kmem_large_slot(page);
	bool again = READ_ONCE(*slot) == page;

	WRITE_ONCE(*slot, again ? NULL : page);
	return again;
}

static void kmem_mm_page_free(void *data, struct page *page, unsigned int order)
{
	if (unlikely(order >= LARGE_ORDER)) {
		struct page **slot = kmem_large_slot(page);

		if (READ_ONCE(*slot) == page)
			WRITE_ONCE(*slot, NULL);
	}
	kmem_count_pages(PAGE_FREES, order);
}

static void kmem_mm_page_free_batched(void *data, struct page *page)
{
	cstats_inc(&kmem_stats, PAGE_FREES_BATCHED);
}

static void kmem_kmalloc(void *data, unsigned long call_site, const void *ptr,
			 size_t bytes_req, size_t bytes_alloc, gfp_t gfp_flags,
			 int node)
{
	if (unlikely(!ptr))
		cstats_inc(&kmem_stats, KMALLOC_FAILURES);
	else if (likely(bytes_req <= KMALLOC_MAX_CACHE_SIZE) || !kmem_large_again(ptr))
		kmem_count_slab(KMALLOC, bytes_req, bytes_alloc);
}

/* struct kmem_cache is private: ask for the sizes of the cache and the object. */
static void kmem_kmem_cache_alloc(void *data, unsigned long call_site,
				  const void *ptr, struct kmem_cache *cache,
				  gfp_t gfp_flags, int node)
{
	if (likely(ptr))
		kmem_count_slab(KMEM_CACHE_ALLOC, kmem_cache_size(cache), ksize(ptr));
	else
		cstats_inc(&kmem_stats, KMEM_CACHE_ALLOC_FAILURES);
}

static void kmem_kfree(void *data, unsigned long call_site, const void *ptr)
{
	cstats_inc(&kmem_stats, ZERO_OR_NULL_PTR(ptr) ? KFREE_NULL_CALLS : KFREE_CALLS);
}

static void kmem_kmem_cache_free(void *data, unsigned long call_site,
				 const void *ptr, const struct kmem_cache *cache)
{
	cstats_inc(&kmem_stats, KMEM_CACHE_FREE_CALLS);
}

struct kmem_probe {
	const char *event;
	void *func;
	struct tracepoint *tp;
};

#ifdef CSTATS_OUT_OF_TREE
#define PROBE(name) { .event = #name, .func = kmem_##name }
#else
#define PROBE(name) { .event = #name, .func = kmem_##name, .tp = &__tracepoint_##name }
#endif

/*
 * mm_page_free comes before what is a part of it, and before what it has to undo
 * for kmem_large_again().
 */
static struct kmem_probe kmem_probes[] = {
	PROBE(mm_page_alloc),
	PROBE(mm_page_free),
	PROBE(mm_page_free_batched),
	PROBE(kmalloc),
	PROBE(kmem_cache_alloc),
	PROBE(kfree),
	PROBE(kmem_cache_free),
};

#ifdef CSTATS_OUT_OF_TREE
/* Few of these tracepoints are exported, but all can be found by name. */
static void __init kmem_find(struct tracepoint *tp, void *data)
{
	struct kmem_probe *probe = data;

	if (!strcmp(tp->name, probe->event))
		probe->tp = tp;
}
#endif

static int __init kmem_register(struct kmem_probe *probe)
{
	int err = -ENOENT;

#ifdef CSTATS_OUT_OF_TREE
	for_each_kernel_tracepoint(kmem_find, probe);
#endif
	if (probe->tp)
		err = tracepoint_probe_register(probe->tp, probe->func, NULL);
	if (err)
		pr_err("cannot probe tracepoint kmem:%s: error %d\n",
		       probe->event, err);
	return err;
}

/* Takes back the first @nr registrations and waits for probes under way. */
static void kmem_unregister(unsigned int nr)
{
	while (nr--)
		tracepoint_probe_unregister(kmem_probes[nr].tp,
					    kmem_probes[nr].func, NULL);
	tracepoint_synchronize_unregister();
}

/*
 * tracepoint_probe_register() takes any pointer. The event's own header knows the
 * arguments: where they are others than ours, this fails to compile.
 */
static void __init kmem_check_prototypes(void)
{
	check_trace_callback_type_mm_page_alloc(kmem_mm_page_alloc);
	check_trace_callback_type_mm_page_free(kmem_mm_page_free);
	check_trace_callback_type_mm_page_free_batched(kmem_mm_page_free_batched);
	check_trace_callback_type_kmalloc(kmem_kmalloc);
	check_trace_callback_type_kmem_cache_alloc(kmem_kmem_cache_alloc);
	check_trace_callback_type_kfree(kmem_kfree);
	check_trace_callback_type_kmem_cache_free(kmem_kmem_cache_free);
}

static int __init cstats_kmem_init(void)
{
	unsigned int i;
	int err;

	kmem_check_prototypes();
	err = cstats_init(&kmem_stats, "kmem", kmem_fields, NR_FIELDS);
	if (err)
		return err;

	for (i = 0; i < ARRAY_SIZE(kmem_probes); i++) {
		err = kmem_register(&kmem_probes[i]);
		if (err) {
			kmem_unregister(i);
			cstats_destroy(&kmem_stats.cs);
			return err;
		}
	}
	return 0;
}
module_init(cstats_kmem_init);

static void __exit cstats_kmem_exit(void)
{
	kmem_unregister(ARRAY_SIZE(kmem_probes));
	cstats_destroy(&kmem_stats.cs);
}
module_exit(cstats_kmem_exit);

MODULE_DESCRIPTION("The kernel's own memory traffic as a consistent set of counters");
MODULE_VERSION(CSTATS_VERSION);
MODULE_LICENSE("GPL");
