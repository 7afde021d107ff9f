#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# stuck - long sections, CPUs that do not answer: one deadline, no harm to others

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

cmd=/sys/module/cstats_test_stuck/parameters/cmd

# hundredths: hundredths of a second since the boot
hundredths() { awk '{ sub(/[.]/, "", $1); print $1 }' /proc/uptime; }

# took COMMAND...: the hundredths that it takes
took() {
	begin=$(hundredths)
	"$@" >"$tmp/took"
	echo $(($(hundredths) - begin))
}

start 23

stall_ms=500
! emulated || stall_ms=1500
log_mark
load cstats stall_ms=$stall_ms sync=expedited
run_module cstats_test_stuck stall_ms=$stall_ms

if [ "$(grep -c ^processor /proc/cpuinfo)" -lt 2 ]; then
	for name in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do
		ktap_test_skip "many sets that are stuck $name: needs two CPUs"
	done
	finish
fi

check "the log says of which sets a CPU does not answer" \
	test "$(log_lines 'cstats: set "stuck": a CPU does not answer')" -ge 1

# A deadline that is long beside the work of a slow machine, kernel messages included.
load cstats_test_stuck only_cmd=1
echo 3000 >"$parameters/stall_ms"
do_cmd many 1
time=$(took cat $cstats)
check "200 stuck sets cost one deadline ($time hundredths)" test "$time" -ge 295 -a "$time" -lt 590
check "each of them has stalled" is "$(grep -c '^# stuck_.* stalled' "$tmp/took")" 200
# well: what was read has the healthy set's values, and they are new
well() { [ "$(field "$tmp/took" well.up)" = 7 ] && ! grep '^# well stalled' "$tmp/took"; }
check "the healthy set has not" well
time=$(took cat $cstats)
check "the next read does not wait ($time hundredths)" test "$time" -lt 295
time=$(took cat $sets/well/values)
check "nor does a read of the healthy set ($time hundredths)" test "$time" -lt 295
check "which has its values" well
check "when the sections end, all are read again at once" do_cmd many 2

# A reader that waits can be killed.
echo 60000 >"$parameters/stall_ms"
do_cmd many 0
do_cmd many 1
# One makes the rotation and comes again, the other one only waits.
cat $cstats >/dev/null &
first=$!
sleep 0.3
cat $sets/stuck_7/values >/dev/null &
second=$!
sleep 0.3
check "two readers wait" kill -0 $first $second
kill -9 $first $second
check "and can be killed" within 2 fails kill -0 $first
check "both of them" within 2 fails kill -0 $second
wait $first $second 2>/dev/null
do_cmd many 0
check "no set is stalled once the sections end" is "$(grep -c stalled $cstats)" 0

# Who waits for a family's section keeps nobody from its last snapshot.
echo 3000 >"$parameters/stall_ms"
do_cmd family 1
begin=$(hundredths)
cat $sets/family/percpu >/dev/null 2>&1 &
first=$!
cat $sets/family/percpu >/dev/null 2>&1 &
second=$!
sleep 0.3
check "two readers of all CPUs wait" kill -0 $first $second
time=$(took cat $sets/family/last)
check "the last snapshot can be read meanwhile ($time hundredths)" test "$time" -lt 200
check "it has the instance" is "$(grep -c '"one"}' "$tmp/took")" 1
wait $first
statuses=$?
wait $second
statuses="$statuses $?"
time=$(($(hundredths) - begin))
check "two reports of all CPUs cost one deadline ($time hundredths)" \
	test "$time" -ge 250 -a "$time" -lt 590
check "and are errors" is "$statuses" "1 1"
do_cmd family 0

finish
