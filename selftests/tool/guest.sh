#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest - cstat in a guest, on the kernel's own counters under load
#
# Runs in the guest, beside the modules and the tool; see scripts/test-tool. Leaves
# a recording in /out. Prints TAP.
#
# shellcheck disable=SC2317 # functions are called by check
# shellcheck disable=SC2086 # $tmp has no blanks, $load has several words

cd "$(dirname "$0")" || exit
export PATH=$PWD/scripts:$PATH
tmp=/tmp/tool
mkdir -p $tmp
number=0 failed=0

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
orders='sum(kmem.page_allocs_order_*)'
identities=(
	--check "kmem.page_allocs == $orders"
	--check "kmem.page_frees == sum(kmem.page_frees_order_*)"
	--check "kmem.kmalloc_calls + kmem.kmem_cache_alloc_calls == sum(kmem.slab_allocs_size_*)"
	--check "kmem.slab_bytes_requested <= kmem.slab_bytes_given"
	--check "errors(kmem) == 0"
	--check "age(kmem) < 10"
)

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
until(b"page_allocs")
until(b"snapshot")
seen = b""
os.write(fd, b"f")
until(b"show fields that match")
os.write(fd, b"slab_bytes\n")
until(b"fields: slab_bytes")
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
	cstat kmem.page_allocs 2 6 >$tmp/table &
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

check "a table" says 0 '^kmem.page_allocs +[0-9]{3,} .*calls' cstat
check "differences" says 0 '^kmem.page_allocs +[0-9]+ +\+[1-9]' cstat kmem 1 2
check "the list" says 0 '^kmem.slab_bytes_given +counter +bytes' cstat -l
check "identities in 20 cuts" says 0 '' cstat "${identities[@]}" 0.2 20
check "an identity that does not hold" \
	says 1 'does not hold' cstat --check 'kmem.page_allocs == 0'
check "an unknown field" says 2 'did you mean kmem.page_allocs' cstat kmem.page_alocs
check "one set, one rotation" only_kmem
check "the last snapshot" last
check "per CPU" says 0 '^kmem.page_allocs +[0-9.]+ +[0-9]+ +[0-9]+ +[0-9]+' cstat -P kmem 1 2
check "what a command does" \
	says 0 '^  kmem.page_allocs +[0-9.]+ +calls +[0-9.]+ %' cstat -r 3 -- /bin/true
check "JSON" says 0 '"since_ns":[0-9]+,.*"page_allocs":[0-9]+' cstat -j kmem
check "Prometheus" \
	says 0 '^cstats_kmem_slab_bytes_given_total [0-9.e+]+$' cstat --prometheus kmem
check "the live screen" live
check "record" says 0 '' cstat -P --record /out/kmem.rec kmem 0.3 30
check "replay" says 0 '^[0-9:]+ .*[0-9]' cstat --replay /out/kmem.rec -w 'kmem.page_*s'
check "the same identities in the recording" \
	says 0 '' cstat --replay /out/kmem.rec "${identities[@]}"
check "reset" reset
check "the set goes while it is watched" gone

kill $load
echo "1..$number"
exit $((failed > 0))
