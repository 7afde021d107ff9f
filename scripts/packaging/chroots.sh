# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Installations of Debian to try packages in. Sourced after lib.sh and apt.sh, never run.
#
# Each is a stack of directories in the cache, which overlayfs puts one over another: the
# bare system, then what was added to it. A trial's own changes go to a directory that is
# thrown away. Needs root.

chroots=$cache/chroots

# enter DIR STACK COMMAND...: run it in the installation, changes go to DIR. File
# descriptor 3 is open there, as it is here.
enter() {
	local dir=$1 stack=$2
	shift 2
	mkdir -p "$dir"/{changes,work,root} "$chroots/archives/partial"
	# shellcheck disable=SC2016 # the other bash expands these
	unshare --mount --propagation private --pid --fork --kill-child bash -c '
		set -e
		dir=$1 stack=$2 archives=$3 root=$1/root
		shift 3
		mount -t overlay overlay \
			-o "lowerdir=$stack,upperdir=$dir/changes,workdir=$dir/work" "$root"
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount --bind "$archives" "$root/var/cache/apt/archives"
		cat /etc/resolv.conf >"$root/etc/resolv.conf"
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
			LC_ALL=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive "$@"
		' enter "$dir" "$stack" "$chroots/archives" "$@" </dev/null
}

# layer NAME STACK COMMAND...: what the command changes, kept under this name. Prints the
# stack with this on top.
layer() {
	local name=$1 stack=$2
	shift 2
	once "$chroots/$name" make_layer "$name" "$stack" "$@" >&2 || return
	echo "$chroots/$name/changes:$stack"
}
make_layer() {
	local dir=$1 name=$2 stack=$3
	shift 3
	say "making a Debian: $name"
	mkdir -p "$dir"
	# shellcheck disable=SC2016
	run_quiet "$dir/log" enter "$dir" "$stack" bash -ec '
		[ -n "$(find /var/lib/apt/lists -maxdepth 0 -mmin -1440)" ] || apt-get -q update
		"$@"' layer "$@" 3>/dev/null || { rm -rf "$dir"; return 1; }
	rm -rf "$dir/work" "$dir/root"
}

# bare: the least Debian of $suite that has apt. Prints its stack.
bare() {
	once "$chroots/$suite" make_bare >&2 || return
	echo "$chroots/$suite"
}
make_bare() {
	local dir=$1 mirror

	apt_setup
	say "making a Debian: $suite"
	read -r _ _ mirror _ <"$cache/apt/$suite/sources.list"
	mkdir -p "$dir"
	run_quiet "$chroots/$suite.log" debootstrap --variant=minbase "$suite" "$dir" "$mirror" || return
	cp "$cache/apt/$suite/sources.list" "$dir/etc/apt/sources.list"
	# The archives that it downloads are shared and kept. It need not outlive a crash.
	rm -f "$dir/etc/apt/apt.conf.d/docker-clean" "$dir"/var/cache/apt/archives/*.deb
	echo 'APT::Keep-Downloaded-Packages "true";' >"$dir/etc/apt/apt.conf.d/90keep"
	echo force-unsafe-io >"$dir/etc/dpkg/dpkg.cfg.d/90unsafe"
	chroot "$dir" apt-get -q update >>"$chroots/$suite.log"
}
