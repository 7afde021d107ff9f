#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# load - invariants of every snapshot while all CPUs write and many read

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

start 21

load cstats
for mode in expedited spare_idle quiet; do
	say "sync=$mode"
	echo $mode >"$parameters/sync"
	run_module cstats_test_load
	run_module cstats_test_heap
done

finish
