# SPDX-License-Identifier: GPL-2.0
"""Hardware time stamps: asking a device for them, and reading them from messages."""

import ctypes
import fcntl
import socket
import struct

SIOCSHWTSTAMP = 0x89b0
FILTER_NONE, FILTER_ALL = 0, 1
SO_TIMESTAMPING = SCM_TIMESTAMPING = 37
RX_HARDWARE, RAW_HARDWARE = 1 << 2, 1 << 6
CONTROL = 256


def of_all(iface, on):
    """Let the device stamp all the frames that it receives, or none."""
    config = ctypes.create_string_buffer(
        struct.pack("iii", 0, 0, FILTER_ALL if on else FILTER_NONE), 12)
    request = struct.pack("16sQ16x", iface.encode(), ctypes.addressof(config))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSHWTSTAMP, request)


def wanted(sock):
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, RX_HARDWARE | RAW_HARDWARE)


def receive(sock, size):
    """A message and its stamp in nanoseconds, which is 0 when it has none."""
    data, control, _, _ = sock.recvmsg(size, CONTROL)
    for level, kind, value in control:
        if (level, kind) == (socket.SOL_SOCKET, SCM_TIMESTAMPING):
            sec, nsec = struct.unpack("32xqq", value)
            return data, sec * 10 ** 9 + nsec
    return data, 0
