#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# short - what makes clients short, in all modes; clients of another interface

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

# A client of another interface; is there one line in the log, with its name? Some
# insmod try it twice.
refused() {
	log_mark
	! insmod "$(module cstats_test_interface)" "$@" 2>"$tmp/insmod" || return
	tries=$(log_lines 'cstats_test_interface: refused with -8')
	cat "$tmp/insmod"
	log_since | grep 'cstats'
	says='[cstats_test_interface] was built against interface 1 '
	grep -qi 'exec format\|invalid module format' "$tmp/insmod" && [ "$tries" -gt 0 ] &&
		[ "$(log_lines ' cstats: ')" = "$tries" ] &&
		[ "$(log_lines "$says")" = "$tries" ]
}

start 24

load cstats
for mode in expedited spare_idle quiet; do
	say "sync=$mode"
	echo $mode >"$parameters/sync"
	run_module cstats_test_short
done
check "a client of another interface is refused, with one line" refused
check "and so is its family" refused family=1
check "and nothing of it is there" is "$(ls $sets)" ""

finish
