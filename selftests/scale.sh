#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# scale - twenty thousand sets: each costs as much as the first, a read of all is in batches

dir=$(dirname "$0")
. "$dir/lib.sh"

start 5

load cstats sync=expedited
run_module cstats_test_scale nr=20000

load cstats_test
load cstats_test_client
load cstats_test_scale nr=5000 keep=1
check "a read of all is bounded batches, each with a time of its own" test \
	"$(header $cstats time_ns | sort -u | wc -l)" -gt 1
check "it has all sets" is "$(grep -c ' snapshot ' $cstats)" 5001

check "all can go" unload cstats_test_scale

finish
