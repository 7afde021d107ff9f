#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# disassembly - the x86 writer: no LOCK prefix, no fence, few instructions
#
# The disassembly of test_modules/cstats_test_writer.ko is made when it is built. The
# module also has writers that break these rules, and the test must find them.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

# examine FUNCTION: the number of instructions from its start to its first return,
# which is the usual path, and the bad ones anywhere in it. The call of __fentry__
# is a no-op unless traced.
examine() {
	awk -v name="<$1>:" '
	/^[0-9a-f]+ </ { inside = $2 == name }
	!inside { next }
	/R_X86_64_.*__fentry__/ { total-- }
	/R_X86_64_.*__x86_return_thunk/ { returned = 1 }
	!/^ *[0-9a-f]+:\t/ || /R_X86_64_/ { next }
	{
		line = $0
		sub(/^ *[0-9a-f]+:[\t ]*/, "", line)
		sub(/ +(#|<).*/, "", line)
		if (line ~ /^ret/)
			returned = 1
		if (line ~ /^lock/)
			bad = bad "; " line
		if (line ~ /^([mls]fence|cpuid|serialize)/)
			bad = bad "; " line
		if (line ~ /^xchg.*\(/)
			bad = bad "; " line
		if (returned || line ~ /^(nop|cs nop|data16|endbr|xchg +%ax,%ax)/)
			next
		if (line ~ /^add.*%r[a-z0-9]+,.*\(%r/)
			adds++
		total++
	}
	END {
		printf "%d instructions, %d of them additions%s\n", total, adds, bad
		exit bad != "" || adds != 6 || total - adds > 26
	}' "$dir/writer.dis"
}

grep -q 'file format elf64-x86-64' "$dir/writer.dis" || skip_all "not x86-64"
! grep -q 'User Mode Linux' /proc/cpuinfo || skip_all "User-mode Linux has its own barriers"
! grep -qE 'R_X86_64_PLT32.*(__asan_|__tsan_|lock_acquire)' "$dir/writer.dis" ||
	skip_all "this kernel watches every access"
start 5

say "six fields: $(examine cstats_writer_six)"
check "six fields, no LOCK, no fence, at most 26 instructions more" \
	examine cstats_writer_six
for broken in fence lock xchg long; do
	say "with $broken: $(examine cstats_writer_$broken)"
	check "a writer with $broken is found" fails examine cstats_writer_$broken
done

finish
