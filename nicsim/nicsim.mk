# SPDX-License-Identifier: GPL-2.0
# The NIC models: `nicsim` builds build/nicsim/nicsim, `nicsim-test` runs the
# unit tests in nicsim/tests (test-*.py, and test-*.c, each one program).

NICSIM_BUILD	:= build/nicsim
NICSIM_BIN	:= $(NICSIM_BUILD)/nicsim
NICSIM_ROOMS	:= bus wire control ixgbe gve
NICSIM_SRC	:= $(wildcard nicsim/*.c $(NICSIM_ROOMS:%=nicsim/%/*.c))
NICSIM_OBJ	:= $(NICSIM_SRC:nicsim/%.c=$(NICSIM_BUILD)/%.o)
NICSIM_CFLAGS	:= -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wmissing-prototypes \
		   -D_GNU_SOURCE -Inicsim -MMD -MP

NICSIM_TEST_C	:= $(patsubst nicsim/tests/%.c,$(NICSIM_BUILD)/tests/%,$(wildcard nicsim/tests/test-*.c))
NICSIM_TEST_PY	:= $(wildcard nicsim/tests/test-*.py)

NICSIM_DIRS	:= $(addprefix $(NICSIM_BUILD)/,$(NICSIM_ROOMS) tests)

.PHONY: nicsim nicsim-test
$(NICSIM_DIRS):
	@mkdir -p $@

nicsim: $(NICSIM_BIN)

$(NICSIM_BIN): $(NICSIM_OBJ)
	@echo "  LD      $@"
	@$(CC) -o $@ $^

$(NICSIM_BUILD)/%.o: nicsim/%.c nicsim/nicsim.mk | $(NICSIM_DIRS)
	@echo "  CC      $@"
	@$(CC) $(NICSIM_CFLAGS) -c -o $@ $<

# A test of one model brings its own backend of nicsim.h; any other one links
# with everything but the program's main().
NICSIM_SHARED	:= $(addprefix $(NICSIM_BUILD)/,bus/guard.o fault.o json.o wire/packet.o wire/segment.o \
		   wire/toeplitz.o)

$(NICSIM_BUILD)/tests/test-ixgbe%: nicsim/tests/test-ixgbe%.c $(filter $(NICSIM_BUILD)/ixgbe/%,$(NICSIM_OBJ)) $(NICSIM_SHARED)
	@echo "  CC      $@"
	@$(CC) $(NICSIM_CFLAGS) -o $@ $^

$(NICSIM_BUILD)/tests/test-gve%: nicsim/tests/test-gve%.c $(filter $(NICSIM_BUILD)/gve/%,$(NICSIM_OBJ)) $(NICSIM_SHARED)
	@echo "  CC      $@"
	@$(CC) $(NICSIM_CFLAGS) -o $@ $^

$(NICSIM_BUILD)/tests/test-%: nicsim/tests/test-%.c $(filter-out %/main.o,$(NICSIM_OBJ))
	@echo "  CC      $@"
	@$(CC) $(NICSIM_CFLAGS) -o $@ $^

nicsim-test: $(NICSIM_BIN) $(NICSIM_TEST_C)
	@nicsim/tests/run $(NICSIM_BIN) $(NICSIM_TEST_C) $(NICSIM_TEST_PY)

-include $(NICSIM_OBJ:.o=.d) $(NICSIM_TEST_C:=.d)
