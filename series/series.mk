# SPDX-License-Identifier: GPL-2.0
# make patches: series for git am; series/README.md.
CHECK   ?=
SIGNOFF ?=
PREFIX  ?=

.PHONY: patches
patches:
	@BASE='$(BASE)' KSRC='$(KSRC)' CHECK='$(CHECK)' SIGNOFF='$(SIGNOFF)' \
		PREFIX='$(PREFIX)' NUM_JOBS='$(NUM_JOBS)' series/patches
