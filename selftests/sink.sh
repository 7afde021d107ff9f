#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# sink - writers of a set that is zeroed, failed to initialize or is destroyed

dir=$(dirname "$0")
. "$dir/lib.sh"

start 8

load cstats
check "at first there were none" fails grep 'without a set' $cstats
run_module cstats_test_sink
lost=$(sed -n 's/^# sections without a set: //p' $cstats)
check "the sections are counted" test "$lost" -gt 10
check "and the machine is well" is "$(cat $cstats)" \
	"$(printf 'cstats version: 1\n# sections without a set: %d' "$lost")"

finish
