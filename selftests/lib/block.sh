# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Functions that the tests of cstats_block share; sourced after lib/lib.sh.

# shellcheck disable=SC2154 # set by lib.sh
block=$sets/block/values

# have DISK: whether the kernel has it now
have() { [ -b "/dev/$1" ]; }

all_disks="vda loop0 nullb0 ram0 zram0"

# All kinds of drivers, those that take requests (virtio, loop, null_blk) and those
# that take bios (brd, zram); sets disks to those that the kernel has.
block_disks_add() {
	modprobe virtio_blk
	modprobe brd rd_nr=1 rd_size=16384
	modprobe loop max_loop=1
	modprobe zram
	modprobe null_blk nr_devices=1 submit_queues=2 gb=1 irqmode=2 \
		completion_nsec=5000000
	dd if=/dev/zero of="$tmp/image" bs=1M count=16
	losetup /dev/loop0 "$tmp/image"
	echo 16M >/sys/block/zram0/disksize
	sleep 1 # udev's part, and the kernel's scans for partitions
	disks=
	for disk in $all_disks; do
		! have "$disk" || disks="$disks $disk"
	done
} >"$tmp/disks" 2>&1

block_disks_remove() {
	losetup -d /dev/loop0
	for name in null_blk zram loop brd virtio_blk; do
		rmmod $name
	done
} >"$tmp/disks" 2>&1

# Everything at once on every disk, until stopped: large and small requests, in order
# and not, through the cache and around it, flushes and discards. It is nice to those who
# read meanwhile: one reader among twenty such loads would get a tenth of a CPU.
block_load_begin() {
	load_begin
	for disk in ${1:-$disks}; do
		for part in cached direct discard direct; do
			load_part "block_load_$part" "/dev/$disk"
			renice -n 8 -p $! >/dev/null
		done
	done
}

block_load_cached() {
	while load_goes_on; do
		dd if=/dev/zero of="$1" bs=64k count=32 conv=notrunc,fsync
		dd if="$1" of=/dev/null bs=64k count=32
		sleep 0.1
	done
}
block_load_direct() {
	while load_goes_on; do
		dd if=/dev/zero of="$1" bs=4k count=200 seek=1024 conv=notrunc oflag=direct
		dd if="$1" of=/dev/null bs=16k count=100 iflag=direct
	done
}
block_load_discard() {
	while load_goes_on; do
		blkdiscard -o 8388608 -l 4194304 "$1"
		sleep 0.2
	done
}

# Invariants of one snapshot after another, read by one process. Prints what is wrong
# and, at the end, how much it saw. The values stay below 2^53, so that awk's numbers
# are exact. The family's part that no disk has is that of disks which have gone, and
# of those which it never knew: as the family's values do, it only grows.
block_check_snapshots() { # block_check_snapshots COUNT [FILE: stop once it is there]
	awk -v count="$1" -v stop="${2-}" -v file="$block" '
	function wrong(what) {
		if (bad++ < 5)
			print "snapshot " number ": " what
	}
	function equal(a, b, what) {
		if (a != b)
			wrong(what ": " a " and " b)
	}
	function learn(name,	n) {
		bucket[name] = ""
		if (name ~ /_bucket_/) {
			n = name
			sub(/_bucket_.*/, "", n)
			bucket[name] = n
		}
		gauge[name] = name ~ /_in_flight$/
		names[nr_names++] = name
	}
	# of a disk, or of the family, whose name is empty
	function add(disk, name, value,	h) {
		if (!(name in bucket))
			learn(name)
		v[disk, name] = value
		if (gauge[name] && value > busiest[name])
			busiest[name] = value
		if (disk != "")
			disks_sum[name] += value
		h = bucket[name]
		if (h != "")
			buckets[disk, h] += value
	}
	function check_op(disk, op,	at, part, p) {
		at = (disk == "" ? "family" : disk) " " op
		for (part in parts) {
			p = op "_" part
			equal(v[disk, p "_issued"], v[disk, p "_completed"] + \
			      v[disk, p "_requeued"] + v[disk, p "_in_flight"],
			      at " " part " issued, and completed, requeued and in flight")
			if (v[disk, p "_in_flight"] < 0)
				wrong(at " " part " in flight " v[disk, p "_in_flight"])
		}
		p = op "_latency"
		equal(v[disk, p "_count"], v[disk, op "_requests_completed"],
		      at " latencies and completed")
		equal(v[disk, p "_count"], buckets[disk, p], at " latencies and their buckets")
		p = op "_size"
		equal(v[disk, p "_count"], v[disk, op "_requests_issued"], at " sizes and issued")
		equal(v[disk, p "_sum"], v[disk, op "_bytes_issued"],
		      at " sum of sizes and bytes issued")
		equal(v[disk, p "_count"], buckets[disk, p], at " sizes and their buckets")
	}
	function check_growth(	i, name, gone) {
		for (i = 0; i < nr_names; i++) {
			name = names[i]
			if (gauge[name])
				continue
			gone = v["", name] - disks_sum[name]
			if (gone < was_gone[name])
				wrong(name " of no disk went back from " was_gone[name] " to " gone)
			was_gone[name] = gone
			if (v["", name] < was[name])
				wrong(name " went back from " was[name] " to " v["", name])
			was[name] = v["", name]
		}
		if (v["", "requests_untracked"])
			wrong("requests untracked: " v["", "requests_untracked"])
	}
	function stopped() { return stop != "" && (getline line < stop) >= 0 }
	BEGIN {
		parts["requests"]
		parts["bytes"]
		split("read write discard flush other", ops, " ")
		for (; count > 0 && !stopped(); count--) {
			split("", v)
			split("", buckets)
			split("", disks_sum)
			split("", seen_disks)
			fields = 0
			while ((getline line < file) > 0) {
				split(line, word, " ")
				if (word[1] == "#" && word[3] == "snapshot") {
					number = word[4] + 0
					continue
				}
				if (word[1] !~ /^block/)
					continue
				disk = ""
				if (sub(/^block[{]device="/, "", word[1])) {
					disk = word[1]
					sub(/".*/, "", disk)
					sub(/^[^.]*[.]/, "", word[1])
				} else {
					sub(/^block[.]/, "", word[1])
				}
				seen_disks[disk]
				add(disk, word[1], word[2] + 0)
				fields++
			}
			close(file)
			if (number <= last)
				wrong("its number does not rise from " last)
			last = number
			nr_disks = -1
			for (disk in seen_disks) {
				nr_disks++
				for (o in ops)
					check_op(disk, ops[o])
			}
			if (nr_disks < 0)
				wrong("it has no values")
			if (nr_disks > most_disks)
				most_disks = nr_disks
			check_growth()
			snapshots++
		}
		if (!snapshots)
			wrong("nobody has read it")
		n = 0
		for (o in ops)
			n += v["", ops[o] "_requests_completed"]
		printf "%d snapshots of up to %d disks, the last after %d requests; ", \
			snapshots, most_disks, n
		printf "at most %d reads and %d writes in flight\n", \
			busiest["read_requests_in_flight"], busiest["write_requests_in_flight"]
		exit bad > 0
	}'
}
