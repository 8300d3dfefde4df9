# SPDX-License-Identifier: GPL-2.0
# make bench: measure this and its peers. QUICK=1: the short way. BOOTS=: how many
# boots instead of three. CACHE=1: misses and estimated cycles instead.
BENCH_OUT    := build/bench
BENCH_RX     := $(addprefix bench/rx/,main.c control.c device.c sock.c packet.c packet4.c xdp.c udp.c \
		stack.c sockets.c)
BENCH_HDRS   := $(wildcard bench/rx/*.h) \
		tools/testing/selftests/net/packet_direct/tpacket4.h
BENCH_DPDK   := $(addprefix bench/rx/,main.c control.c device.c dpdk.c)
# Fixed addresses, so that the addresses that the plugin writes can be named.
BENCH_CFLAGS := -O2 -g -Wall -Wextra -fno-pie -no-pie $(KHDR)
QUICK        ?=
BOOTS        ?= 3
CACHE        ?=

.PHONY: bench bench-programs bench-kernels
bench: vm-ready capture-tools stock-tools bench-programs $(if $(QUICK)$(CACHE),,bench-kernels)
	@QUICK='$(QUICK)' BOOTS='$(BOOTS)' $(if $(CACHE),bench/misses,bench/run)

bench-kernels:
	@$(MAKE) kernel KERNEL=distro
	@$(MAKE) kernel KERNEL=stock
	@$(MAKE) kernel KERNEL=off

bench-programs:
	@testbed/deps bench
	@$(MAKE) -s $(addprefix $(BENCH_OUT)/,rx rx-dpdk drive senders count.so misses.so)

$(BENCH_OUT)/rx: $(BENCH_RX) $(BENCH_HDRS)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -o $@ $(BENCH_RX) -lxdp -lbpf

$(BENCH_OUT)/rx-dpdk: $(BENCH_DPDK) $(wildcard bench/rx/*.h)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) $$(pkg-config --cflags libdpdk) -o $@ $(BENCH_DPDK) \
		$$(pkg-config --libs libdpdk)

$(BENCH_OUT)/drive: bench/rx/drive.c bench/rx/control.c $(wildcard bench/rx/*.h)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -o $@ bench/rx/drive.c bench/rx/control.c

$(BENCH_OUT)/senders: bench/rx/senders.c $(BENCH_HDRS)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -o $@ $< -lpthread

# Loaded by QEMU, whose functions it calls.
$(BENCH_OUT)/count.so: bench/plugin/count.c
$(BENCH_OUT)/misses.so: $(addprefix bench/plugin/,misses.c model.c pages.c params.c)
$(BENCH_OUT)/%.so: $(wildcard bench/plugin/*.h) bench/rx/mark.h nicsim/bus/dma_log.h
	@mkdir -p $(@D)
	$(CC) -O2 -g -Wall -Wextra -shared -fPIC -fvisibility=hidden -o $@ $(filter %.c,$^)
