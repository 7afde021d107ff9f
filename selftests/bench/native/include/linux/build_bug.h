/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_BUILD_BUG_H
#define _SHIM_BUILD_BUG_H

/* The kernel's build has checked it. */
#define BUILD_BUG_ON_MSG(condition, message)	((void)(condition), (void)(message))

#endif
