#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# lifetime - modules, sets and open files that come and go in any order

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

client=$sets/client
cmd=/sys/module/cstats_test_client/parameters/cmd

lists() { grep -q "^# $1 snapshot" $cstats; }

needs_module cstats
start 29

load cstats
check "cstats.ko can be unloaded" unload cstats
check "and leaves no files" fails test -e $cstats -o -e $sets
load cstats
load cstats_test
load cstats_test_client

# In use
check "it cannot be unloaded while a client is loaded" fails unload cstats
check "and the client goes on" lists client
exec 3<$cstats
unload cstats_test_client
check "it cannot be unloaded while its file is open" fails unload cstats
cat <&3 >"$tmp/open"
check "and the open file has the set that is gone" grep -q '^client.in 0' "$tmp/open"
exec 3<&-
unload cstats_test	# a client, too, if without a set
check "it can be unloaded once the file is closed" unload cstats
load cstats
load cstats_test
load cstats_test_client

# Files of a set that is destroyed
do_cmd add 0 7 2
exec 3<$cstats 4<$client/values 5<$client/percpu 6<$client/fields 7>$client/reset
do_cmd destroy
check "a destroyed set has no files" fails test -e $client
check "and is not listed" fails lists client
cat <&3 >"$tmp/open"
check "the open file cstats still has it" grep -q '^client.in 7' "$tmp/open"
for fd in 4 5 6; do
	check "its open files fail to read ($fd)" fails sh -c "cat <&$fd"
done
check "and to reset" fails sh -c "echo 1 >&7"
exec 3<&- 4<&- 5<&- 6<&- 7>&-
do_cmd init
check "a set of the same name can be made" lists client
check "and counts from zero" is "$(field $cstats client.in)" 0
check "and its third snapshot has number 3" is "$(header $cstats snapshot)" 3

# A client that forgets cstats_destroy()
log_mark
load cstats_test_forget
check "four sets are there" is "$(fields $cstats forgotten.events forgotten_too.events \
	forgotten_wrapped.events forgotten_family.events)" "1 0 0 0"
exec 3<$cstats 4<$sets/forgotten/values
unload cstats_test_forget
check "a forgotten set gets one warning, with the module" is \
	"$(log_lines 'cstats: set "forgotten": module cstats_test_forget')" 1
check "and so do the others, two of them of a wrapper" is \
	"$(log_lines 'module cstats_test_forget')" 4
check "they are gone, and the others are not" is "$(ls $sets)" client
cat <&3 >"$tmp/open"
check "an open file cstats still has them" grep -q '^forgotten.events 1' "$tmp/open"
exec 3<&- 4<&-
log_mark
insmod "$(module cstats_test_forget)" fail=1 2>/dev/null
check "sets of a module that fails to load are gone, too" is \
	"$(ls $sets) $([ "$(log_lines 'cstats: set "forgotten"')" -gt 0 ] && echo warned)" \
	"client warned"

# All of this at once: readers while modules come and go
(while :; do cat $cstats $sets/*/*s $sets/*/percpu; done) >/dev/null 2>&1 &
reader=$!
(while :; do for f in "$sets"/*/reset; do echo 1 >"$f"; done; done) >/dev/null 2>&1 &
resetter=$!
churn() {
	n=0
	while [ $((n += 1)) -le 10 ]; do
		insmod "$(module cstats_test_forget)" && rmmod cstats_test_forget &&
			do_cmd destroy && do_cmd init && do_cmd add 0 1 1 || return
	done
	lists client
}
check "readers while modules come and go" churn
kill $reader $resetter
wait $reader $resetter 2>/dev/null
unload cstats_test_client
unload cstats_test
check "cstats.ko can be unloaded after all that" unload cstats

# A set of no module stays when its client goes. It is rotated all the time.
load cstats
load cstats_test
load cstats_test_forget no_owner=1
unload cstats_test_forget
check "a set without an owner stays" lists forgotten
log_mark
unload cstats_test
check "until cstats.ko goes" unload cstats
sleep 0.2
check "with one warning" is "$(log_lines 'cstats: set "forgotten": its owner went away')" 1
check "and another cstats.ko has no sets" sh -c \
	"insmod $(module cstats) && [ -z \"\$(ls $sets)\" ] && rmmod cstats"

finish
