#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kmem_events - cstats_kmem counts every kind of event, in the right field
#
# A test module makes known numbers of allocations of every order and size class,
# in tasks and in hard interrupts, frees them, and makes each allocator fail. The
# counters must have risen by at least as much. Other activity adds to that, and the
# test prints how much. It is less than half of the own, or events are counted twice. The
# kernel has two for one large allocation.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"
. "$dir/lib/kmem.sh"

# judge DESCRIPTION PATTERN [TIMES]: the expected counters whose names match; they
# must have risen by less than TIMES what is expected
judge() {
	awk -v what="$1" -v pattern="^($2)\$" -v times="${3:-1e9}" '
	FNR == 1 { file++ }
	{ sub(/^kmem\./, "", $1) }
	file == 1 { before[$1] = $2 }
	file == 2 { after[$1] = $2 }
	file == 3 && $1 ~ pattern {
		rose = after[$1] - before[$1]
		if (rose < $2) {
			print "# " $1 " rose by " rose ", not by " $2
			bad++
		}
		expected += $2
		more += rose - $2
		fields++
	}
	END {
		if (more >= (times - 1) * expected)
			bad++
		print "# " fields " fields, " expected " expected, " more " more"
		if (!expected)
			print "skip " what ": nothing was done"
		else
			print (bad ? "not ok " : "ok ") what
	}' "$tmp/before" "$tmp/after" "$tmp/expected" >"$tmp/results"
	results "$tmp/results"
}

start 14
load cstats
load cstats_kmem

cat "$kmem" >"$tmp/before"
load cstats_test_kmem
cat "$kmem" >"$tmp/after"
cat /sys/module/cstats_test_kmem/parameters/expected >"$tmp/expected"
check "all values but batches and what is too large are expected" \
	is "$(grep -c '^kmem' "$tmp/after")" $(($(wc -l <"$tmp/expected") + 5))

judge "blocks allocated of each order" 'page_allocs_(count|bucket_.*)' 1.5
judge "blocks freed of each order" 'page_frees_(count|bucket_.*)' 1.5
judge "pages" 'page_.*_sum'
judge "kmalloc() of each size" 'kmalloc_(count|bucket_.*)' 1.5
judge "large kmalloc(), once" 'kmalloc_bucket_(131072|262144|524288|1048576|2097152)' 2
judge "objects of each size" 'kmem_cache_alloc_(count|bucket_.*)' 1.5
judge "frees of each kind" '(kfree|kmem_cache_free)_calls' 1.5
judge "bytes requested" 'k.*_sum' 2
judge "bytes given, which are more" 'slab_bytes_given' 2
judge "page allocator failures" 'page_alloc_failures'
judge "slab failures" 'k.*_failures'
judge "kfree() of nothing" 'kfree_null_calls'

echo 3 >/proc/sys/vm/drop_caches
check "pages were freed in batches" test "$(field "$kmem" kmem.page_frees_batched)" -gt 0

finish
