/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_TYPES_H
#define _SHIM_TYPES_H

#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __s64 s64;
typedef __u64 u64;
typedef __s32 s32;
typedef __u32 u32;
typedef struct { s32 counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;

#endif
