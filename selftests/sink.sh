#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# sink - writers of a set that is zeroed, failed to initialize or is destroyed

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

start 8

load cstats
check "no section without a set is counted at first" fails grep 'without a set' $cstats
run_module cstats_test_sink
lost=$(sed -n 's/^# sections without a set: //p' $cstats)
check "then those sections are counted" test "$lost" -gt 10
check "and cstats shows their number and no set" is "$(cat $cstats)" \
	"$(printf 'cstats version: 1\n# sections without a set: %d' "$lost")"

finish
