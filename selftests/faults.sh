#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# faults - each allocation and user copy fails in turn, in load, read and reset
#
# Clients are loaded, which make a large set, a small one and a family; these are read
# and reset. The kernel's own loader of modules takes part, and takes long: if faults can
# be confined to calls from cstats.ko, they are. If they cannot, as in User-mode Linux,
# cstats.ko itself is loaded with faults as well.
#
# A call that fails must return ENOMEM or EFAULT and leave nothing behind; one that
# does not need the memory may succeed. The test needs a kernel with fault injection;
# nomem.sh covers part of this in others. kmemleak finds leaks at the end of a guest.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

if [ ! -e /proc/self/fail-nth ] || [ ! -d $debugfs/failslab ]; then
	skip_all "this kernel cannot inject faults"
fi
start 19

# All allocations, the sleeping ones too; no stack dump for each.
for fault in failslab fail_page_alloc fail_usercopy; do
	for setting in ignore-gfp-wait:N ignore-gfp-highmem:N min-order:0 verbose:0; do
		file=$debugfs/$fault/${setting%:*}
		[ ! -e "$file" ] || echo "${setting#*:}" >"$file"
	done
done

# confine START END: to what is called from code there, where that can be done
confine() {
	[ -n "$confined" ] || return 0
	for fault in failslab fail_page_alloc fail_usercopy; do
		[ -e $debugfs/$fault/require-start ] || continue
		echo "$1" >$debugfs/$fault/require-start
		echo "$2" >$debugfs/$fault/require-end
	done
}

# faulted DESCRIPTION ARGUMENTS...: of fail_nth
faulted() {
	description=$1
	shift
	"$dir/fail_nth" "$@" >"$tmp/faults"
	status=$?
	sed 's/^#* */# /' "$tmp/faults"
	ktap_test_result "$description" [ $status = 0 ]
}

confined=
[ ! -e $debugfs/failslab/require-start ] || built_in cstats || confined=1
# Without memory the loader does not find symbols, and warns, of trace events too.
loud() { [ -n "$confined" ] || echo "vm: expect $1" >/dev/kmsg; }

if [ -n "$confined" ] || built_in cstats; then
	ktap_test_skip "load cstats"
else
	loud begin
	faulted "load cstats" insmod "$(module cstats)"
	loud end
fi
load cstats
awk '$4 == "[cstats]" && $2 ~ /[tT]/ { print "0x" $1 }' /proc/kallsyms | sort >"$tmp/text"
confine "$(head -n 1 "$tmp/text")" \
	"$(printf '0x%x' $(($(tail -n 1 "$tmp/text") + 4096)))"
load cstats_test
loud begin
faulted "load cstats_kmem" insmod "$(module cstats_kmem)"
if [ -n "$(module cstats_block)" ]; then
	modprobe loop max_loop=1 2>/dev/null # a disk
	faulted "load cstats_block" insmod "$(module cstats_block)"
	rmmod loop 2>/dev/null
else
	ktap_test_skip "load cstats_block: it is not built for this kernel"
fi
faulted "load a small set" insmod "$(module cstats_example)"
faulted "load a family" insmod "$(module cstats_test_devices)"
faulted "load a small family" insmod "$(module cstats_test_labels)"
loud end
confine 0 0xffffffffffffffff
load cstats_kmem
load cstats_test_devices
faulted "read cstats" read $cstats
for set in kmem devices; do
	for file in values fields percpu; do
		faulted "read $set/$file" read $sets/$set/$file
	done
	faulted "write $set/reset" write $sets/$set/reset 1
done

before=$(header $sets/kmem/values snapshot)
check "snapshots go on" test "$(header $sets/kmem/values snapshot)" -gt "$before"
unload cstats_test_devices

loud begin
load cstats_test_labels
labels=/sys/module/cstats_test_labels/parameters/cmd
faulted "read one field" write $labels field
faulted "init for a device" write $labels device
unload cstats_test_labels
loud end
unload cstats_test
check_unload "all can be unloaded" cstats_kmem cstats

finish
