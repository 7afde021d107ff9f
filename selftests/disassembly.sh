#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# disassembly - the writers' instructions: few, and on x86-64 no LOCK prefix and no fence;
# on other machines only those atomic ones and the barrier that src/README.md tells of
#
# The disassembly of test_modules/cstats_test_writer.ko is made when it is built. The
# module also has writers that break these rules, and the test must find them.

dir=$(dirname "$0")
. "$dir/lib/lib.sh"

# instructions FUNCTION: one a line, with the symbol that it refers to behind it. The
# call of __fentry__ or mcount is left out, as it is a no-op unless traced.
instructions() {
	awk -v name="<$1>:" '
	function flush() {
		if (line != "" && line !~ /__fentry__|mcount/)
			print line
		line = ""
	}
	/^[0-9a-f]+ <[^.]/ { flush(); inside = $2 == name }
	!inside { next }
	/[ \t]R_[A-Z0-9_]+[ \t]/ { line = line " " $(NF); next }
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

# Of lines of instructions: those up to the first return, which are the usual path. Where
# tasks may be preempted lazily, preempt_enable() has a second test of its own, from a
# load of the count to the look at TIF_NEED_RESCHED_LAZY and a branch.
usual_path() {
	awk '
	/^mov .*%gs:.*preempt_count/ { lazy = 1 }
	!lazy { print }
	lazy == 2 { lazy = 0 }
	lazy && /^test .*0x80000/ { lazy = 2 }
	/^ret|__x86_return_thunk/ { exit }'
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
		exit bad != "" || adds != 6 || NR - adds > 27
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
	/^(inc|dec)[lq] .*%gs:.*(preempt_count|pcpu_hot)/	{ may("count", 2); next }
	/^(mov|add) .*%gs:.*this_cpu_off/		{ may("this_cpu_off", 1); next }
	/^(mov|add) .*\(%r[a-z0-9]+\),%r/		{ may("load", 3); next }
	/^test /					{ may("test", 1); next }
	/^(je|jne) /					{ may("branch", 2); next }
	/^(lea .*|add +%r[a-z0-9]+),%r/			{ may("address", 2); next }
	{ bad = bad "; " $0 }
	END {
		printf "%d instructions, %d of them additions%s\n", total, adds, bad
		exit bad != "" || adds != 6 || total - adds > 11
	}'
}

# calls FUNCTION: what it calls besides what somebody else has to do, each after "; "
calls() {
	awk -v name="<$1>:" '
	/^[0-9a-f]+ <[^.]/ { inside = $2 == name }
	inside && /[ \t]R_[0-9A-Z]+_(CALL|JUMP|PLT|REL24|PC32[ \t])/ &&
	!/(cstats_no_set|cstats_bad_sequence|preempt_schedule|mcount|__fentry__|__ubsan_)/ {
		printf "; %s", $NF
	}' "$dir/writer.dis"
}

# examine_other FUNCTION EXPECTED MOST: a section on another machine, with all that it
# seldom or never executes. EXPECTED are its instructions that match $atomic, barriers
# without their number, as there may be two ways to one; MOST is the limit of all.
examine_other() {
	found=$(instructions "$1" | grep -E "^($atomic)" |
		sed -E 's/^(dmb|fence)[[:space:]]+/\1-/; s/[[:space:]].*//' | sort | uniq -c |
		awk '{ printf "%s%s%s", n++ ? ", " : "", $2 ~ /dmb|fence|sync/ ? "" : $1 " ", $2 }')
	called=$(calls "$1")
	total=$(instructions "$1" | wc -l)
	echo "$total instructions, among them $found$called"
	[ "$found" = "$2" ] && [ -z "$called" ] && [ "$total" -le "$3" ]
}

# check_other WHAT WRITER EXPECTED MOST BROKEN...: that, and of writers that are broken
# on purpose that they are found
check_other() {
	what=$1 writer=$2 expected=$3 limit=$4
	shift 4
	say "$what: $(examine_other "cstats_writer_$writer" "$expected" "$limit")"
	check "$what: $expected, at most $limit instructions" \
		examine_other "cstats_writer_$writer" "$expected" "$limit"
	for broken; do
		say "with $broken: $(examine_other "cstats_writer_$broken" "$expected" "$limit")"
		check "a writer with $broken is found" finds_other "$broken" "$expected" "$limit"
	done
}

# finds_other BROKEN EXPECTED MOST: fault with that writer, which is there and adds six
# times, for its atomic instructions; with a long one for its length, if not for these
finds_other() {
	! examine_other "cstats_writer_$1" "$2" "$3" || return
	echo "$found" | grep -qE '(^|, )([6-9]|1[0-9]) ' || return
	[ "$found" != "$2" ] || case $1 in
	*long)	[ "$total" -gt "$3" ] ;;
	*)	false ;;
	esac
}

# finds INSTRUCTION EXAMINE FUNCTION: fault with that function, which is there and adds
# six times, for an instruction of this name; without a name, for nothing but the number
finds() {
	said=$("$2" "$3") && return 1
	echo "$said"
	case $said in
	*' instructions, 6 of them additions')	[ -z "$1" ] ;;
	*' instructions, 6 of them additions; '*)
		[ -n "$1" ] && echo "$said" | grep -q "; $1" ;;
	*)	return 1 ;;
	esac
}

! grep -q 'User Mode Linux' /proc/cpuinfo || skip_all "User-mode Linux has its own barriers"
! grep -qE '[[:space:]]R_.*(__asan_|__tsan_|lock_acquire)' "$dir/writer.dis" ||
	skip_all "this kernel watches every access"

# Six additions, with a sequence counter and without
format=$(sed -n 's/.*file format //p' "$dir/writer.dis")
case $format in
elf64-x86-64)	rcu='' ;;
elf64-littleaarch64) # with LSE and without
	atomic='dmb|dsb|isb|ldadd|stadd|swp|cas|ld(a|ax|x)r|st(l|lx|x)r'
	rcu='6 ldadd, 6 ldxr, 6 stxr' six="dmb-ishst, $rcu" most=125 most_rcu=92 ;;
elf32-littlearm)
	atomic='dmb|dsb|isb|mcr|ldrex|strex|swp'
	rcu='6 ldrexd, 6 strexd' six="dmb-ishst, $rcu" most=115 most_rcu=80 ;;
elf32-i386)
	atomic='lock|[mls]fence|cpuid|cmpxchg|xchg'
	rcu='6 cmpxchg8b' six=$rcu most=140 most_rcu=85 ;;
elf64-powerpcle)
	atomic='(hw|lw|pte|i)?sync|eieio|l[bhwd]arx|st[bhwd]cx'
	rcu='6 ldarx, 6 stdcx.' six='6 ldarx, lwsync, 6 stdcx.' most=115 most_rcu=75 ;;
elf64-littleriscv)
	atomic='fence|amo|lr\.|sc\.'
	rcu='6 amoadd.d' six="$rcu, fence-w,w" most=120 most_rcu=80 ;;
elf64-s390)
	! grep -qE '\t(laag|agsi)' "$dir/writer.dis" || skip_all "no rules for z196 and later"
	atomic='bcr|br[[:space:]]+%r0|csg?|cs'
	rcu='6 csg' six=$rcu most=80 most_rcu=53 ;;
*)	skip_all "no rules for $format" ;;
esac

if [ -n "$rcu" ]; then
	start 9
	check_other "six fields" six "$six" "$most" fence lock xchg long
	check_other "six fields, RCU flavour" rcu "$rcu" "$most_rcu" rcu_fence rcu_lock rcu_long
	finish
fi
start 11

say "six fields: $(examine cstats_writer_six)"
check "six fields, no LOCK, no fence, at most 27 instructions more" \
	examine cstats_writer_six
for broken in fence/mfence lock/lock xchg/xchg long/; do
	name=${broken#*/} broken=${broken%/*}
	say "with $broken: $(examine "cstats_writer_$broken")"
	check "a writer with $broken is found" finds "$name" examine "cstats_writer_$broken"
done

say "six fields, RCU flavour: $(examine_rcu cstats_writer_rcu)"
check "six fields, RCU flavour: what finds the slot, at most 11 instructions more" \
	examine_rcu cstats_writer_rcu
for broken in fence/mfence lock/lock store/mov load/mov long/test; do
	name=${broken#*/} broken=${broken%/*}
	say "RCU flavour with $broken: $(examine_rcu "cstats_writer_rcu_$broken")"
	check "a writer of the RCU flavour with $broken is found" \
		finds "$name" examine_rcu "cstats_writer_rcu_$broken"
done

finish
