# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# For the trials in this directory, which run as root in a Debian that is thrown away.
# Sourced, never run. scripts/test-packages lays out:
#
#   /trial/cstats-VERSION, /trial/cstats-NEXT   source trees, of two versions
#   /trial/VERSION, /trial/NEXT, /trial/client  packages
#   /trial/out                                  what is to be kept
#
# Standard output and error are a log. Results go to file descriptor 3.

export DEBFULLNAME='cstats maintainers' DEBEMAIL=maintainers@cstats.example
cd /trial || exit
version=$(cat version) next=$(cat next)
mapfile -t kernels < <(cd /lib/modules && ls)
machine=$(uname -m)

check() { # check NAME COMMAND...
	local name=$1
	shift
	echo "--- $name"
	if "$@"; then
		echo "ok   $name" >&3
	else
		echo "FAIL $name" | tee /dev/fd/3
	fi
}
fails() { ! "$@"; }
# says TEXT COMMAND...: its output has the text, whatever its status
says() {
	local text=$1
	shift
	"$@" 2>&1 | tee /tmp/output
	grep -qF -- "$text" /tmp/output
}

install() {
	# Lists of packages that are a day old may name some that are gone.
	[ -n "$(find /var/lib/apt/lists -maxdepth 0 -mmin -1440)" ] || apt-get -q update
	apt-get install -y -q --no-install-recommends "$@"
}
purge() { apt-get purge -y -q "$@"; }

# ours VERSION: the packages
ours() { ls /trial/"$1"/{cstats-dkms,cstats-dev,cstat}_*.deb; }

# has KERNEL MODULE VERSION: modprobe would load it
has() { [ "$(modinfo -k "$1" -F version "$2")" = "$3" ]; }
has_client() { [ "$(modinfo -k "$1" -F depends my_queue)" = cstats ]; }
has_none() { ! modinfo -k "$1" "$2"; }

# dkms_has VERSION: for all kernels, and no other version
dkms_has() {
	diff <(printf "cstats/$1, %s, $machine: installed\n" "${kernels[@]}" | sort) \
		<(dkms status -m cstats | sort)
}

# check_modules VERSION [WHEN]
check_modules() {
	local kernel
	check "dkms status: cstats $1 for each kernel${2:+, $2}" dkms_has "$1"
	for kernel in "${kernels[@]}"; do
		check "cstats $1 for Linux $kernel${2:+, $2}" has "$kernel" cstats "$1"
		check "cstats_kmem $1 for Linux $kernel${2:+, $2}" has "$kernel" cstats_kmem "$1"
		check "cstats_block $1 for Linux $kernel${2:+, $2}" has "$kernel" cstats_block "$1"
	done
}
check_clients() { # check_clients WHEN
	local kernel
	for kernel in "${kernels[@]}"; do
		check "my_queue for Linux $kernel, $1" has_client "$kernel"
		check "my_queue for Linux $kernel is as new as cstats, $1" as_new "$kernel"
	done
}
as_new() {
	[ "/var/lib/dkms/my_queue/kernel-$1-$machine/module" -nt \
		"/var/lib/dkms/cstats/kernel-$1-$machine/module/Module.symvers" ]
}

# keep_modules NAME: what depmod and DKMS made, for the guest
keep_modules() {
	local kernel
	for kernel in "${kernels[@]}"; do
		mkdir -p "out/$1/$kernel"
		cp -r "/lib/modules/$kernel"/{updates,modules.*} "out/$1/$kernel"
	done
}

# state FILE: all that is in the file system, but what installing anything changes
state() {
	find / -xdev \( -path /proc -o -path /dev -o -path /trial -o -path /tmp -o -path /root \
		-o -path /var/cache -o -path /var/log -o -path /var/lib/apt \
		-o -path /var/lib/dpkg -o -name '*.pyc' -o -name __pycache__ \) -prune -o \
		\( -type f -exec md5sum {} + -o -type l -printf 'link %p %l\n' \
		-o -printf '%y %p\n' \) | sort >"$1"
}
# same BEFORE AFTER: shows the difference
same() { diff "$1" "$2" && ! dpkg -l | grep -E 'cstat|my-queue'; }
