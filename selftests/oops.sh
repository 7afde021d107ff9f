#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# oops - sections that an oops ends
#
# From the first oops on, lockdep is off: all tests that it is to watch come before.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

cmd=/sys/module/cstats_test_dead/parameters/cmd
set=$sets/dead

both() { fields "$set/values" dead.left dead.right; }

# errors FILE: the error count that the last header showed
errors() { sed -n 's/^# dead errors //p' "$1"; }

start 19

if lockdep; then
	check "locks have been watched until now" \
		grep -q '^ debug_locks: *1$' /proc/lockdep_stats
else
	ktap_test_skip "locks have been watched until now: not by this kernel"
fi

load cstats
load cstats_test
load cstats_test_dead only_cmd=1

# User-mode Linux takes an oops for a fault of its own, and panics.
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
	# The kernel's own report is expected.
	panic=$(cat /proc/sys/kernel/panic_on_oops)
	echo 0 >/proc/sys/kernel/panic_on_oops
	echo "vm: expect oops begin" >/dev/kmsg
	do_cmd oops
	sleep 0.2
	echo "vm: expect oops end" >/dev/kmsg
	echo 1 >$tracing/tracing_on	# an oops switches that off
	echo "$panic" >/proc/sys/kernel/panic_on_oops
	check "after an oops in a section, its adds are read" is "$(both)" "2 1"
	do_cmd count
	check "and so are later adds" is "$(both)" "3 2"
	check "percpu can be read" test "$(grep -c 'dead.left' $set/percpu)" -gt 0
	check "and the set can be reset" sh -c "echo 1 >$set/reset"
	do_cmd count
	check "counters start from zero" is "$(both)" "1 1"
	check "one error is counted" is "$(errors "$set/values")" 1
	do_cmd destroy
done

finish
