// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: sets that are kept fresh
 *
 * cstats_read_last() returns the last snapshot, however old it is. A set that
 * asks for it is rotated periodically. Its last snapshot is then never older than
 * the age that it asked for, or than two ticks or a rotation take if that is longer,
 * plus the time of a rotation. The work item only asks for rotations; it waits for none.
 */
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "fresh.h"
#include "rotate.h"
#include "share.h"

struct cstats_fresh {
	struct delayed_work work;
	struct cstats_set *set;
	unsigned int ms;	/* 0: no longer */
};

/* No set is armed once it is dead. */
static DEFINE_MUTEX(cstats_fresh_mutex);

/* In jiffies. A timer is late by one of them, or by an eighth of its time. */
static unsigned long cstats_fresh_interval(unsigned int ms)
{
	unsigned long age = min(msecs_to_jiffies(ms), MAX_JIFFY_OFFSET);
	unsigned long late = age / 8 + 1;

	return age > late ? age - late : 1;
}

static void cstats_fresh_work(struct work_struct *work)
{
	struct cstats_fresh *fresh = container_of(to_delayed_work(work),
						  struct cstats_fresh, work);
	unsigned int ms;

	/* Or a new interval would be put off until the old one is over. */
	mutex_lock(&cstats_fresh_mutex);
	ms = READ_ONCE(fresh->ms);
	if (ms)
		cstats_share_queue(&fresh->work, cstats_fresh_interval(ms));
	mutex_unlock(&cstats_fresh_mutex);
	if (!ms)
		return;
	cstats_request(fresh->set, true);
	cstats_kick();
}

/**
 * cstats_fresh_set - keep a set fresh from now on
 * @set: the set
 * @max_age_ms: how old its last snapshot may become, or 0 to end that
 *
 * Return: 0, -ENOMEM or -ENODEV (destroyed meanwhile).
 */
int cstats_fresh_set(struct cstats_set *set, unsigned int max_age_ms)
{
	struct cstats_fresh *fresh = NULL;
	int err = 0;

	/* Before the lock, which cstats_destroy() takes in memory reclaim. */
	if (!READ_ONCE(set->fresh) && max_age_ms) {
		fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
		fresh->set = set;
		INIT_DELAYED_WORK(&fresh->work, cstats_fresh_work);
	}
	mutex_lock(&cstats_fresh_mutex);
	if (!set->fresh) {
		WRITE_ONCE(set->fresh, fresh);
		fresh = NULL;
	}
	if (READ_ONCE(set->dead)) {
		err = -ENODEV;
	} else if (set->fresh) {
		WRITE_ONCE(set->fresh->ms, max_age_ms);
		if (max_age_ms)
			cstats_share_queue(&set->fresh->work, 0);
	}
	mutex_unlock(&cstats_fresh_mutex);
	kfree(fresh);
	return err;
}

/* The set is dead. Waits for nothing but the work item. */
void cstats_fresh_stop(struct cstats_set *set)
{
	struct cstats_fresh *fresh;

	mutex_lock(&cstats_fresh_mutex);
	fresh = set->fresh;
	mutex_unlock(&cstats_fresh_mutex);
	if (!fresh)
		return;
	WRITE_ONCE(fresh->ms, 0);
	cancel_delayed_work_sync(&fresh->work);
}
