/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files in debugfs.
 */
#ifndef _CSTATS_DEBUGFS_H
#define _CSTATS_DEBUGFS_H

#include "set.h"

int cstats_debugfs_start(void);
void cstats_debugfs_stop(void);
void cstats_debugfs_add(struct cstats_set *set);
void cstats_debugfs_remove(struct cstats_set *set);

#endif /* _CSTATS_DEBUGFS_H */
