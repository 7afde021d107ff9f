#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# isolated - no IPI to isolated CPUs under sync=auto, however they were isolated

dir=$(dirname "$0")
. "$dir/lib.sh"

cgroup=$tmp/cgroup
cmd=/sys/module/cstats_test_client/parameters/cmd

ipis_of_reads() {
	before=$(ipis)
	echo "read 20" >$cmd
	echo $(($(ipis) - before))
}

# calls CPU: function calls that it has taken by interrupt, anybody's
calls() { awk -v cpu="$1" '$1 == "CAL:" { print $(cpu + 2) }' /proc/interrupts; }

unmount() {
	echo member >"$cgroup/iso/cpuset.cpus.partition"
	rmdir "$cgroup/iso"
	umount "$cgroup"
} 2>/dev/null

start 9

if [ "$(grep -c ^processor /proc/cpuinfo)" -lt 2 ] || [ "$(uname -m)" != x86_64 ]; then
	skip_all "needs two CPUs"
fi
log_mark
load cstats
load cstats_test
load cstats_test_client
count_ipis || skip_all "no kprobe events here"

if grep -qE 'nohz_full=|isolcpus=' /proc/cmdline || grep -q PREEMPT_RT /proc/version; then
	for name in 1 2; do
		check "no IPI on this machine ($name)" is "$(ipis_of_reads)" 0
	done
else
	check "no CPU is isolated: IPIs" test "$(ipis_of_reads)" -gt 0
	check "the log says which mode and why" is \
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
	for name in 1 2 3 4 5 6 7; do
		ktap_test_skip "partition $name: no isolated cpusets here"
	done
	unmount
	finish
fi
case $(uname -r) in
6.[1-9].* | 6.1[01].*)
	# There is no way for a module to know, before 6.12.
	for name in 1 2 3; do
		ktap_test_skip "partition at run time $name: this kernel does not say"
	done ;;
*)
	log_mark
	check "no IPI once a CPU is isolated" is "$(ipis_of_reads)" 0
	check "the log says so" is \
		"$(log_lines 'sync=auto: reads are quiet, as there are isolated CPUs')" 1
	# RCU told to hurry sends IPIs of its own, which quiet must not ask for.
	echo 1 >/sys/kernel/rcu_expedited
	calls_before=$(calls 1)
	ipis_of_reads >/dev/null
	check "no function call on it under rcu_expedited" test \
		"$(($(calls 1) - calls_before))" -lt 5
	echo 0 >/sys/kernel/rcu_expedited ;;
esac
echo expedited >"$parameters/sync"
check "sync=expedited is obeyed all the same" test "$(ipis_of_reads)" -gt 0
echo auto >"$parameters/sync"
echo member >"$cgroup/iso/cpuset.cpus.partition"
log_mark
if grep -qE 'nohz_full=|isolcpus=' /proc/cmdline || grep -q PREEMPT_RT /proc/version; then
	check "no IPI here" is "$(ipis_of_reads)" 0
	check "whatever the partition" is "$(ipis_of_reads)" 0
	check "and nothing to say" is "$(log_lines 'sync=auto')" 0
else
	check "IPIs again when it is no longer" test "$(ipis_of_reads)" -gt 0
	check "counted for each read" is "$(ipis_of_reads)" \
		$((20 * ($(grep -c ^processor /proc/cpuinfo) - 1)))
	check "said again" test "$(log_lines 'sync=auto: reads are expedited')" -le 1
fi
unmount

finish
