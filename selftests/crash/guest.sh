#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest - in the guest: print sets as debugfs shows them, and then crash
#
# usage: guest.sh [DRGN...]
#
# The sets count nothing by then. One of them has a section that never ends, of which
# no read has got the add: the panic has to show that. DRGN is a command, to be run
# in place of the crash.

set -e
modprobe -q qemu_fw_cfg || true	# for dumps by QEMU
cd "$(dirname "$0")"
parameters=/sys/module/cstats/parameters
sets=/sys/kernel/debug/cstats_sets
command() { echo "${*:2}" >"/sys/module/cstats_test_$1/parameters/cmd"; }

# Wait until all output is out: nothing moves on the serial line that has it.
sent() { cat /proc/tty/driver/serial 2>/dev/null || true; }
drain() {
	local before

	until before=$(sent); sleep 1; [ "$before" = "$(sent)" ]; do :; done
}

insmod cstats.ko panic_print=client,absent
insmod cstats_test.ko
insmod cstats_test_client.ko
insmod cstats_test_labels.ko
command labels add 0 sda
command labels add 1 'with\040blank\134and\042more'
for i in 2 3 4 5 6 7; do command labels add $i dm-$i; done
command client load 1
command labels load 1
sleep 0.5
command client load 0
command labels load 0
command labels remove 7		# its counts stay in the sums
echo 1 >$sets/client/reset
command client add 0 70 30
command labels names
echo '## debugfs'
cat $sets/client/values $sets/devices/values
if [ -d /sys/devices/system/cpu/cpu1 ]; then
	echo '## held'
	drain	# With PREEMPT_RT the line's interrupts may be a thread of that CPU.
	command client hold 1 1000
fi
echo 'client,absent,devices' >$parameters/panic_print
if [ $# -gt 0 ]; then
	echo '## now'
	"$@"
	echo '## last'
	"$@" --last devices
	command client drop || true
	exit
fi
echo '## crash'
echo 'vm: expect oops begin' >/dev/kmsg
drain	# The panic stops the line.
echo c >/proc/sysrq-trigger
