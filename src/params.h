/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module parameters.
 */
#ifndef _CSTATS_PARAMS_H
#define _CSTATS_PARAMS_H

#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>

enum cstats_sync {
	CSTATS_AUTO,
	CSTATS_EXPEDITED,
	CSTATS_SPARE_IDLE,
	CSTATS_QUIET,
};

/* Length of a parameter's text, for a message. */
static inline int cstats_param_len(const char *val)
{
	return min_t(size_t, strcspn(val, "\n"), 32);
}

enum cstats_sync cstats_sync_mode(void);
u64 cstats_patience(void);
unsigned long cstats_deadline(void);

#endif /* _CSTATS_PARAMS_H */
