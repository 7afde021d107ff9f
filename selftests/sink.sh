#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# sink - writers of a set that is zeroed, failed to initialize or is destroyed

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

start 9

load cstats
text="no section without a set is counted at first"
if built_in cstats; then
	ktap_test_skip "$text: it is built in, and other tests have lost some"
else
	check "$text" fails grep 'without a set' $cstats
fi
before=$(cat $cstats)
exec 3<$cstats
text=$(dd bs=7 count=1 <&3 2>/dev/null)
run_module cstats_test_sink
text=$text$(dd bs=1 skip=1 <&3 2>/dev/null)
exec 3<&-
check "a file that is open does not show them, wherever it is read" is "$text" \
	"$(echo "$before" | sed 's/^cstats v/cstats /')"
lost=$(sed -n 's/^# sections without a set: //p' $cstats)
check "then those sections are counted" test "$lost" -gt 10
check "and cstats shows their number and no set" is "$(cat $cstats)" \
	"$(printf 'cstats version: 1\n# sections without a set: %d' "$lost")"

finish
