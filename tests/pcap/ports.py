# SPDX-License-Identifier: GPL-2.0
"""Two ports of NICs that are wired to each other: eth0 sends, eth1 captures."""

import link
import steer

HERE = "eth1"


def bring_up(queue, promisc=False):
    link.bring_up("eth0", HERE, promisc=promisc)
    steer.spread_over(queue, iface=HERE)


def wait_up(queue):
    """Wait until the ports have their link, and let all frames come to one queue. Drivers
    make the table that spreads the frames anew at a reset.
    """
    link.wait_up("eth0", HERE)
    steer.spread_over(queue, iface=HERE)


def set_mtu(mtu, queue):
    link.set_mtu(mtu, "eth0", HERE)
    wait_up(queue)
