#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# lockdown - files that can be read on a locked-down kernel (Secure Boot)
#
# Lockdown refuses to open a debugfs file that has a write bit. It cannot be undone,
# and no test can load a module after it. So this one runs last, and only in a guest
# of scripts/vm.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

client=$sets/client
security=/sys/kernel/security

grep -q VM_STREAM= /proc/cmdline || skip_all "only in the test guest"
[ -e $security/lockdown ] || mount -t securityfs none $security
[ -w $security/lockdown ] || skip_all "this kernel has no lockdown"
if [ -e $debugfs/kmemleak ] || [ -e $debugfs/gcov ]; then
	skip_all "lockdown would hide the findings of this kernel"
fi
start 6

load cstats
load cstats_test
load cstats_test_client
echo integrity >$security/lockdown
check "the kernel is locked down" grep -qF '[integrity]' $security/lockdown
for file in "$cstats" "$client/values" "$client/fields" "$client/percpu"; do
	check "${file##*/} can be read" grep -q in "$file"
done
check "reset cannot be written" fails sh -c "echo 1 >$client/reset"

finish
