# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Functions that the tests of cstats_kmem share; sourced after lib/lib.sh.

# shellcheck disable=SC2154 # set by lib.sh
kmem=$sets/kmem/values

emulated() { grep -q 'QEMU TCG' /proc/cpuinfo; }

# Invariants of one snapshot after another, read by one process. Prints what is
# wrong and, at the end, how much it saw. The values stay below 2^53, so that
# awk's numbers are exact.
kmem_check_snapshots() { # kmem_check_snapshots COUNT
	awk -v count="$1" -v file="$kmem" '
	function wrong(what) {
		if (bad++ < 5)
			print "snapshot " number ": " what
	}
	function equal(a, b, what) {
		if (a != b)
			wrong(what ": " a " and " b)
	}
	# page_frees_order_3 is one of the histogram page_frees, with weight 8;
	# slab_allocs_size_64 one of slab_allocs with at least 33, at most 64 bytes
	function learn(name,	n) {
		n = name
		histogram[name] = ""
		if (sub(/.*_order_/, "", n))
			for (most[name] = 1; n > 0; n--)
				most[name] *= 2
		else if (sub(/.*_size_/, "", n))
			most[name] = n + 0
		else
			return
		least[name] = most[name] > 8 ? most[name] / 2 + 1 : 1
		histogram[name] = name
		sub(/_(order|size)_.*/, "", histogram[name])
	}
	function add(name, value,	h) {
		if (!(name in histogram))
			learn(name)
		if (value < v[name])
			wrong(name " went back from " v[name] " to " value)
		v[name] = value
		h = histogram[name]
		if (h != "") {
			sum[h] += value
			upper[h] += value * most[name]
			lower[h] += value * least[name]
		}
	}
	function check(	slab) {
		equal(v["page_allocs"], sum["page_allocs"],
		      "page_allocs and the sum over the orders")
		equal(v["pages_allocated"], upper["page_allocs"],
		      "pages_allocated and the pages of all orders")
		equal(v["page_frees"], sum["page_frees"],
		      "page_frees and the sum over the orders")
		equal(v["pages_freed"], upper["page_frees"],
		      "pages_freed and the pages of all orders")
		equal(v["kmalloc_calls"] + v["kmem_cache_alloc_calls"],
		      sum["slab_allocs"], "slab calls and the sum over the sizes")
		slab = v["slab_bytes_requested"]
		if (slab > v["slab_bytes_given"])
			wrong("bytes requested " slab ", given " v["slab_bytes_given"])
		if (slab < lower["slab_allocs"] || slab > upper["slab_allocs"])
			wrong("bytes requested " slab " not in the sizes " \
			      lower["slab_allocs"] " to " upper["slab_allocs"])
	}
	BEGIN {
		for (; count > 0; count--) {
			split("", sum)
			split("", upper)
			split("", lower)
			fields = 0
			while ((getline line < file) > 0) {
				split(line, word, " ")
				if (word[1] == "#" && word[3] == "snapshot") {
					number = word[4] + 0
				} else if (sub(/^kmem\./, "", word[1])) {
					add(word[1], word[2] + 0)
					fields++
				}
			}
			close(file)
			if (number <= last)
				wrong("its number does not rise from " last)
			last = number
			if (!fields || fields < most_fields)
				wrong("it has " fields " fields only")
			most_fields = fields
			check()
			seen++
		}
		print seen " snapshots of " fields " fields, the last after " \
			v["page_allocs"] + v["page_frees"] " page events and " \
			sum["slab_allocs"] " slab allocations"
		exit bad > 0
	}'
}

# Processes, files, page cache, pipes and the slabs behind them, until stopped;
# nice, so that a test gets on under it.
kmem_load_start() {
	load_dir=$tmp/load
	load_pids=
	mkdir "$load_dir"
	for part in processes files pipes lookups; do
		"kmem_load_$part" >/dev/null 2>&1 &
		renice -n 10 -p $! >/dev/null
		load_pids="$load_pids $!"
	done
}

kmem_load_stop() {
	: >"$load_dir/stop"
	# shellcheck disable=SC2086 # one word per process
	wait $load_pids
	rm -r "$load_dir"
}

kmem_load_goes_on() { [ ! -e "$load_dir/stop" ]; }
kmem_load_processes() { while kmem_load_goes_on; do cat /proc/self/maps; done; }
kmem_load_files() {
	while kmem_load_goes_on; do
		dd if=/dev/zero of="$load_dir/file" bs=64k count=64
		cp "$load_dir/file" "$load_dir/copy"
		rm "$load_dir/file" "$load_dir/copy"
	done
}
kmem_load_pipes() {
	while kmem_load_goes_on; do
		dd if=/dev/zero bs=64k count=16 | cat | tail -c 1000000
	done
}
kmem_load_lookups() {
	while kmem_load_goes_on; do
		find /proc/self /sys/module -name cstats_nothing
	done
}
