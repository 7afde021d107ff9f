#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# fuzz - bad and random input to all functions and files, while sets come and go

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

# A client that comes and goes, with the files of its set. A file that is open
# keeps cstats.ko, and nothing else.
come_and_go() {
	while [ ! -e "$tmp/stop" ]; do
		insmod "$(module cstats_test_client)"
		echo reset >/sys/module/cstats_test_client/parameters/cmd 2>/dev/null
		echo 1 2>/dev/null >"$sets/client/reset"
		rmmod cstats_test_client || return
	done
}

# The files values and percpu of a set that is quiet. They wrap around as the
# shell's numbers do, and are more than awk could add.
values() { grep -v '^#\|^cstats' "$sets/torture/values" | sort -k 1,1; }
percpu() {
	grep -v '^#\|^cstats' "$sets/torture/percpu" | sort -k 1,1 | {
		field='' sum=0
		while read -r name _ value; do
			[ "$name" = "${field:-$name}" ] || {
				echo "$field $sum"
				sum=0
			}
			field=$name sum=$((sum + value))
		done
		echo "$field $sum"
	}
}

verdict() { cat /sys/module/cstats_torture/parameters/verdict; }
over() { [ "$(verdict)" != running ]; }

start 12

seconds=${FUZZ_SECONDS:-8}
load cstats
load cstats_test
run_module cstats_test_fuzz

# A family with an instance whose name is among those that are written
load cstats_test_labels
echo "add 0 1" >/sys/module/cstats_test_labels/parameters/cmd
load cstats_torture seconds=$((seconds + 2)) stat_interval=0 irq_us=1000 \
	pause_us=1000 nwriters=1
come_and_go >"$tmp/come_and_go" 2>&1 &
client=$!
check "the files, used at random while sets come and go" \
	"$dir/fuzz" "$seconds" "${FUZZ_SEED:-$(date +%s)}"
touch "$tmp/stop"
wait $client
check "the client could always come and go" is "$(cat "$tmp/come_and_go")" ""
echo auto >"$parameters/sync"
echo 10000 >"$parameters/stall_ms"
echo >"$parameters/panic_print"
check "the torture that ran meanwhile ends" within 60 over
check "it found nothing" is "$(verdict)" SUCCESS
check "each CPU's parts add up to the values" is "$(percpu)" "$(values)"
echo 1 >"$sets/torture/reset"
check "and to zeros after a reset" is \
	"$(percpu | cut -d ' ' -f 2 | sort -u) $(values | cut -d ' ' -f 2 | sort -u)" "0 0"
unload cstats_torture
unload cstats_test_labels
check "no set is left" is "$(ls $sets)" ""

finish
