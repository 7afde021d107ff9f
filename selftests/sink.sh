#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# sink - writers of a set that is zeroed, failed to initialize or is destroyed

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

start 9

lost() { sed -n 's/^# sections without a set: //p' $cstats; }

load cstats
before=$(cat $cstats)
lost_before=$(lost)
text="no section without a set is counted at first"
if built_in cstats; then
	ktap_test_skip "$text: earlier tests have lost some"
else
	check "$text" is "$lost_before" ""
fi
exec 3<$cstats
text=$(dd bs=7 count=1 <&3 2>/dev/null)
run_module cstats_test_sink
text=$text$(dd bs=1 skip=1 <&3 2>/dev/null)
exec 3<&-
check "a file that is open does not show them, wherever it is read" is "$text" \
	"cstats ${before#cstats v}"
lost=$(lost)
check "then those sections are counted" test "$lost" -gt $((${lost_before:-0} + 10))
check "and cstats shows their number and no set" is "$(cat $cstats)" \
	"$(printf 'cstats version: 1\n# sections without a set: %d' "$lost")"

finish
