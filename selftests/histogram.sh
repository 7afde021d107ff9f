#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# histogram - amounts counted by size: each bound, ill-formed bounds, misuse, load

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

start 8

load cstats
run_module cstats_test_histogram

finish
