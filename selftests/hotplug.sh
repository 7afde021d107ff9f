#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# hotplug - CPUs go offline and online, and no count is lost

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

client=$sets/client
cmd=/sys/module/cstats_test_client/parameters/cmd
cpu1=/sys/devices/system/cpu/cpu1/online

# not by reading $cpu1, which would wait for the CPU to be gone
online() { grep -q '^0-' /sys/devices/system/cpu/online; }
sums() { cat /sys/module/cstats_test_client/parameters/sum; }
totals() { echo "$(field $client/values client.in) $(field $client/values client.out)"; }

[ -w $cpu1 ] || skip_all "CPU 1 cannot go offline"
start 23

load cstats
load cstats_test
load cstats_test_client

for mode in expedited spare_idle quiet; do
	echo $mode >"$parameters/sync"
	do_cmd add 1 40 4
	do_cmd add 0 2 1
	before=$(totals)
	check "$mode: a CPU goes offline" sh -c "echo 0 >$cpu1"
	check "$mode: and leaves its counts" is "$(totals)" "$before"
	check "$mode: in percpu, too" \
		is "$(awk '$1 == "client.in" { n += $3 } END { print n }' $client/percpu)" \
		"${before% *}"
	check "$mode: the header has the number of CPUs" is "$(header $client/values cpus)" \
		"$(grep -c ^processor /proc/cpuinfo)"
	echo 1 >$client/reset
	do_cmd add 0 5 5
	echo 1 >$cpu1
	check "$mode: a reset works while it is offline" is "$(totals)" "5 5"
	unload cstats_test_client
	load cstats_test_client
done

# A section is open on the CPU that is to go: the CPU stays until that has ended.
do_cmd hold 1 100
echo 0 >$cpu1 &
offline=$!
sleep 0.5
check "a CPU with an open section stays" online
do_cmd drop
wait $offline
check "and goes offline when it has ended" within 5 fails online
check "and the adds of the section are read" is "$(totals)" "100 0"
echo 1 >$cpu1

# Sections on a CPU that is dying or starting, not among the online ones
if do_cmd dying 1 2>/dev/null; then
	before=$(sums)
	echo 0 >$cpu1
	echo 1 >$cpu1
	do_cmd dying 0
	say "counted while not online: $before, then $(sums)"
	check "sections on a dying CPU happen" test "$(sums)" != "$before"
	check "and are counted" is "$(totals)" "$(sums)"
else
	ktap_test_skip "sections on a dying CPU: no hotplug state for it"
	ktap_test_skip "counts of a dying CPU: no hotplug state for it"
fi

# CPUs come and go while others write and read
unload cstats_test_client
load cstats_test_client
do_cmd load 1
(
	while :; do
		echo 0 >$cpu1 && echo off >>"$tmp/off"
		echo 1 >$cpu1
	done
) 2>/dev/null &
plugger=$!
# 20 reads, or more until a CPU has gone
whole() {
	n=0
	while [ $((n += 1)) -le 20 ] || [ ! -s "$tmp/off" ] && [ $n -le 1000 ]; do
		cat $client/values >"$tmp/read" || return
		[ "$(field "$tmp/read" client.in)" = "$(field "$tmp/read" client.out)" ] || return
		[ "$(field "$tmp/read" client.in)" -ge "${last:-0}" ] || return
		last=$(field "$tmp/read" client.in)
	done
	[ "$last" -gt 0 ]
}
check "whole sections while CPUs come and go" whole
check "CPU 1 was off meanwhile" test -s "$tmp/off"
kill $plugger
wait $plugger 2>/dev/null
within 5 sh -c "echo 1 >$cpu1; grep -qx 1 $cpu1"
do_cmd load 0
check "and nothing got lost" is "$(totals)" "$(sums)"

finish
