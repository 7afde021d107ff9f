/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_SHUFFLE_H
#define _TORTURE_SHUFFLE_H

int torture_shuffle(void *unused);

#endif /* _TORTURE_SHUFFLE_H */
