# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Functions that the scripts in this directory share. Sourced, never run.
#
# Standard output belongs to the result (a path, a table, TAP). Messages to the
# person go to standard error, prefixed by the script's name.

unset CDPATH # with it, cd prints
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
me=${0##*/}

# Downloads and unpacked kernels live here, outside the tree: they survive
# `make clean` and serve every clone.
cache=${CSTATS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cstats}
[ "${cache#/}" != "$cache" ] || {
	cache=$PWD/$cache
	export CSTATS_CACHE=$cache # scripts that are called from elsewhere
}

default_kernel=6.12

# Where modinfo and depmod are; on Debian, not in the path of users but root.
PATH=$PATH:/usr/sbin:/sbin

# The makes started from here are no part of the one that started us.
unset MAKEFLAGS MFLAGS MAKELEVEL

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { say "error: $*"; exit 1; }

# usage: the header comment of the running script, from its third line on
usage() { sed -n '3,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p}' "$0"; }

# run_quiet LOG COMMAND...: the output goes to LOG, its end is shown on failure
run_quiet() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 && return 0
	tail -n 20 "$log" >&2
	return 1
}

# put_section FILE NAME [KEYS]: standard input becomes the section NAME of FILE, a page
# of results in Markdown that several commands write to, also at the same time. With
# KEYS it ends with a table, and rows that FILE has already stay, unless the first KEYS
# cells are those of a new one: a long run can be made in parts.
put_section() {
	local file=$1 begin="<!-- begin $2 -->" end="<!-- end $2 -->" text page old

	text=$(cat)
	exec {lock}>>"$file"
	flock "$lock"
	[ -s "$file" ] || printf '%s\n' '<!-- SPDX-License-Identifier: GPL-2.0 -->' '# Results' '' \
		'Each section was written by the command that it names.' >"$file"
	if [ $# -gt 2 ]; then
		old=$(sed -n "/^$begin\$/,/^$end\$/p" "$file" | grep '^| ' | tail -n +3) || true
		text=$(sed '/^| /,$d' <<<"$text"
			grep '^| ' <<<"$text" | head -n 2
			{ echo "$old"; grep '^| ' <<<"$text" | tail -n +3; } |
			awk -F '|' -v keys="$3" 'NF {
				key = ""
				for (i = 2; i <= keys + 1; i++)
					key = key FS $i
				row[key] = $0
			}
			END { for (key in row) print row[key] }' | LC_ALL=C sort)
	fi
	grep -qx -- "$begin" "$file" || printf '%s\n' '' "$begin" "$end" >>"$file"
	page=$(text=$text awk -v begin="$begin" -v end="$end" '
		$0 == end { skip = 0 }
		!skip
		$0 == begin { print ENVIRON["text"]; skip = 1 }' "$file")
	printf '%s\n' "$page" >"$file"
	exec {lock}>&-
}

# version: that of modules, tool and packages
version() {
	sed -n 's/^#define CSTATS_VERSION\t\t*"\(.*\)".*/\1/p' "$root/include/linux/cstats.h"
}

# sources [FILE...]: these, or the files of this tree, those that git does not know yet too
# shellcheck disable=SC2120 # most callers want all
sources() (
	cd "$root" || exit
	# It may lie in the repository of something else.
	if git ls-files --error-unmatch Makefile >/dev/null 2>&1; then
		git ls-files -co --exclude-standard -- "$@"
	else
		find "${@:-.}" \( -path ./build -o -path ./.git \) -prune -o -type f -print |
			sed 's,^\./,,'
	fi | while IFS= read -r file; do
		[ ! -f "$file" ] || printf '%s\n' "$file"
	done
)

# source_version: the last commit that changed the modules, with "-dirty" if they have
# been changed since
source_version() {
	local commit

	commit=$(git -C "$root" log -1 --abbrev=12 --format=%h -- 'src/*.[ch]' include 2>/dev/null || true)
	[ -n "$commit" ] || {
		echo unknown
		return
	}
	git -C "$root" diff --quiet HEAD -- 'src/*.[ch]' include || commit+=-dirty
	echo "$commit"
}

# source_since SOURCE: that, with "-changed" if it is another one by now
source_since() {
	if [ "$(source_version)" = "$1" ]; then echo "$1"; else echo "$1-changed"; fi
}
