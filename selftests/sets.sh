#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# sets - a thousand sets and one barrier; sets that come and go

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

start 15

load cstats
echo expedited >"$parameters/sync"
load cstats_test
load cstats_test_sets nr=1000 churn=0
results $debugfs/cstats_test/cstats_test_sets

if count_ipis; then
	before=$(ipis)
	cat $cstats >"$tmp/cstats"
	check "one barrier served all of them" is $(($(ipis) - before)) \
		$(($(grep -c ^processor /proc/cpuinfo) - 1))
	forget_ipis
else
	cat $cstats >"$tmp/cstats"
	ktap_test_skip "one barrier: no kprobe events here"
fi
check "cstats has 1,000 sets" is "$(grep -c ' snapshot ' "$tmp/cstats")" 1000
check "all were cut in one rotation" is "$(header "$tmp/cstats" time_ns | sort -u | wc -l)" 1
check "each has its values" is "$(awk '/\.plus / { sum += $2; bad += p != "" }
	/\.plus / { p = $2 } /\.minus / { bad += $2 != -p; p = "" }
	END { print sum, bad + 0 }' "$tmp/cstats")" "500500 0"
cat $cstats >"$tmp/again"
check "another cat has the next snapshot of each" is "$(awk '/ snapshot / {
		if (NR == FNR)
			number[$2] = $4
		else if ($4 == number[$2] + 1)
			n++
	}
	END { print n }' "$tmp/cstats" "$tmp/again")" 1000
check "one open of all is one text" "$dir/reads" $cstats
check "each has its directory" is "$(find $sets -name values | wc -l)" 1000
unload cstats_test_sets
check "and all are gone" is "$(grep -v '^# sections ' $cstats)" "cstats version: 1"

# Both flavours at once pay for each kind of barrier once: for IPIs and an expedited grace
# period, or for one grace period that both need.
load cstats_test_sets nr=50 nr_rcu=50 churn=0
others=$(($(grep -c ^processor /proc/cpuinfo) - 1))
while read -r mode rounds cuts; do
	echo "$mode" >"$parameters/sync"
	sent=$((rounds * others)) # where nobody counts them
	if count_ipis; then
		before=$(ipis)
		cat $cstats >"$tmp/cstats"
		sent=$(($(ipis) - before))
		forget_ipis
	else
		cat $cstats >"$tmp/cstats"
	fi
	check "sync=$mode: 50 sets of each flavour are cut together, with $sent IPIs" is \
		"$(header "$tmp/cstats" time_ns | awk '{ n[$1]++ }
			END { for (time in n) printf "%d ", n[time] }')$sent" \
		"$cuts $((rounds * others))"
done <<END
expedited 1 50 50
spare_idle 0 100
quiet 0 100
END
echo expedited >"$parameters/sync"
unload cstats_test_sets

# One set comes and goes all the time while others are read
load cstats_test_sets nr=5 churn=1 ms=300
fleeting() {
	n=0 seen=0
	while [ $((n += 1)) -le 60 ]; do
		cat $cstats >"$tmp/cstats" || return
		[ "$(grep -c '^# many_' "$tmp/cstats")" = 5 ] || return
		awk '$1 == "fleeting.plus" { p = $2 } $1 == "fleeting.minus" { m = $2 }
			END { exit p + m != 0 }' "$tmp/cstats" || return
		! grep -q fleeting.plus "$tmp/cstats" || seen=$((seen + 1))
		cat $sets/fleeting/values $sets/fleeting/percpu $sets/fleeting/fields
		echo 1 >$sets/fleeting/reset
	done >/dev/null 2>&1
	echo "seen $seen times"
	[ $seen -gt 0 ]
}
check "a set that comes and goes" fleeting

finish
