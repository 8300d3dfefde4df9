# SPDX-License-Identifier: GPL-2.0
# What the tests of TPACKET_V4 and PACKET_RX_DIRECT are made of.

PACKET_DIRECT := packet_direct packet_direct_args packet_direct_copy
PACKET_DIRECT += packet_direct_dry packet_direct_fault packet_direct_hostile
PACKET_DIRECT += packet_direct_hw packet_direct_lease packet_direct_limits
PACKET_DIRECT += packet_direct_options packet_direct_poll packet_direct_race
PACKET_DIRECT += packet_direct_swap packet_direct_wait

$(PACKET_DIRECT:%=$(OUTPUT)/%): packet_direct_lib.c
$(PACKET_DIRECT:%=$(OUTPUT)/%): LDLIBS += -lpthread
$(OUTPUT)/packet_direct_dry: packet_direct_nic.c
$(OUTPUT)/packet_direct_fault: packet_direct_nic.c
$(OUTPUT)/packet_direct_hostile: packet_direct_nic.c packet_direct_scribble.c
$(OUTPUT)/packet_direct_hw: packet_direct_nic.c
$(OUTPUT)/packet_direct_lease: packet_direct_nic.c
$(OUTPUT)/packet_direct_limits: packet_direct_nic.c
$(OUTPUT)/packet_direct_swap: packet_direct_model.c
$(OUTPUT)/packet_direct_wait: packet_direct_nic.c
$(OUTPUT)/packet_direct_race: packet_direct_scribble.c
$(OUTPUT)/psock_tpacket: psock_tpacket_v4.c

# Two of them as 32-bit programs: the layout is the same for both. Where the
# compiler has no 32-bit libc, a test that says so takes their place.
$(OUTPUT)/%_m32: %.c packet_direct_lib.c
	$(call msg,CC,,$@)
	$(Q)if echo 'int main(void) { return 0; }' | \
	   $(CC) -m32 -x c - -o $@ 2>/dev/null; then \
		$(LINK.c) -m32 $^ -lpthread -o $@; \
	else \
		printf '#!/bin/sh\necho 1..1\necho "%s"\n' \
			"ok 1 $(@F) # SKIP $(CC) -m32 cannot link" > $@; \
		chmod +x $@; \
	fi
