# SPDX-License-Identifier: GPL-2.0
# make demo NIC= KERNEL= ACCEL= LANE=1
.PHONY: demo
demo:
	@NIC='$(NIC)' KERNEL='$(KERNEL)' ACCEL='$(ACCEL)' LANE='$(LANE)' demo/demo
