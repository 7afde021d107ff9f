# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Functions that the tests of cstats_kmem share; sourced after lib/lib.sh.

# shellcheck disable=SC2154 # set by lib.sh
kmem=$sets/kmem/values

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
	# page_frees_bucket_8 is one of the histogram page_frees, with 8 pages each;
	# kmalloc_bucket_64 one of kmalloc, with at least 33, at most 64 bytes each
	function learn(name,	n) {
		n = name
		histogram[name] = ""
		if (!sub(/.*_bucket_/, "", n))
			return
		most[name] = n == "inf" ? 0 : n + 0
		histogram[name] = name
		sub(/_bucket_.*/, "", histogram[name])
		least[name] = most[name]
		if (histogram[name] !~ /^page_/)
			least[name] = most[name] > 8 ? most[name] / 2 + 1 : 1
	}
	function add(name, value,	h) {
		if (!(name in histogram))
			learn(name)
		if (value < v[name])
			wrong(name " went back from " v[name] " to " value)
		v[name] = value
		h = histogram[name]
		if (h == "")
			return
		sum[h] += value
		upper[h] += value * most[name]
		lower[h] += value * least[name]
		if (name ~ /_inf$/)
			equal(value, 0, name ", beyond what there is")
	}
	function check(	h, n, asked) {
		for (h in sum) {
			n++
			equal(v[h "_count"], sum[h], h "_count and the sum of the buckets")
			if (v[h "_sum"] < lower[h] || v[h "_sum"] > upper[h])
				wrong(h "_sum " v[h "_sum"] " not in the buckets " \
				      lower[h] " to " upper[h])
		}
		equal(n, 4, "number of histograms")
		asked = v["kmalloc_sum"] + v["kmem_cache_alloc_sum"]
		if (asked > v["slab_bytes_given"])
			wrong("bytes requested " asked ", given " v["slab_bytes_given"])
		if (v["page_frees_batched"] > v["page_frees_count"])
			wrong("freed in batches " v["page_frees_batched"] ", in all " \
			      v["page_frees_count"])
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
			v["page_allocs_count"] + v["page_frees_count"] " page events and " \
			v["kmalloc_count"] + v["kmem_cache_alloc_count"] " slab allocations"
		exit bad > 0
	}'
}

# Processes, files, page cache, pipes and the slabs behind them, until stopped;
# nice, so that a test gets on under it.
kmem_load_begin() {
	load_begin
	for part in processes files pipes lookups; do
		load_part "kmem_load_$part"
		renice -n 10 -p $! >/dev/null
	done
}

kmem_load_processes() { while load_goes_on; do cat /proc/self/maps; done; }
kmem_load_files() {
	while load_goes_on; do
		dd if=/dev/zero of="$load_dir/file" bs=64k count=64
		cp "$load_dir/file" "$load_dir/copy"
		rm "$load_dir/file" "$load_dir/copy"
	done
}
kmem_load_pipes() {
	while load_goes_on; do
		dd if=/dev/zero bs=64k count=16 | cat | tail -c 1000000
	done
}
kmem_load_lookups() {
	while load_goes_on; do
		find /proc/self /sys/module -name cstats_nothing
	done
}
