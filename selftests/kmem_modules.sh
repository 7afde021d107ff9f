#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kmem_modules - cstats_kmem.ko is loaded and unloaded: alone, twice, under load

dir=$(dirname "$0")
. "$dir/lib/lib.sh"
. "$dir/lib/kmem.sh"

events() {
	echo $(($(field "$kmem" kmem.page_allocs_count) + $(field "$kmem" kmem.kmalloc_count)))
}
counts() {
	before=$(events)
	[ "$(events)" -gt "$before" ]
}

needs_module cstats cstats_kmem
start 15

# Without cstats.ko. The kernel names every missing symbol.
echo "vm: expect begin" >/dev/kmsg
log_mark
check "cannot be loaded without cstats.ko" fails insmod "$(module cstats_kmem)"
missing=$(log_lines 'cstats_kmem: Unknown symbol')
check "and the log names the missing symbols" [ "$missing" -gt 0 ]
check "and leaves nothing" fails test -e /sys/module/cstats_kmem -o -e "$sets"
echo "vm: expect end" >/dev/kmsg

load cstats
log_mark
load cstats_kmem
check "loads silently" is "$(log_lines cstats_kmem)" 0
check "and counts" counts
check "cannot be loaded twice" fails insmod "$(module cstats_kmem)"
check "and the first goes on counting" counts
check "cstats.ko is in use" fails rmmod cstats

# An open file does not hold the module.
exec 3<"$kmem"
check "can be unloaded with a file open" unload cstats_kmem
check "and its set with it" fails test -e "$sets/kmem"
exec 3<&-

load cstats_test_kmem claim=1
check "cannot be loaded while the name of its set is in use" fails insmod "$(module cstats_kmem)"
unload cstats_test_kmem

# Anything left probed would crash the machine now.
kmem_load_begin
(while [ -d "$load_dir" ]; do cat $cstats $sets/kmem/*s $sets/kmem/percpu; done) \
	>/dev/null 2>&1 &
reader=$!
come_and_go() {
	n=0
	while [ $((n += 1)) -le 50 ]; do
		insmod "$(module cstats_kmem)" || return
		kmem_check_snapshots 1 || return
		rmmod cstats_kmem || return
		[ ! -e "$sets/kmem" ] || return
	done
}
check "is loaded and unloaded 50 times under load" come_and_go
check "and is loaded once more" try_load cstats_kmem
check "and counts" counts
load_end
wait $reader
check "both can be unloaded" sh -c "rmmod cstats_kmem && rmmod cstats"
loaded=

finish
