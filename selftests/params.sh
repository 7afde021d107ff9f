#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# params - the parameters: modes, their IPIs, deadlines; the trace event

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

client=$sets/client
cmd=/sys/module/cstats_test_client/parameters/cmd

read_set() { do_cmd read 1 && cat /sys/module/cstats_test_client/parameters/result; }

# write PARAMETER VALUE, which may be refused
write() { echo "$2" 2>/dev/null >"$parameters/$1"; } 2>/dev/null

refused() { # refused PARAMETER VALUE...
	parameter=$1
	shift
	before=$(cat "$parameters/$parameter")
	for value; do
		! write "$parameter" "$value" || echo "'$value' was accepted"
		now=$(cat "$parameters/$parameter")
		[ "$now" = "$before" ] || echo "'$value' changed it to $now"
	done >"$tmp/refused"
	is "$(cat "$tmp/refused")" ""
}

insmod_refused() { # insmod_refused PARAMETER=VALUE
	fails insmod "$(module cstats)" "$1" && fails test -d /sys/module/cstats
}

ipis_of_reads() { # ipis_of_reads COUNT
	before=$(ipis)
	do_cmd read "$1"
	echo $(($(ipis) - before))
}

needs_module cstats
start 43

check "insmod refuses sync=bogus" insmod_refused sync=bogus
check "insmod refuses stall_ms=0" insmod_refused stall_ms=0
check "insmod refuses panic_print=Queue" insmod_refused panic_print=Queue
load cstats sync=quiet stall_ms=777 panic_print=queue,client
check "insmod takes sync=quiet" is "$(cat "$parameters/sync")" quiet
check "insmod takes panic_print=queue,client" is "$(cat "$parameters/panic_print")" queue,client
check "insmod takes stall_ms=777" is "$(cat "$parameters/stall_ms")" 777
unload cstats
load cstats
check "sync is auto" is "$(cat "$parameters/sync")" auto
check "stall_ms is 10000" is "$(cat "$parameters/stall_ms")" 10000
for mode in expedited spare_idle quiet auto; do
	check "sync=$mode" sh -c "echo $mode >$parameters/sync && grep -qx $mode $parameters/sync"
done
log_mark
check "bad values of sync change nothing" refused sync bogus "" EXPEDITED quie quiet2 \
	'quiet quiet' 0 "$(printf 'qui\tet')"
check "the log has a message for each of them" is "$(log_lines 'cstats: sync=')" 8
check "bad values of stall_ms change nothing" refused stall_ms 0 -1 600001 "" x 4294967297
for names in '*' a,b_2,c ''; do
	check "panic_print='$names'" sh -c \
		"echo '$names' >$parameters/panic_print && grep -qFx '$names' $parameters/panic_print"
done
write panic_print heap,queue
check "bad values of panic_print change nothing" refused panic_print , a, ,a a,,b 'a b' A \
	a-b 1a _a '**' '*a' 'a*' "$(printf '\303\244')" "$(printf '%600s' '' | tr ' ' a)"
check "the mode of the parameters is 0644" is \
	"$(stat -c %a "$parameters/sync" "$parameters/stall_ms" "$parameters/panic_print" |
		sort -u)" 644

load cstats_test
load cstats_test_client
load cstats_test_forget		# another set, "forgotten", with the value 1

online=$(grep -c ^processor /proc/cpuinfo)

# IPIs: one per read and other CPU, or none
if count_ipis; then
	write sync expedited
	check "an expedited read sends one IPI to each other CPU" is \
		"$(ipis_of_reads 30)" $((30 * (online - 1)))
	write sync spare_idle
	check "a spare_idle read sends none itself" is "$(ipis_of_reads 30)" 0
	write sync quiet
	check "a quiet read sends none" is "$(ipis_of_reads 30)" 0
	write sync auto
	if isolated; then
		check "auto is quiet here" is "$(ipis_of_reads 30)" 0
	else
		check "auto is expedited here" is "$(ipis_of_reads 30)" \
			$((30 * (online - 1)))
	fi
	forget_ipis
else
	for mode in expedited spare_idle quiet auto; do
		ktap_test_skip "IPIs of $mode reads: no kprobe events here"
	done
fi

# The modes in turn while others write and read
changes() {
	n=0
	while [ $((n += 1)) -le 16 ]; do
		case $((n % 4)) in
		0) write sync quiet ;;
		2) write sync spare_idle ;;
		*) write sync expedited ;;
		esac || return
		cat $client/values >"$tmp/read" || return
		in=$(field "$tmp/read" client.in)
		out=$(field "$tmp/read" client.out)
		if [ "$in" != "$out" ] || [ "${in:-0}" -lt "${last:-0}" ]; then
			echo "in $in, out $out, in before ${last:-0}"
			return 1
		fi
		: "${first:=$in}"
		last=$in
	done
	# Not from each read to the next: on one CPU the writer has to get a turn.
	[ "$last" -gt "$first" ]
}
do_cmd load 1
(while cat $cstats $client/percpu; do :; done) >/dev/null 2>&1 &
reader=$!
check "the mode may change under load" changes
kill $reader
wait $reader 2>/dev/null
do_cmd load 0
read -r in out </sys/module/cstats_test_client/parameters/sum
check "and nothing got lost" \
	is "$(field $client/values client.in) $(field $client/values client.out)" "$in $out"

# A section that stays open: other sets do not wait, and no count is lost
if [ "$online" -lt 2 ]; then
	for name in 1 2 3 4 5 6 7 8 9 10 11 12; do
		ktap_test_skip "stall $name: needs two CPUs"
	done
else
	write sync expedited
	write stall_ms 200
	log_mark
	number=$(header $client/values snapshot)
	do_cmd hold 1 1000
	read -r err rest <<END
$(read_set)
END
	check "a read times out" is "$err" -110
	cat $cstats >"$tmp/stalled"
	check "a healthy set in the same file is read" \
		is "$(field "$tmp/stalled" forgotten.events)" 1
	check "the stalled set shows its last snapshot" is \
		"$(header "$tmp/stalled" snapshot | head -n 1) $(field "$tmp/stalled" client.in)" \
		"$number $in"
	check "and its comment says that it has stalled" grep -q '^# client stalled' "$tmp/stalled"
	check "and counts an error" grep -qx '# client errors 1' "$tmp/stalled"
	check "percpu and reset time out" fails sh -c \
		"cat $client/percpu || echo 1 >$client/reset"
	do_cmd drop
	# shellcheck disable=SC2046 # words
	set -- $(read_set)
	check "then reads work again" is "$1" 0
	check "no count is lost" is "$3 $4" "$((in + 1000)) $out"
	# the rotation that stalled, one that was asked for meanwhile, this read's
	check "the number rises by one to three" test \
		"$2" -gt "$number" -a "$2" -le $((number + 3))
	check "the log has named the set once" is \
		"$(log_lines 'cstats: set "client": a section on CPU 1')" 1
	# An odd number of attempts: a reader that began anew each time would now
	# sum the other slot.
	do_cmd hold 1 50
	check "a read of the next stalled section times out" is \
		"$(read_set | cut -d ' ' -f 1)" -110
	do_cmd drop
	check "and the read after that has the section" is "$(read_set | cut -d ' ' -f 1,3)" \
		"0 $((in + 1050))"
fi

# The trace event
events=$tracing/events/cstats/cstats_rotate
if [ -d $events ]; then
	: >$tracing/trace
	echo 1 >$events/enable
	cat $client/values >"$tmp/1"
	echo 0 >$events/enable
	grep cstats_rotate: $tracing/trace >"$tmp/trace"
	check "one rotation is one event" is "$(wc -l <"$tmp/trace")" 1
	number=$(header "$tmp/1" snapshot) ns=$(header "$tmp/1" rotation_ns)
	check "with the number, CPUs and time of the snapshot" grep -q \
		"set=client number=$number cpus=$online ns=$ns polls=[0-9]*\$" "$tmp/trace"
	# a section that is open for a while makes the reader poll
	: >$tracing/trace
	echo 1 >$events/enable
	write stall_ms 10000
	if [ "$online" -ge 2 ]; then
		do_cmd hold 1 0
		cat $client/values >"$tmp/1" &
		reader=$!
		sleep 0.3
		do_cmd drop
		wait $reader
		polls=$(sed -n 's/.*polls=//p' $tracing/trace)
		check "polls are counted" test "$polls" -gt 0
	else
		ktap_test_skip "polls are counted: needs two CPUs"
	fi
	echo 0 >$events/enable
else
	for name in event fields polls; do
		ktap_test_skip "trace $name: this kernel has no trace events"
	done
fi

# A grace period takes longer than that, each time. Where a kernel can have one CPU only,
# a task that can sleep is one already.
if uname -v | grep -q SMP; then
	write sync quiet
	write stall_ms 1
	log_mark
	n=0
	while [ $((n += 1)) -le 40 ]; do
		cat $client/values
		sleep 0.05
	done >/dev/null
	lines=$(log_lines 'cstats: set "client": a grace period does not end')
	check "a short deadline is said" test "$lines" -ge 1
	check "but does not flood the log ($lines lines)" test "$lines" -le 10
	write stall_ms 10000
else
	for name in said "no flood"; do
		ktap_test_skip "short deadline $name: grace periods take no time here"
	done
fi

finish
