// SPDX-License-Identifier: GPL-2.0
/*
 * cstats: names and descriptions of sets and fields, checked and copied
 *
 * Nothing here knows of sets: these are functions of their arguments.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/log2.h>
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
	if (!cstats_name_has(name[0], true))
		return -EINVAL;
	while (*++name)
		if (!cstats_name_has(*name, false))
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

/* Of 64 bits, which is_power_of_2() does not look at on 32-bit machines. */
static bool cstats_is_power(u64 value)
{
	return value && !(value & (value - 1));
}

/* The bounds of a histogram rise; other fields have none. */
static bool cstats_bounds_ok(const struct cstats_field *f)
{
	unsigned int i;

	if (f->kind != CSTATS_HISTOGRAM)
		return !f->bounds && !f->nr_bounds && !f->first && !f->last;
	if (!f->bounds)
		return !f->nr_bounds && f->first <= f->last &&
		       cstats_is_power(f->first) && cstats_is_power(f->last);
	if (!f->nr_bounds || f->first || f->last)
		return false;
	for (i = 1; i < f->nr_bounds; i++)
		if (f->bounds[i] <= f->bounds[i - 1])
			return false;
	return true;
}

static unsigned int cstats_nr_bounds(const struct cstats_field *f)
{
	return f->bounds ? f->nr_bounds : ilog2(f->last) - ilog2(f->first) + 1;
}

/* Values of a field: of a histogram, the count, the sum and the buckets. */
static unsigned int cstats_field_values(const struct cstats_field *f)
{
	return f->kind == CSTATS_HISTOGRAM ? 3 + cstats_nr_bounds(f) : 1;
}

static int cstats_check_field(const struct cstats_field *f)
{
	int err = cstats_check_name(f->name);

	if (!err && f->bounds && f->nr_bounds > CSTATS_MAX_VALUES)
		return -E2BIG;
	if (!err && (f->kind > CSTATS_HISTOGRAM || !cstats_bounds_ok(f) ||
		     !cstats_text_ok(f->unit, CSTATS_UNIT_LEN, false) ||
		     !cstats_text_ok(f->description, CSTATS_DESCRIPTION_LEN, true)))
		err = -EINVAL;
	return err;
}

static const char *cstats_what(int err)
{
	return err == -ENAMETOOLONG ? "too long" : "not [a-z][a-z0-9_]*";
}

static void cstats_complain(const char *set, unsigned int i,
			    const struct cstats_field *f, int err)
{
	pr_err("set \"%s\": field %u \"%*pE\": %s\n", set, i,
	       cstats_len(f->name), f->name,
	       err == -EEXIST ? "name is used twice" :
	       err == -ENAMETOOLONG ? "name is too long" :
	       err == -E2BIG ? "more bounds than fit a per-CPU allocation" :
	       cstats_check_name(f->name) ? "name is not [a-z][a-z0-9_]*" :
	       "kind, bounds, unit or description is ill-formed");
}

static int cstats_check_fields(const struct cstats_spec *spec)
{
	unsigned int i, nr_values = 0;

	if (spec->nr_fields > CSTATS_MAX_VALUES) {
		pr_err("set \"%s\": %u fields, more than the %u that fit a per-CPU allocation\n",
		       spec->name, spec->nr_fields, CSTATS_MAX_VALUES);
		return -E2BIG;
	}
	for (i = 0; i < spec->nr_fields; i++) {
		int err = cstats_check_field(&spec->fields[i]);

		if (err) {
			cstats_complain(spec->name, i, &spec->fields[i], err);
			return err;
		}
		nr_values += cstats_field_values(&spec->fields[i]);
		if (nr_values > CSTATS_MAX_VALUES) {
			pr_err("set \"%s\": its histograms have more buckets than fit a per-CPU allocation\n",
			       spec->name);
			return -E2BIG;
		}
		cond_resched();
	}
	return 0;
}

/**
 * cstats_check - is all that describes a set well-formed?
 * @cs: the set
 * @spec: what its user says of it
 *
 * Return: 0, or an error of cstats_init() after one line in the log.
 */
int cstats_check(const struct cstats *cs, const struct cstats_spec *spec)
{
	const char *name = spec->name;
	int err = cstats_check_name(name);

	if (err) {
		pr_err("set \"%*pE\": name is %s\n", cstats_len(name), name,
		       cstats_what(err));
		return err;
	}
	if (!cs || !spec->fields || !spec->nr_fields || IS_ERR(spec->dev)) {
		pr_err("set \"%s\": %s\n", name,
		       !cs ? "struct cstats is NULL" :
		       IS_ERR(spec->dev) ? "its device is NULL" : "has no fields");
		return -EINVAL;
	}
	/* "le" is what Prometheus calls the bound of a bucket. */
	if (spec->label)
		err = strcmp(spec->label, "le") ? cstats_check_name(spec->label) : -EINVAL;
	if (err) {
		pr_err("set \"%s\": label \"%*pE\" is %s%s\n", name,
		       cstats_len(spec->label), spec->label, cstats_what(err),
		       err == -EINVAL ? ", or \"le\"" : "");
		return err;
	}
	return cstats_check_fields(spec);
}

/**
 * cstats_check_instance - is the name of an instance well-formed?
 * @name: any text but none at all
 *
 * Return: 0, -EINVAL or -ENAMETOOLONG.
 */
int cstats_check_instance(const char *name)
{
	if (!name || !*name)
		return -EINVAL;
	return strnlen(name, CSTATS_INSTANCE_LEN) < CSTATS_INSTANCE_LEN ? 0 : -ENAMETOOLONG;
}

/* Bound @i of a histogram. */
static u64 cstats_bound(const struct cstats_field *field, unsigned int i)
{
	return field->bounds ? field->bounds[i] : field->first << i;
}

/* Where the copies of strings go; only counted where there is no memory yet. */
struct cstats_text {
	char *to;
	size_t size;
};

static const char *cstats_put_text(struct cstats_text *text, const char *format, ...)
	__printf(2, 3);

static const char *cstats_put_text(struct cstats_text *text, const char *format, ...)
{
	char *at = text->to ? text->to + text->size : NULL;
	va_list args;

	va_start(args, format);
	/* The size was found out in a first run, with the same strings. */
	text->size += vsnprintf(at, at ? INT_MAX : 0, format, args) + 1;
	va_end(args);
	return at;
}

/* A line for value @index; in the first run, only its text is counted. */
static void cstats_put_line(struct cstats_about *about, struct cstats_text *text,
			    unsigned int *line, unsigned int index,
			    const char *field, const char *suffix, u64 bound)
{
	const char *name;

	if (bound)
		name = cstats_put_text(text, "%s%s%llu", field, suffix, bound);
	else
		name = cstats_put_text(text, "%s%s", field, suffix);
	if (about->lines)
		about->lines[*line] = (struct cstats_line){ name, index };
	++*line;
}

/*
 * The values of all fields as lines. The fields' own values come first in a
 * slot, then the sums and buckets; a histogram's lines are together.
 */
static void cstats_put_lines(const struct cstats_spec *spec, struct cstats_about *about,
			     struct cstats_text *text)
{
	unsigned int extra = spec->nr_fields, line = 0, i, b;

	for (i = 0; i < spec->nr_fields; i++) {
		const struct cstats_field *f = &spec->fields[i];

		if (f->kind != CSTATS_HISTOGRAM) {
			cstats_put_line(about, text, &line, i, f->name, "", 0);
			continue;
		}
		if (about->histograms)
			about->histograms[i] = (struct cstats_histogram){
				.sum = extra,
				.nr_bounds = cstats_nr_bounds(f),
				.shift = f->bounds ? 0 : ilog2(f->first),
				.bounds = about->fields[i].bounds,
			};
		cstats_put_line(about, text, &line, i, f->name, "_count", 0);
		cstats_put_line(about, text, &line, extra++, f->name, "_sum", 0);
		for (b = 0; b < cstats_nr_bounds(f); b++)
			cstats_put_line(about, text, &line, extra++, f->name,
					cstats_bound(f, b) ? "_bucket_" : "_bucket_0",
					cstats_bound(f, b));
		cstats_put_line(about, text, &line, extra++, f->name, "_bucket_inf", 0);
		cond_resched();
	}
	about->nr_values = line;
}

static void cstats_put_fields(const struct cstats_spec *spec, struct cstats_about *about,
			      u64 *bounds, struct cstats_text *text)
{
	unsigned int i;

	for (i = 0; i < spec->nr_fields; i++) {
		const struct cstats_field *from = &spec->fields[i];
		struct cstats_field f = *from;

		f.name = cstats_put_text(text, "%s", from->name);
		if (from->unit)
			f.unit = cstats_put_text(text, "%s", from->unit);
		if (from->description)
			f.description = cstats_put_text(text, "%s", from->description);
		if (!about->fields)
			continue;
		if (from->bounds) {
			f.bounds = memcpy(bounds, from->bounds,
					  from->nr_bounds * sizeof(*bounds));
			bounds += from->nr_bounds;
		}
		about->fields[i] = f;
	}
}

/* Fields with the same name, or one that is called as a part of a histogram. */
static int cstats_check_unique(const struct cstats_spec *spec,
			       const struct cstats_about *about)
{
	unsigned int i, j;

	for (i = 0; i < about->nr_fields; i++) {
		const char *name = about->fields[i].name;
		unsigned int same = 0;

		for (j = 0; j < i; j++)
			same += !strcmp(name, about->fields[j].name);
		for (j = 0; about->histograms && j < about->nr_values; j++)
			same += about->lines[j].index != i &&
				!strcmp(name, about->lines[j].name);
		if (same) {
			cstats_complain(spec->name, i, &about->fields[i], -EEXIST);
			return -EEXIST;
		}
		cond_resched();
	}
	return 0;
}

/**
 * cstats_describe - copy what describes a set
 * @spec: well-formed, but for names that are used twice
 *
 * Return: a copy, for kvfree(), or ERR_PTR() of -EEXIST or -ENOMEM, after one
 * line in the log.
 */
struct cstats_about *cstats_describe(const struct cstats_spec *spec)
{
	struct cstats_about *about, counted = { .nr_fields = spec->nr_fields };
	size_t nr_bounds = 0, nr_histograms = 0;
	struct cstats_text text = { };
	unsigned int i;
	u64 *bounds;
	int err;

	for (i = 0; i < spec->nr_fields; i++) {
		if (spec->fields[i].kind == CSTATS_HISTOGRAM)
			nr_histograms = spec->nr_fields;
		nr_bounds += spec->fields[i].nr_bounds;
	}
	cstats_put_fields(spec, &counted, NULL, &text);
	cstats_put_lines(spec, &counted, &text);
	about = kvzalloc(sizeof(*about) + nr_bounds * sizeof(*bounds) +
			 spec->nr_fields * sizeof(*about->fields) +
			 nr_histograms * sizeof(*about->histograms) +
			 counted.nr_values * sizeof(*about->lines) + text.size,
			 GFP_KERNEL);
	if (!about) {
		pr_err("set \"%s\": out of memory for %u fields\n", spec->name,
		       spec->nr_fields);
		return ERR_PTR(-ENOMEM);
	}
	*about = counted;
	bounds = (u64 *)(about + 1);
	about->fields = (struct cstats_field *)(bounds + nr_bounds);
	about->lines = (struct cstats_line *)(about->fields + spec->nr_fields);
	text.to = (char *)(about->lines + about->nr_values);
	if (nr_histograms) {
		about->histograms = (struct cstats_histogram *)text.to;
		text.to += nr_histograms * sizeof(*about->histograms);
	}
	text.size = 0;
	cstats_put_fields(spec, about, bounds, &text);
	cstats_put_lines(spec, about, &text);
	err = cstats_check_unique(spec, about);
	if (!err)
		return about;
	kvfree(about);
	return ERR_PTR(err);
}
