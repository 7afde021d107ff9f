/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LOCKDEP_H
#define _SHIM_LOCKDEP_H

struct lock_class_key { };

#endif
