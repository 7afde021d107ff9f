# SPDX-License-Identifier: GPL-2.0
#
# For people; kbuild reads Kbuild. `make help` lists the targets.
#
# Nothing is built among the sources: see scripts/build.

# A guest's kernel when none is asked for, while `make` alone builds for the
# running kernel.
guest = KDIR= KERNEL='$(or $(KERNEL),6.12)'

# A guest's disk, and the drivers of it and of others.
disks = --disk 64M --modprobe virtio_blk --modprobe virtio_pci --modprobe null_blk

all:
	@set -e; build=$$(MODULES= scripts/build); ls "$$build"/src/*.ko

help:
	@echo 'Modules:'
	@echo '  all              build the modules (default), in build/<kernel release>/src'
	@echo '  modules_install  install them (INSTALL_MOD_PATH=DIR: below DIR)'
	@echo '  dkms-install     install them for all kernels, those to come too (dkms-uninstall)'
	@echo '  deb              build Debian packages, in build/deb'
	@echo '  series           patches against the newest kernel, in build/series'
	@echo '  docs             the book (HTML) and manual pages of section 9, in build/docs'
	@echo '  clean            remove build/; downloads stay in ~/.cache/cstats'
	@echo
	@echo 'In a virtual machine with a kernel of its own (missing packages are installed):'
	@echo '  run              load the modules, put the guest under load, show the statistics'
	@echo '  shell            the same guest at a prompt; "exit" ends it, Ctrl-A x kills it'
	@echo '  test             kselftests (TESTS="name ...": only these)'
	@echo
	@echo 'Checks:'
	@echo '  check            checkpatch, sparse, shellcheck, kernel-doc, compiler warnings'
	@echo '  model            litmus tests (herd7) and models (Spin) of the algorithm'
	@echo '  test-tool        cstat: unit tests on the host, and a run in a guest'
	@echo '  test-packages    install the packages in Debian 12 and 13 (as root)'
	@echo '  test-crash       panic_print, and drgn on a dump (fetches 320 MB of debug information)'
	@echo '  mutants          break the source on purpose and see that the tests notice'
	@echo '  torture          long runs in which every snapshot is checked'
	@echo '  matrix           the tests in all kernels that they should pass in (KERNELS="...")'
	@echo '  shapes           in machines of many CPUs or one, NUMA, isolation, all preemption models'
	@echo '  test-debug       the tests in kernels with KASAN, KCSAN, lockdep, PREEMPT_RT'
	@echo '  bench            costs, beside those of everything else that one could use'
	@echo
	@echo 'Variables:'
	@echo '  KERNEL=6.12      the newest Debian kernel of a version: 6.12 (default), 6.1,'
	@echo '                   6.12-rt, 6.12-amd64, trixie-backports, ...; see scripts/kernels/debian'
	@echo '  KDIR=DIR         build for the kernel whose build directory this is'
	@echo '  CPUS=2 MEM=1G    size of the virtual machine'
	@echo '  APPEND=ARGS      more kernel arguments, as in APPEND=preempt=full'
	@echo '  CSTATS_CACHE=DIR where kernels are kept (default ~/.cache/cstats)'

modules_install:
	@scripts/build --install

dkms-install:
	@scripts/dkms install

dkms-uninstall:
	@scripts/dkms uninstall

deb:
	@scripts/deb

run:
	@set -e; build=$$($(guest) MODULES= scripts/build); \
	$(guest) scripts/vm --name run --add "$$build/src/cstats.ko" \
		--add "$$build/src/cstats_kmem.ko" --add "$$build/src/cstats_block.ko" \
		$(disks) --add scripts/guest/demo -- sh demo

shell:
	@set -e; build=$$($(guest) MODULES= scripts/build); \
	$(guest) scripts/vm --name shell --load "$$build/src/cstats.ko" \
		--load "$$build/src/cstats_kmem.ko" --add "$$build/src/cstats_block.ko" \
		$(disks) --shell

test:
	@$(guest) scripts/test

check:
	@scripts/check

model:
	@scripts/model

test-tool:
	@scripts/test-tool
	@$(guest) scripts/test-tool --guest

test-packages:
	@scripts/test-packages

test-crash:
	@$(guest) scripts/test-crash

mutants:
	@scripts/mutants all

torture:
	@scripts/torture

matrix:
	@scripts/matrix

shapes:
	@scripts/shapes

test-debug:
	@scripts/test-debug

bench:
	@scripts/bench

docs:
	@scripts/docs

series:
	@scripts/series

clean:
	rm -rf build

.PHONY: all help modules_install dkms-install dkms-uninstall deb run shell test check model \
	test-tool test-packages test-crash mutants torture matrix shapes test-debug bench docs \
	series clean
