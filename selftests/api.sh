#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# api - every function of <linux/cstats.h> and every error, in all modes

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

start 94

load cstats
for mode in expedited spare_idle quiet; do
	say "sync=$mode"
	echo $mode >"$parameters/sync"
	run_module cstats_test_api
done

# A set that was destroyed while its files were being made would have them for ever.
check "no set has left files" is "$(ls $sets)" ""

finish
