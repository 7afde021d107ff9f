#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh - what the in-kernel bench does in its machine, with the modules loaded
#
# usage: sh guest.sh ROUNDS TEST...
#
# A TEST is a file of cstats_bench, or one of: six (writers of six fields, in
# several passes), modes (reads in each mode of the parameter sync that uses IPIs),
# modes_busy (the same while all CPUs write), who (readers that wait for each
# other, in each mode), ipis (what they send), sets:N (N sets in one file) and
# instances:N (a family with N instances). The samples go to /out/samples.

rounds=$1
shift
bench=/sys/kernel/debug/cstats_bench
sync=/sys/module/cstats/parameters/sync
out=/out/samples

echo "$rounds" >/sys/module/cstats_bench/parameters/rounds || exit

calls() { # function call interrupts so far, of all processors
	awk '/^ *CAL:/ { for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i } END { print n + 0 }' \
		/proc/interrupts
}

memory() { # kB of per-CPU memory, and of slabs
	awk '/^Percpu:/ { p = $2 } /^Slab:/ { s = $2 } END { print p, s }' /proc/meminfo
}

for test; do
	echo "bench: $(uname -r), $(grep -c ^processor /proc/cpuinfo) CPUs: $test"
	case $test in
	six)
		# Under emulation a function may be slow for a whole pass.
		echo 6 >/sys/module/cstats_bench/parameters/fields
		for _ in 1 2 3 4; do
			cat $bench/writers >>$out || exit
		done
		echo 0 >/sys/module/cstats_bench/parameters/fields ;;
	modes | modes_busy)
		file=mode${test#modes}
		echo $((rounds / 5 + 1)) >/sys/module/cstats_bench/parameters/rounds
		for _ in 1 2 3 4 5; do
			for mode in expedited spare_idle; do
				echo $mode >$sync || exit
				cat "$bench/$file" >/tmp/mode || exit
				sed "s/^mode_ns name=cstats/mode_ns name=$mode/" /tmp/mode >>$out
			done
		done
		echo auto >$sync
		echo "$rounds" >/sys/module/cstats_bench/parameters/rounds ;;
	who)
		for mode in expedited spare_idle quiet; do
			echo $mode >$sync || exit
			cat $bench/who >/tmp/mode || exit
			sed "s/^\(who_[a-z_]*\) name=cstats/\1 name=$mode/" /tmp/mode >>$out
		done
		echo auto >$sync ;;
	ipis)
		for mode in expedited spare_idle; do
			echo $mode >$sync || exit
			before=$(calls)
			cat $bench/read >/tmp/mode || exit
			echo "ipis_per_1000_reads name=$mode: $(($(calls) - before))" >>$out
		done
		echo auto >$sync ;;
	sets:* | instances:*)
		what=${test%:*} number=${test#*:}
		cat=/sys/kernel/debug/cstats text=$bench/text
		[ "$what" = sets ] || cat=${cat}_sets/bench_family/values text=$bench/family_text
		read -r percpu slab <<-EOF
		$(memory)
		EOF
		echo "$number" >"$bench/$what" || exit
		read -r percpu_now slab_now <<-EOF
		$(memory)
		EOF
		echo "memory_kb what=percpu $what=$number: $((percpu_now - percpu))" >>$out
		echo "memory_kb what=slab $what=$number: $((slab_now - slab))" >>$out
		n=$rounds
		[ "$number" -lt 1000 ] || n=$((rounds / 4 + 1))
		./timecat "$n" "cstats=$cat" "text=$text" >/tmp/cat || exit
		sed "s/^cat_ns /cat_ns $what=$number /" /tmp/cat >>$out
		echo 0 >"$bench/$what" || exit ;;
	*)
		cat "$bench/$test" >>$out || exit ;;
	esac
done
rmmod cstats_bench
