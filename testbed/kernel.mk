# SPDX-License-Identifier: GPL-2.0
# make kernel BASE= KERNEL= KSRC=; testbed/kernel/build has the kinds.
.PHONY: kernel
kernel:
	@KSRC='$(KSRC)' NUM_JOBS='$(NUM_JOBS)' testbed/kernel/build $(KERNEL)
