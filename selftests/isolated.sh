#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# isolated - no IPI to isolated CPUs under sync=auto, however they were isolated

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

cgroup=$tmp/cgroup
cmd=/sys/module/cstats_test_client/parameters/cmd
returned=/sys/module/cstats_test_client/parameters/result

ipis_of_reads() {
	before=$(ipis)
	echo "read 20" >$cmd
	echo $(($(ipis) - before))
}

# calls CPU: all function calls that it has taken by interrupt, by any caller; or nothing
# where the machine does not count them
calls() {
	awk -v cpu="$1" '/Function call interrupts/ { print $(cpu + 2) }' /proc/interrupts
}

unmount() {
	echo member >"$cgroup/iso/cpuset.cpus.partition"
	rmdir "$cgroup/iso"
	umount "$cgroup"
} 2>/dev/null

[ "$(grep -c ^processor /proc/cpuinfo)" -ge 2 ] || skip_all "needs two CPUs"
[ -e $tracing/kprobe_events ] || skip_all "no kprobe events here"
start 12

log_mark
load cstats
load cstats_test
load cstats_test_client
count_ipis

says=1
if isolated; then
	says=0	# it has said why reads are quiet already
	for name in 1 2; do
		check "no IPI on this machine ($name)" is "$(ipis_of_reads)" 0
	done
else
	check "reads send IPIs while no CPU is isolated" test "$(ipis_of_reads)" -gt 0
	check "the log gives the mode and its reason" is \
		"$(log_lines 'sync=auto: reads are expedited, as no CPU is isolated')" 1
fi

# A partition that is made at run time
mkdir "$cgroup"
if ! mount -t cgroup2 none "$cgroup" 2>/dev/null ||
	! echo +cpuset >"$cgroup/cgroup.subtree_control" 2>/dev/null ||
	! mkdir "$cgroup/iso" ||
	! echo 1 >"$cgroup/iso/cpuset.cpus" 2>/dev/null ||
	! echo isolated >"$cgroup/iso/cpuset.cpus.partition" 2>/dev/null ||
	[ "$(cat "$cgroup/iso/cpuset.cpus.partition")" != isolated ]; then
	for name in 1 2 3 4 5 6 7 8 9 10; do
		ktap_test_skip "partition $name: no isolated cpusets here"
	done
	unmount
	finish
fi
case $(uname -r) in
6.[1-9].* | 6.1[01].*)
	# Before 6.12 a module cannot know.
	for name in 1 2 3 4 5 6; do
		ktap_test_skip "partition at run time $name: a module cannot know in this kernel"
	done ;;
*)
	log_mark
	check "no IPI once a CPU is isolated" is "$(ipis_of_reads)" 0
	check "the log says so, unless reads have been quiet before" is \
		"$(log_lines 'sync=auto: reads are quiet, as there are isolated CPUs')" $says
	# Under rcu_expedited RCU sends IPIs of its own. Quiet must not cause any.
	echo 1 >/sys/kernel/rcu_expedited
	# Expedited grace periods pass over idle CPUs: this one does system calls.
	(while :; do read -r _ </proc/uptime; done) &
	busy=$!
	echo $busy >"$cgroup/iso/cgroup.procs"
	calls_before=$(calls 1)
	ipis_of_reads >/dev/null
	check "the reads under rcu_expedited work" is "$(cut -d ' ' -f 1 $returned)" 0
	what="the isolated CPU takes no function call under rcu_expedited"
	if [ -n "$calls_before" ]; then
		check "$what" test "$(($(calls 1) - calls_before))" -lt 5
		echo expedited >"$parameters/sync"
		calls_before=$(calls 1)
		ipis_of_reads >/dev/null
		check "it would take one for each read" \
			test "$(($(calls 1) - calls_before))" -ge 20
		echo auto >"$parameters/sync"
	else
		ktap_test_skip "$what: this machine does not count them"
		ktap_test_skip "one for each read: this machine does not count them"
	fi
	check "it has been busy meanwhile" grep -qx $busy "$cgroup/iso/cgroup.procs"
	kill $busy
	wait $busy 2>/dev/null
	echo 0 >/sys/kernel/rcu_expedited ;;
esac
echo expedited >"$parameters/sync"
check "sync=expedited sends IPIs all the same" test "$(ipis_of_reads)" -gt 0
echo auto >"$parameters/sync"
echo member >"$cgroup/iso/cpuset.cpus.partition"
log_mark
if isolated; then
	check "no IPI after the partition ends, as this machine is isolated otherwise" \
		is "$(ipis_of_reads)" 0
	check "and none in later reads" is "$(ipis_of_reads)" 0
	check "and the log has no message" is "$(log_lines 'sync=auto')" 0
else
	check "reads send IPIs again when the partition ends" test "$(ipis_of_reads)" -gt 0
	check "one for each read and other CPU" is "$(ipis_of_reads)" \
		$((20 * ($(grep -c ^processor /proc/cpuinfo) - 1)))
	check "and the log has at most one message" \
		test "$(log_lines 'sync=auto: reads are expedited')" -le 1
fi
unmount

finish
