#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# samples - the samples load and show what they say, and so do the examples of moving

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

# values SET: the lines of its counters
values() { grep -v -e '^#' -e '^cstats version' "$sets/$1/values"; }

unload_samples() {
	for name in $loaded; do
		[ "$name" = cstats ] || unload "$name" || return
	done
}

start 13

load cstats

log_mark
load cstats_sample_minimal
check "minimal: its counters" is "$(values cache)" "cache.lookups 100
cache.hits 75
cache.misses 25"
check "minimal: the module has read them itself" \
	is "$(log_lines "75 of 100 lookups were hits")" 1

load cstats_sample_histogram
check "histogram: powers of two" is "$(values mail | grep size)" "mail.size_count 1000
mail.size_sum 500500
mail.size_bucket_64 64
mail.size_bucket_128 64
mail.size_bucket_256 128
mail.size_bucket_512 256
mail.size_bucket_inf 488"
check "histogram: bounds of its own" is "$(values mail | grep delay)" "mail.delay_count 1000
mail.delay_sum 250000
mail.delay_bucket_0 1
mail.delay_bucket_10 20
mail.delay_bucket_50 80
mail.delay_bucket_250 400
mail.delay_bucket_inf 499"

load cstats_sample_family
check "family: its sums, and the instances that are left" is "$(values disk)" \
	'disk.reads 3
disk.bytes 1536
disk{device="sda"}.reads 1
disk{device="sda"}.bytes 512
disk{device="my\040disk"}.reads 1
disk{device="my\040disk"}.bytes 512'
exec 3<>"$sets/disk/instance"
printf '%s\n' 'my\040disk' >&3
check "family: a single one" is "$(grep '^disk' <&3)" 'disk{device="my\040disk"}.reads 1
disk{device="my\040disk"}.bytes 512'
exec 3>&-

# Each CPU sends the others an NMI, in order to print its stack.
if [ -e "$(module cstats_sample_nmi)" ] && [ "$(nproc)" -gt 1 ]; then
	load cstats_sample_nmi
	echo "vm: expect begin" >/dev/kmsg
	n=0
	while [ $((n += 1)) -le 5 ]; do
		echo l >/proc/sysrq-trigger
		values nmi >"$tmp/nmi.$n"
		sleep 0.1
	done
	echo "vm: expect end" >/dev/kmsg
	values nmi >"$tmp/nmi.$n"
	check "nmi: there were some" test "$(field "$tmp/nmi.$n" nmi.raised)" -gt 0
	check "nmi: raised - irqs == pending in each snapshot" test -z "$(awk '
		{ value[$1] = $2 }
		$1 == "nmi.pending" && value["nmi.raised"] - value["nmi.irqs"] != $2' "$tmp"/nmi.*)"
else
	ktap_test_skip "nmi: there were some"
	ktap_test_skip "nmi: raised - irqs == pending in each snapshot"
fi

for from in atomic64 percpu_counter u64_stats percpu; do
	load cstats_moving_$from
	check "moving from $from: the same counts as before" is "$(values $from)" \
		"$from.packets 1000
$from.bytes 499500"
done

check "all of them can be unloaded" unload_samples

finish
