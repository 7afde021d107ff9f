// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_kmem: a known amount of memory traffic, for kmem_events.sh
 *
 * When loaded it allocates and frees blocks of every order, memory of every
 * size class, objects of caches and, on every CPU, memory in hard interrupts,
 * and makes each allocator fail. The parameter "expected" says, in lines "field
 * number", by how much the counters of the set "kmem" must have risen at least.
 */
#include <linux/cstats.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>

#define NR_ORDERS	ARRAY_SIZE(((struct zone *)NULL)->free_area)
#define MIN_SHIFT	3
#define NR_SIZES	(KMALLOC_SHIFT_MAX - MIN_SHIFT + 1)
#define IRQ_SIZE	5000
#define NR_HELD		64	/* blocks held to make an allocator fail */

static unsigned int rounds = 2000;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "allocations of each kind, fewer of more than a page");

static bool claim;
module_param(claim, bool, 0444);
MODULE_PARM_DESC(claim, "only make another set with the name \"kmem\"");

static const struct cstats_field other_fields[] = { { .name = "other" } };
static struct cstats other;

/* Successful calls, by size class. */
struct sizes {
	unsigned int classes[NR_SIZES];
	unsigned int calls;
	unsigned long bytes;
	unsigned long given;
};

/* What was done. */
static unsigned int orders[NR_ORDERS];
static struct sizes kmallocs, objects;
static unsigned int nulls, page_failures, kmalloc_failures, object_failures;
static atomic_t irq_done;

/* About as many pages in every order, and a few blocks at least. */
static unsigned int rounds_of(unsigned int order)
{
	return max(rounds >> order, 8U);
}

static void use_pages(void)
{
	unsigned int order, i;

	for (order = 0; order < NR_ORDERS; order++) {
		for (i = 0; i < rounds_of(order); i++) {
			struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN |
							__GFP_NORETRY, order);

			if (!page)
				continue;
			orders[order]++;
			__free_pages(page, order);
		}
	}
}

static void count(struct sizes *sizes, size_t size, unsigned int calls, size_t given)
{
	sizes->classes[size > 8 ? ilog2(size - 1) + 1 - MIN_SHIFT : 0] += calls;
	sizes->calls += calls;
	sizes->bytes += size * calls;
	sizes->given += given * calls;
}

static void *kmalloc_by(unsigned int entry, size_t size, gfp_t gfp)
{
	switch (entry % 4) {
	case 0:
		return kmalloc(size, gfp);
	case 1:
		return kmalloc_node(size, gfp, NUMA_NO_NODE);
	case 2:
		return kmalloc_track_caller(size, gfp);
	default:
		return kvmalloc(size, gfp);
	}
}

/* Both ends of each size class, by each of the allocator's entries. */
static void use_kmalloc(void)
{
	unsigned int class, i;

	for (class = 0; class < NR_SIZES; class++) {
		size_t most = 1UL << (class + MIN_SHIFT), least = most / 2 + 1;

		for (i = 0; i < rounds_of(get_order(most)); i++) {
			size_t size = i & 1 ? most : least;
			void *p = kmalloc_by(i / 2, size, GFP_KERNEL | __GFP_NOWARN |
					     __GFP_NORETRY);

			if (p && !is_vmalloc_addr(p)) {
				count(&kmallocs, size, 1, ksize(p));
				if (size > KMALLOC_MAX_CACHE_SIZE)
					orders[get_order(size)]++;
			}
			kvfree(p);
		}
	}
	for (i = 0; i < rounds; i++) {
		kfree(NULL);
		nulls++;
	}
}

static int use_cache(unsigned int size, slab_flags_t flags, gfp_t gfp,
		     unsigned int times, bool hold)
{
	struct kmem_cache *cache = kmem_cache_create("cstats_test_kmem", size, 0,
						     flags, NULL);
	void *held[NR_HELD];
	unsigned int nr_held = 0;

	if (!cache)
		return -ENOMEM;
	for (; times; times--) {
		void *object = kmem_cache_alloc(cache, gfp);

		if (!object) {
			object_failures++;
			break;
		}
		count(&objects, size, 1, ksize(object));
		if (hold)
			held[nr_held++] = object;
		else
			kmem_cache_free(cache, object);
	}
	while (nr_held)
		kmem_cache_free(cache, held[--nr_held]);
	kmem_cache_destroy(cache);
	return 0;
}

static void use_irq(void *unused)
{
	void *p = kmalloc(IRQ_SIZE, GFP_ATOMIC | __GFP_NOWARN);

	if (p && in_hardirq())
		atomic_inc(&irq_done);
	kfree(p);
}

/*
 * Without reclaim an allocation fails at once. Few blocks of the largest order
 * are in the zone for DMA, so that this takes little from anybody.
 */
static void exhaust_pages(void)
{
	struct page *held[NR_HELD];
	unsigned int nr = 0;

	while (nr < NR_HELD) {
		held[nr] = alloc_pages(GFP_DMA | __GFP_NOWARN, NR_ORDERS - 1);
		if (!held[nr]) {
			page_failures++;
			break;
		}
		orders[NR_ORDERS - 1]++;
		nr++;
	}
	while (nr)
		__free_pages(held[--nr], NR_ORDERS - 1);
}

#define expect(number, name, ...)					\
	(len += scnprintf(buffer + len, PAGE_SIZE - len, name " %lu\n",	\
			  ##__VA_ARGS__, (unsigned long)(number)))

static int expect_sizes(char *buffer, int len, const char *name, const struct sizes *sizes)
{
	unsigned int i;

	expect(sizes->calls, "%s_count", name);
	expect(sizes->bytes, "%s_sum", name);
	for (i = 0; i < NR_SIZES; i++)
		expect(sizes->classes[i], "%s_bucket_%lu", name, 1UL << (MIN_SHIFT + i));
	return len;
}

static int expect_pages(char *buffer, int len, const char *name)
{
	unsigned long blocks = 0, pages = 0;
	unsigned int i;

	for (i = 0; i < NR_ORDERS; i++) {
		blocks += orders[i];
		pages += (unsigned long)orders[i] << i;
		expect(orders[i], "%s_bucket_%lu", name, 1UL << i);
	}
	expect(blocks, "%s_count", name);
	expect(pages, "%s_sum", name);
	return len;
}

static int expected_get(char *buffer, const struct kernel_param *kp)
{
	int len = 0;

	len = expect_pages(buffer, len, "page_allocs");
	len = expect_pages(buffer, len, "page_frees");
	len = expect_sizes(buffer, len, "kmalloc", &kmallocs);
	len = expect_sizes(buffer, len, "kmem_cache_alloc", &objects);
	expect(kmallocs.given + objects.given, "slab_bytes_given");
	expect(kmallocs.calls, "kfree_calls");
	expect(objects.calls, "kmem_cache_free_calls");
	expect(nulls, "kfree_null_calls");
	expect(page_failures, "page_alloc_failures");
	expect(kmalloc_failures, "kmalloc_failures");
	expect(object_failures, "kmem_cache_alloc_failures");
	return len;
}

static const struct kernel_param_ops expected_ops = { .get = expected_get };
module_param_cb(expected, &expected_ops, NULL, 0444);

static int __init cstats_test_kmem_init(void)
{
	size_t too_much = KMALLOC_MAX_SIZE + 1;
	unsigned int i;
	void *p;
	int err;

	if (claim)
		return cstats_init(&other, "kmem", other_fields, 1);

	use_pages();
	use_kmalloc();
	err = use_cache(40, 0, GFP_KERNEL, rounds, false) ?:
	      use_cache(700, SLAB_TYPESAFE_BY_RCU, GFP_KERNEL, rounds, false) ?:
	      use_cache(3000, SLAB_HWCACHE_ALIGN, GFP_KERNEL, rounds, false) ?:
	      use_cache(KMALLOC_MAX_SIZE, SLAB_CACHE_DMA, GFP_DMA | __GFP_NOWARN,
			NR_HELD, true);
	if (err)
		return err;

	/* Real-time kernels have no memory for hard interrupts. */
	for (i = 0; i < rounds && !IS_ENABLED(CONFIG_PREEMPT_RT); i++)
		smp_call_function(use_irq, NULL, true);
	count(&kmallocs, IRQ_SIZE, atomic_read(&irq_done), IRQ_SIZE);

	exhaust_pages();
	for (i = 0; i < rounds; i++) {
		p = kmalloc(too_much, GFP_KERNEL | __GFP_NOWARN);
		if (!p)
			kmalloc_failures++;
		kfree(p);
	}
	return 0;
}
module_init(cstats_test_kmem_init);

static void __exit cstats_test_kmem_exit(void)
{
	if (claim)
		cstats_destroy(&other);
}
module_exit(cstats_test_kmem_exit);

MODULE_DESCRIPTION("A known amount of memory traffic for the tests of cstats_kmem");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
