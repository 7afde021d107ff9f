// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: the registry, where sets come and go
 *
 * A set lives on after cstats_destroy() for as long as a reader has it, and
 * its per-CPU memory for a grace period longer, so that a section that was
 * open when cstats_destroy() was called ends on valid memory. Its name stays
 * taken until its files are gone.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/overflow.h>
#include <linux/poison.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

#define CSTATS_UNIT_LEN		32
#define CSTATS_DESCRIPTION_LEN	256

#define CSTATS_MAX_FIELDS						\
	((unsigned int)((PCPU_MIN_UNIT_SIZE - sizeof(struct cstats_cpu)) / \
			(2 * sizeof(local64_t))))

/* Writers of a destroyed set fault instead of writing to somebody's memory. */
#define CSTATS_POISON	((struct cstats_cpu __percpu __force *)LIST_POISON1)

/* Orders as cpus_read_lock(), then this; also serializes the rotations. */
DEFINE_MUTEX(cstats_mutex);
LIST_HEAD(cstats_sets);
unsigned int cstats_nr_sets;

/* For printing with %*pE what may hold anything, or be NULL. */
static int cstats_len(const char *s)
{
	return s ? strnlen(s, 2 * CSTATS_NAME_LEN) : 0;
}

static int cstats_check_name(const char *name)
{
	size_t len;

	if (!name)
		return -EINVAL;
	len = strnlen(name, CSTATS_NAME_LEN);
	if (len == CSTATS_NAME_LEN)
		return -ENAMETOOLONG;
	if (!islower(name[0]) || !isascii(name[0]))
		return -EINVAL;
	while (*++name)
		if (!isascii(*name) ||
		    !(islower(*name) || isdigit(*name) || *name == '_'))
			return -EINVAL;
	return 0;
}

/* Text of a description, or of a unit, which has no blanks. NULL will do. */
static bool cstats_text_ok(const char *text, size_t len, bool blanks)
{
	if (!text)
		return true;
	if (!*text || strnlen(text, len) == len)
		return false;
	for (; *text; text++)
		if (!isascii(*text) || !isprint(*text) ||
		    (*text == ' ' && !blanks))
			return false;
	return true;
}

static int cstats_check_fields(const char *name,
			       const struct cstats_field *fields,
			       unsigned int nr_fields)
{
	const struct cstats_field *f;
	unsigned int i, j;
	int err;

	for (i = 0; i < nr_fields; i++) {
		f = &fields[i];
		err = cstats_check_name(f->name);
		if (!err && (f->kind > CSTATS_GAUGE ||
			     !cstats_text_ok(f->unit, CSTATS_UNIT_LEN, false) ||
			     !cstats_text_ok(f->description,
					     CSTATS_DESCRIPTION_LEN, true)))
			err = -EINVAL;
		for (j = 0; !err && j < i; j++)
			if (!strcmp(f->name, fields[j].name))
				err = -EEXIST;
		if (!err)
			continue;
		pr_err("set \"%s\": field %u \"%*pE\": %s\n", name, i,
		       cstats_len(f->name), f->name,
		       err == -EEXIST ? "name is used twice" :
		       err == -ENAMETOOLONG ? "name is too long" :
		       cstats_check_name(f->name) ? "name is not [a-z][a-z0-9_]*" :
		       "kind, unit or description is ill-formed");
		return err;
	}
	return 0;
}

static int cstats_check(struct cstats *cs, const char *name,
			const struct cstats_field *fields,
			unsigned int nr_fields)
{
	int err = cstats_check_name(name);

	if (err) {
		pr_err("set \"%*pE\": name is %s\n", cstats_len(name), name,
		       err == -ENAMETOOLONG ? "too long" : "not [a-z][a-z0-9_]*");
		return err;
	}
	if (!cs || !fields || !nr_fields) {
		pr_err("set \"%s\": %s\n", name,
		       cs ? "has no fields" : "struct cstats is NULL");
		return -EINVAL;
	}
	if (nr_fields > CSTATS_MAX_FIELDS) {
		pr_err("set \"%s\": %u fields, more than the %u that fit a per-CPU allocation\n",
		       name, nr_fields, CSTATS_MAX_FIELDS);
		return -E2BIG;
	}
	return cstats_check_fields(name, fields, nr_fields);
}

/* Copy a description's string to @*to and advance that. */
static const char *cstats_copy_text(char **to, const char *text)
{
	size_t size;

	if (!text)
		return NULL;
	size = strlen(text) + 1;
	*to += size;
	return memcpy(*to - size, text, size);
}

/* The descriptions with their strings, in one piece of memory. */
static struct cstats_field *cstats_copy_fields(const struct cstats_field *fields,
					       unsigned int nr_fields)
{
	size_t size = nr_fields * sizeof(*fields);
	struct cstats_field *copy;
	unsigned int i;
	char *to;

	for (i = 0; i < nr_fields; i++)
		size += strlen(fields[i].name) + 1 +
			(fields[i].unit ? strlen(fields[i].unit) + 1 : 0) +
			(fields[i].description ?
			 strlen(fields[i].description) + 1 : 0);
	copy = kvmalloc(size, GFP_KERNEL);
	if (!copy)
		return NULL;
	to = (char *)(copy + nr_fields);
	for (i = 0; i < nr_fields; i++) {
		copy[i].name = cstats_copy_text(&to, fields[i].name);
		copy[i].kind = fields[i].kind;
		copy[i].unit = cstats_copy_text(&to, fields[i].unit);
		copy[i].description = cstats_copy_text(&to, fields[i].description);
	}
	return copy;
}

static void cstats_set_free(struct cstats_set *set)
{
	free_percpu(set->cpu);
	kvfree(set->base_cpu);
	kvfree(set->fields);
	kvfree(set);
}

static void cstats_set_free_rcu(struct rcu_head *rcu)
{
	cstats_set_free(container_of(rcu, struct cstats_set, rcu));
}

static struct cstats_set *cstats_set_new(const char *name,
					 const struct cstats_field *fields,
					 unsigned int nr_fields)
{
	size_t size = sizeof(struct cstats_cpu) +
		      2 * nr_fields * sizeof(local64_t);
	struct cstats_set *set;
	u64 *sums;

	set = kvzalloc(struct_size(set, sums, 5 * nr_fields), GFP_KERNEL);
	if (!set)
		return NULL;
	/* Sets of up to a cache line do not straddle two. */
	set->cpu = __alloc_percpu(size, min_t(size_t, SMP_CACHE_BYTES,
					      roundup_pow_of_two(size)));
	set->fields = cstats_copy_fields(fields, nr_fields);
	if (!set->cpu || !set->fields) {
		cstats_set_free(set);
		return NULL;
	}
	strscpy(set->name, name, sizeof(set->name));
	INIT_LIST_HEAD(&set->request);
	refcount_set(&set->ref, 1);
	set->nr_fields = nr_fields;
	sums = set->sums;
	set->last[0] = sums;
	set->last[1] = sums + nr_fields;
	set->base = sums + 2 * nr_fields;
	set->published[0].values = sums + 3 * nr_fields;
	set->published[1].values = sums + 4 * nr_fields;
	cstats_publish(set, ktime_get_ns(), 0, num_online_cpus());
	return set;
}

/* Is there a set at @cs, or one with this name? Needs cstats_mutex. */
static int cstats_check_registered(const struct cstats *cs, const char *name)
{
	struct cstats_set *set;

	list_for_each_entry(set, &cstats_sets, node) {
		if (set->cs == cs) {
			pr_err("set \"%s\": already initialized as \"%s\"\n",
			       name, set->name);
			return -EBUSY;
		}
		if (!strcmp(set->name, name)) {
			pr_err("set \"%s\": name is in use\n", name);
			return -EEXIST;
		}
	}
	return 0;
}

/* See cstats_init() for all but the last two parameters. */
int __cstats_init(struct cstats *cs, const char *name,
		  const struct cstats_field *fields, unsigned int nr_fields,
		  struct module *owner, struct lock_class_key *key)
{
	struct cstats_set *set;
	int err;

	might_sleep();
	err = cstats_check(cs, name, fields, nr_fields);
	if (err)
		return err;
	set = cstats_set_new(name, fields, nr_fields);
	if (!set) {
		pr_err("set \"%s\": out of memory for %u fields\n", name, nr_fields);
		return -ENOMEM;
	}
	set->owner = owner;

	mutex_lock(&cstats_mutex);
	err = cstats_check_registered(cs, name);
	if (err) {
		cstats_mutex_unlock();
		cstats_set_free(set);
		return err;
	}
	cs->cpu = set->cpu;
	cs->gen = cstats_gen(set, 0);
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	cs->nr_fields = nr_fields;
	/* Lockdep keeps the name as long as the key, longer than the set lives. */
	lockdep_init_map(&cs->dep_map, "cstats_section", key, 0);
#endif
	set->cs = cs;
	list_add_tail(&set->node, &cstats_sets);
	cstats_nr_sets++;
	rcu_assign_pointer(cs->set, set);
	cstats_mutex_unlock();

	cstats_debugfs_add(set);
	return 0;
}
EXPORT_SYMBOL_GPL(__cstats_init);

/* The set that @cs has, with a reference, or NULL. */
struct cstats_set *cstats_set_get(struct cstats *cs)
{
	struct cstats_set *set;

	rcu_read_lock();
	set = rcu_dereference(cs->set);
	if (set && !refcount_inc_not_zero(&set->ref))
		set = NULL;
	rcu_read_unlock();
	return set;
}

void cstats_set_put(struct cstats_set *set)
{
	if (refcount_dec_and_test(&set->ref))
		call_rcu(&set->rcu, cstats_set_free_rcu);
}

/*
 * Take a dead set out of the registry. Not under cstats_mutex: removing the
 * files waits for those who are opening one, and they want it.
 */
static void cstats_unlink(struct cstats_set *set)
{
	cstats_debugfs_remove(set);
	mutex_lock(&cstats_mutex);
	list_del(&set->node);
	cstats_nr_sets--;
	cstats_mutex_unlock();
	cstats_set_put(set);
}

/**
 * cstats_destroy - forget a set
 * @cs: the set; NULL is fine, and one that is not initialized gets a warning
 *
 * Readers that are under way end with a snapshot or -ENODEV. Sections that are
 * open may end; no new one may start. @cs can be freed, or initialized again,
 * when nobody uses it any more.
 *
 * Context: Process context, may sleep, as long as one rotation. Not in a CPU
 * hotplug callback.
 */
void cstats_destroy(struct cstats *cs)
{
	struct cstats_set *set, *found = NULL;

	might_sleep();
	if (!cs)
		return;
	mutex_lock(&cstats_mutex);
	list_for_each_entry(set, &cstats_sets, node) {
		if (set->cs != cs)
			continue;
		found = set;
		set->cs = NULL;
		cstats_request_cancel(set);
		RCU_INIT_POINTER(cs->set, NULL);
		cs->cpu = CSTATS_POISON;
		break;
	}
	cstats_mutex_unlock();
	if (found)
		cstats_unlink(found);
	else
		pr_warn("asked by %pS to destroy a set that is not initialized\n",
			__builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(cstats_destroy);

/* A module that goes away takes its memory along, ->cs perhaps included. */
static struct cstats_set *cstats_orphan(const struct module *owner)
{
	struct cstats_set *set, *found = NULL;

	mutex_lock(&cstats_mutex);
	list_for_each_entry(set, &cstats_sets, node) {
		if (!set->cs || set->owner != owner)
			continue;
		found = set;
		set->cs = NULL;
		cstats_request_cancel(set);
		break;
	}
	cstats_mutex_unlock();
	return found;
}

static int cstats_module_event(struct notifier_block *nb, unsigned long event,
			       void *data)
{
	const struct module *mod = data;
	struct cstats_set *set;

	if (event != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	while ((set = cstats_orphan(mod))) {
		pr_warn("set \"%s\": module %s went away without cstats_destroy()\n",
			set->name, mod->name);
		cstats_unlink(set);
	}
	return NOTIFY_OK;
}

static struct notifier_block cstats_module_nb = {
	.notifier_call = cstats_module_event,
};

static int __init cstats_module_init(void)
{
	int err = register_module_notifier(&cstats_module_nb);

	if (!err)
		cstats_debugfs_init();
	return err;
}

/* The users of our symbols are gone, and their sets with them. */
static void __exit cstats_module_exit(void)
{
	cstats_debugfs_exit();
	unregister_module_notifier(&cstats_module_nb);
	rcu_barrier();		/* cstats_set_free_rcu() */
}

module_init(cstats_module_init);
module_exit(cstats_module_exit);

MODULE_DESCRIPTION("Per-CPU counters whose totals are consistent");
MODULE_LICENSE("GPL");
