#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# family - instances of both flavours: every function and every error, in all modes

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

memory() { awk '$1 == "Percpu:" { print $2 }' /proc/meminfo; }

start 142

load cstats
for mode in expedited spare_idle quiet; do
	say "sync=$mode"
	echo $mode >"$parameters/sync"
	run_module cstats_test_family rcu=0
	run_module cstats_test_family rcu=1
done
echo auto >"$parameters/sync"

# Instances whose module goes, and their memory with it
log_mark
load cstats_test_orphans
check "instances are there" is "$(grep -c '"}.events' $sets/orphans/values)" 90
check "the family has those that are gone" is "$(field $cstats orphans.events)" 100
exec 3<$cstats
unload cstats_test_orphans
check "the family that was left gets a warning" is \
	"$(log_lines 'cstats: set "orphans": module cstats_test_orphans went away')" 1
check "and one for its instances" is \
	"$(log_lines 'cstats: set "orphans": destroyed with 90 instances')" 1
check "and is gone" fails test -e $sets/orphans
check "an open file still has them" is "$(grep -c '"}.events 1$' <&3)" 90
exec 3<&-
log_mark
load cstats_test_orphans destroy=1
unload cstats_test_orphans
check "instances of a family that was destroyed get one warning" is \
	"$(log_lines 'destroyed with 90 instances') $(log_lines 'went away')" "1 0"
insmod "$(module cstats_test_orphans)" fail=1 2>/dev/null
check "a module that fails to load leaves nothing" fails test -e $sets/orphans

# 3 MB of per-CPU memory each time, on two CPUs, of which the kernel may keep some
before=$(memory)
n=0
while [ $((n += 1)) -le 10 ]; do
	insmod "$(module cstats_test_orphans)" nr=4000 destroy=$((n & 1)) || break
	rmmod cstats_test_orphans
done
say "per-CPU memory: $before kB, then $(memory) kB"
freed() { [ $n -gt 10 ] && [ "$(memory)" -lt $((before + 4000)) ]; }
check "their memory is freed" within 10 freed
check_unload "and cstats.ko can be unloaded" cstats_test cstats

finish
