/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TORTURE_HOTPLUG_H
#define _TORTURE_HOTPLUG_H

extern unsigned long torture_nr_onoff;	/* CPUs that went and came back so far */

/* Writers on CPUs that are just coming. */
void torture_bringup_start(void);
void torture_bringup_stop(void);

/* The thread that takes CPUs off and on, where they can be. */
int torture_onoff(void *unused);

#endif /* _TORTURE_HOTPLUG_H */
