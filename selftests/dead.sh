#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# dead - sections that never end: forgotten, in an oops, on a CPU that goes offline

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

cmd=/sys/module/cstats_test_dead/parameters/cmd
set=$sets/dead

do_cmd() { echo "$*" >$cmd; }

values() {
	cat "$1" >"$tmp/values"
	echo "$(field "$tmp/values" dead.left) $(field "$tmp/values" dead.right)"
}

stalled() { grep -q stalled "$set/values"; }

# errors FILE: the error count that the last header showed
errors() { sed -n 's/^# dead errors //p' "$1"; }

start 50

load cstats
load cstats_test
for mode in expedited spare_idle quiet; do
	say "sync=$mode"
	echo $mode >"$parameters/sync"
	run_module cstats_test_dead
done

load cstats_test_dead only_cmd=1

# An oops in a section. The kernel's own report is expected. User-mode Linux takes it
# for a fault of its own, and panics.
modes="expedited spare_idle quiet"
if grep -q 'User Mode Linux' /proc/cpuinfo; then
	n=0
	while [ $((n += 1)) -le 18 ]; do
		ktap_test_skip "oops in a section $n: not in User-mode Linux"
	done
	modes=
fi
for mode in $modes; do
	say "sync=$mode"
	echo "$mode" >"$parameters/sync"
	do_cmd init
	do_cmd count
	panic=$(cat /proc/sys/kernel/panic_on_oops)
	echo 0 >/proc/sys/kernel/panic_on_oops
	echo "vm: expect oops begin" >/dev/kmsg
	do_cmd oops
	sleep 0.2
	echo "vm: expect oops end" >/dev/kmsg
	echo 1 >$tracing/tracing_on	# an oops switches that off
	echo "$panic" >/proc/sys/kernel/panic_on_oops
	check "after an oops in a section, its adds are read" is \
		"$(values "$set/values")" "2 1"
	do_cmd count
	check "and so are later adds" is "$(values "$set/values")" "3 2"
	check "percpu can be read" test "$(grep -c 'dead.left' $set/percpu)" -gt 0
	check "and the set can be reset" sh -c "echo 1 >$set/reset"
	do_cmd count
	check "counters start from zero" is "$(values "$set/values")" "1 1"
	check "one error is counted" is "$(errors "$set/values")" 1
	do_cmd destroy
done

# A CPU that goes offline with a dead section on it
online=/sys/devices/system/cpu/cpu1/online
if [ -w $online ]; then
	echo expedited >"$parameters/sync"
	do_cmd init
	do_cmd "leak 1"
	cat $set/values >"$tmp/reader" &
	check "a module can be loaded and unloaded while a reader waits" sh -c \
		"insmod $(module cstats_test_forget) && rmmod cstats_test_forget"
	wait
	do_cmd destroy
	do_cmd init
	do_cmd "leak 1"
	echo 0 >$online
	check "a section that died on a CPU which went offline is read" \
		is "$(values "$set/values")" "1 1"
	echo 1 >$online
	check "and is read again when the CPU is back" is "$(values "$set/values")" "1 1"
	do_cmd "leak 1"
	echo 0 >$online
	echo 1 >$online
	check "a section that died before the CPU went and came is read" \
		is "$(values "$set/values")" "2 2"
	check "nothing has stalled" fails stalled
else
	for name in module down up back stalled; do
		ktap_test_skip "dead section, CPU $name: no CPU hotplug here"
	done
fi

finish
