#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest - cstat in a guest, on the kernel's own counters under load, on its disks, and
# on a family whose names are as odd as they may be
#
# Runs in the guest, beside the modules and the tool; see scripts/test-tool. Leaves
# recordings and what Prometheus would get in /out. Prints TAP.
#
# shellcheck disable=SC2086 # $tmp has no blanks, $load has several words

cd "$(dirname "$0")" || exit
export PATH=$PWD/scripts:$PATH
tmp=/tmp/tool
mkdir -p $tmp
number=0 failed=0

# The devices of cstats_test_devices.ko, as their names are.
all=(dm-0 nvme0n1 eth0.100 0000:00:1f.2 tank/home/user "my disk" 'quote"back\slash'
	$'tab\tline\nbell\a' $'gr\303\266\303\237e\302\240' $'\377' "a}.x 1"
	'{device="dm-0"}.issued')

check() { # check NAME COMMAND...
	local name=$1
	shift
	number=$((number + 1))
	if "$@" >$tmp/out 2>$tmp/err; then
		echo "ok $number $name"
	else
		echo "not ok $number $name"
		failed=$((failed + 1))
		sed 's/^/# /' $tmp/out $tmp/err
	fi
}

# says STATUS REGEX COMMAND...: its exit status, and a line of its output
says() {
	local want=$1 regex=$2 status=0
	shift 2
	"$@" >$tmp/said 2>&1 || status=$?
	cat $tmp/said
	echo "status $status, expected $want and /$regex/"
	[ $status = "$want" ] && { [ -z "$regex" ] || grep -qE -- "$regex" $tmp/said; }
}

# The kernel's counts of pages and slabs; every one of these holds in every cut.
pages=0
for ((n = 1; n <= 1024; n *= 2)); do
	pages+=" + $n * kmem.page_allocs_bucket_$n"
done
identities=(
	--check "kmem.page_allocs_count == sum(kmem.page_allocs_bucket_*)"
	--check "kmem.page_allocs_sum == $pages"
	--check "kmem.page_frees_count == sum(kmem.page_frees_bucket_*)"
	--check "kmem.kmalloc_count == sum(kmem.kmalloc_bucket_*)"
	--check "kmem.kmem_cache_alloc_count == sum(kmem.kmem_cache_alloc_bucket_*)"
	--check "kmem.kmalloc_sum + kmem.kmem_cache_alloc_sum <= kmem.slab_bytes_given"
	--check "errors(kmem) == 0"
	--check "age(kmem) < 10"
)

# The family of cstats_test_devices.ko, likewise.
family=(
	--check "devices.issued - devices.completed == devices.in_flight"
	--check "devices.completed == devices.latency_count"
	--check "devices.latency_count == sum(devices.latency_bucket_*)"
	--check "devices.issued == sum(devices{*}.issued)"
	--check "devices.latency_sum == sum(devices{*}.latency_sum)"
	--check "sum(devices{*}.latency_count) == sum(devices{*}.latency_bucket_*)"
)
one='devices{my disk}'
device=(
	--check "$one.issued - $one.completed == $one.in_flight"
	--check "$one.latency_count == sum($one.latency_bucket_*)"
)

# The disks' family and one disk, likewise; in both, reads and writes.
disks=()
for who in block 'block{vda}' 'block{ram0}'; do
	for op in read write; do
		was=${op}_requests
		disks+=(
			--check "$who.${was}_issued - $who.${was}_completed - $who.${was}_requeued == $who.${was}_in_flight"
			--check "$who.${was}_completed == $who.${op}_latency_count"
			--check "$who.${op}_latency_count == sum($who.${op}_latency_bucket_*)"
		)
	done
done
for field in read_bytes_completed write_requests_issued write_latency_sum; do
	disks+=(--check "block.$field == sum(block{*}.$field)")
done

scrapes() { # scrapes N: of cstat --listen, each of them consistent
	cstat --listen 9960 2>$tmp/listen &
	until_text $tmp/listen
	python3 - "$1" <<'END'
import sys
from scrape import Checker, get, parse
checker = Checker()
for _ in range(int(sys.argv[1])):
    checker.see(parse(get("http://127.0.0.1:9960/metrics")))
print(checker.scrapes, "scrapes,", checker.histograms, "histograms,", checker.counters,
      "values of counters", *checker.wrong[:5], sep="\n")
sys.exit(not checker.histograms or not checker.counters or bool(checker.wrong))
END
	local status=$?
	kill $!
	wait $!
	cat $tmp/listen
	return $status
}

# names PATTERN NAME...: the instances that cstat shows are these
names() {
	cstat -j "$1" | python3 -c '
import json, sys
want = [name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for name in sys.argv[1:]]
got = [i["instance"] for i in json.load(sys.stdin)["sets"][0]["instances"]]
sys.exit(f"{got} and not {want}" if sorted(got) != sorted(want) else 0)' "${@:2}"
}

each_alone() { # each device by its file `instance`, named as the kernel prints it
	PYTHONPATH=scripts/lib python3 - <<'END'
import sys
from cstat.source import Debugfs
source = Debugfs()
keys = [k for k in source.read(["devices"]).sets["devices"].values if k.field == "issued"]
for key in keys:
    if key.instance is None:
        continue
    source.only = {"devices": key.instance}
    cut = source._instance("devices")
    if not cut or {k.instance for k in cut.values} != {key.instance}:
        sys.exit(f"{key.name}: {cut and cut.values}")
    whole = source.read(["devices"]).sets["devices"]
    if {k.instance for k in whole.values} != {key.instance}:
        sys.exit(f"{key.name}: all of them were read")
    print(key.name, cut.values[key])
source.only = {"devices": "nothing"}
if len(source.read(["devices"]).sets["devices"].values) < len(keys):
    sys.exit("an unknown name hides the others")
END
}

names_recorded() {
	cstat() { command cstat --replay $tmp/devices.rec "$@" | head -n 1; }
	names 'devices{*}' "${all[@]}"
	local status=$?
	unset -f cstat
	return $status
}

large() {
	local from mid to
	from=${EPOCHREALTIME/./}
	cstat 'devices{more2999}.issued' >$tmp/one || return
	mid=${EPOCHREALTIME/./}
	cstat 'devices{more*}.issued' >$tmp/many || return
	to=${EPOCHREALTIME/./}
	echo "one took $(((mid - from) / 1000)) ms, 3000 took $(((to - mid) / 1000)) ms"
	cat $tmp/one
	[ "$(grep -c '^devices{' $tmp/one)" = 1 ] && [ "$(grep -c '^devices{' $tmp/many)" = 3000 ] &&
		[ $((mid - from)) -lt $((to - mid)) ]
}

comes_and_goes() { # the family's total keeps what an instance counted
	local switch=/sys/module/cstats_test_devices/parameters/nvme0n1

	: >$tmp/table
	cstat -w devices.issued 'devices{nvme0n1}.issued' 0.3 12 >$tmp/table &
	until_text $tmp/table
	echo 0 >$switch
	says 2 "did you mean devices\{" cstat 'devices{nvme0n1}.issued' || return
	says 1 "does not hold" cstat --check 'devices.issued == sum(devices{*}.issued)' || return
	says 0 "" cstat "${family[@]:0:6}" 0.2 5 || return
	echo 1 >$switch
	says 0 '^devices\{device="nvme0n1"\}.issued' cstat 'devices{nvme0n1}.issued' || return
	wait $!
	cat $tmp/table
	! grep -q -- '-[0-9]' $tmp/table
}

number_of() { # number_of: of the last snapshot, as the kernel says without rotating
	sed -n 's/^# kmem snapshot \([0-9]*\) .*/\1/p' "$1"
}

only_kmem() { # a question about one set takes one snapshot of it, and none of others
	local before after
	cat /sys/kernel/debug/cstats_sets/kmem/values >$tmp/1
	cstat kmem >/dev/null || return
	cat /sys/kernel/debug/cstats_sets/kmem/values >$tmp/2
	before=$(number_of $tmp/1) after=$(number_of $tmp/2)
	echo "from $before to $after"
	[ $((after - before)) = 2 ]
}

last() { # the last snapshot, as often as one likes, without a new one
	local before after
	cstat -j kmem >/dev/null
	before=$(cstat --last -j kmem | grep -o '"snapshot":[0-9]*')
	after=$(cstat --last -j kmem | grep -o '"snapshot":[0-9]*')
	echo "$before, then $after"
	[ -n "$before" ] && [ "$before" = "$after" ]
}

live() { # the live screen, in a terminal of Python's
	TERM=linux python3 - scripts/cstat <<'END'
import os, pty, select, sys, time
pid, fd = pty.fork()
if not pid:
    os.execvp("python3", ["python3", sys.argv[1], "-t", "-i", "0.5", "kmem"])
seen = b""
def until(text, seconds=60):
    global seen
    end = time.monotonic() + seconds
    while text not in seen:
        if time.monotonic() > end:
            sys.exit(f"no {text} in {seen}")
        if select.select([fd], [], [], 0.5)[0]:
            seen += os.read(fd, 65536)
until(b"kmem_cache_alloc_failures")
until(b"snapshot")
seen = b""
os.write(fd, b"f")
until(b"show fields that match")
os.write(fd, b"kmalloc\n")
until(b"fields: kmalloc")
os.write(fd, b"b")
until(b"to 64B")
os.write(fd, b"q")
status = os.waitpid(pid, 0)[1]
sys.exit(f"status {status}" if status else 0)
END
}

until_text() { # until_text FILE: until something is in it
	local tries=0
	until [ -s "$1" ] || [ $((tries += 1)) -gt 200 ]; do sleep 0.1; done
}

reset() { # cstat notices it between two of its samples
	: >$tmp/table
	cstat kmem.page_allocs_count 2 6 >$tmp/table &
	until_text $tmp/table
	cstat --reset kmem || return
	wait $!
	cat $tmp/table
	grep -q 'kmem snapshot .*reset since the sample before' $tmp/table
}

gone() { # the set goes while it is watched
	: >$tmp/table
	timeout 60 cstat kmem 0.5 20 >$tmp/table 2>$tmp/gone &
	until_text $tmp/table
	rmmod cstats_kmem || return
	wait $!
	cat $tmp/gone
	grep -q 'set kmem went away' $tmp/gone
}

check "without the module it says so" \
	says 2 'modprobe cstats' cstat
insmod cstats.ko
check "without sets there are none" says 0 'no sets' cstat
insmod cstats_kmem.ko
(while :; do sh -c 'true | cat >/dev/null'; done) 2>/dev/null &
load=$!
(while :; do dd if=/dev/zero of=/tmp/data bs=64k count=64; rm /tmp/data; done) >/dev/null 2>&1 &
load="$load $!"
sleep 1

check "a table" says 0 '^kmem.page_allocs_sum +[0-9]{3,} .*pages' cstat
check "differences" says 0 '^kmem.page_allocs_count +[0-9]+ +\+[1-9]' cstat kmem 1 2
check "the list" says 0 '^kmem.kmalloc +histogram +bytes' cstat -l
check "and the flavour" says 0 '^kmem: RCU flavour$' cstat -l kmem
check "identities in 20 cuts" says 0 '' cstat "${identities[@]}" 0.2 20
check "an identity that does not hold" \
	says 1 'does not hold' cstat --check 'kmem.page_allocs_count == 0'
check "an unknown field" says 2 'did you mean kmem.page_allocs_count' cstat kmem.page_alocs_count
check "one set, one rotation" only_kmem
check "the last snapshot" last
check "per CPU" says 0 '^kmem.page_allocs_sum +[0-9.]+ +[0-9]+ +[0-9]+ +[0-9]+' cstat -P kmem 1 2
check "what a command does" \
	says 0 '^  kmem.page_allocs_sum +[0-9.]+ +pages +[0-9.]+ %' cstat -r 3 -- /bin/true
check "JSON" says 0 '"since_ns":[0-9]+,.*"page_allocs_count":[0-9]+' cstat -j kmem
check "Prometheus" \
	says 0 '^cstats_kmem_slab_bytes_given_total [0-9.e+]+$' cstat --prometheus kmem
check "its histograms" says 0 \
	'^cstats_kmem_kmalloc_bytes_bucket\{le="4.194304e\+06"\} [0-9.e+]+$' cstat --prometheus kmem
check "the live screen" live
insmod cstats_block.ko
disk_load=''
modprobe virtio_blk && modprobe brd rd_nr=1 rd_size=16384
for disk in vda ram0; do
	(while :; do
		dd if=/dev/zero of=/dev/$disk bs=16k count=64 conv=fsync
		dd if=/dev/$disk of=/dev/null bs=4k count=64 iflag=direct
	done) >/dev/null 2>&1 &
	disk_load="$disk_load $!"
done
sleep 1
check "disks" says 0 '^block\{device="vda"\}.write_latency_count +[1-9]' cstat 'block{vda}'
check "identities of the disks in 20 cuts" says 0 '' cstat "${disks[@]}" 0.1 20
check "what a command does to a disk" \
	says 0 '^  block\{device="ram0"\}.write_bytes_completed +[0-9.]+ +bytes +[0-9.]+ %' \
	cstat -r 3 block -- dd if=/dev/zero of=/dev/ram0 bs=64k count=16 conv=fsync
check "a line for each sample, by disk" \
	says 0 '^[0-9:]+ +[0-9.]+ +0 +[0-9.]+[KM]?i?B? +[0-9.]+' \
	cstat -w -H 'block{*}.write_bytes_completed' 0.3 4
check "60 scrapes of the exporter" scrapes 60
check "a record of memory and disks" says 0 '' cstat --record /out/all.rec 0.1 20
check "and its identities" says 0 '' cstat --replay /out/all.rec "${disks[@]}" "${identities[@]}"
kill $disk_load
check "record" says 0 '' cstat -P --record /out/kmem.rec kmem 0.3 30
check "replay" says 0 '^[0-9:]+ .*[0-9]' cstat --replay /out/kmem.rec -w 'kmem.page_*'
check "the same identities in the recording" \
	says 0 '' cstat --replay /out/kmem.rec "${identities[@]}"
check "reset" reset
check "the set goes while it is watched" gone

insmod cstats_test_devices.ko
check "a family" says 0 '^devices\{device="my\\040disk"\}.latency_bucket_1024 +[1-9]' cstat devices
check "its list" says 0 '^devices: RCU flavour, a family with 12 instances by device$' cstat -l
check "all names, as devices have them and worse" names 'devices{*}' "${all[@]}"
check "a pattern of names" names 'devices{*0*}' dm-0 nvme0n1 eth0.100 0000:00:1f.2 "${all[11]}"
check "a name as the kernel prints it" names 'devices{device="tab\011line\012bell\007"}' "${all[7]}"
check "each device alone" each_alone
check "an unknown device" says 2 'did you mean devices\{dm-0\}' cstat 'devices{dm-1}'
check "identities of the family in 20 cuts" says 0 '' cstat "${family[@]}" 0.1 20
check "those of one device" says 0 '' cstat "${device[@]}" 0.1 20
check "a device per CPU" says 0 \
	'^devices\{device="my\\040disk"\}.issued +[0-9.]+ +[0-9]+ +[0-9]+' \
	cstat -P 'devices{my disk}' 0.5 2
check "its last snapshot" says 0 '^devices\{device="my\\040disk"\}.issued +[0-9]+' \
	cstat --last 'devices{my disk}.issued'
check "a device goes and comes" comes_and_goes
check "Prometheus, of all" says 0 \
	'^cstats_devices_device_latency_seconds_bucket\{device="my disk",le="1.024e-06"\} [0-9.e+]+$' \
	cstat --prometheus
cp $tmp/said /out/metrics.prom
check "a record of both" says 0 '' cstat --record $tmp/devices.rec devices 0.1 10
check "has the same names" names_recorded
check "and identities" says 0 '' cstat --replay $tmp/devices.rec "${device[@]}" \
	--check 'devices.completed == sum(devices.latency_bucket_*)'
rmmod cstats_test_devices
insmod cstats_test_devices.ko more=3000
check "one device of 3,012 without the others" large
rmmod cstats_test_devices

kill $load
echo "1..$number"
exit $((failed > 0))
