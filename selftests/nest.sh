#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# nest - sections that interrupt sections: softirq, hardirq, NMI

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

start 15

load cstats
for mode in expedited spare_idle quiet; do
	say "sync=$mode"
	echo $mode >"$parameters/sync"
	run_module cstats_test_nest
done

finish
