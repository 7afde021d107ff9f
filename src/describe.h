/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names and descriptions of sets and fields.
 */
#ifndef _CSTATS_DESCRIBE_H
#define _CSTATS_DESCRIBE_H

#include <linux/cstats.h>
#include <linux/percpu.h>

/* As many as fit a per-CPU allocation. */
#define CSTATS_MAX_FIELDS						\
	((unsigned int)((PCPU_MIN_UNIT_SIZE - sizeof(struct cstats_cpu)) / \
			(2 * sizeof(local64_t))))

int cstats_check(const struct cstats *cs, const char *name,
		 const struct cstats_field *fields, unsigned int nr_fields);
struct cstats_field *cstats_copy_fields(const struct cstats_field *fields,
					unsigned int nr_fields);

#endif /* _CSTATS_DESCRIBE_H */
