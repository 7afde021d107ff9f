#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# faults - loading the modules, making a set, reading and resetting it, with
# every allocation and every user copy on the way failing in turn
#
# What fails must say ENOMEM or EFAULT and leave nothing behind; what does not
# need the memory may work. For kernels with fault injection; nomem.sh does what
# can be done in others. Leaks are for kmemleak to find, at the end of a guest.

dir=$(dirname "$0")
. "$dir/lib.sh"

start 9

if [ ! -e /proc/self/fail-nth ] || [ ! -d $debugfs/failslab ]; then
	skip_all "this kernel cannot inject faults"
fi

# All allocations, the sleeping ones too; no stack dump for each.
for fault in failslab fail_page_alloc fail_usercopy; do
	for setting in ignore-gfp-wait:N ignore-gfp-highmem:N min-order:0 verbose:0; do
		file=$debugfs/$fault/${setting%:*}
		[ ! -e "$file" ] || echo "${setting#*:}" >"$file"
	done
done

# faulted DESCRIPTION ARGUMENTS...: of fail_nth
faulted() {
	description=$1
	shift
	"$dir/fail_nth" "$@" >"$tmp/faults"
	status=$?
	sed 's/^#* */# /' "$tmp/faults"
	ktap_test_result "$description" [ $status = 0 ]
}

faulted "load cstats" insmod "$(module cstats)"
load cstats
faulted "load cstats_kmem" insmod "$(module cstats_kmem)"
load cstats_kmem
faulted "read cstats" read $cstats
for file in values fields percpu; do
	faulted "read $file" read $sets/kmem/$file
done
faulted "write reset" write $sets/kmem/reset 1

before=$(header $sets/kmem/values snapshot)
check "snapshots go on" test "$(header $sets/kmem/values snapshot)" -gt "$before"
check "both can be unloaded" sh -c "rmmod cstats_kmem && rmmod cstats"
loaded=

finish
