#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# family - instances of both flavours come, go and are renamed; histograms

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

start 3

load cstats
run_module cstats_test_family

finish
