# SPDX-License-Identifier: GPL-2.0
"""What the driver and the stack have counted."""

import drivers
import ethtool


def of_driver(iface="eth0"):
    """The driver's statistics by name."""
    return ethtool.statistics(iface)


def queues():
    """How many frames came to each receive queue. gve counts buffers, which is the same
    as long as each frame fits into one.
    """
    return drivers.DRIVER.queue_packets(of_driver())


def statistic(name, iface="eth0"):
    """One of the stack's statistics of an interface."""
    with open(f"/sys/class/net/{iface}/statistics/{name}", encoding="ascii") as file:
        return int(file.read())


def carrier_changes(iface="eth0"):
    with open(f"/sys/class/net/{iface}/carrier_changes", encoding="ascii") as file:
        return int(file.read())


def echo_replies():
    """Answers to pings that have come, even if ping no longer waited for them."""
    with open("/proc/net/snmp", encoding="ascii") as f:
        names, values = [line.split() for line in f if line.startswith("Icmp:")]
    return int(values[names.index("InEchoReps")])


def packet_sockets():
    """How many packet sockets there are."""
    with open("/proc/net/packet", encoding="ascii") as f:
        return len(f.readlines()) - 1
