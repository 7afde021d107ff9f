#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# torture - some seconds of the torture test, and the findings of its busted types
#
# scripts/torture runs it for longer, scripts/mutants on broken variants.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

parameter() { cat "/sys/module/cstats_torture/parameters/$1"; }
over() { [ "$(parameter verdict)" != running ]; }

# torture PARAMETERS: to its end
torture() {
	log_mark
	load cstats_torture stat_interval=0 "$@"
	within 100 over
	verdict=$(parameter verdict)
	log_since >"$tmp/torture"
	unload cstats_torture
	[ "$verdict" != running ]
}

real() { # real PARAMETERS: nothing must be found
	if ! torture seconds=3 "$@" || [ "$verdict" != SUCCESS ]; then
		grep cstats-torture "$tmp/torture"
		return 1
	fi
}

busted() { # busted TYPE FINDING [PARAMETERS]: this must be found
	type=$1 finding=$2
	shift 2
	if ! torture seconds=30 fail_fast=1 "torture_type=busted_$type" "$@" ||
	   ! grep -q "End of test: FAILURE.* $finding [1-9]" "$tmp/torture"; then
		grep cstats-torture "$tmp/torture"
		return 1
	fi
}

# rmmod at any time
removal() {
	for wait in 0 0.05 0.3 1; do
		log_mark
		load cstats_torture seconds=0 onoff_ms=50
		sleep $wait
		unload cstats_torture && [ "$(log_lines 'End of test: SUCCESS')" = 1 ] ||
			return
	done
}

start 14

load cstats stall_ms=60000

for mode in expedited spare_idle quiet; do
	echo $mode >"$parameters/sync"
	check "$mode: no violation" real
done
echo expedited >"$parameters/sync"
check "no violation while CPUs go off and on" real onoff_ms=50
check "no violation among stores that are slow" real misses=8 irq_us=0 stall_us=0
check "no violation while sections die" real dead_every=100000
check "no read starves behind back-to-back sections" real hog_us=2000
# Snapshots also go back, and sometimes sooner, so all findings are looked at.
check "torn snapshots would be found: no synchronization" \
	busted unsafe torn seconds=5 fail_fast=0
check "torn snapshots would be found: two sections for one" busted split torn
check "an effect before its cause would be found" busted early causal
check "a snapshot that goes back would be found" busted stale backward
check "a snapshot that is too old would be found" busted last lost
check "lost counts would be found" busted lost lost
check "rmmod ends it at any time" removal

finish
