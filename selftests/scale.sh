#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# scale - 20,000 sets: the last costs as much as the first, batches are bounded
#
# With lockdep, whose price for each is ten times as high, 4,000 do.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

nr=20000
! lockdep || nr=4000

start 5

load cstats sync=expedited
run_module cstats_test_scale "nr=$nr"

load cstats_test
load cstats_test_client
load cstats_test_scale nr=5000 keep=1
check "a read of all sets is made in several batches" test \
	"$(header $cstats time_ns | sort -u | wc -l)" -gt 1
check "and has all sets" is "$(grep -c ' snapshot ' $cstats)" 5001

check "all sets can be destroyed" unload cstats_test_scale

finish
