#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# many - 100,000 instances of six fields: time and memory for each, and their text
#
# With lockdep, which makes each slow, 20,000 do.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

nr=100000
! lockdep || nr=20000
nr=${MANY:-$nr}
many=$sets/many

# Per-CPU memory and slabs, and free memory, in kB. The slabs' lists per CPU, and
# what is freed late, are noise of a megabyte or two.
memory() {
	awk '$1 == "Percpu:" || $1 == "Slab:" { n += $2 } $1 == "MemFree:" { free = $2 }
		END { print n, free }' /proc/meminfo
}

# KASAN has red zones around what is allocated, and keeps what is freed for a while.
check_memory() {
	if grep -q ' kasan_report$' /proc/kallsyms; then
		ktap_test_skip "$1: not with KASAN"
	else
		check "$@"
	fi
}

# The fastest of FILE's lines that begin with NAME, in microseconds
fastest() {
	awk -v name="name=$2" '$2 == name {
		for (i = 4; i <= NF; i++)
			if (!min || $i < min)
				min = $i
		printf "%d\n", min / 1000
	}' "$1"
}

# Not of code that counts its lines, or of which each lock is watched.
check_time() {
	if [ -d $debugfs/gcov ] || lockdep; then
		ktap_test_skip "$1: not with gcov or lockdep"
	else
		check "$@"
	fi
}

start 21

load cstats sync=expedited
load cstats_test
cpus=$(($(sed 's/.*-//' /sys/devices/system/cpu/possible) + 1))

read -r used free <<END
$(memory)
END
load cstats_test_many nr="$nr"
read -r used_now free_now <<END
$(memory)
END
results $debugfs/cstats_test/cstats_test_many
each=$(((used_now - used) * 1024 / nr))
limit=$((16 * 6 * cpus + 300))
say "$each bytes for each instance in slabs and per-CPU memory; of all memory," \
	"$(((free - free_now) * 1024 / nr)); promised are $limit on $cpus CPUs"
check_memory "memory is as promised" test $each -le $limit -a $each -ge $((16 * 6 * cpus))

check "values has all of them" is "$(grep -c '"}.f0 ' $many/values)" "$nr"
check "with what was counted" is "$(grep "\"dev$((nr - 1))\"}.f5 " $many/values)" \
	"many{device=\"dev$((nr - 1))\"}.f5 $((1000003 * (nr - 1) + 5))"
check "one can be read alone" is \
	"$(instance $many dev5077 | grep f3)" \
	"many{device=\"dev5077\"}.f3 $((1000003 * 5077 + 3))"

"$dir/timecat" 3 "cstats=$many/values" "last=$many/last" \
	"text=$debugfs/cstats_test_many_text" >"$tmp/cat" || exit
us=$(fastest "$tmp/cat" cstats)
text=$(fastest "$tmp/cat" text)
say "cat takes $us us, last $(fastest "$tmp/cat" last), the same text $text:" \
	"$((us * 100 / text)) %"
check_time "a cat costs 1.6 x its text at most" test $((us * 10)) -le $((text * 16))

# The sums of all instances take longer than that. Where the barrier does as well,
# there are no sums yet when the time is up, and the last snapshot has all of them.
alone() {
	echo 1 >"$parameters/stall_ms"
	head -n 10 $many/values >"$tmp/short"
	echo 10000 >"$parameters/stall_ms"
	[ "$(grep -c '^# many stalled\|^many' "$tmp/short")" = 7 ]
}
check "in too short a time, values has the family alone" within 3 alone
check "and later all of them again" is "$(grep -c '"}.f0 ' $many/values)" "$nr"

# Each that opens "last" keeps its snapshot from changing, until it has copied that.
open_last() { while :; do : <$many/last; done; }
readers=
for _ in 1 2 3 4; do
	open_last &
	readers="$readers $!"
done
sleep 1
head -n 3 $many/values >"$tmp/values"
# shellcheck disable=SC2086 # four numbers
kill $readers
check "values is read while others open last without a pause" \
	is "$(grep -c '^# many snapshot' "$tmp/values") $(grep -c stalled "$tmp/values")" "1 0"

# remove NUMBER
remove() {
	echo "$1" >/sys/module/cstats_test_many/parameters/remove
	results $debugfs/cstats_test/cstats_test_many
}

# freed PERCENT: is at most that much of the memory in use?
freed() {
	left=$(($(memory | cut -d ' ' -f 1) - used))
	[ $left -lt $(((used_now - used) * $1 / 100 + 2048)) ]
}

# number: that of a new snapshot
number() { instance $many dev0 | header - snapshot; }

read_on() {
	exec 3<>$many/instance
	while echo dev0 >&3; do
		read -r _ <&3
	done
}

# Two readers leave no pause between rotations, of which those that leave have to
# wait for one or two.
read_on &
readers=$!
read_on &
readers="$readers $!"
from=$(number)
remove $((nr / 2))
check_memory "half of them leave while others read without a pause" within 120 freed 60
rotations=$(($(number) - from))
# shellcheck disable=SC2086 # two numbers
kill $readers
say "rotations meanwhile: $rotations"
check_memory "it takes few rotations" test $rotations -lt $((nr / 256))
remove $((nr / 2))
check "without any, values has the family" is "$(grep -c '^many' $many/values)" 6
check "and its sums" is "$(field $many/values many.f0)" $((1000003 * (nr * (nr - 1) / 2)))
check_memory "and the memory is free" within 60 freed 10
[ -z "${left-}" ] || say "of $((used_now - used)) kB, $left are in use"
unload cstats_test_many
check "one that is destroyed while it is summed" \
	try_load cstats_test_many nr=$((nr * 3 / 10))
loaded=
# cstats.ko waits for the instances that leave.
built_in cstats || others=cstats
# shellcheck disable=SC2086 # nothing, or a module
check "all can be unloaded at once" rmmod cstats_test_many cstats_test ${others-}

finish
