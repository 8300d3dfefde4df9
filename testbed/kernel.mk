# SPDX-License-Identifier: GPL-2.0
# make kernel KERNEL=release|debug|stock|off|distro|kcov|kcsan|iommu|modules|sleep|all KSRC=
.PHONY: kernel
kernel:
	@KSRC='$(KSRC)' NUM_JOBS='$(NUM_JOBS)' testbed/kernel/build $(KERNEL)
