# SPDX-License-Identifier: GPL-2.0
# make tools: libpcap, tcpdump, the example, the selftests and the programs of
# tests/.
SELFTEST_DIR := tools/testing/selftests/net
SELFTEST_OUT := $(CURDIR)/build/tests/selftests
KHDR         := -isystem $(CURDIR)/build/headers/include

# What has a main() of its own there, and upstream's test of the rings.
SELFTESTS = psock_tpacket packet_direct_m32 packet_direct_args_m32 \
	$(basename $(notdir $(shell grep -lE 'TEST_HARNESS_MAIN|^int main' \
		$(SELFTEST_DIR)/*.c 2>/dev/null)))

TEST_SOURCES  := $(wildcard tests/*.c tests/*/*.c)
TEST_PROGRAMS := $(TEST_SOURCES:tests/%.c=build/tests/%)
TEST_CFLAGS   := -O2 -g -Wall -Wextra -Itests $(KHDR)

.PHONY: tools capture-tools stock-tools examples selftests test-programs
tools: capture-tools stock-tools examples selftests test-programs

capture-tools: kernel
	@NUM_JOBS='$(NUM_JOBS)' testbed/tools/build patched

stock-tools:
	@NUM_JOBS='$(NUM_JOBS)' testbed/tools/build stock

examples: kernel
	@$(MAKE) -s -C tools/packet4_dmabuf OUTPUT=$(CURDIR)/build/tools/bin \
		KHDR_INCLUDES='$(KHDR)'

# Built where they belong, by the kernel's own rules; always, since those do
# not know the headers beside them.
selftests: kernel
	@testbed/deps tools
	@mkdir -p $(SELFTEST_OUT)
	@$(MAKE) -s -B -C build/linux/patched/$(SELFTEST_DIR) \
		OUTPUT=$(SELFTEST_OUT) KHDR_INCLUDES='$(KHDR)' \
		$(addprefix $(SELFTEST_OUT)/,$(SELFTESTS))

test-programs: kernel
	@$(MAKE) -s $(TEST_PROGRAMS)

$(TEST_PROGRAMS): build/tests/%: tests/%.c $(wildcard tests/*.h tests/*/*.h)
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) -o $@ $< -lpthread


.PHONY: check
check:
	@testbed/check
