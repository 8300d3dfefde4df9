# SPDX-License-Identifier: GPL-2.0
# make test, test-full: the stages of tests/stages; STAGES= picks some by name.
STAGES ?=

.PHONY: test test-full
test:
	@tests/run $(STAGES)

test-full:
	@tests/run --full $(STAGES)
