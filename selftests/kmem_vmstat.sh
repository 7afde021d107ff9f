#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kmem_vmstat - the counts of cstats_kmem are exact and complete
#
# First the invariants of the set, in many snapshots under load. Then its pages
# are compared with what the page allocator itself counts in /proc/vmstat, over
# a load, and over blocks of every order from a test module.
#
# The two may differ a little. pgfree counts every block just after mm_page_free has
# fired for it, so frees agree. pgalloc_* counts every block just before mm_page_alloc
# fires. It also counts the pages of the bulk allocator, which has no tracepoint; a
# kretprobe counts those here. Some blocks are between the two counts at the moment of
# reading. This is after the load, so only a few kernel threads have any, and 64 pages
# are tolerated for them. The set is read before and after /proc/vmstat, which gives a
# lower and an upper limit.
#
# In the second comparison every order has more pages than are tolerated. It therefore
# fails if an order is left out, an event missed or one counted twice. If the kernel
# has no kprobe events, the pages of the bulk allocator must be fewer than those of
# any order there.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"
. "$dir/lib/kmem.sh"

# A histogram of what the bulk page allocator returned; sets bulk to its file, or
# to nothing where the kernel has no such probes.
probe=$tracing/events/cstats_test/bulk
bulk_start() {
	bulk=
	for symbol in alloc_pages_bulk_noprof __alloc_pages_bulk; do
		echo "r:cstats_test/bulk $symbol pages=\$retval:s64" \
			>>"$tracing/kprobe_events" || continue
		echo hist:keys=pages >"$probe/trigger" && bulk=$probe/hist
		break
	done 2>/dev/null
}

bulk_stop() {
	[ ! -d "$probe" ] || {
		echo '!hist:keys=pages' >"$probe/trigger"
		echo '-:cstats_test/bulk' >>"$tracing/kprobe_events"
	} 2>/dev/null
}

# The set, the kernel's counts and the set again, opened one after the other by
# one process: the kernel's counts lie between the set's.
sample() {
	# shellcheck disable=SC2086 # may be empty
	cat "$kmem" /proc/vmstat $bulk "$kmem" >"$tmp/$1"
}

# Linux 6.1 does not count in pgfree what it frees while another task has the lock of
# the CPU's list, which on PREEMPT_RT happens whenever that is preempted.
pgfree_lacks=
case $(uname -r -v) in
6.1.*PREEMPT_RT*) pgfree_lacks="pgfree lacks pages whose CPU's list was locked" ;;
esac

# Samples before and after; the verdicts are lines as those of a test module.
compare() {
	awk -v slack=64 -v name="$1" -v probed="$bulk" -v pgfree_lacks="$pgfree_lacks" '
	FNR == 1 { file++; part = 0 }
	/^cstats version/ { part++ }
	/^kmem\.page_allocs_sum / { set["allocated", file, part] = $2 }
	/^kmem\.page_frees_sum / { set["freed", file, part] = $2 }
	/^kmem\.page_allocs_bucket_[0-9]/ { blocks[substr($1, 25) + 0, file] = $2 }
	/^pgalloc_/ { vm["allocated", file] += $2 }
	/^pgfree / { vm["freed", file] = $2 }
	# A single page came from the page allocator proper, or may have.
	/^[{] pages:/ {
		gsub(/[^0-9]+/, " ")
		if ($1 > 1)
			bulk[file] += $1 * $2
	}
	# How far the set may have risen, at least and at most.
	function limits(what) {
		least = set[what, 2, 1] - set[what, 1, 2]
		most = set[what, 2, 2] - set[what, 1, 1]
		return vm[what, 2] - vm[what, 1]
	}
	function result(ok, what) {
		print (ok ? "ok " : "not ok ") name ": " what
	}
	END {
		n = limits("freed")
		printf "# pgfree rose by %d, page_frees_sum by %d to %d\n", n, least, most
		if (n < least - slack && pgfree_lacks)
			print "skip " name ": " pgfree_lacks
		else
			result(least - slack <= n && n <= most + slack,
			       "pages freed agree with pgfree")

		n = limits("allocated")
		printf "# pgalloc_* rose by %d, page_allocs_sum by %d to %d\n",
			n, least, most
		result(least - slack <= n, "pages allocated do not exceed pgalloc_*")

		for (pages = 1; (pages, 2) in blocks; pages *= 2) {
			more = (blocks[pages, 2] - blocks[pages, 1]) * pages
			if (!orders++ || more < fewest)
				fewest = more
		}
		if (probed) {
			taken = bulk[2] - bulk[1]
			printf "# %.2f %% apart: %d pages by the bulk allocator, and %d to %d\n",
				n ? 100 * taken / n : 0, taken,
				n - taken - most, n - taken - least
			result(least - slack <= n - taken && n - taken <= most + slack,
			       "with the bulk allocator they agree with pgalloc_*")
		} else if (name == "orders") {
			result(n < most + fewest, "pgalloc_* has less than an order more")
		} else {
			print "skip " name ": no kprobe events to count the bulk allocator"
		}
		if (name == "orders") {
			printf "# each of %d orders has %d pages or more\n", orders, fewest
			result(fewest > most - least + 2 * slack,
			       "each order would be missed")
		}
	}' "$tmp/before" "$tmp/after"
}

# Two readers at once, which share rotations.
invariants() {
	snapshots=1000
	! emulated || snapshots=60
	kmem_check_snapshots $snapshots >"$tmp/reader" &
	kmem_check_snapshots $snapshots
	status=$?
	wait $! || status=1
	cat "$tmp/reader"
	return $status
}

start 8
load cstats
load cstats_kmem
bulk_start

what="the sums are exact in every snapshot under load"
kmem_load_begin
if invariants >"$tmp/seen"; then
	what="ok $what"
else
	what="not ok $what"
fi
load_end
{ sed 's/^/# /' "$tmp/seen"; echo "$what"; } >"$tmp/results"
results "$tmp/results"

sample before
kmem_load_begin
sleep 3
load_end
sample after
compare load >"$tmp/results"
results "$tmp/results"

sample before
load cstats_test_kmem
sample after
compare orders >"$tmp/results"
results "$tmp/results"
bulk_stop

finish
