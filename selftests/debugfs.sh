#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# debugfs - the text of the files, to the byte, however they are read

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

client=$sets/client
cmd=/sys/module/cstats_test_client/parameters/cmd

# The text, with N for all numbers that differ between two readings, and without those
# sections that other tests have lost, if cstats is built in.
text() {
	sed -e '/^# sections without a set/d' \
		-e 's/\(snapshot\|time_ns\|rotation_ns\|since_ns\) [0-9][0-9]*/\1 N/g' "$1"
}

# percpu summed up, as the lines of values
add_up() {
	awk '!/^cstats version|^#/ {
		if (!($1 in sum))
			name[n++] = $1
		sum[$1] += $3
	}
	END {
		for (i = 0; i < n; i++)
			print name[i], sum[name[i]]
		exit !n
	}' "$1"
}

values_only() { grep -v '^#\|^cstats version' "$1"; }

# Snapshots of a file under load: do all of them have in == out?
whole_sections() {
	reads=0
	while [ $((reads += 1)) -le 30 ]; do
		"$1" "$2" >"$tmp/read" || return
		# shellcheck disable=SC2046 # two words
		set -- "$1" "$2" $(awk '/client.(in|out)/ { print $2 }' "$tmp/read")
		in=$3
		out=$4
		if [ "$in" != "$out" ] || [ "${in:-0}" -le "${last:-0}" ]; then
			echo "in $in, out $out, in before ${last:-0}"
			return 1
		fi
		last=$in
	done
}

start 43

load cstats
check "without sets there is only the version" is "$(text $cstats)" "cstats version: 1"
load cstats_test
load cstats_test_client

check "cstats is readable for all" is "$(stat -c %a $cstats)" 444
for file in values last fields percpu; do
	check "$file is readable for all" is "$(stat -c %a $client/$file)" 444
done
check "reset is for root to write" is "$(stat -c %a $client/reset)" 200
check "a set has these files" is "$(ls $client)" "$(printf 'fields\nlast\npercpu\nreset\nvalues')"

# Text, with known values on each CPU
cpus=$(cat /sys/devices/system/cpu/possible)
online=$(grep -c ^processor /proc/cpuinfo)
last_cpu=${cpus##*-}
do_cmd add 0 5 12
do_cmd add "$last_cpu" 700 4
cat >"$tmp/expected" <<END
cstats version: 1
# client snapshot N time_ns N cpus $online rotation_ns N since_ns N
client.in 705
client.out 16
client.now 689
END
check "the text of cstats" is "$(text $cstats)" "$(cat "$tmp/expected")"
check "the text of values" is "$(text $client/values)" "$(cat "$tmp/expected")"
check "the text of fields" is "$(cat $client/fields)" "# name kind unit description
in counter items what came in
out counter items
now gauge - what is there"
{
	head -n 2 "$tmp/expected"
	for value in "in 5 700" "out 12 4" "now -7 696"; do
		# shellcheck disable=SC2086 # three words
		set -- $value
		i=0
		while [ $i -le "$last_cpu" ]; do
			case $i in
			0)		echo "client.$1 0 $2" ;;
			"$last_cpu")	echo "client.$1 $i $3" ;;
			*)		echo "client.$1 $i 0" ;;
			esac
			i=$((i + 1))
		done
	done
} >"$tmp/percpu"
check "the text of percpu" is "$(text $client/percpu)" "$(cat "$tmp/percpu")"

# The header
uptime_ns() { awk '{ sub(/[.]/, "", $1); print $1 "0000000" }' /proc/uptime; }
before=$(uptime_ns)
cat $client/values >"$tmp/1"
cat $client/values >"$tmp/2"
after=$(uptime_ns)
check "the number rises by one" is "$(header "$tmp/2" snapshot)" \
	$(($(header "$tmp/1" snapshot) + 1))
# /proc/uptime is the boot-time clock in hundredths; they differ by suspends only
check "time_ns is the time of the reading" test "$(header "$tmp/1" time_ns)" -ge "$before" -a \
	"$(header "$tmp/2" time_ns)" -le $((after + 10000000))
check "time_ns rises" test "$(header "$tmp/2" time_ns)" -gt "$(header "$tmp/1" time_ns)"
check "rotation_ns is not zero" test "$(header "$tmp/1" rotation_ns)" -gt 0

# The last snapshot, for which nobody rotates
number=$(header $client/values snapshot)
do_cmd add 0 1 1
check "last is the last snapshot" is "$(header $client/last snapshot)" "$number"
check "with its values" is "$(values_only $client/last)" "$(sed 1,2d "$tmp/expected")"
do_cmd add 0 -1 -1
check "and reading it takes no snapshot" is "$(header $client/values snapshot)" $((number + 1))

# Forbidden uses
for file in $cstats $client/values $client/last $client/fields $client/percpu; do
	check "no write to ${file##*/}" fails sh -c "echo 1 >$file"
done
check "no read of reset" fails cat $client/reset

# reset
reset() { printf %b "$1" >$client/reset; }
for text in 0 2 11 x '1 ' ' 1' '1\n\n' '1\n1' '-1' '111111111111111111111111'; do
	! reset "$text" || echo "'$text' was accepted"
done >"$tmp/accepted" 2>/dev/null
check "reset refuses all but 1" is "$(cat "$tmp/accepted")" ""
check "and changes nothing" is "$(text $client/values)" "$(cat "$tmp/expected")"
since=$(header $client/values since_ns)
check "reset takes 1" reset 1
check "then counters are zero, and the gauge keeps its level" is \
	"$(values_only $client/values)" \
	"$(printf 'client.in 0\nclient.out 0\nclient.now 689')"
check "since_ns is that of the reset" test "$(header $client/values since_ns)" -gt "$since"
check "in percpu too" is "$(add_up $client/percpu)" "$(values_only $client/values)"
check "reset takes 1 and a newline" sh -c "echo 1 >$client/reset"
do_cmd add "$last_cpu" 3 9
check "later counts are in values" is "$(values_only $client/values)" \
	"$(printf 'client.in 3\nclient.out 9\nclient.now 683')"
check "and in percpu on the CPU where they were made" is \
	"$(grep "client.out $last_cpu " $client/percpu)" "client.out $last_cpu 9"
check "percpu adds up to values" is "$(add_up $client/percpu)" \
	"$(values_only $client/values)"
printf 1 >$client/reset

# Under load: one open is one snapshot, of whole sections
do_cmd load 1
check "whole sections in cstats" whole_sections cat $cstats
check "whole sections in values" whole_sections cat $client/values
check "whole sections in percpu" whole_sections add_up $client/percpu
for file in $cstats $client/values $client/percpu; do
	check "one open of ${file##*/} is one text" "$dir/reads" "$file"
done
dd if=$client/fields of="$tmp/fields" bs=1 2>/dev/null
check "fields byte by byte" cmp $client/fields "$tmp/fields"
do_cmd load 0
read -r in out </sys/module/cstats_test_client/parameters/sum
# the resets have taken off what was counted before: 708 and 25
check "nothing got lost" is "$(values_only $client/values)" \
	"$(printf 'client.in %d\nclient.out %d\nclient.now 683' \
		$((in - 708)) $((out - 25)))"

finish
