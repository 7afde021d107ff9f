# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Functions that the test programs share; sourced, with $dir being their directory:
#
#	dir=$(dirname "$0")
#	. "$dir/lib/lib.sh"
#	start 3			# the number of subtests
#	load cstats		# modules that are unloaded at the end
#	run_module cstats_test_api
#	check "it is there" test -e /sys/kernel/debug/cstats
#	finish
#
# The kernel's own ktap_helpers.sh writes TAP. A test fails if it has another number
# of subtests than it announced, so none can get lost.

# The runner's directory is beside ours when installed.
# shellcheck source=/dev/null
. "${KTAP_HELPERS:-$dir/../kselftest/ktap_helpers.sh}"

debugfs=/sys/kernel/debug
tracing=/sys/kernel/tracing
# for those who source this
export cstats=$debugfs/cstats
export sets=$debugfs/cstats_sets
export parameters=/sys/module/cstats/parameters

tmp=$(mktemp -d) || exit 1
loaded=
restore=
cmd=

# start COUNT: announce the subtests
start() {
	if [ "$(id -u)" != 0 ]; then
		skip_all "needs root"
	elif ! grep -q " $debugfs debugfs " /proc/mounts && ! mount -t debugfs none $debugfs; then
		skip_all "needs debugfs"
	fi
	ktap_print_header
	ktap_set_plan "$1"
}

# skip_all REASON: nothing of this can be tested here
skip_all() {
	[ "$KSFT_NUM_TESTS" != 0 ] || ktap_print_header
	ktap_skip_all "$*"
	exit "$KSFT_SKIP"
}

say() { ktap_print_msg "$*"; }

# module NAME: where it is
module() {
	case $1 in
	cstats_test* | cstats_torture | cstats_example | cstats_sample* | cstats_moving*)
		echo "$dir/test_modules/$1.ko" ;;
	*)	find "$dir/modules" "/lib/modules/$(uname -r)" -name "$1.ko*" 2>/dev/null |
			head -n 1 ;;
	esac
}

# built_in NAME: it is part of the kernel
built_in() { [ -d "/sys/module/$1" ] && ! grep -q "^$1 " /proc/modules; }

# needs_module NAME...: they are loaded and unloaded here
needs_module() {
	for name; do
		! built_in "$name" || skip_all "$name is built in"
	done
}

# set_parameters NAME PARAMETER=VALUE...: of what is there already, for this test
set_parameters() {
	name=$1
	shift
	for parameter; do
		file=/sys/module/$name/parameters/${parameter%%=*}
		restore="$file=$(cat "$file") $restore"
		echo "${parameter#*=}" >"$file" || return
	done
}

# try_load NAME [PARAMETERS]: now, and unload it at the end
try_load() {
	name=$1
	shift
	if [ -d "/sys/module/$name" ]; then
		set_parameters "$name" "$@"
	else
		insmod "$(module "$name")" "$@" || return
		loaded="$name $loaded"
	fi
}

# load NAME [PARAMETERS]: the same; no module, no test
load() {
	try_load "$@" >"$tmp/loading" 2>&1 ||
		ktap_exit_fail_msg "cannot load $*: $(cat "$tmp/loading")"
}

# unload NAME
unload() {
	rmmod "$1" 2>"$tmp/rmmod" || return
	loaded=$(echo "$loaded" | sed "s/\<$1 //")
}

at_exit() {
	status=$?
	trap '' TERM
	forget_ipis
	jobs -p >"$tmp/jobs" # $(jobs -p) would be of a shell that has none
	while read -r job; do
		kill "$job" 2>/dev/null
	done <"$tmp/jobs"
	for name in $loaded; do
		rmmod "$name" || status=$KSFT_FAIL
	done
	for old in $restore; do
		[ ! -e "${old%%=*}" ] || # the module has been unloaded since
			echo "${old#*=}" >"${old%%=*}" || status=$KSFT_FAIL
	done
	rm -rf "$tmp"
	exit "$status"
}
trap at_exit EXIT
trap 'exit 143' TERM # of kselftest, when the time is up

# results FILE: lines as a test module's, "ok NAME", "not ok NAME", "skip NAME" or
# "# text", as subtests
results() {
	while read -r word rest; do
		case $word in
		ok)	ktap_test_pass "$rest" ;;
		not)	ktap_test_fail "${rest#ok }" ;;
		skip)	ktap_test_skip "$rest" ;;
		\#)	say "$rest" ;;
		*)	ktap_test_fail "no result: $word $rest" ;;
		esac
	done <"$1"
}

# run_module NAME [PARAMETERS]: its cases as subtests
run_module() {
	load cstats_test
	load "$@"
	results "$debugfs/cstats_test/$1"
	unload "$1" || ktap_exit_fail_msg "rmmod $1: $(cat "$tmp/rmmod")"
}

# check DESCRIPTION COMMAND...: a subtest by exit status; the command's output is
# shown if it fails
check() {
	description=$1
	shift
	if "$@" >"$tmp/check" 2>&1; then
		ktap_test_pass "$description"
	else
		say "$* failed"
		sed 's/^/# /' "$tmp/check"
		ktap_test_fail "$description"
	fi
}

# check_unload DESCRIPTION NAME...: a subtest, unless any of them is built in, and all that
# is loaded; else the others are unloaded at the end
check_unload() {
	description=$1
	shift
	for name; do
		! built_in "$name" || {
			ktap_test_skip "$description"
			return
		}
	done
	check "$description" rmmod_all "$@"
	loaded=
}
rmmod_all() {
	for name; do rmmod "$name" || return; done
}

# is GOT EXPECTED, for check
is() {
	[ "$1" = "$2" ] || {
		echo "got:      $1"
		echo "expected: $2"
		return 1
	}
}

# fails COMMAND...: for check
fails() { ! "$@"; }

# within SECONDS COMMAND...: does it succeed in time?
within() {
	tries=$((10 * $1))
	shift
	until "$@"; do
		[ $((tries -= 1)) -gt 0 ] || return
		sleep 0.1
	done
}

# log_mark, log_since, log_lines TEXT: the kernel log from the mark on, and how many
# of its lines have TEXT
log_mark() {
	marks=$((${marks:-0} + 1))
	echo "cstats test mark $$ $marks" >/dev/kmsg
}
log_since() {
	dmesg | awk -v mark="cstats test mark $$ $marks\$" '
		$0 ~ mark { there = 1; n = 0; next }
		there { line[n++] = $0 }
		END { for (i = 0; i < n; i++) print line[i] }'
}
log_lines() { log_since | grep -cF -- "$1"; }

# do_cmd WORD...: a command for the test module whose parameter is $cmd
do_cmd() { printf '%s\n' "$*" >"$cmd"; }

# field FILE NAME: the value of a field
# fields FILE NAME...: the values of several fields, from one look at the file
# header FILE WORD: the value of a word in the head of a snapshot; - is standard input
field() { awk -v name="$2" '$1 == name { print $2 }' "$1"; }
fields() {
	file=$1
	shift
	awk -v names="$*" '{ value[$1] = $2 } END {
		n = split(names, name, " ")
		for (i = 1; i <= n; i++)
			printf "%s%s", value[name[i]], i < n ? " " : "\n"
	}' "$file"
}
header() {
	awk -v word="$2" '/ snapshot / {
		for (i = 1; i < NF; i++)
			if ($i == word)
				print $(i + 1)
	}' "$1"
}

# instance DIR NAME: one instance alone, from the files of its family in DIR
instance() { (exec 3<>"$1/instance" && printf '%s\n' "$2" >&3 && cat <&3); }

# load_begin, load_part COMMAND..., load_end: work in the background; each part repeats
# what it does while load_goes_on. Its last process is $!.
load_begin() {
	load_dir=$tmp/load
	load_pids=
	mkdir "$load_dir"
}
load_part() {
	"$@" >/dev/null 2>&1 &
	load_pids="$load_pids $!"
}
load_goes_on() { [ -d "$load_dir" ] && [ ! -e "$load_dir/end" ]; }
load_end() {
	: >"$load_dir/end"
	# shellcheck disable=SC2086 # one word per process
	wait $load_pids
	rm -r "$load_dir"
}

# isolated: sync=auto is quiet on this machine
isolated() {
	grep -qE 'nohz_full=|isolcpus=' /proc/cmdline || grep -q PREEMPT_RT /proc/version
}

# lockdep: this kernel watches its locks, or did so until an oops
lockdep() { [ -e /proc/lockdep_stats ]; }

# emulated: by QEMU. Only x86 says so itself; guests of scripts/vm elsewhere have these
# channels.
emulated() {
	grep -q 'QEMU TCG' /proc/cpuinfo || grep -q VM_STREAM=/dev/vport /proc/cmdline
}

# IPIs of cstats.ko so far, once count_ipis has succeeded. They are counted by a
# probe of their handler, since /proc/interrupts has all kinds.
count_ipis() {
	[ -e $tracing/kprobe_events ] || return
	cstats_ipi=cstats:cstats_ipi
	! built_in cstats || cstats_ipi=cstats_ipi
	{ echo "p:cstats_test/ipi $cstats_ipi" >>$tracing/kprobe_events &&
		echo 1 >$tracing/events/cstats_test/ipi/enable; } 2>/dev/null ||
		ktap_exit_fail_msg "there is no probe of $cstats_ipi"
}

ipis() { awk '$1 == "ipi" { print $2 }' $tracing/kprobe_profile; }

forget_ipis() {
	[ ! -d $tracing/events/cstats_test/ipi ] || {
		echo 0 >$tracing/events/cstats_test/ipi/enable
		echo '-:cstats_test/ipi' >>$tracing/kprobe_events
	}
}

# finish: totals and exit status
finish() { ktap_finished; }
