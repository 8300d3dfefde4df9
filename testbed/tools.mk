# SPDX-License-Identifier: GPL-2.0
# make tools: libpcap, tcpdump, the example, pdstat, the selftests and the programs
# of tests/.
KERNEL_TESTS := $(BUILT)/linux/patched/tools/testing/selftests/net
SELFTEST_OUT := $(CURDIR)/build/tests/selftests
PD_TEST_OUT  := $(CURDIR)/build/tests/packet_direct
KHDR         := -isystem $(CURDIR)/$(BUILT)/headers/include

# The bench's model is built by its own test, on the host.
TEST_SOURCES  := $(filter-out tests/bench/%,$(wildcard tests/*.c tests/*/*.c))
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
	@$(MAKE) -s -C tools/packet_direct OUTPUT=$(CURDIR)/build/tools/bin \
		KHDR_INCLUDES='$(KHDR)'

# Built where they belong, by the kernel's own rules; always, since those do
# not know the kernel's headers.
selftests: kernel
	@testbed/deps tools
	@mkdir -p $(SELFTEST_OUT) $(PD_TEST_OUT)
	@$(MAKE) -s -B -C $(KERNEL_TESTS) OUTPUT=$(SELFTEST_OUT) \
		KHDR_INCLUDES='$(KHDR)' $(SELFTEST_OUT)/psock_tpacket
	@$(MAKE) -s -B -C $(KERNEL_TESTS)/packet_direct OUTPUT=$(PD_TEST_OUT) \
		KHDR_INCLUDES='$(KHDR)'

test-programs: kernel
	@$(MAKE) -s $(TEST_PROGRAMS)

$(TEST_PROGRAMS): build/tests/%: tests/%.c testbed/tools.mk
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) -MD -MP -MF $@.d -o $@ $< -lpthread

-include $(TEST_PROGRAMS:=.d)


.PHONY: check
check:
	@testbed/check
