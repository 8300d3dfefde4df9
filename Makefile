# SPDX-License-Identifier: GPL-2.0
# PACKET_RX_DIRECT and TPACKET_V4: kernel, NIC models, capture tools, tests.
# Everything that is built goes to build/. The directories net, include,
# drivers, tools and Documentation mirror the kernel's, so all targets here are
# phony.

BASE     ?= 6.12
KERNEL   ?= release
KSRC     ?=
CPUS     ?= 4
NIC      ?= ixgbe
NICS     ?= 2
ACCEL    ?= auto
RUN      ?=
MEM      ?= 2G
TIMEOUT  ?= 600
NUM_JOBS ?= $(shell nproc)

# What is built for a base, as testbed/kernel/base has it for scripts.
ifeq ($(filter 6.12 7.3,$(BASE)),)
$(error BASE=$(BASE) is not one of 6.12, 7.3)
endif
BUILT := build$(if $(filter-out 6.12,$(BASE)),/$(BASE))
export BASE

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

.PHONY: help clean distclean
help:
	@echo 'Targets:'
	@echo '  deps       install the Debian packages that the others need (as root)'
	@echo '  kernel     build Linux with our files (BASE=, KERNEL=, KSRC=)'
	@echo '  tools      build libpcap and tcpdump with our patches, and the test programs'
	@echo '  nicsim     build the NIC models'
	@echo '  vm         a root shell in the guest, or one command there (RUN=)'
	@echo "  demo       capture real traffic from a leased queue (LANE=1: by the driver's AF_XDP)"
	@echo '  bench      measure it and its peers, instructions per packet (QUICK=1, BOOTS=3)'
	@echo '             CACHE=1: instead, misses by a model of a CPU, and cycles estimated from them'
	@echo '  test       what CI runs: all on the release kernel, some on the debug kernel'
	@echo '  test-full  every test on both kernels'
	@echo '  soak       random events under traffic (MINUTES=30 SEED= NIC= KERNEL=debug)'
	@echo "  debs       packages for Debian: kernel, libpcap, tcpdump, tools (RELEASE='12 13')"
	@echo '  check      style and static checks of our sources'
	@echo '  patches    the sources as series for git am, in build/patches (CHECK=1 SIGNOFF=)'
	@echo '  clean      remove what was built, keep what was downloaded (distclean: all)'
	@echo
	@echo 'Variables:'
	@echo '  BASE=6.12|7.3                the Linux to build or boot: 6.12 LTS, or 7.3'
	@echo '  KERNEL=release|debug|stock   the kernel to build or boot; stock is without our'
	@echo '                               files; "make kernel KERNEL=all" builds the three;'
	@echo '                               for the bench: off, distro; to look for mistakes:'
	@echo '                               events, iommu, kcov, kcsan (testbed/README.md)'
	@echo '  KSRC=                        a tarball, directory or git tree of BASE.y, used from'
	@echo "                               then on; at first, or debian: Debian's linux-source"
	@echo '  CPUS=4 MEM=2G                the guest; ixgbe has no more queues than CPUs'
	@echo '  NIC=ixgbe|x550|gve|none      the model of the NICs; NICS=2: how many, wired back to back;'
	@echo "      igb|virtio[-mq|-hash]    with BASE=7.3: QEMU's own NICs, leased by their AF_XDP"
	@echo '  ACCEL=auto|kvm|tcg           auto takes KVM only if it was seen to boot a guest'
	@echo "  RUN='command'                run this in the guest and exit with its status"
	@echo '  TIMEOUT=600                  seconds after which a guest with RUN= counts as hung'
	@echo '  NUM_JOBS=                    processes of a build'

include testbed/kernel.mk
include testbed/vm.mk
include testbed/tools.mk
include packaging/packaging.mk
-include nicsim/nicsim.mk
-include tests/tests.mk
-include demo/demo.mk
-include bench/bench.mk
-include series/series.mk

.PHONY: deps
deps:
	@testbed/deps all

# Kept: the sources as they came, QEMU, and the compiler's cache.
clean:
	rm -rf build/kernel build/linux/*/out-* build/headers build/nicsim \
		build/7.3/kernel build/7.3/linux/*/out-* build/7.3/headers build/7.3/log \
		build/tests build/test build/vm build/log build/tools \
		build/src/*/stock build/src/*/patched build/debs

distclean:
	rm -rf build
