# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The link is up, and steering, for shell tests: source this in the guest.

# bring_up IFACE...: set them up, and wait until they have their link.
bring_up()
{
	local iface i

	for iface; do
		ip link set "$iface" up
		for ((i = 0; i < 200; i++)); do
			[ "$(cat "/sys/class/net/$iface/operstate")" = up ] && break
			sleep 0.1
		done
	done
}

# spread_over QUEUE IFACE: the table of RSS names this queue alone.
spread_over()
{
	ethtool -X "$2" start "$1" equal 1
}
