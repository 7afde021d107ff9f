# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Functions that the scripts in this directory share. Sourced, never run.
#
# Standard output belongs to the result (a path, a table, TAP). Messages to the
# person go to standard error, prefixed by the script's name.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
me=${0##*/}

# Downloads and unpacked kernels live here, outside the tree: they survive
# `make clean` and serve every clone.
cache=${CSTATS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cstats}

default_kernel=6.12

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

# put_section FILE NAME: standard input becomes the section NAME of FILE, a page of
# results in Markdown that several commands write to
put_section() {
	local file=$1 begin="<!-- begin $2 -->" end="<!-- end $2 -->" page

	if [ -e "$file" ]; then
		page=$(awk -v begin="$begin" -v end="$end" '
			$0 == begin { skip = 1 }
			!skip
			$0 == end { skip = 0 }' "$file")
	else
		page='<!-- SPDX-License-Identifier: GPL-2.0 -->
# Results

Each section was written by the command that it names.
'
	fi
	printf '%s\n' "$page" "$begin" "$(cat)" "$end" >"$file"
}

# version: that of modules, tool and packages
version() {
	sed -n 's/^#define CSTATS_VERSION\t\t*"\(.*\)".*/\1/p' "$root/include/linux/cstats.h"
}

# source_version: the commit of the sources, with "-dirty" if they have changed since
source_version() {
	local commit

	commit=$(git -C "$root" rev-parse --short=12 HEAD 2>/dev/null) || commit=unknown
	git -C "$root" diff --quiet HEAD -- . ':!*.md' 2>/dev/null || commit+=-dirty
	echo "$commit"
}
