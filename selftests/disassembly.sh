#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# disassembly - the x86 writer: no LOCK prefix, no fence, few instructions
#
# The disassembly of test_modules/cstats_test_writer.ko is made when it is built. The
# module also has writers that break these rules, and the test must find them.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

# instructions FUNCTION: one a line, with the symbol that it refers to behind it. The
# call of __fentry__ is left out, as it is a no-op unless traced.
instructions() {
	awk -v name="<$1>:" '
	function flush() {
		if (line != "" && line !~ /__fentry__/)
			print line
		line = ""
	}
	/^[0-9a-f]+ </ { flush(); inside = $2 == name }
	!inside { next }
	/R_X86_64_/ { line = line " " $NF; next }
	!/^ *[0-9a-f]+:\t/ { next }
	{
		flush()
		line = $0
		sub(/^ *[0-9a-f]+:[\t ]*/, "", line)
		sub(/ +(#|<).*/, "", line)
		if (line ~ /^(nop|cs nop|data16|endbr|xchg +%ax,%ax)/)
			line = ""
	}
	END { flush() }' "$dir/writer.dis"
}

# Of lines of instructions: those up to the first return, which are the usual path.
usual_path() {
	awk '{ print } /^ret|__x86_return_thunk/ { exit }'
}

# atomic FUNCTION: instructions anywhere in it that order memory, each after "; "
atomic() {
	instructions "$1" | grep -E '^(lock|[mls]fence|cpuid|serialize|xchg.*\()' |
		sed 's/^/; /' | tr -d '\n'
}

# examine FUNCTION: a section with a sequence counter
examine() {
	bad=$(atomic "$1")
	instructions "$1" | usual_path | awk -v bad="$bad" '
	/^add.*%r[a-z0-9]+,.*\(%r/ { adds++ }
	END {
		printf "%d instructions, %d of them additions%s\n", NR, adds, bad
		exit bad != "" || adds != 6 || NR - adds > 26
	}'
}

# examine_rcu FUNCTION: a section of the RCU flavour. Besides the additions it may
#
#	count preemption up, down, and test whether it is to be rescheduled	3
#	load ->shared, and test whether it is NULL				3
#	load ->cpu, this_cpu_off and ->gen					3
#	compute the address							2
#
# and return. The load of this_cpu_off may be part of the address.
examine_rcu() {
	bad=$(atomic "$1")
	instructions "$1" | usual_path | awk -v bad="$bad" '
	function may(kind, most) {
		if (++n[kind] > most)
			bad = bad "; " $0
	}
	/^(ret|jmp.*__x86_return_thunk)/		{ next }
	{ total++ }
	/^addq? .*\$0x1,.*\(%r/				{ adds++; next }
	/^(inc|dec)l .*%gs:.*(preempt_count|pcpu_hot)/	{ may("count", 2); next }
	/^(mov|add) .*%gs:.*this_cpu_off/		{ may("this_cpu_off", 1); next }
	/^mov .*\(%r[a-z0-9]+\),%r/			{ may("load", 3); next }
	/^test /					{ may("test", 1); next }
	/^(je|jne) /					{ may("branch", 2); next }
	/^(lea .*|add %r[a-z0-9]+),%r/			{ may("address", 2); next }
	{ bad = bad "; " $0 }
	END {
		printf "%d instructions, %d of them additions%s\n", total, adds, bad
		exit bad != "" || adds != 6 || total - adds > 11
	}'
}

grep -q 'file format elf64-x86-64' "$dir/writer.dis" || skip_all "not x86-64"
! grep -q 'User Mode Linux' /proc/cpuinfo || skip_all "User-mode Linux has its own barriers"
! grep -qE 'R_X86_64_PLT32.*(__asan_|__tsan_|lock_acquire)' "$dir/writer.dis" ||
	skip_all "this kernel watches every access"
start 11

say "six fields: $(examine cstats_writer_six)"
check "six fields, no LOCK, no fence, at most 26 instructions more" \
	examine cstats_writer_six
for broken in fence lock xchg long; do
	say "with $broken: $(examine cstats_writer_$broken)"
	check "a writer with $broken is found" fails examine cstats_writer_$broken
done

say "six fields, RCU flavour: $(examine_rcu cstats_writer_rcu)"
check "six fields, RCU flavour: what finds the slot, at most 11 instructions more" \
	examine_rcu cstats_writer_rcu
for broken in fence lock store load long; do
	say "RCU flavour with $broken: $(examine_rcu cstats_writer_rcu_$broken)"
	check "a writer of the RCU flavour with $broken is found" \
		fails examine_rcu cstats_writer_rcu_$broken
done

finish
