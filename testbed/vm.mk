# SPDX-License-Identifier: GPL-2.0
# make vm RUN='command' KERNEL= CPUS= NIC= NICS= ACCEL= MEM= TIMEOUT=
.PHONY: vm vm-ready
vm-ready: kernel $(if $(filter none 0,$(NIC) $(NICS)),,nicsim)
	@testbed/deps vm
	@testbed/qemu

# What RUN holds goes by the environment: neither make nor the shell here may
# read it.
vm: export PD_COMMAND = $(value RUN)
vm: vm-ready
	@export KERNEL='$(KERNEL)' CPUS='$(CPUS)' NIC='$(NIC)' NICS='$(NICS)' \
		ACCEL='$(ACCEL)' MEM='$(MEM)' TIMEOUT='$(TIMEOUT)'; \
	if [ -n "$$PD_COMMAND" ]; then exec testbed/vm "$$PD_COMMAND"; \
	else exec testbed/vm; fi
