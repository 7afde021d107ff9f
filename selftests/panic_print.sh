#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# panic_print - what a panic prints of sets, without one
#
# A test module calls the notifier of cstats.ko. scripts/test-crash has the real thing.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

most=16	# instances that a panic prints of a family

# panic NAMES: what is printed of them, without the clock
panic() {
	echo "$1" >"$parameters/panic_print" && log_mark &&
		echo "none yet" >/sys/module/cstats_test_panic/parameters/panic &&
		log_since | sed -n 's/^.*cstats: //p' | sed 's/ time_ns [0-9]*//' >"$tmp/panic"
}
client() { echo "$*" >/sys/module/cstats_test_client/parameters/cmd; }
labels() { echo "$*" >/sys/module/cstats_test_labels/parameters/cmd; }

# data FILE: its lines of data; of instances, those that a panic prints
data() {
	awk -v most=$most '
		/^#/ || /^cstats version/ { next }
		/{/ { split($0, part, "}"); n += part[1] != last; last = part[1] }
		n <= most' "$1"
}
prints() { # prints NAMES FILE...: of them what FILEs have
	panic "$1" || return
	shift
	for file; do data "$file"; done >"$tmp/expected"
	data "$tmp/panic" | diff "$tmp/expected" -
}
says() { grep -qxF -- "$1" "$tmp/panic" || { cat "$tmp/panic"; return 1; }; }
silent() { ! grep -F -- "$1" "$tmp/panic"; }

# They would be there when all sets are printed.
needs_module cstats_kmem cstats_block
start 18

load cstats
load cstats_test
load cstats_test_client
load cstats_test_labels
load cstats_test_panic
client add 0 70 30
labels add 0 'with\040blank\134and\042more'
labels names
labels count 0 0 5 2

check "nothing, unless it is asked for" prints ""
check "not even a version" is "$(cat "$tmp/panic")" ""
check "a set" prints client $sets/client/values
check "in the format of debugfs" is "$(head -n 1 "$tmp/panic")" "cstats version: 1"
check "which says that it is no snapshot" says \
	"# client unsafe since_ns $(header $sets/client/values since_ns)"
check "two, and one that is not there" prints client,absent,devices \
	$sets/client/values $sets/devices/values
check "which is said" says "# absent is not there"
left=$(($(grep -c '{.*}\.in ' $sets/devices/values) - most))
check "and how many instances are left out" says "# devices instances not printed: $left"
check "no section is open" silent " open on "
if grep -q '[,-]' /sys/devices/system/cpu/online; then
	client hold 1 1000
	check "one that is" panic client
	check "is said" says "# client open on CPU 1"
	check "and half of it is counted" grep -qx 'client.in 570' "$tmp/panic"
	client drop
else
	for _ in 1 2 3; do ktap_test_skip "an open section: only one CPU"; done
fi
echo "vm: expect begin" >/dev/kmsg
client misuse
echo "vm: expect end" >/dev/kmsg
check "one that was misused" prints client $sets/client/values
check "has errors" says "# client errors 1"
check "all sets" prints '*' $sets/client/values $sets/devices/values
unload cstats_test_labels
unload cstats_test_client
check "all of none" prints '*'
check "has a version" is "$(cat "$tmp/panic")" "cstats version: 1"
unload cstats_test
unload cstats_test_panic
echo "" >"$parameters/panic_print"
loaded=
check_unload "cstats.ko can be unloaded" cstats

finish
