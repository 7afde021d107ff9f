/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LOCAL64_H
#define _SHIM_LOCAL64_H

#include <linux/compiler.h>
#include <linux/types.h>

typedef struct { s64 counter; } local64_t;

static __always_inline void local64_add(s64 i, local64_t *l)
{
	asm volatile("addq %1, %0" : "+m" (l->counter) : "re" (i));
}

#define local64_read(l)		READ_ONCE((l)->counter)
#define local64_set(l, i)	WRITE_ONCE((l)->counter, i)

#endif
