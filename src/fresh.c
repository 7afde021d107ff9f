// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: sets that are kept fresh
 *
 * cstats_read_last() returns the last snapshot, whenever somebody took it. A set
 * that asks for it is rotated periodically, so that its last snapshot is never
 * older than it wants, plus what a rotation takes. The work item only asks; it
 * waits for nothing.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "fresh.h"
#include "rotate.h"
#include "share.h"

struct cstats_fresh {
	struct delayed_work work;
	struct cstats_set *set;
	unsigned int ms;	/* 0: no longer */
};

static void cstats_fresh_work(struct work_struct *work)
{
	struct cstats_fresh *fresh = container_of(to_delayed_work(work),
						  struct cstats_fresh, work);
	unsigned int ms = READ_ONCE(fresh->ms);

	if (!ms)
		return;
	cstats_request(fresh->set, true);
	cstats_kick();
	cstats_share_queue(&fresh->work, msecs_to_jiffies(ms));
}

/**
 * cstats_fresh_set - keep a set fresh from now on
 * @set: the set
 * @max_age_ms: how old its last snapshot may become, or 0 to end that
 *
 * Return: 0 or -ENOMEM.
 */
int cstats_fresh_set(struct cstats_set *set, unsigned int max_age_ms)
{
	struct cstats_fresh *fresh = READ_ONCE(set->fresh), *other;

	if (!fresh && !max_age_ms)
		return 0;
	if (!fresh) {
		fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
		fresh->set = set;
		INIT_DELAYED_WORK(&fresh->work, cstats_fresh_work);
		other = cmpxchg(&set->fresh, NULL, fresh);
		if (other) {
			kfree(fresh);
			fresh = other;
		}
	}
	WRITE_ONCE(fresh->ms, max_age_ms);
	if (max_age_ms)
		cstats_share_queue(&fresh->work, 0);
	return 0;
}

/* The set is going. Does not wait for anything but the work item. */
void cstats_fresh_stop(struct cstats_set *set)
{
	struct cstats_fresh *fresh = READ_ONCE(set->fresh);

	if (!fresh)
		return;
	WRITE_ONCE(fresh->ms, 0);
	cancel_delayed_work_sync(&fresh->work);
}
