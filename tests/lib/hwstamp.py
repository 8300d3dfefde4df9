# SPDX-License-Identifier: GPL-2.0
"""Hardware time stamps: asking a device for them, and reading them from messages."""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import time

SIOCSHWTSTAMP = 0x89b0
FILTER_NONE, FILTER_ALL, FILTER_PTP_V2_EVENT = 0, 1, 12
SO_TIMESTAMPING = SCM_TIMESTAMPING = 37
RX_HARDWARE, RAW_HARDWARE = 1 << 2, 1 << 6
CONTROL = 256


def stamp_all(iface, on):
    """Let the device stamp all frames that it receives, or none."""
    set_filter(iface, FILTER_ALL if on else FILTER_NONE)


def set_filter(iface, which):
    """Let the device stamp the frames that a filter names."""
    config = ctypes.create_string_buffer(struct.pack("iii", 0, 0, which), 12)
    arg = struct.pack("16sQ16x", iface.encode(), ctypes.addressof(config))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSHWTSTAMP, arg)


@contextlib.contextmanager
def phc(iface):
    """The device's clock, as a clock id for the functions of time."""
    name = os.listdir(f"/sys/class/net/{iface}/device/ptp")[0]
    fd = os.open(f"/dev/{name}", os.O_RDWR)
    try:
        yield ~fd << 3 | 3
    finally:
        os.close(fd)


def now(iface):
    """The device's clock in nanoseconds."""
    with phc(iface) as clock:
        return time.clock_gettime_ns(clock)


def move(iface, seconds):
    """Set the device's clock forward or back."""
    with phc(iface) as clock:
        time.clock_settime_ns(clock, time.clock_gettime_ns(clock) + seconds * 10 ** 9)


def request(sock):
    """Ask for the stamps of a socket's messages."""
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, RX_HARDWARE | RAW_HARDWARE)


def receive(sock, size):
    """A message and its stamp in nanoseconds, which is 0 when it has none."""
    data, control, _, _ = sock.recvmsg(size, CONTROL)
    for level, kind, value in control:
        if (level, kind) == (socket.SOL_SOCKET, SCM_TIMESTAMPING):
            sec, nsec = struct.unpack("32xqq", value)
            return data, sec * 10 ** 9 + nsec
    return data, 0
