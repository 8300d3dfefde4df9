# SPDX-License-Identifier: GPL-2.0
# make debs RELEASE='12 13': packages for these releases of Debian, in build/debs.
RELEASE ?= 12 13

.PHONY: debs
debs:
	@NUM_JOBS='$(NUM_JOBS)' testbed/kernel/build server
	@NUM_JOBS='$(NUM_JOBS)' packaging/build $(RELEASE)
	@packaging/lint $(RELEASE)
