# SPDX-License-Identifier: GPL-2.0
# make demo NIC= KERNEL= ACCEL=
.PHONY: demo
demo:
	@NIC='$(NIC)' KERNEL='$(KERNEL)' ACCEL='$(ACCEL)' demo/demo
