/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names and descriptions of sets and fields.
 */
#ifndef _CSTATS_DESCRIBE_H
#define _CSTATS_DESCRIBE_H

#include <linux/cstats.h>
#include <linux/ctype.h>

/* May a name of a set, field or label have this character, or begin with it? */
static inline bool cstats_name_has(char c, bool first)
{
	return isascii(c) && (islower(c) || (!first && (isdigit(c) || c == '_')));
}

/* The characters that would end or split a line's first column, in octal. */
#define CSTATS_ESCAPED							\
	" \t\n\v\f\r\"\\\a\b\177\001\002\003\004\005\006\016\017\020\021"	\
	"\022\023\024\025\026\027\030\031\032\033\034\035\036\037"

/**
 * struct cstats_line - a value as it is printed
 * @name: its name
 * @index: its index
 */
struct cstats_line {
	const char *name;
	unsigned int index;
};

/**
 * struct cstats_about - all that is known of a set's values
 * @nr_fields: number of fields
 * @nr_values: number of values
 * @fields: copy of the descriptions
 * @histograms: by field, or NULL if none of them is one
 * @lines: all values, in the order of the fields
 */
struct cstats_about {
	unsigned int nr_fields;
	unsigned int nr_values;
	struct cstats_field *fields;
	struct cstats_histogram *histograms;
	struct cstats_line *lines;
} __aligned(sizeof(u64));	/* bounds are behind it */

int cstats_check(const struct cstats *cs, const struct cstats_spec *spec);
int cstats_check_instance(const char *name);
struct cstats_about *cstats_describe(const struct cstats_spec *spec);

/* Is value @i a level, which a reset does not change? */
static inline bool cstats_is_gauge(const struct cstats_about *about, unsigned int i)
{
	return i < about->nr_fields && about->fields[i].kind == CSTATS_GAUGE;
}

#endif /* _CSTATS_DESCRIBE_H */
