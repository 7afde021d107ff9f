# SPDX-License-Identifier: GPL-2.0
#
# cstats.mk - for the Kbuild of a module that uses cstats
#
#	obj-m := my_queue.o
#	include $(if $(CSTATS),$(CSTATS)/include,cstats)/cstats.mk
#
# Adds the directory of <linux/cstats.h> to the flags, here and in subdirectories, and
# a Module.symvers to KBUILD_EXTRA_SYMBOLS. Both are those of the cstats that this
# kernel loads: of a source tree if CSTATS=DIR names one, in which `make` has built
# for the same kernel, or of the version that DKMS has installed. make looks for
# cstats/cstats.mk in /usr/local/include and /usr/include.
#
# CSTATS_DKMS=DIR  DKMS's tree, if it is not in /var/lib/dkms

CSTATS_DKMS ?= /var/lib/dkms

cstats-tree := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
cstats-symvers := $(wildcard $(cstats-tree)/build/$(KERNELRELEASE)/Module.symvers)
cstats-include := $(cstats-tree)/include

# The link kernel-<release>-<machine> leads to <version>/<release>/<machine>.
ifeq ($(cstats-symvers),)
cstats-link := $(CSTATS_DKMS)/cstats/kernel-$(KERNELRELEASE)-
cstats-link := $(foreach link,$(wildcard $(cstats-link)*), \
	$(if $(findstring -,$(link:$(cstats-link)%=%)),,$(link)))
cstats-symvers := $(wildcard $(cstats-link:%=%/module/Module.symvers))
cstats-include := $(realpath $(cstats-link:%=%/../../source/include))
endif

# `make clean` needs neither.
ifeq ($(filter 1,$(words $(cstats-symvers)))$(filter %/Makefile.clean,$(MAKEFILE_LIST)),)
$(error cstats is not installed for Linux $(KERNELRELEASE): install cstats-dkms, or \
	make dkms-install in its source tree, or build it there and name it by CSTATS=DIR)
endif

subdir-ccflags-y += $(cstats-include:%=-I%)
KBUILD_EXTRA_SYMBOLS += $(cstats-symvers)
