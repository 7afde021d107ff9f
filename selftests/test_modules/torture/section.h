/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_SECTION_H
#define _TORTURE_SECTION_H

#include "set.h"

/*
 * A section of the writer @t, which counts as @chain, too, unless that is 0. Some
 * have others within them, up to @depth. It lasts for at least @stall us.
 */
void torture_section(struct torture_tally *t, int chain, unsigned int depth,
		     unsigned int stall);

#endif /* _TORTURE_SECTION_H */
