# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Debian packages of any suite, without root. Sourced after lib.sh, never run.
#
# Packages are unpacked below the cache, and every later call finds them there.
# apt's lists are kept there too, in one state directory per suite and architecture, so
# the machine's own apt state is neither needed nor touched. The functions work on
# $suite and $arch, which is amd64 if nobody has set it.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
day=1440 # minutes

# Print the Debian suite that this machine is of. Testing and unstable have the
# same os-release: apt's sources tell.
own_suite() (
	ID='' VERSION_ID='' VERSION_CODENAME=''
	. /etc/os-release 2>/dev/null
	[ "$ID" = debian ] && type apt-get dpkg-deb >/dev/null 2>&1 || exit 0
	if [ -z "$VERSION_ID" ] && apt-get indextargets --no-release-info \
		--format "\$(RELEASE)" |
		grep -xE 'sid|unstable' >/dev/null; then
		VERSION_CODENAME=sid
	fi
	echo "$VERSION_CODENAME"
)
own_suite=$(own_suite)

# All suites to look in for what was asked for without naming one, in this order.
suites=$(printf '%s\n' "$own_suite" bookworm trixie sid | awk '!seen[$0]++')

# Set apt to apt's options for the suite $suite, in a state directory of its own.
# Mirrors are those of the machine's own sources.
apt_setup() {
	local dir=$cache/apt/$suite uri release origin targets main='' other='' security=''
	local base=${suite%-backports} status=/var/lib/dpkg/status

	if [ "${arch:=amd64}" != amd64 ]; then
		dir+=:$arch
		status=$dir/status # nothing is installed
	fi
	apt_state=$dir
	apt=(-q -o "Dir::State=$dir" -o "Dir::State::lists=$dir/lists"
		-o "Dir::State::status=$status"
		-o "APT::Architecture=$arch" -o "APT::Architectures=$arch"
		-o "Dir::Cache=$dir" -o "Dir::Etc::sourcelist=$dir/sources.list"
		-o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferences=/dev/null
		-o Dir::Etc::preferencesparts=/dev/null
		-o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Default-Release=
		-o APT::Update::Error-Mode=any)
	# Else apt prefers the suite itself.
	[ "$base" = "$suite" ] || apt+=(-o "APT::Default-Release=$suite")
	# No switch to the user _apt, which may not write to the cache.
	[ "$(id -u)" != 0 ] || apt+=(-o APT::Sandbox::User=root)

	if grep -qs " $base main\$" "$dir/sources.list" &&
		[ -z "$(find /etc/apt/sources.list* -newer "$dir/sources.list" 2>/dev/null)" ]; then
		return
	fi
	# First those whose lists have been fetched, which tell their origin.
	# shellcheck disable=SC2016 # apt expands these
	targets=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(ORIGIN)' \
		'Created-By: Packages'
		apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE)' \
			'Created-By: Packages')
	while read -r uri release origin; do
		case $release in
		"$own_suite" | *stable | testing | sid | *-security) ;;
		*)	continue ;;
		esac
		case $release,$origin,$uri in
		*-security,Debian,* | *-security,,*) security=${security:-$uri} ;;
		*,Debian,* | *,,*/debian/) main=${main:-$uri} ;;
		# Not others' archives, which may have suites of these names.
		*,,*)	other=${other:-$uri} ;;
		esac
	done <<<"$targets"
	main=${main:-$other}
	[ -n "$main" ] || die "no Debian archive in this machine's apt sources"

	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	[ "$arch" = amd64 ] || : >"$status"
	{
		echo "deb [signed-by=$keyring] $main $suite main"
		# What is backported depends on packages of the suite itself.
		[ "$base" = "$suite" ] || echo "deb [signed-by=$keyring] $main $base main"
		# Security support ends earlier for some architectures.
		[ "$base" = sid ] || [ "$arch" != amd64 ] || [ -z "$security" ] ||
			echo "deb [signed-by=$keyring] $security $base-security main"
	} >"$dir/sources.list.$$"
	cmp -s "$dir/sources.list.$$" "$dir/sources.list" || rm -f "$dir/updated"
	mv "$dir/sources.list.$$" "$dir/sources.list"
}

update() {
	local since=$EPOCHSECONDS

	(
		flock 9 # apt does not wait for another one here
		[ "$(stat -c %Y "$apt_state/updated" 2>/dev/null || echo 0)" -le "$since" ] || exit 0
		say "updating the package lists of $suite for $arch"
		run_quiet "$apt_state/update.log" apt-get "${apt[@]}" update || {
			say "cannot update the package lists of $suite for $arch: no network?"
			# The mirror may be another one by now: apt_setup looks the next time.
			touch -d @0 "$apt_state/sources.list"
			exit 1
		}
		touch "$apt_state/updated"
	) 9>"$apt_state/lock"
}

# fresh FILE: is there, and less than a day old
fresh() { [ -n "$(find "$1" -mmin -$day 2>/dev/null)" ]; }

# fresh_lists: make the package lists so
fresh_lists() { fresh "$apt_state/updated" || update; }

field() { # field PACKAGE NAME
	apt-cache "${apt[@]}" show --no-all-versions "$1" 2>/dev/null |
		sed -n "s/^$2: //p"
}

# download DIR PACKAGE...: fetch and unpack into DIR; lists that are too old to
# find a file are updated and the download tried again
download() { get "$1" fetch_these "${@:2}"; }
fetch_these() { apt-get "${apt[@]}" download "$@"; }

# download_whole DIR PACKAGE...: the same, with all packages that these need
download_whole() { get "$1" fetch_whole "${@:2}"; }
fetch_whole() {
	local empty=$PWD/empty status=0

	# For apt nothing is installed yet.
	mkdir -p "$empty/partial"
	: >"$empty/status"
	apt-get "${apt[@]}" -o "Dir::State::status=$empty/status" \
		-o "Dir::Cache::archives=$empty" --no-install-recommends \
		--download-only -y install "$@" && mv "$empty"/*.deb . || status=$?
	rm -rf "$empty"
	return $status
}

# get DIR FETCH PACKAGE...: unpack into DIR the packages that FETCH brings
get() {
	local dir=$1 fetch=$2 deb
	shift 2
	say "fetching $*"
	mkdir -p "$dir/debs"
	(
		cd "$dir/debs" || exit
		"$fetch" "$@" >../log 2>&1 || {
			update && "$fetch" "$@" >../log 2>&1
		} || {
			tail -n 5 ../log >&2
			die "cannot download $*"
		}
	) || return
	# Callers may go on after a failure, and then set -e does not hold here.
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir" || return
		rm "$deb"
	done
	rmdir "$dir/debs"
	rm -f "$dir/log"
}

# adopt DIR LIBC: the programs below DIR that want another C library or other
# libraries than this machine has are run by those below LIBC. They keep their
# names, which are those of scripts now.
adopt() {
	local dir=$1 libc=$2 program ld to_libc options

	ld=$(find "$libc" -name 'ld-linux-x86-64.so.*' -type f -print -quit)
	find "$dir" -type f -perm -u+x ! -name '*.so*' | while read -r program; do
		foreign "$program" || continue
		to_libc=$(realpath --relative-to="${program%/*}" "$libc")
		options=
		# clang would take the C library's ld.so for itself.
		# shellcheck disable=SC2016 # the wrapper expands these
		case ${program##*/} in clang*)
			options='case ${1-} in -cc1*) ;; *) set -- -no-canonical-prefixes "$@" ;; esac' ;;
		esac
		mv "$program" "$program.elf"
		cat >"$program" <<-EOF
			#!/bin/sh
			self=\$0
			[ ! -L "\$self" ] || self=\$(readlink -f "\$self")
			libc=\${self%/*}/$to_libc
			lib=\$libc/usr/lib/x86_64-linux-gnu
			$options
			exec "\$libc/${ld#"$libc"/}" --argv0 "\$0" \\
				--library-path "\$lib:\$libc/lib/x86_64-linux-gnu" "\$self.elf" "\$@"
		EOF
		chmod +x "$program"
	done
}

# foreign PROGRAM: it cannot run with this machine's libraries
foreign() { ldd "$1" 2>&1 | grep -E 'version .GLIBC|not found' >/dev/null; }

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
		status=$? # under set -e a failure has ended it
		[ $status = 0 ] || exit $status
		mv -T "$dir.tmp.$$" "$dir"
	) 9>"$dir.lock"
}
