#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# dead - sections that never end: forgotten, or on a CPU that goes offline

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

cmd=/sys/module/cstats_test_dead/parameters/cmd
set=$sets/dead

both() { fields "$set/values" dead.left dead.right; }

stalled() { grep -q stalled "$set/values"; }

start 32

load cstats
load cstats_test
for mode in expedited spare_idle quiet; do
	say "sync=$mode"
	echo $mode >"$parameters/sync"
	run_module cstats_test_dead
done

load cstats_test_dead only_cmd=1

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
	check "a section that died on a CPU which went offline is read" is "$(both)" "1 1"
	echo 1 >$online
	check "and is read again when the CPU is back" is "$(both)" "1 1"
	do_cmd "leak 1"
	echo 0 >$online
	echo 1 >$online
	check "a section that died before the CPU went and came is read" is "$(both)" "2 2"
	check "nothing has stalled" fails stalled
else
	for name in module down up back stalled; do
		ktap_test_skip "dead section, CPU $name: no CPU hotplug here"
	done
fi

finish
