# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Machines of other architectures. Sourced after lib.sh, never run.
#
# A kernel is named [ARCH[+CPU]:]KERNEL: 6.12 and amd64:6.12 are the same one, and
# arm64+cortex-a57:6.12 is that of arm64, on this model of QEMU's processors. ARCH is
# the name that Debian has for it.

architectures='amd64 arm64 armhf i386 ppc64el riscv64 s390x'

# split_arch SPEC: set $arch, $cpu_model (or empty) and $spec, what is behind them
split_arch() {
	arch=amd64 cpu_model='' spec=$1
	case $1 in
	*:*)	arch=${1%%:*} spec=${1#*:} ;;
	esac
	case $arch in
	*+*)	cpu_model=${arch#*+} arch=${arch%%+*} ;;
	esac
	[[ " $architectures " = *" $arch "* ]] ||
		die "KERNEL=$1: no architecture '$arch'; there are: $architectures"
}

# of_arch: for $arch set
#	plain		what the releases of its common kernel end in
#	triplet		the GNU name, as in the directories of libraries
#	qemu_package	Debian's package of $qemu_program
#	machine		words for QEMU: machine and processor
#	console		the kernel's console there
#	bus		of virtio devices
of_arch() {
	local cpu

	plain=$arch triplet=$arch-linux-gnu bus=pci console=ttyS0
	case $arch in
	amd64)
		# QEMU 7.2 leaves garbage in the flags after a cmpxchg16b, which an interrupt
		# there saves and its return loads: a double fault, some time.
		triplet=x86_64-linux-gnu qemu_program=qemu-system-x86_64
		qemu_package=qemu-system-x86 machine=(-M pc) cpu=max,-cx16 ;;
	i386)
		plain=686-pae qemu_program=qemu-system-i386
		qemu_package=qemu-system-x86 machine=(-M pc)
		# Linux calls AMD's of 32 bits unsuitable for SMP.
		cpu=max,vendor=GenuineIntel ;;
	arm64)
		triplet=aarch64-linux-gnu qemu_program=qemu-system-aarch64
		qemu_package=qemu-system-arm console=ttyAMA0
		machine=(-M "virt,gic-version=3") cpu=max,pauth-impdef=on ;;
	armhf)
		plain=armmp triplet=arm-linux-gnueabihf qemu_program=qemu-system-arm
		qemu_package=qemu-system-arm console=ttyAMA0
		machine=(-M "virt,highmem=off") cpu=cortex-a15 ;;
	ppc64el)
		plain=powerpc64le triplet=powerpc64le-linux-gnu
		qemu_program=qemu-system-ppc64 qemu_package=qemu-system-ppc
		console=hvc0 machine=(-M pseries) cpu=power9 ;;
	riscv64)
		qemu_program=qemu-system-riscv64 qemu_package=qemu-system-riscv
		machine=(-M virt) cpu=rv64 ;;
	s390x)
		qemu_program=qemu-system-s390x qemu_package=qemu-system-s390x
		console=ttysclp0 bus=ccw machine=(-M s390-ccw-virtio) cpu=max ;;
	esac
	machine+=(-cpu "${cpu_model:-$cpu}")
}
