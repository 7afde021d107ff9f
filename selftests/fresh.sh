#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# fresh - a network device whose counters come from snapshots that are kept fresh

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

dev=cstats0
oldest=/sys/module/cstats_test_net/parameters/oldest_ms

# Packets and bytes sent, as `ip -s link` shows them. The shell has an ip of its own,
# which does not count.
link() { /bin/ip -s link show dev $dev | awk 'tx { print $2, $1; exit } /TX:/ { tx = 1 }'; }

# send COUNT: packets of 100 bytes of data, 142 with their headers, to nobody
send() { ! ping -q -c "$1" -i 0.05 -W 1 -s 100 10.99.0.2 >/dev/null 2>&1; }

# The same twice, once nothing is on its way
settled() {
	link >"$tmp/1"
	sleep 0.3
	link >"$tmp/2"
	cmp -s "$tmp/1" "$tmp/2"
}

[ -e "$(module cstats_test_net)" ] || skip_all "this kernel has no network"
type ping >/dev/null 2>&1 || skip_all "no ping here"
start 7
load cstats
load cstats_test
load cstats_test_net max_age_ms=100
/bin/ip addr add 10.99.0.1/24 broadcast 10.99.0.255 dev $dev 2>/dev/null
check "the device is up" /bin/ip link set $dev up
within 5 settled
# The kernel may send packets of its own meanwhile, but not each time.
sent() {
	read -r packets bytes <<-END
	$(link)
	END
	packets=${packets:-0} bytes=${bytes:-0}
	send 20
	sleep 0.3
	is "$(link)" "$((packets + 20)) $((bytes + 20 * 142))"
}
check "ip -s link shows the packets that were sent" eval "sent || sent || sent"
echo 0 >$oldest
n=0
while [ $((n += 1)) -le 30 ]; do
	link >/dev/null
	sleep 0.05
done
# a busy machine is late; without a bound it would be ten seconds
check "no snapshot was old ($(cat $oldest) ms)" \
	test "$(cat $oldest)" -gt 0 -a "$(cat $oldest)" -le 2000
number=$(header $sets/net/last snapshot)
sleep 1
check "snapshots are taken though nobody reads" \
	test "$(header $sets/net/last snapshot)" -gt "$((number + 2))"
check "ip -s link shows the values of a new snapshot" is "$(link)" \
	"$(field $sets/net/values net.tx_packets) $(field $sets/net/values net.tx_bytes)"
check "the module can be unloaded at any time" unload cstats_test_net
check_unload "and so can cstats.ko" cstats_test cstats

finish
