# SPDX-License-Identifier: GPL-2.0
#
# What every room's Kbuild includes; kbuild hands no flags down to a room that M=
# names.

ccflags-y += -I$(src)/../../../include -I$(src)/../harness

# What differs between kernel versions, by feature and not by version.
has = $(if $(shell grep -sw $(1) $(srctree)/include/linux/$(2)),-DHAVE_$(1))
ccflags-y += $(call has,hrtimer_setup,hrtimer.h)
