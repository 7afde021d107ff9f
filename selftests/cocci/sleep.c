// SPDX-License-Identifier: GPL-2.0
/* For scripts/cocci/check/sleep.cocci; never compiled. */

static void bad_lock(struct my *my)
{
	struct cstats_section s = cstats_acquire(&stats);

	cstats_add(&s, A, 1);
	mutex_lock(&my->lock);		/* found */
	cstats_add(&s, B, 1);
	mutex_unlock(&my->lock);
	cstats_release(&s);
}

static void *bad_alloc(struct my *my)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&my->stats);
	void *p = kmalloc(my->size, GFP_KERNEL);	/* found */

	cstats_add(&s, A, !!p);
	cstats_release(&s);
	return p;
}

static void good_lock(struct my *my)
{
	struct cstats_section s;

	mutex_lock(&my->lock);
	s = cstats_acquire(&stats);
	cstats_add(&s, A, 1);
	cstats_release(&s);
	mutex_unlock(&my->lock);
	msleep(100);
}

static void *good_alloc(struct my *my)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&my->stats);
	void *p = kmalloc(my->size, GFP_ATOMIC);

	spin_lock(&my->spin);
	cstats_add(&s, A, !!p);
	spin_unlock(&my->spin);
	cstats_release(&s);
	return p;
}
