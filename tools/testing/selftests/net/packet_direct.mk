# SPDX-License-Identifier: GPL-2.0
# What the tests of TPACKET_V4 and PACKET_RX_DIRECT are made of.

PACKET_DIRECT := packet_direct packet_direct_args packet_direct_copy
PACKET_DIRECT += packet_direct_fault packet_direct_hw packet_direct_options
PACKET_DIRECT += packet_direct_poll packet_direct_swap

$(PACKET_DIRECT:%=$(OUTPUT)/%): packet_direct_lib.c
$(PACKET_DIRECT:%=$(OUTPUT)/%): LDLIBS += -lpthread
$(OUTPUT)/packet_direct_swap: packet_direct_model.c
$(OUTPUT)/psock_tpacket: psock_tpacket_v4.c
