# SPDX-License-Identifier: GPL-2.0
"""Who else wants a queue. Each rival is a context that has the queue meanwhile. If it is
refused, that is an OSError, whose name error_of() returns.
"""

import contextlib
import ctypes
import errno
import mmap
import os
import socket
import struct

import netlink
import packet4
import xdp
from splitring import udmabuf

AF_XDP, SOL_XDP = 44, 283
XDP_RX_RING, XDP_UMEM_REG, XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING = 2, 4, 5, 6
XDP_COPY = 1 << 1
XDP_ZEROCOPY = 1 << 2
UMEM, CHUNK, RING = 1 << 20, 4096, 64
PACKET_FANOUT = 18
NETDEV_A_DMABUF_IFINDEX, NETDEV_A_DMABUF_QUEUES, NETDEV_A_DMABUF_FD = 1, 2, 3
NETDEV_A_QUEUE_ID, NETDEV_A_QUEUE_TYPE, QUEUE_TYPE_RX = 1, 3, 0
NETDEV_A_QUEUE_IFINDEX, NETDEV_A_QUEUE_LEASE = 2, 8
NETDEV_A_LEASE_IFINDEX, NETDEV_A_LEASE_QUEUE = 1, 2
NETDEV_CMD_BIND_RX, NETDEV_CMD_QUEUE_CREATE = 13, 16
IFLA_NETKIT_PAIRING, NETKIT_DEVICE_SINGLE = 10, 1
ERRORS = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}


@contextlib.contextmanager
def fanout(capture):
    """The leased socket joins a fanout group."""
    with packet4.socket_of(capture.process.pid) as sock:
        sock.setsockopt(packet4.SOL_PACKET, PACKET_FANOUT, 1)
        yield


@contextlib.contextmanager
def rebound(capture):
    """The leased socket is bound to another device."""
    with packet4.socket_of(capture.process.pid) as sock:
        sock.bind(("lo", packet4.ETH_P_ALL))
        yield


def xdp_program(_):
    """An XDP program in the driver, which has all queues."""
    return xdp.drop("eth0", xdp.DRV_MODE)


@contextlib.contextmanager
def _xsk(queue, mode):
    memory = mmap.mmap(-1, UMEM)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    with socket.socket(AF_XDP, socket.SOCK_RAW) as sock:
        sock.setsockopt(SOL_XDP, XDP_UMEM_REG, struct.pack("=QQIIII", address, UMEM, CHUNK,
                                                           0, 0, 0))
        for ring in (XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING):
            sock.setsockopt(SOL_XDP, ring, struct.pack("=I", RING))
        to = struct.pack("=HHIII", AF_XDP, mode, socket.if_nametoindex("eth0"), queue, 0)
        if packet4.libc.bind(sock.fileno(), to, len(to)):
            err = ctypes.get_errno()
            raise OSError(err, os.strerror(err))
        yield


def af_xdp(queue):
    """AF_XDP by copy, for which no driver is asked."""
    return _xsk(queue, XDP_COPY)


def af_xdp_zero_copy(queue):
    """AF_XDP zero-copy, which the driver has to support."""
    return _xsk(queue, XDP_ZEROCOPY)


@contextlib.contextmanager
def devmem(queue):
    """The netdev family binds a dma-buf to the queue, for as long as the socket
    that asked for it is open.
    """
    buffer = udmabuf(1 << 20)
    try:
        one = netlink.attr(NETDEV_A_QUEUE_ID, struct.pack("=I", queue)) + \
            netlink.attr(NETDEV_A_QUEUE_TYPE, struct.pack("=I", QUEUE_TYPE_RX))
        body = netlink.attr(NETDEV_A_DMABUF_IFINDEX,
                          struct.pack("=I", socket.if_nametoindex("eth0"))) + \
            netlink.attr(NETDEV_A_DMABUF_QUEUES | netlink.NLA_F_NESTED, one) + \
            netlink.attr(NETDEV_A_DMABUF_FD, struct.pack("=I", buffer.fd))
        with netlink.family("netdev") as ask:
            ask(NETDEV_CMD_BIND_RX, body)
            yield
    finally:
        buffer.close()


@contextlib.contextmanager
def queue_lease(queue):
    """A netkit device gets the queue by a lease of its own, which is not ours (Linux 7.3)."""
    number = struct.pack("=I", queue)
    kind = struct.pack("=I", QUEUE_TYPE_RX)
    pairing = netlink.attr(IFLA_NETKIT_PAIRING, struct.pack("=I", NETKIT_DEVICE_SINGLE))
    with netlink.link("nk0", "netkit", 2, pairing):
        lease = netlink.attr(NETDEV_A_LEASE_IFINDEX,
                             struct.pack("=I", socket.if_nametoindex("eth0"))) + \
            netlink.attr(NETDEV_A_LEASE_QUEUE | netlink.NLA_F_NESTED,
                         netlink.attr(NETDEV_A_QUEUE_ID, number) +
                         netlink.attr(NETDEV_A_QUEUE_TYPE, kind))
        with netlink.family("netdev") as ask:
            ask(NETDEV_CMD_QUEUE_CREATE,
                netlink.attr(NETDEV_A_QUEUE_IFINDEX,
                             struct.pack("=I", socket.if_nametoindex("nk0"))) +
                netlink.attr(NETDEV_A_QUEUE_TYPE, kind) +
                netlink.attr(NETDEV_A_QUEUE_LEASE | netlink.NLA_F_NESTED, lease))
            yield


def error_of(rival):
    """The name of the error by which a rival is refused, or nothing."""
    try:
        with rival:
            pass
    except OSError as err:
        return ERRORS.get(err.errno, str(err))
    return ""
