#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# torture - some seconds of the torture test, and the findings of its busted types
#
# scripts/torture runs it for longer, scripts/mutants on broken variants.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

while='' wrong=''	# what to do meanwhile, and whether it has found something
: >"$tmp/reports"

parameter() { cat "/sys/module/cstats_torture/parameters/$1"; }
over() { [ "$(parameter verdict)" != running ]; }

# Read the files of all sets that are tortured, to the end. Do their values fit?
reports() {
	until over; do
		for set in "$sets"/torture*; do
			for file in values last percpu; do
				cat "$set/$file" >"$tmp/$file" 2>/dev/null ||
					[ "$file" != percpu ] || continue
				[ "${set##*_}" != churn ] || continue # it comes and goes
				over || grep -q '^torture' "$tmp/$file" || {
					echo "$file of ${set##*/} cannot be read"
					return 1
				}
				awk -f "$dir/lib/report.awk" "$tmp/$file" || return
			done
		done
		sleep 0.05
	done
}

# torture PARAMETERS: to its end
torture() {
	log_mark
	load cstats_torture stat_interval=0 "$@"
	[ -z "$while" ] || $while >"$tmp/reports" || wrong=1
	within 100 over
	verdict=$(parameter verdict)
	log_since >"$tmp/torture"
	unload cstats_torture
	[ "$verdict" != running ]
}

# happened WORD...: the verdict says of each that it was not 0
happened() {
	for word; do
		[ "$word" != onoff ] || [ -w /sys/devices/system/cpu/cpu1/online ] || continue
		grep -q "End of test: SUCCESS.* $word [1-9]" "$tmp/torture" || {
			echo "no $word"
			return 1
		}
	done
}

real() { # real [WORD...] [PARAMETERS]: nothing must be found, and these have happened
	words=snapshots
	until [ $# = 0 ] || [ "${1#*=}" != "$1" ]; do
		words="$words $1"
		shift
	done
	# shellcheck disable=SC2086 # one word each
	if ! torture seconds=3 "$@" || [ "$verdict" != SUCCESS ] || [ -n "$wrong" ] ||
	   ! happened $words; then
		grep cstats-torture "$tmp/torture"
		cat "$tmp/reports"
		return 1
	fi
}

busted() { # busted TYPE/FINDING [PARAMETERS]: this must be found
	type=${1%/*} finding=${1#*/}
	shift
	if ! torture seconds=30 fail_fast=1 "torture_type=busted_$type" "$@" ||
	   ! grep -q "End of test: FAILURE.* $finding [1-9]" "$tmp/torture"; then
		grep cstats-torture "$tmp/torture"
		return 1
	fi
}

# with_reports real|busted ...: while reports are read. They find what is busted, too.
with_reports() {
	while=reports wrong=''
	: >"$tmp/reports"
	"$@"
	status=$?
	while=''
	[ "$1" = real ] || [ -n "$wrong" ] || return
	return $status
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

start 24

load cstats stall_ms=60000

for mode in expedited spare_idle quiet; do
	echo $mode >"$parameters/sync"
	check "$mode: no violation" real
done
echo expedited >"$parameters/sync"
check "no violation while CPUs go off and on" real onoff onoff_ms=50
check "no violation among stores that are slow" real misses=8 irq_us=0 stall_us=0
check "no violation while sections die" real dead_every=100000
check "no violation in the RCU flavour" real onoff flavour=rcu onoff_ms=50
check "no violation while instances come and go" \
	with_reports real onoff renewed pairs instances=8 onoff_ms=50
check "no violation in families of both flavours, with histograms" \
	with_reports real renewed pairs flavour=both instances=8 histograms=1 dead_every=100000
# The tests api and stuck show that reads do not starve there.
check "no violation among back-to-back sections" real hog_us=2000
# Snapshots also go back, and sometimes sooner, so all findings are looked at.
check "torn snapshots would be found: no synchronization" \
	busted unsafe/torn seconds=5 fail_fast=0
check "torn snapshots would be found: two sections for one" busted split/torn
check "an effect before its cause would be found" busted early/causal
check "a snapshot that goes back would be found" busted stale/backward
check "a snapshot that is too old would be found" busted last/lost
check "lost counts would be found" busted lost/lost
check "torn sections of the RCU flavour would be found" busted split/torn flavour=rcu
check "half a transfer would be found" busted transfer/transfer instances=8 nreaders=8
check "reports of half a transfer would be found" \
	with_reports busted transfer/transfer instances=8 nreaders=8 seconds=10 fail_fast=0
check "an instance that goes back would be found" \
	busted anew/backward instances=8 nreaders=8
check "a family that goes back when instances go would be found" \
	busted members/backward instances=8 seconds=5 fail_fast=0
check "a bucket that is not in its section would be found" \
	busted bucket/histogram histograms=1
check "a sum that is not in its section would be found" busted sum/histogram histograms=1
check "rmmod ends it at any time" removal

finish
