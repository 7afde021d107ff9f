/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_CHURN_H
#define _TORTURE_CHURN_H

#include "set.h"

extern unsigned long torture_nr_churn;	/* sets so far */

/* The thread that makes, resets and destroys it. */
int torture_churn(void *unused);

/* A section of it, if it is there, with one of the other set within. */
void torture_churn_section(struct torture_tally *t);

void torture_churn_read(void);

#endif /* _TORTURE_CHURN_H */
