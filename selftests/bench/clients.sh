#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# clients.sh - what a request costs with cstats_block, and a fork with cstats_kmem
#
# usage: bash clients.sh ROUNDS
#
# The guest's clock counts instructions, see scripts/vm --icount. Each load runs in turn
# without anything, with the client, and with the kernel's own trace events of the
# tracepoints that the client probes. Prints the medians as "client_insns CLIENT LOAD:
# NONE CLIENT EVENTS", each of one read of 4 KiB, or one fork and exec.

rounds=$1
tracing=/sys/kernel/tracing

reads() { # reads DISK
	dd if="/dev/$1" of=/dev/null bs=4k count=$number iflag=direct 2>/dev/null
}

forks() {
	busybox sh -c "n=0; while [ \$((n += 1)) -le $number ]; do /bin/busybox true; done"
}

begin() {
	case $1 in
	client)	insmod "$client.ko" ;;
	events)
		for name in $names; do
			echo 1 >"$tracing/events/$name/enable" || return
		done ;;
	esac
}

end() {
	case $1 in
	client)	rmmod "$client" ;;
	events)
		echo 0 >$tracing/events/enable
		echo >$tracing/trace ;;
	esac
}

compare() { # compare LOAD COMMAND...: $number times, with $client or the events $names
	load=$1
	shift
	"$@" || exit # caches are warm then
	round=0
	while [ $((round += 1)) -le "$rounds" ]; do
		for what in none client events; do
			begin $what || exit
			before=${EPOCHREALTIME/./}
			"$@" || exit
			echo $(((${EPOCHREALTIME/./} - before) * 1000 / number)) >>/tmp/$what
			end $what || exit
		done
	done
	printf 'client_insns %s %s:' "$client" "$load"
	for what in none client events; do
		printf ' %s' "$(sort -n /tmp/$what | sed -n "$((rounds / 2 + 1))p")"
		rm /tmp/$what
	done
	echo
}

client=cstats_block number=2000 names=
for name in rq_complete rq_requeue bio_complete bio_remap rq_issue bio_queue bio_backmerge \
	bio_frontmerge rq_merge; do
	names="$names block/block_$name"
done
modprobe null_blk nr_devices=1 gb=1 || exit
modprobe brd rd_nr=1 rd_size=16384 || exit
compare null_blk reads nullb0
compare brd reads ram0

client=cstats_kmem number=100 names=
for name in mm_page_alloc mm_page_free mm_page_free_batched kmalloc kmem_cache_alloc kfree \
	kmem_cache_free; do
	names="$names kmem/$name"
done
compare fork forks
