// SPDX-License-Identifier: GPL-2.0
/*
 * The least that a module needs: a cache, of which every snapshot has
 * lookups == hits + misses. Also without debugfs: it reads its own counters.
 */
#include <linux/cstats.h>
#include <linux/err.h>

enum { LOOKUPS, HITS, MISSES };

static const struct cstats_field cache_fields[] = {
	[LOOKUPS] = { "lookups", CSTATS_COUNTER, "calls", "of all keys" },
	[HITS]    = { "hits",    CSTATS_COUNTER, "calls", "key was there" },
	[MISSES]  = { "misses",  CSTATS_COUNTER, "calls", "key was not there" },
};

static DEFINE_CSTATS(cache_stats);

static void cache_lookup(unsigned int key)
{
	bool hit = key % 4;	/* a pretence */
	struct cstats_section s = cstats_acquire_fields(&cache_stats, cache_fields);

	cstats_add(&s, LOOKUPS, 1);
	cstats_add(&s, hit ? HITS : MISSES, 1);
	cstats_release(&s);
}

static int __init cache_init(void)
{
	struct cstats_snapshot *snap;
	unsigned int key;
	int err;

	err = cstats_init(&cache_stats, "cache", cache_fields, ARRAY_SIZE(cache_fields));
	if (err)
		return err;
	for (key = 0; key < 100; key++)
		cache_lookup(key);

	snap = cstats_snapshot_alloc(&cache_stats);
	if (!IS_ERR(snap) && !cstats_read(&cache_stats, snap))
		pr_info("%lld of %lld lookups were hits\n", snap->values[HITS],
			snap->values[LOOKUPS]);
	cstats_snapshot_free(snap);
	return 0;
}

static void __exit cache_exit(void)
{
	cstats_destroy(&cache_stats);
}

module_init(cache_init);
module_exit(cache_exit);
MODULE_DESCRIPTION("cstats sample: the least that a module needs");
MODULE_LICENSE("GPL");
