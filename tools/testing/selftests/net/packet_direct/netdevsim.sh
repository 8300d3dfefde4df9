#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# netdevsim.sh PROGRAM [ARGUMENT...]: make two netdevsim devices, link them, run PROGRAM
# with their names in its environment (lib/nic.h), and remove them.  Where they cannot be
# made, PD_MISSING says why, and PROGRAM runs all the same: not each test needs a queue.
set -u

bus=/sys/bus/netdevsim
debugfs=/sys/kernel/debug
queues=4
ids=()

remove()
{
	local id

	for id in "${ids[@]}"; do
		[ ! -e "$bus/devices/netdevsim$id" ] ||
			echo "$id" > $bus/del_device
	done
}

# The number of a device that was not there before.
make_device()
{
	local id

	for ((id = 700; id < 800; id++)); do
		[ ! -e "$bus/devices/netdevsim$id" ] || continue
		echo "$id 1 $queues" > $bus/new_device || return 1
		ids+=("$id")
		return 0
	done
	return 1
}

# Names may be changed by udev, and IPv6 would send frames of its own.
interface()
{
	local name

	! command -v udevadm > /dev/null || udevadm settle
	name=$(ls "$bus/devices/netdevsim$1/net")
	[ ! -e "/proc/sys/net/ipv6/conf/$name" ] ||
		echo 1 > "/proc/sys/net/ipv6/conf/$name/disable_ipv6"
	echo "$name"
}

link_devices()
{
	local ns status=0

	exec {ns}< /proc/self/ns/net
	echo "$ns:$(cat "/sys/class/net/$1/ifindex") $ns:$(cat "/sys/class/net/$2/ifindex")" \
		> $bus/link_device || status=1
	exec {ns}<&-
	return $status
}

make_devices()
{
	modprobe -q netdevsim 2> /dev/null || true
	PD_MISSING="no netdevsim: CONFIG_NETDEVSIM"
	[ -e $bus/new_device ] || return
	PD_MISSING="netdevsim makes no device"
	make_device && make_device || return
	PD_MISSING="netdevsim links no devices"
	PD_IFACE=$(interface "${ids[0]}")
	PD_PEER=$(interface "${ids[1]}")
	link_devices "$PD_IFACE" "$PD_PEER" || return
	PD_MISSING="frames cannot be steered: CONFIG_XPS"
	[ -e "/sys/class/net/$PD_PEER/queues/tx-1/xps_cpus" ] || return
	mountpoint -q $debugfs || mount -t debugfs debugfs $debugfs
	PD_REMOVE="echo ${ids[0]} > $bus/del_device"
	export PD_IFACE PD_PEER PD_QUEUE=1 PD_REMOVE
	unset PD_MISSING
}

trap remove EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
make_devices
[ -z "${PD_MISSING-}" ] || export PD_MISSING
"$@"
