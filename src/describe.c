// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: names and descriptions of sets and fields, checked and copied
 *
 * Nothing here knows of sets: these are functions of their arguments.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "describe.h"

#define CSTATS_UNIT_LEN		32
#define CSTATS_DESCRIPTION_LEN	256

/* For printing with %*pE a string that may hold anything, or be NULL. */
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
		cond_resched();
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

/**
 * cstats_check - is all that describes a set well-formed?
 * @cs: the set
 * @name: its name
 * @fields: its fields
 * @nr_fields: how many they are
 *
 * Return: 0, or an error of cstats_init() after one line in the log.
 */
int cstats_check(const struct cstats *cs, const char *name,
		 const struct cstats_field *fields, unsigned int nr_fields)
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
struct cstats_field *cstats_copy_fields(const struct cstats_field *fields,
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
