# SPDX-License-Identifier: GPL-2.0
# make vm RUN='command' KERNEL= CPUS= NIC= NICS= ACCEL= MEM= TIMEOUT=
.PHONY: vm vm-ready
vm-ready: kernel $(if $(filter-out 0,$(NICS)),nicsim)
	@testbed/deps vm
	@testbed/qemu

# What RUN holds goes by the environment: the shell here must not read it.
vm: export KERNEL CPUS NIC NICS ACCEL MEM TIMEOUT
vm: export PD_COMMAND = $(value RUN)
vm: vm-ready
	@if [ -n "$$PD_COMMAND" ]; then exec testbed/vm "$$PD_COMMAND"; \
	else exec testbed/vm; fi
