# SPDX-License-Identifier: GPL-2.0
# make test, test-full: the stages of tests/stages; STAGES= picks some by name.
STAGES ?=

# make soak: MINUTES= of random events, SEED= for the same order again.
MINUTES ?= 30
SEED    ?=

.PHONY: test test-full soak
test:
	@tests/run $(STAGES)

test-full:
	@tests/run --full $(STAGES)

soak: KERNEL = debug
soak: vm-ready test-programs
	@KERNEL='$(KERNEL)' CPUS='$(CPUS)' NIC='$(NIC)' ACCEL='$(ACCEL)' MEM='$(MEM)' \
		TIMEOUT="$$(($(MINUTES) * 60 + 900))" KMEMLEAK=1 \
		testbed/vm "MINUTES='$(MINUTES)' SEED='$(SEED)' tests/events/soak"
