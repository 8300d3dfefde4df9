# SPDX-License-Identifier: GPL-2.0
"""Who else wants a queue that is leased. Each says how it was refused, or nothing."""

import ctypes
import errno
import mmap
import os
import socket
import struct

import ethnl
import lease
import packet4
from common import leased
from guest import TOP, sh
from splitring import udmabuf

AF_XDP, SOL_XDP = 44, 283
XDP_RX_RING, XDP_UMEM_REG, XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING = 2, 4, 5, 6
XDP_COPY = 1 << 1
XDP_ZEROCOPY = 1 << 2
UMEM, CHUNK, RING = 1 << 20, 4096, 64
PACKET_FANOUT = 18
NETDEV_A_DMABUF_IFINDEX, NETDEV_A_DMABUF_QUEUES, NETDEV_A_DMABUF_FD = 1, 2, 3
NETDEV_A_QUEUE_ID, NETDEV_A_QUEUE_TYPE, QUEUE_TYPE_RX = 1, 3, 0
NETDEV_CMD_BIND_RX = 13


def said(call):
    """The name of the error with which it fails."""
    try:
        call()
    except OSError as err:
        return errno.errorcode.get(err.errno, str(err))
    return ""


def packet_socket(_):
    return lease.refusal(leased())


def fanout(capture):
    """The leased socket cannot be a member of a group."""
    with packet4.socket_of(capture.process.pid) as sock:
        return said(lambda: sock.setsockopt(packet4.SOL_PACKET, PACKET_FANOUT, 1))


def rebind(capture):
    with packet4.socket_of(capture.process.pid) as sock:
        return said(lambda: sock.bind(("lo", packet4.ETH_P_ALL)))


def xdp_program(_):
    """In the driver: this program attaches one before anything else."""
    return sh(f"{TOP}/build/tests/nicsim/xsk_rx eth0 {leased()} 1 2>&1 || true")


def _xsk_bind(mode):
    memory = mmap.mmap(-1, UMEM)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    with socket.socket(AF_XDP, socket.SOCK_RAW) as sock:
        sock.setsockopt(SOL_XDP, XDP_UMEM_REG, struct.pack("=QQIIII", address, UMEM, CHUNK,
                                                           0, 0, 0))
        for ring in (XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING):
            sock.setsockopt(SOL_XDP, ring, struct.pack("=I", RING))
        to = struct.pack("=HHIII", AF_XDP, mode, socket.if_nametoindex("eth0"), leased(), 0)
        if packet4.libc.bind(sock.fileno(), to, len(to)):
            err = ctypes.get_errno()
            raise OSError(err, os.strerror(err))


def af_xdp(_):
    return said(lambda: _xsk_bind(XDP_COPY))


def af_xdp_zero_copy(_):
    return said(lambda: _xsk_bind(XDP_ZEROCOPY))


def _devmem():
    """Of Linux 6.12's netdev family: a dma-buf for the queue's payload."""
    buffer = udmabuf(1 << 20)
    try:
        queue = ethnl.attr(NETDEV_A_QUEUE_ID, struct.pack("=I", leased())) + \
            ethnl.attr(NETDEV_A_QUEUE_TYPE, struct.pack("=I", QUEUE_TYPE_RX))
        body = ethnl.attr(NETDEV_A_DMABUF_IFINDEX,
                          struct.pack("=I", socket.if_nametoindex("eth0"))) + \
            ethnl.attr(NETDEV_A_DMABUF_QUEUES | ethnl.NLA_F_NESTED, queue) + \
            ethnl.attr(NETDEV_A_DMABUF_FD, struct.pack("=I", buffer.fd))
        ethnl.ask("netdev", NETDEV_CMD_BIND_RX, body)
    finally:
        buffer.close()


def devmem(_):
    return said(_devmem)
