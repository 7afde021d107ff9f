// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: instances come, are renamed and go
 *
 * An instance that comes has slots of zeros, and writers find them through a
 * release and an address dependency. One that goes loses its pointer first:
 *
 *	remove				a section of the family
 *
 *	inst->slots = NULL		slots = inst->slots
 *					if NULL: the family's own
 *	a grace period			[adds]
 *	both slots += into "gone"
 *	a grace period, for cstats_read_unsafe()
 *	free
 *
 * A section that has read the pointer adds to the slots, and the grace period
 * waits for it, so "gone" misses nothing. One that reads NULL adds to the
 * family's own slots. Nothing is lost either way, and the family's sums never
 * go back. Rotations sum the slots until they are in "gone": see rotate.c.
 *
 * The destruction of a family does not touch the memory of its instances, which
 * may be gone. Their slots stay until they are removed, or until their module
 * goes.
 *
 *	label		where				forbidden otherwise
 *	add:K		store-release of ->slots, pairs	a section adds to memory
 *			with acquire:K, the address	that is not yet zero
 *			dependency in cstats_in()
 *	walk:M		smp_mb() between the place	a rotation sees that a
 *			that rotations come to and	section is over which has
 *			add:K, with release:C and	found the instance, and
 *			over:D in rotate.c		does not find it itself
 *	gone:L		the grace period before the	an add that comes after
 *			slots are added to "gone"	the fold is lost
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "base.h"
#include "family.h"
#include "params.h"
#include "rotate.h"
#include "share.h"

/* So many batches of instances go at a time, a tenth of a second. */
#define CSTATS_GO_BATCHES	100

static struct workqueue_struct *cstats_family_wq;

/* Instances that have been removed and are not yet gone. */
static atomic_t cstats_leaving = ATOMIC_INIT(0);

/* Families that are destroyed and have instances, and the count of these. */
static DEFINE_SPINLOCK(cstats_orphan_lock);
static LIST_HEAD(cstats_orphans);

static void cstats_count_members(struct cstats_family *family, int n)
{
	spin_lock(&cstats_orphan_lock);
	family->nr_members += n;
	if (!family->nr_members)
		list_del_init(&family->orphan);
	else if (READ_ONCE(family->set->dead) && list_empty(&family->orphan))
		list_add_tail(&family->orphan, &cstats_orphans); /* came too late for it */
	spin_unlock(&cstats_orphan_lock);
}

/* Let those go that are removed, after a grace period. Needs the family's lock. */
static void cstats_let_leave(struct cstats_family *family)
{
	if (!list_empty(&family->going) || list_empty(&family->leaving))
		return;
	list_splice_init(&family->leaving, &family->going);
	refcount_inc(&family->set->ref);
	queue_rcu_work(cstats_family_wq, &family->go);	/* gone:L */
}

/* A batch of those whose time has come. True if more are left. */
static bool cstats_go_some(struct cstats_family *family, struct list_head *gone)
{
	unsigned int nr = family->set->shared.nr_values, cost = 0;
	struct cstats_member *member, *next;
	bool more;

	mutex_lock(&family->lock);
	mutex_lock(&cstats_rotate_mutex);
	list_for_each_entry_safe(member, next, &family->going, leaving) {
		if (cost >= CSTATS_BATCH)
			break;
		cost += 2 * cstats_cells_cost(nr);
		cstats_cells_fold(&member->cells, nr, family->gone);
		xa_erase(&family->members, member->id);
		list_move(&member->leaving, gone);
	}
	mutex_unlock(&cstats_rotate_mutex);
	more = !list_empty(&family->going);
	if (!more)
		cstats_let_leave(family);
	mutex_unlock(&family->lock);
	cond_resched();
	return more;
}

/*
 * All of them, while the snapshot is held: no rotation is making sums then. Readers
 * without a pause cannot keep them from going, and wait for some batches only. Returns
 * them in @gone.
 */
static void cstats_go_all(struct cstats_family *family, struct list_head *gone)
{
	struct cstats_set *set = family->set;
	unsigned int batches;
	unsigned long held;
	bool more = true;

	while (more) {
		/* It fails if the set is destroyed; its sums are dropped then. */
		while (cstats_hold(set, cstats_deadline(), &held))
			usleep_range(1000, 10000);
		for (batches = 0; more && batches < CSTATS_GO_BATCHES; batches++)
			more = cstats_go_some(family, gone);
		cstats_let_go(set, held);
	}
}

static void cstats_go_work(struct work_struct *work)
{
	struct cstats_family *family = container_of(to_rcu_work(work),
						    struct cstats_family, go);
	struct cstats_set *set = family->set;
	struct cstats_member *member, *next;
	unsigned long gp;
	LIST_HEAD(gone);

	cstats_go_all(family, &gone);
	/* cstats_values_now() may have found them. Polled for: see barrier.c. */
	gp = start_poll_synchronize_rcu();
	while (!poll_state_synchronize_rcu(gp))
		usleep_range(1000, 10000);
	list_for_each_entry_safe(member, next, &gone, leaving) {
		cstats_member_free(member);
		atomic_dec(&cstats_leaving);
		cond_resched();
	}
	cstats_set_put(set);
}

void cstats_family_init(struct cstats_set *set)
{
	INIT_RCU_WORK(&set->family->go, cstats_go_work);
}

/* Give the instance its number, its name and its slots. Needs the family's lock. */
static int cstats_family_enter(struct cstats_family *family, struct cstats_instance *inst,
			       struct cstats_member *member, struct cstats_label *label)
{
	int err;

	if (READ_ONCE(family->set->dead))
		return -ENODEV;
	if (READ_ONCE(inst->member))
		return -EBUSY;
	if (!cstats_base_prepared(family->set, &member->cells))
		return -EAGAIN;
	err = cstats_label_insert(family, label);
	if (err)
		return err;
	/* It may be added to another family, under the lock of that. */
	if (cmpxchg(&inst->member, NULL, member)) {
		refcount_inc(&label->ref);	/* that of the caller */
		cstats_label_remove(family, label);
		return -EBUSY;
	}
	label->member = member;
	member->label = label;
	xa_store(&family->members, member->id, member, GFP_ATOMIC);	/* is reserved */
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	WRITE_ONCE(inst->family, &family->set->shared);
#endif
	/*
	 * walk:M, for sections that a rotation waits for by their counter: release:C
	 * is a write barrier, and need not hand on what another CPU has stored.
	 */
	smp_mb();
	smp_store_release(&inst->slots, member->cells.slots);	/* add:K */
	return 0;
}

/*
 * Wait for the worker that enlarges the table of names. It allocates memory, and
 * under the family's lock nobody waits for that: those who want the lock may hold
 * a snapshot, and a reader that waits for the next one may be in memory reclaim. For
 * the same reason, what a reset or a report needs of a new instance is allocated
 * without the lock.
 */
static bool cstats_come_again(int err)
{
	if (err != -EAGAIN)
		return false;
	usleep_range(200, 2000);
	return true;
}

/**
 * cstats_family_add - add an instance to a family
 * @set: the family
 * @inst: the instance
 * @name: its name, well-formed; copied
 *
 * Return: as cstats_instance_add().
 */
int cstats_family_add(struct cstats_set *set, struct cstats_instance *inst,
		      const char *name)
{
	struct cstats_family *family = set->family;
	struct cstats_member *member = cstats_member_new(set);
	struct cstats_label *label = cstats_label_new(name);
	int err = -ENOMEM;

	if (!member || !label)
		goto free;
	/* Allocates, hence before the lock. Nobody finds a NULL. */
	if (xa_alloc_cyclic(&family->members, &member->id, NULL, CSTATS_IDS,
			    &family->last_id, GFP_KERNEL) < 0)
		goto free;
	do {
		err = cstats_base_prepare(set, &member->cells);
		if (err)
			break;
		mutex_lock(&family->lock);
		err = cstats_family_enter(family, inst, member, label);
		if (!err)
			cstats_count_members(family, 1);
		mutex_unlock(&family->lock);
	} while (cstats_come_again(err));
	if (!err)
		return 0;
	xa_release(&family->members, member->id);
free:
	cstats_label_put(label);
	cstats_member_free(member);
	return err;
}

/**
 * cstats_family_rename - give an instance another name
 * @inst: the instance
 * @name: the name, well-formed; copied
 *
 * Return: as cstats_instance_rename().
 */
int cstats_family_rename(struct cstats_instance *inst, const char *name)
{
	struct cstats_member *member = inst->member;
	struct cstats_label *label, *old;
	struct cstats_family *family;
	int err;

	if (!member || READ_ONCE(member->set->dead))
		return -ENODEV;
	label = cstats_label_new(name);
	if (!label)
		return -ENOMEM;
	family = member->set->family;
	do {
		mutex_lock(&family->lock);
		old = member->label;
		err = strcmp(old->text, name) ? cstats_label_insert(family, label) : -EALREADY;
		if (!err) {
			label->member = member;
			WRITE_ONCE(member->label, label);
			cstats_label_remove(family, old);
			label = NULL;
		}
		mutex_unlock(&family->lock);
	} while (cstats_come_again(err));
	cstats_label_put(label);
	return err == -EALREADY ? 0 : err;
}

/* Needs the family's lock. The name is free from here on. */
static void cstats_member_leave(struct cstats_member *member)
{
	struct cstats_family *family = member->set->family;
	struct cstats_label *label = member->label;

	WRITE_ONCE(member->label, NULL);	/* for panic.c, before it is freed */
	cstats_label_remove(family, label);
	atomic_inc(&cstats_leaving);
	list_add_tail(&member->leaving, &family->leaving);
	cstats_count_members(family, -1);
}

/* See cstats_instance_remove(). */
void cstats_family_remove(struct cstats_instance *inst)
{
	struct cstats_member *member = xchg(&inst->member, NULL);
	struct cstats_family *family;

	if (!member)
		return;
	family = member->set->family;
	mutex_lock(&family->lock);
	/* Before the grace period: gone:L. It may have been added again meanwhile. */
	cmpxchg(&inst->slots, member->cells.slots, NULL);
	cstats_member_leave(member);
	cstats_let_leave(family);
	mutex_unlock(&family->lock);
}

/* The family is destroyed. */
void cstats_family_orphan(struct cstats_set *set)
{
	struct cstats_family *family = set->family;
	unsigned int n;

	if (!family)
		return;
	spin_lock(&cstats_orphan_lock);
	n = family->nr_members;
	if (n && list_empty(&family->orphan))
		list_add_tail(&family->orphan, &cstats_orphans);
	spin_unlock(&cstats_orphan_lock);
	if (n)
		pr_warn("set \"%s\": destroyed with %u instances, whose memory stays until each is removed\n",
			set->name, n);
}

/* An orphan of this module, with a reference to its set, or NULL. */
static struct cstats_family *cstats_orphan_of(const struct module *owner)
{
	struct cstats_family *family, *found = NULL;

	spin_lock(&cstats_orphan_lock);
	list_for_each_entry(family, &cstats_orphans, orphan) {
		if (owner && family->set->entry.owner != owner)
			continue;
		refcount_inc(&family->set->ref);
		found = family;
		break;
	}
	spin_unlock(&cstats_orphan_lock);
	return found;
}

/**
 * cstats_family_forget - forget the instances that a module has left behind
 * @owner: the module, or NULL for any; its memory is not touched
 */
void cstats_family_forget(const struct module *owner)
{
	struct cstats_family *family;

	while ((family = cstats_orphan_of(owner))) {
		struct cstats_member *member;
		unsigned long id = 0;

		mutex_lock(&family->lock);
		while ((member = cstats_member_next(family, &id))) {
			if (member->label)
				cstats_member_leave(member);
			cond_resched();
		}
		cstats_let_leave(family);
		mutex_unlock(&family->lock);
		cstats_set_put(family->set);
	}
}

int cstats_family_start(void)
{
	cstats_family_wq = alloc_workqueue("cstats_family", WQ_UNBOUND, 0);
	return cstats_family_wq ? 0 : -ENOMEM;
}

/* There are no families any more, but maybe instances that leave. */
void cstats_family_stop(void)
{
	while (atomic_read(&cstats_leaving)) {
		rcu_barrier();
		flush_workqueue(cstats_family_wq);
	}
	destroy_workqueue(cstats_family_wq);
}
