#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# block - the counts of cstats_block are consistent, complete and the kernel's own
#
# First the invariants of the family and of each disk in many snapshots, under load.
#
# Then a known load, after which nothing is in flight, and its counts beside those of
# /proc/diskstats. They are equal, but for what the two mean by them:
#
#	- An fsync() is a write to diskstats. It has no data, and the driver never sees
#	  it: it sees the flush, which both count. The load makes a known number of these.
#	- diskstats takes the time from the allocation of a request, and rounds to
#	  milliseconds for each CPU and kind; cstats_block from its issue.
#	- brd tells diskstats nothing, and zram nothing of discards. Theirs are compared
#	  with the load.
#
# Requests that are done in part, fail, write zeroes, go to a partition or are merged
# follow: what each has counted is known.
#
# Then what the same counters print without consistency: a test module counts the
# same events per CPU and reads the sums, again and again.
#
# Last, disks come and go under load: a driver is unloaded, a virtio disk is unplugged,
# zram devices are added and removed.
#
# All that is on vda, loop0, ram0, zram0 and nullb0 is overwritten. So this runs in a test
# guest only, or where CSTATS_TEST_DISKS=1 says that nobody needs it.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"
. "$dir/lib/block.sh"

# Two readers at once, which share rotations.
invariants() {
	snapshots=300
	! emulated || snapshots=20
	block_check_snapshots $snapshots >"$tmp/reader" &
	block_check_snapshots $snapshots
	status=$?
	wait $! || status=1
	cat "$tmp/reader"
	return $status
}

# Nothing is in flight, on any disk.
idle() {
	awk '/_in_flight / { n++; busy += $2 != 0 } END { exit !n || busy }' "$block"
}

# A load whose fsync()s are counted.
fsyncs=10
known_load() {
	for disk in $disks; do
		n=0
		while [ $((n += 1)) -le $fsyncs ]; do
			dd if=/dev/zero of="/dev/$disk" bs=16k count=50 conv=notrunc,fsync
		done
		dd if=/dev/zero of="/dev/$disk" bs=4k count=200 conv=notrunc oflag=direct
		dd if="/dev/$disk" of=/dev/null bs=64k count=100 iflag=direct
		echo 3 >/proc/sys/vm/drop_caches
		dd if="/dev/$disk" of=/dev/null bs=64k count=100
		blkdiscard -o 8388608 -l 4194304 "/dev/$disk"
	done
} >/dev/null 2>&1

sample() { cat "$block" /proc/diskstats >"$tmp/$1"; }

# Until 6.2 the page cache reads pages of zram one by one, without a bio: diskstats has
# them, and nobody else. Each is one request more there, of so many bytes.
case $(uname -r) in
6.[12].*) pages=$(awk '/^KernelPageSize/ { print $2 * 1024; exit }' /proc/self/smaps) ;;
*)	pages=0 ;;
esac

# Samples before and after; the verdicts are lines as those of a test module.
compare() {
	awk -v disks="$disks " -v all="$all_disks" -v fsyncs=$fsyncs -v pages="$pages" '
	FNR == 1 { file++ }
	sub(/^block[{]device="/, "") {
		disk = field = $1
		sub(/".*/, "", disk)
		sub(/.*[.]/, "", field)
		c[disk, field] += (file == 2 ? 1 : -1) * $2
	}
	$1 ~ /^[0-9]+$/ {
		for (i = 4; i <= NF; i++)
			d[$3, i] += (file == 2 ? 1 : -1) * $i
	}
	function takes_bios() {
		return disk ~ /^(zram|ram)/
	}
	function result(ok, what) {
		print (ok ? "ok " : "not ok ") disk ": " what
	}
	# The columns of diskstats from @from on: requests, merges, sectors, milliseconds.
	# Their time has that in the scheduler as well. Of bios, it is in jiffies.
	function op(name, from,		more, ns, mine, bytes) {
		mine = c[disk, name "_requests_completed"]
		bytes = c[disk, name "_bytes_completed"]
		ns = c[disk, name "_latency_sum"] / 1e6
		printf "# %s %s: %d and %d in diskstats, merged %d and %d, " \
			"KiB %d and %d, ms %d and %d\n",
			disk, name, mine, d[disk, from],
			c[disk, name "_requests_merged"], d[disk, from + 1],
			bytes / 1024, d[disk, from + 2] / 2, ns, d[disk, from + 3]
		more = name == "write" && c[disk, "flush_requests_completed"] ? fsyncs : 0
		if (pages && name == "read" && disk ~ /^zram/ && d[disk, from] > mine) {
			more = d[disk, from] - mine
			bytes += more * pages
		}
		return d[disk, from] == mine + more &&
			(name == "discard" ||
			 d[disk, from + 1] == c[disk, name "_requests_merged"]) &&
			d[disk, from + 2] * 512 == bytes && (mine == 0) == (ns == 0) &&
			(disk != "nullb0" || name != "read" || ns >= 5 * mine) &&
			(takes_bios() || ns <= d[disk, from + 3] + mine / 100 + 10)
	}
	END {
		n = split(all, list, " ")
		for (i = 1; i <= n; i++) {
			disk = list[i]
			if (!index(disks, " " disk " ")) {
				print "skip " disk ": the kernel has none"
				continue
			}
			if (!d[disk, 4] && !d[disk, 8]) {
				w = c[disk, "write_bytes_completed"] / 1024
				r = c[disk, "read_bytes_completed"] / 1024
				printf "# %s: KiB written %d, read %d; nothing in diskstats\n",
					disk, w, r
				result(w >= fsyncs * 800 + 800 && r >= 12800 &&
				       w < 2 * (fsyncs * 800 + 800) && r < 2 * 12800,
				       "has all of the load")
				continue
			}
			ok = op("read", 4)
			ok = op("write", 8) && ok
			ok = (op("discard", 15) || disk ~ /^zram/ &&
			      c[disk, "discard_bytes_completed"] == 4194304) && ok
			flush = c[disk, "flush_requests_completed"]
			printf "# %s flush: %d and %d in diskstats, fsync() %d times\n",
				disk, flush, d[disk, 19], fsyncs
			ok = (flush == d[disk, 19] || takes_bios()) && ok
			result(ok, "requests, merges and bytes agree with diskstats")
		}
	}' "$tmp/before" "$tmp/after"
}

# The same events in plain per-CPU counters, read under load.
without_consistency() {
	block_load_begin "$requests"
	cat /sys/module/cstats_test_block/parameters/compare
	load_end
}

plain_are_torn() { grep -q '^plain .* torn [1-9]' "$tmp/seen"; }
plain_are_negative() { grep -q '^plain .* negative [1-9]' "$tmp/seen"; }
consistent_are_not() {
	awk '/^consistent/ { ok = $3 > 2; bad += $5 || $7 } END { exit bad || !ok }' "$tmp/seen"
}

# Uses a disk until it has gone. A disk that is being removed fails what it is given.
# By the name of a disk that has just gone, dd would make a file.
use_until_gone() { # use_until_gone DISK
	while have "$1" && [ ! -e "$tmp/stays" ]; do
		dd if=/dev/zero of=/proc/self/fd/3 bs=4k count=100 conv=notrunc \
			oflag=direct 3<"/dev/$1"
		dd if="/dev/$1" of=/dev/null bs=64k count=10
		sleep 0.05 # closed
	done >/dev/null 2>&1
}

listed() { grep -q "^block{device=\"$1\"}" "$block"; }
in_use() { grep -q "^block{device=\"$1\"}.write_requests_issued [1-9]" "$block"; }
not_listed() { ! listed "$1"; }

# comes_and_goes DISK COMMAND: the disk is there; the command has it go under load
comes_and_goes() {
	within 5 have "$1" && within 5 listed "$1" || return
	use_until_gone "$1" &
	user=$!
	within 10 in_use "$1" && eval "$2" && within 20 not_listed "$1"
	gone=$?
	[ $gone = 0 ] || {
		: >"$tmp/stays"
		ls -l /dev "$sets" >&2
	}
	wait $user
	rm -f "$tmp/stays"
	return $gone
}

# It cannot go while it is open, so try until it is closed for a moment.
zram_comes_and_goes() {
	id=$(cat /sys/class/zram-control/hot_add)
	echo 8M >"/sys/block/zram$id/disksize"
	comes_and_goes "zram$id" \
		"within 60 eval 'echo $id >/sys/class/zram-control/hot_remove'" 2>/dev/null
}

# In whose queue requests are: it is unplugged, and found again. Those of s390's channels
# are switched off and on.
virtio_comes_and_goes() {
	device=$(readlink -f /sys/block/vda/device/..)
	if [ -e "$device/remove" ]; then
		goes="echo 1 >'$device/remove'"
		comes="echo 1 >/sys/bus/pci/rescan"
	else
		goes="echo 0 >'$device/online'"
		comes="echo 1 >'$device/online'"
	fi
	comes_and_goes vda "$goes" || return
	# A machine may bring it up too soon for the driver: "zero queues reported".
	for try in 1 2 3; do
		eval "$comes"
		! within 5 listed vda || return 0
		say "no disk vda in try $try"
		eval "$goes"
	done
	return 1
}

brd_comes_and_goes() {
	comes_and_goes ram0 "within 60 rmmod brd" 2>/dev/null || return
	modprobe brd rd_nr=1 rd_size=16384
	within 5 listed ram0
}

# again COUNT COMMAND...
again() {
	left=$1
	shift
	while [ $((left -= 1)) -ge 0 ]; do
		"$@" || return
	done
}

[ -n "${CSTATS_TEST_DISKS-}" ] || grep -q VM_STREAM= /proc/cmdline ||
	skip_all "overwrites all of $all_disks: with CSTATS_TEST_DISKS=1, or in a test guest only"
block_disks_add
[ -n "$disks" ] || {
	block_disks_remove
	skip_all "the kernel has no disks"
}
start 22
say "disks:$disks"
load cstats

text="cannot be loaded while the name of its set is in use"
if built_in cstats_block; then
	ktap_test_skip "$text: it is built in"
else
	load cstats_test_block claim=1
	check "$text" fails insmod "$(module cstats_block)"
	unload cstats_test_block
fi

# What is in flight now must not be completed to less than nothing.
block_load_begin
check "loads under load" try_load cstats_block
what="the sums are exact in every snapshot under load"
if invariants >"$tmp/seen"; then
	what="ok $what"
else
	what="not ok $what"
fi
# Anything left probed would crash the machine now.
comes_under_load() {
	unload cstats_block && try_load cstats_block && block_check_snapshots 1
}
text="is unloaded under load, three times"
if built_in cstats_block; then
	ktap_test_skip "$text: it is built in"
else
	check "$text" again 3 comes_under_load
fi
load_end
{ sed 's/^/# /' "$tmp/seen"; echo "$what"; } >"$tmp/results"
results "$tmp/results"
check "nothing is in flight in the end" within 5 idle

sample before
known_load
check "nor after another load" within 5 idle
sample after
compare >"$tmp/results"
results "$tmp/results"

# check_with DISK DESCRIPTION COMMAND...: check, if the kernel has the disk
check_with() {
	disk=$1
	shift
	if have "$disk"; then
		check "$@"
	else
		ktap_test_skip "$1: no $disk"
	fi
}

# counts DISK FIELD...
counts() {
	prefix="block{device=\"$1\"}."
	shift
	# shellcheck disable=SC2046 # names without blanks
	fields "$block" $(printf "$prefix%s " "$@")
}

# grow DISK NUMBERS FIELDS COMMAND...: by so much each, whether the command succeeds or not
grow() {
	disk=$1
	by=$2
	names=$3
	shift 3
	# shellcheck disable=SC2086 # words
	before=$(counts "$disk" $names)
	"$@"
	within 5 idle || return
	# shellcheck disable=SC2086
	is "$({ echo "$before"; counts "$disk" $names; } | awk '
		NR == 1 { split($0, before) }
		NR == 2 {
			for (i = 1; i <= NF; i++)
				printf "%s%d", (i > 1 ? " " : ""), $i - before[i]
		}
	')" "$by"
}

# Half a page is there. The driver reports that, and gives the rest back; then it fails.
short_image() {
	mkdir "$tmp/short"
	mount -t tmpfs short "$tmp/short"
	dd if=/dev/zero of="$tmp/short/image" bs=4k count=4
	losetup -d /dev/loop0
	losetup /dev/loop0 "$tmp/short/image"
	"$dir/disk" direct /dev/loop0 && truncate -s 6144 "$tmp/short/image"
}
long_image() {
	losetup -d /dev/loop0
	umount "$tmp/short"
	losetup /dev/loop0 "$tmp/image"
}
ends="read_requests_issued read_requests_requeued read_requests_completed read_errors
	read_bytes_issued read_bytes_requeued read_bytes_completed"
text="a request that is done in part, given back, and fails"
if have loop0 && short_image 2>"$tmp/short_image"; then
	check "$text" grow loop0 "2 1 1 1 6144 2048 4096" "$ends" \
		"$dir/disk" read /dev/loop0 4096 4096
else
	ktap_test_skip "$text: no loop0 around the cache of tmpfs here"
fi
! have loop0 || long_image 2>/dev/null

zeroes="other_requests_issued other_requests_completed other_bytes_completed"
text="zeroes are among the other operations"
if [ "$(cat /sys/block/zram0/queue/write_zeroes_max_bytes 2>/dev/null)" != 0 ]; then
	check_with zram0 "$text" \
		grow zram0 "1 1 65536" "$zeroes" "$dir/disk" zero /dev/zram0 0 65536
else
	ktap_test_skip "$text: zram takes none where pages are larger than blocks"
fi

read_partition() {
	"$dir/disk" add /dev/nullb0 1048576 1048576
	"$dir/disk" read /dev/nullb0p1 0 4096
	"$dir/disk" delete /dev/nullb0
}
check_with nullb0 "a partition counts for its disk" \
	grow nullb0 "1 4096" "read_requests_completed read_bytes_completed" read_partition

# A disk that takes one request at a time, and a second and a half for it. A second one
# is kept for it, and the others wait in the scheduler, where the last fills a gap: its
# bio joins the request before, and that the one behind. Reads, as the scheduler lets
# few writes wait.
slow_disk() {
	slow=/sys/kernel/config/nullb/nullb1
	[ -d "${slow%/*}" ] || mount -t configfs none /sys/kernel/config
	mkdir "$slow"
	for setting in size=16 submit_queues=1 hw_queue_depth=1 irqmode=2 \
		completion_nsec=1500000000 power=1; do
		echo "${setting#*=}" >"$slow/${setting%=*}" || return
	done
	within 5 have nullb1 && echo mq-deadline >/sys/block/nullb1/queue/scheduler &&
		echo 16 >/sys/block/nullb1/queue/nr_requests
}
fill_a_gap() {
	load_begin
	for at in 64 128 0 2 1; do
		load_part "$dir/disk" read /dev/nullb1 $((at * 4096)) 4096
		sleep 0.1
	done
	load_end
}
merges="read_requests_issued read_requests_completed read_requests_merged
	read_bytes_completed read_bytes_merged"
text="a bio and a request are merged to others"
modprobe mq-deadline 2>/dev/null
if have nullb0 && slow_disk 2>"$tmp/slow_disk"; then
	check "$text" grow nullb1 "3 3 2 20480 8192" "$merges" fill_a_gap
else
	ktap_test_skip "$text: no disk to be made by hand, or no scheduler"
fi
! have nullb0 || rmdir "$slow" 2>/dev/null

requests=
for disk in vda loop0 nullb0; do
	! have "$disk" || requests="$requests $disk"
done
if [ -n "$requests" ]; then
	load cstats_test_block
	# How often they are torn is chance, and a level below zero is rarer.
	for _ in 1 2 3; do
		without_consistency >>"$tmp/seen"
		! plain_are_negative || break
	done
	sed 's/^/# /' "$tmp/seen"
	check "plain counters print what cannot be" plain_are_torn
	check "consistent counters never do" consistent_are_not
	unload cstats_test_block
else
	for name in "plain counters" "consistent counters"; do
		ktap_test_skip "$name: no disk here takes requests"
	done
fi

# Disks come and go while a reader looks.
block_check_snapshots 1000000 "$tmp/enough" >"$tmp/reader" &
reader=$!
brd=ram0
[ -e /sys/module/brd/initstate ] || brd="brd that can be unloaded"
check_with "$brd" "brd is unloaded while it is used, and comes again" \
	again 3 brd_comes_and_goes
check_with zram0 "zram's disks are added and removed while they are used" \
	again 3 zram_comes_and_goes
check_with vda "a virtio disk is unplugged while it is used, and comes again" \
	again 3 virtio_comes_and_goes
: >"$tmp/enough"
wait $reader
status=$?
sed 's/^/# /' "$tmp/reader"
check "and the sums were exact in every snapshot" [ $status = 0 ]
check "nothing is in flight in the end" within 5 idle
unload cstats_block
block_disks_remove

finish
