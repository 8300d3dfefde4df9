# SPDX-License-Identifier: GPL-2.0
"""The link is up: bring interfaces up, wire the two ports to each other, and wait until
frames get through.

The ports are eth0 here and eth1 in the network namespace "far".
"""

import contextlib
import functools
import os

import counters
import namespace
import netlink
from guest import Failed, sh, until, want

NEAR, FAR = "10.9.0.1", "10.9.0.2"
NEAR6, FAR6 = "fd09::1", "fd09::2"


@functools.cache
def _far_socket():
    """A socket in the namespace "far". It asks there without a process."""
    with namespace.inside("far"):
        return netlink.route_socket()


def _flags(iface, far):
    if far:
        return netlink.link_flags(_far_socket(), iface)
    with netlink.route_socket() as sock:
        return netlink.link_flags(sock, iface)


def has_carrier(iface="eth0", far=False):
    return bool(_flags(iface, far) & netlink.IFF_LOWER_UP)


def is_up(iface="eth0", far=False):
    """It has a carrier, and the stack knows: until then frames are thrown away."""
    both = netlink.IFF_LOWER_UP | netlink.IFF_RUNNING
    return _flags(iface, far) & both == both


def wait_up(*ifaces, far=()):
    """Wait until these have their link; without a name, until both ports have."""
    if not ifaces and not far:
        ifaces, far = ("eth0",), ("eth1",)
    for iface in ifaces:
        until(f"{iface} has its link", lambda i=iface: is_up(i))
    for iface in far:
        until(f"{iface} has its link", lambda i=iface: is_up(i, True))


def bring_up(*ifaces, mtu=1500, promisc=False):
    """Without addresses and without ARP, so that nothing is sent but what a test sends."""
    for iface in ifaces:
        sh(f"ip link set {iface} mtu {mtu} arp off {'promisc on' if promisc else ''} up")
    wait_up(*ifaces)


def bring_up_veth(one="v0", two="v1", mtu=1500):
    """A pair of interfaces that are wired to each other."""
    sh(f"ip link add {one} type veth peer name {two}")
    bring_up(one, two, mtu=mtu)


def set_mtu(mtu, *ifaces):
    for iface in ifaces:
        sh(f"ip link set {iface} mtu {mtu}")


def set_address():
    """eth0 is up and has its address."""
    sh(f"ip addr replace {NEAR}/24 dev eth0")
    sh("ip link set eth0 arp on up")
    wait_up()


def wire_ports():
    """Both ports are up and have an address."""
    if not os.path.exists("/run/netns/far"):
        sh("ip netns add far")
    if os.path.exists("/sys/class/net/eth1"):
        sh("ip link set eth1 netns far")
    sh(f"ip addr replace {FAR}/24 dev eth1", far=True)
    sh("ip link set lo up", far=True)
    sh("ip link set eth1 arp on up", far=True)
    set_address()


def wire_ipv6():
    """Both ports have IPv6, too, which is off in this guest unless a test wants it."""
    for iface, address, far in (("eth0", NEAR6, False), ("eth1", FAR6, True)):
        sh(f"sysctl -q -w net.ipv6.conf.{iface}.disable_ipv6=0", far=far)
        sh(f"ip -6 addr replace {address}/64 dev {iface} nodad", far=far)


def pull_cable(nic):
    """The link goes down, and is up again."""
    nic("link down")
    until("eth0 lost its link", lambda: not has_carrier())
    nic("link up")
    wait_up()


def wait_for_device(iface="eth0"):
    until(f"{iface} is back", lambda: os.path.exists(f"/sys/class/net/{iface}"))


def answered(before, count):
    """So many pings were answered since then. ping itself, once it has an answer, waits for
    the others no longer than its interval, or twice what the slowest took.
    """
    with contextlib.suppress(Failed):
        until("all are answered", lambda: counters.echo_replies() - before >= count)
    return counters.echo_replies() - before >= count


def ping(count=5, interval=0.02):
    """All pings to the far port are answered."""
    before = counters.echo_replies()
    out = sh(f"ping -q -c {count} -i {interval} -W 20 {FAR}", check=False)
    want(answered(before, count), f"ping: {out.strip()[-300:]}")
