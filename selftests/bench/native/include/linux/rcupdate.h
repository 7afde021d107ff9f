/* SPDX-License-Identifier: GPL-2.0 */
/* Included by cstats.h; used in kernels with lockdep only. */
#include <linux/types.h>
