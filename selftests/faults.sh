#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# faults - each allocation and user copy fails in turn, in load, read and reset
#
# A client is loaded, which makes a set; the set is read and reset. The kernel's own
# loader of modules takes part, and takes long: if faults can be confined to calls
# from cstats.ko, they are. The loader warns when memory is short for trace events,
# so cstats.ko itself is not loaded with faults.
#
# A call that fails must return ENOMEM or EFAULT and leave nothing behind; one that
# does not need the memory may succeed. The test needs a kernel with fault injection;
# nomem.sh covers part of this in others. kmemleak finds leaks at the end of a guest.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

start 8

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

# confine START END: to what is called from code there, where that can be done
confine() {
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

load cstats
awk '$4 == "[cstats]" && $2 ~ /[tT]/ { print "0x" $1 }' /proc/kallsyms | sort >"$tmp/text"
confine "$(head -n 1 "$tmp/text")" \
	"$(printf '0x%x' $(($(tail -n 1 "$tmp/text") + 4096)))"
# Without memory the loader does not find symbols, and says so.
[ -e $debugfs/failslab/require-start ] || echo "vm: expect begin" >/dev/kmsg
faulted "load cstats_kmem" insmod "$(module cstats_kmem)"
[ -e $debugfs/failslab/require-start ] || echo "vm: expect end" >/dev/kmsg
confine 0 0xffffffffffffffff
load cstats_kmem
faulted "read cstats" read $cstats
for file in values fields percpu; do
	faulted "read $file" read $sets/kmem/$file
done
faulted "write reset" write $sets/kmem/reset 1

before=$(header $sets/kmem/values snapshot)
check "snapshots go on" test "$(header $sets/kmem/values snapshot)" -gt "$before"
check_unload "both can be unloaded" cstats_kmem cstats
loaded=

finish
