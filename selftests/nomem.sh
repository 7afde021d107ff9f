#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# nomem - each allocation fails in turn

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

start 4

load cstats
run_module cstats_test_nomem

finish
