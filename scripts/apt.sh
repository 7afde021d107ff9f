# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Debian packages of any suite, without root. Sourced after lib.sh, never run.
#
# Packages are unpacked below the cache and found there by every later call.
# apt's lists are kept there too, one state directory per suite: the machine's
# own apt state is neither needed nor touched. The functions work on $suite.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
day=1440 # minutes
own_suite=$(. /etc/os-release 2>/dev/null; echo "${VERSION_CODENAME-}")

# Set apt to apt's options for the suite $suite, in a state directory of its own.
# Mirrors are those of the machine's own sources.
apt_setup() {
	local dir=$cache/apt/$suite uri release targets main='' security=''

	apt=(-q -o "Dir::State=$dir" -o "Dir::State::lists=$dir/lists"
		-o Dir::State::status=/var/lib/dpkg/status
		-o "Dir::Cache=$dir" -o "Dir::Etc::sourcelist=$dir/sources.list"
		-o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferences=/dev/null
		-o Dir::Etc::preferencesparts=/dev/null
		-o Acquire::Languages=none -o Acquire::Retries=3
		-o APT::Update::Error-Mode=any)
	# No switch to the user _apt, which may not write to the cache.
	[ "$(id -u)" != 0 ] || apt+=(-o APT::Sandbox::User=root)

	[ -e "$dir/sources.list" ] && return
	# shellcheck disable=SC2016 # apt expands these
	targets=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
		'Created-By: Packages')
	while read -r uri release; do
		case $release in
		"$own_suite" | stable | oldstable) main=${main:-$uri} ;;
		*-security) security=${security:-$uri} ;;
		esac
	done <<<"$targets"
	[ -n "$main" ] || die "no Debian archive in this machine's apt sources"

	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	{
		echo "deb [signed-by=$keyring] $main $suite main"
		case $suite in
		sid | *-*) ;;
		*) [ -z "$security" ] ||
			echo "deb [signed-by=$keyring] $security $suite-security main" ;;
		esac
	} >"$dir/sources.list.$$"
	mv "$dir/sources.list.$$" "$dir/sources.list"
}

update() {
	say "updating the package lists of $suite"
	run_quiet "$cache/apt/$suite/update.log" apt-get "${apt[@]}" update || {
		say "cannot update the package lists of $suite: no network?"
		return 1
	}
	touch "$cache/apt/$suite/updated"
}

# fresh FILE: is there, and less than a day old
fresh() { [ -n "$(find "$1" -mmin -$day 2>/dev/null)" ]; }

field() { # field PACKAGE NAME
	apt-cache "${apt[@]}" show --no-all-versions "$1" 2>/dev/null |
		sed -n "s/^$2: //p"
}

# download DIR PACKAGE...: fetch and unpack into DIR; lists that are too old to
# find a file are updated and the download tried again
download() {
	local dir=$1 deb
	shift
	say "fetching $*"
	mkdir -p "$dir/debs"
	(
		cd "$dir/debs" || exit
		apt-get "${apt[@]}" download "$@" >../log 2>&1 || {
			update && apt-get "${apt[@]}" download "$@" >../log 2>&1
		} || {
			tail -n 5 ../log >&2
			die "cannot download $*"
		}
	)
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir"
		rm "$deb"
	done
	rmdir "$dir/debs"
	rm -f "$dir/log"
}

# once DIR FUNCTION ARGS...: make DIR by running FUNCTION TMPDIR ARGS, unless it
# is there; concurrent callers wait, an interrupted one leaves nothing behind
once() {
	local dir=$1 make=$2
	shift 2
	[ -d "$dir" ] && return
	mkdir -p "$(dirname "$dir")"
	(
		flock 9
		[ -d "$dir" ] && exit
		rm -rf "$dir".tmp.*
		"$make" "$dir.tmp.$$" "$@"
		mv -T "$dir.tmp.$$" "$dir"
	) 9>"$dir.lock"
}
