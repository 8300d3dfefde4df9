# SPDX-License-Identifier: GPL-2.0
"""Two ports of NICs that are wired to each other: eth0 sends, eth1 captures."""

import time

import link
import steer
from drivers import DRIVER
from guest import sh
from nic import Nic
from promises import Link

HERE = "eth1"
NICS = [Nic(0), Nic(1)]


def bring_up(queue, promisc=False):
    if not DRIVER.native:
        sh(f"ethtool -K {HERE} rxvlan off", check=False)    # some take no tags out
        sh(f"ethtool -G {HERE} rx 1024", check=False)   # what finds no descriptor is lost
    link.bring_up("eth0", HERE, promisc=promisc)
    steer.spread_over(queue, iface=HERE)


def wait_up(queue):
    """Wait until the ports have their link, and let all frames come to one queue. Drivers
    make the table that spreads the frames anew at a reset.
    """
    link.wait_up("eth0", HERE)
    steer.spread_over(queue, iface=HERE)


def ready():
    """What is sent gets through. A lease by a driver's AF_XDP restarts the device, when it
    begins and when it ends.
    """
    if not DRIVER.native:
        link.wait_up("eth0", HERE)


def settle():
    """Wait until what was sent is in the ring. A NIC that answers has had the time to pass on
    what it had.
    """
    for nic in NICS if DRIVER.native else ():
        nic("status")
    time.sleep(0.3)


def capture(device, mode, **options):
    """The way from eth0 to a capture here."""
    return Link(device, "eth0", mode, HERE, settle=settle, promisc=1, ready=ready,
                counts=DRIVER.counts_missed, **options)


def set_mtu(mtu, queue):
    link.set_mtu(mtu, "eth0", HERE)
    wait_up(queue)
