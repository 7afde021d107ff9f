#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# instances - families in the text: names, one instance alone, parts, resets, load

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

devices=$sets/devices
cmd=/sys/module/cstats_test_labels/parameters/cmd

values_only() { grep -v '^#\|^cstats version' "$1"; }

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
	}' "$1"
}

# Of a file: does each value of the family equal the sum over the instances? Only
# if none was removed, and nothing was counted for the family itself.
instances_add_up() {
	awk '/^#|^cstats version/ { next }
	/^devices\./ { sub(/^devices/, "", $1); family[$1] = $2; next }
	{ sub(/^.*}/, "", $1); sum[$1] += $2; n++ }
	END {
		for (name in family)
			if (sum[name] != family[name]) {
				print name, family[name], "and not", sum[name]
				bad = 1
			}
		exit bad || !n
	}' "$1"
}

# The buckets of each histogram in a file add up to its count.
buckets_add_up() {
	awk '/^#|^cstats version/ { next }
	/size_count / { n++; count += $2 }
	/size_bucket_/ { buckets += $2 }
	END {
		if (count != buckets || !n) {
			print count, "and not", buckets
			exit 1
		}
	}' "$1"
}

whole() {
	reads=0
	while [ $((reads += 1)) -le 20 ]; do
		"$@" >"$tmp/read" || return
		instances_add_up "$tmp/read" && buckets_add_up "$tmp/read" || return
		in=$(field "$tmp/read" devices.in)
		if [ "$in" != "$(field "$tmp/read" devices.out)" ] || [ "$in" -lt "${last:-0}" ] ||
			[ "$(field "$tmp/read" devices.now)" != 0 ]; then
			echo "in $in, before ${last:-0}"
			return 1
		fi
		last=$in
	done
	[ "$last" -gt 0 ]
}

# What one instance of the devices has
one() { instance $devices "$1"; }

start 74

load cstats sync=expedited
load cstats_test
cpus=$(sed 's/.*-//' /sys/devices/system/cpu/possible)

for rcu in 0 1; do
	say "rcu=$rcu"
	load cstats_test_labels rcu=$rcu
	check "a family has these files" is "$(ls $devices)" \
		"$(printf 'fields\ninstance\nlast\npercpu\nreset\nvalues')"
	check "instance is for root to read and write" is "$(stat -c %a $devices/instance)" 600

	# Known values
	check "without instances there is the family" is "$(grep -c '^devices' $cstats)" 9
	do_cmd add 0 eth0.100
	do_cmd add 1 'tank/a\040b'
	do_cmd count 0 0 5 2
	do_cmd count 1 "$cpus" 7 1
	do_cmd count 8 0 100 0
	do_cmd observe 1 3
	cat >"$tmp/expected" <<-'END'
	devices.in 112
	devices.out 3
	devices.now 109
	devices.size_count 1
	devices.size_sum 3
	devices.size_bucket_1 0
	devices.size_bucket_2 0
	devices.size_bucket_4 1
	devices.size_bucket_inf 0
	devices{device="eth0.100"}.in 5
	devices{device="eth0.100"}.out 2
	devices{device="eth0.100"}.now 3
	devices{device="eth0.100"}.size_count 0
	devices{device="eth0.100"}.size_sum 0
	devices{device="eth0.100"}.size_bucket_1 0
	devices{device="eth0.100"}.size_bucket_2 0
	devices{device="eth0.100"}.size_bucket_4 0
	devices{device="eth0.100"}.size_bucket_inf 0
	devices{device="tank/a\040b"}.in 7
	devices{device="tank/a\040b"}.out 1
	devices{device="tank/a\040b"}.now 6
	devices{device="tank/a\040b"}.size_count 1
	devices{device="tank/a\040b"}.size_sum 3
	devices{device="tank/a\040b"}.size_bucket_1 0
	devices{device="tank/a\040b"}.size_bucket_2 0
	devices{device="tank/a\040b"}.size_bucket_4 1
	devices{device="tank/a\040b"}.size_bucket_inf 0
	END
	check "the text of cstats" is "$(values_only $cstats)" "$(cat "$tmp/expected")"
	check "the text of values" is "$(values_only $devices/values)" "$(cat "$tmp/expected")"
	check "the text of last" is "$(values_only $devices/last)" "$(cat "$tmp/expected")"
	check "for which there was no rotation" is "$(header $devices/last snapshot)" \
		"$(header $devices/last snapshot)"
	check "percpu adds up to values" is "$(add_up $devices/percpu)" "$(cat "$tmp/expected")"
	check "and has what CPU $cpus has done" is \
		"$(grep "b\"}.in $cpus " $devices/percpu)" \
		"devices{device=\"tank/a\\040b\"}.in $cpus 7"
	flavour_line=
	[ $rcu = 0 ] || flavour_line='
# devices flavour rcu'
	check "the text of fields" is "$(cat $devices/fields)" \
		"# name kind unit description$flavour_line
# devices label device instances 2
in counter items what came in
out counter items
now gauge -
size histogram bytes"

	# One instance alone
	check "one instance can be read alone" is "$(one 'tank/a\040b' | grep -v '^#\|^cstats')" \
		"$(tail -n 9 "$tmp/expected")"
	check "with the version and the family's header" is \
		"$(one eth0.100 | sed 's/ [0-9]*$//; s/ snapshot .*//' | head -n 2)" \
		"$(printf 'cstats version:\n# devices')"
	check "its own file, used in all ways" "$dir/instances" file $devices/instance \
		eth0.100 'tank/a\040b'

	# reset
	echo 1 >$devices/reset
	sed '/now/!s/ [0-9]*$/ 0/' "$tmp/expected" >"$tmp/reset"
	check "reset: gauges stay, in instances too" is "$(values_only $devices/values)" \
		"$(cat "$tmp/reset")"
	check "and percpu adds up" is "$(add_up $devices/percpu)" "$(cat "$tmp/reset")"
	do_cmd add 2 late
	do_cmd count 2 0 4 4
	do_cmd count 0 "$cpus" 1 1
	check "later counts are in values" is \
		"$(values_only $devices/values | grep '}.in ')" \
		"$(printf 'devices{device="%s"}.in %d\n' eth0.100 1 'tank/a\040b' 0 late 4)"
	check "and percpu adds up to them" is "$(add_up $devices/percpu)" \
		"$(values_only $devices/values)"
	do_cmd remove 0
	check "and when one goes" is "$(add_up $devices/percpu)" "$(values_only $devices/values)"
	check "whose counts the family keeps" is "$(field $devices/values devices.in)" 5
	do_cmd rename 1 'late\012r'
	check "a renamed one keeps its place" \
		is "$(grep -c '^devices{device="late' $devices/values)" 18
	check "the number of instances follows" grep -qx '# devices label device instances 2' \
		$devices/fields

	# The format
	do_cmd names
	check "all names come back" "$dir/instances" names $devices/values $devices/instance
	check "the text has two columns" "$dir/instances" text 2 $devices/values
	check "also in cstats" "$dir/instances" text 2 $cstats
	check "and in last" "$dir/instances" text 2 $devices/last
	check "and three in percpu" "$dir/instances" text 3 $devices/percpu
	add_up $devices/percpu >"$tmp/1"
	values_only $devices/values >"$tmp/2"
	check "percpu of all of them adds up" cmp "$tmp/1" "$tmp/2"

	# Misuse is counted
	errors=$(awk '/^# devices errors/ { print $4 }' $devices/values)
	do_cmd misuse 5
	check "each bad index is an error" is \
		"$(awk '/^# devices errors/ { print $4 }' $devices/values)" $((${errors:-0} + 5))
	unload cstats_test_labels

	# Under load: one open is one instant, of all instances
	load cstats_test_labels rcu=$rcu
	for n in 0 1 2 3; do
		do_cmd add $n "device$n"
	done
	do_cmd load 1
	last=0
	check "instances add up to the family in values" whole cat $devices/values
	check "and in cstats" whole cat $cstats
	check "and in percpu" whole add_up $devices/percpu
	for mode in spare_idle quiet; do
		echo $mode >"$parameters/sync"
		check "and with sync=$mode" whole cat $devices/values
	done
	echo expedited >"$parameters/sync"
	check "one open of values is one text" "$dir/reads" $devices/values
	check "one open of percpu is one text" "$dir/reads" $devices/percpu
	names_change() {
		i=0
		while [ $((i += 1)) -le 20 ]; do
			do_cmd rename 0 "device$((i % 2))x" || return
			do_cmd rename 3 "device3$i" || return
			echo 1 >$devices/reset || return
			one device1 >"$tmp/read" || return
			buckets_add_up "$tmp/read" || return
			[ "$(grep -c '}.in' $devices/values)" = 4 ] || return
		done
	}
	check "names and resets under load" names_change
	do_cmd load 0
	last=0
	check "and nothing is torn at the end" instances_add_up $devices/values
	unload cstats_test_labels
done

finish
