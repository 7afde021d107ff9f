#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# scale - twenty thousand sets: each costs as much as the first, none waits for all

dir=$(dirname "$0")
. "$dir/lib.sh"

events=$tracing/events/cstats/cstats_rotate

start 6

load cstats sync=expedited
run_module cstats_test_scale nr=20000

load cstats_test
load cstats_test_client
load cstats_test_scale nr=5000 keep=1
check "a read of all is bounded batches, each with a time of its own" test \
	"$(header $cstats time_ns | sort -u | wc -l)" -gt 1
check "it has all sets" is "$(grep -c ' snapshot ' $cstats)" 5001

# Who reads one set while others read all waits for a batch, not for all of them.
if [ -d $events ]; then
	(while cat $cstats; do :; done) >/dev/null 2>&1 &
	reader=$!
	sleep 0.5
	: >$tracing/trace
	echo 1 >$events/enable
	n=0
	while [ $((n += 1)) -le 5 ]; do
		cat $sets/client/values
	done >/dev/null
	echo 0 >$events/enable
	kill $reader
	wait $reader 2>/dev/null
	# The rotations of others between two of the client's, on average: 10,000 if
	# each of its reads waited for two whole reads of all.
	between=$(awk '/set=client / { n++ } /set=scale_/ { others++ }
		END { print n ? int(others / n) : 999999 }' $tracing/trace)
	check "a read of one set does not wait for all ($between)" test "$between" -lt 10000
else
	ktap_test_skip "a read of one set: this kernel has no trace events"
fi
check "all can go" unload cstats_test_scale

finish
