# SPDX-License-Identifier: GPL-2.0
# make patches: series for git am; series/README.md.
CHECK       ?=
SIGNOFF     ?=
PREFIX      ?=
LIBPCAP_SRC ?=
TCPDUMP_SRC ?=

.PHONY: patches
patches:
	@BASE='$(BASE)' KSRC='$(KSRC)' CHECK='$(CHECK)' SIGNOFF='$(SIGNOFF)' PREFIX='$(PREFIX)' \
		LIBPCAP_SRC='$(LIBPCAP_SRC)' TCPDUMP_SRC='$(TCPDUMP_SRC)' \
		NUM_JOBS='$(NUM_JOBS)' series/patches
