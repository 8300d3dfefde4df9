# SPDX-License-Identifier: GPL-2.0
"""Dma-bufs of /dev/packet_direct_test, which net/packet/direct_test/direct_test.h describes."""

import fcntl
import struct

from guest import want, until
from splitring import Buffer

DEVICE = "/dev/packet_direct_test"
CREATE, COUNT, MOVE, PROBE, HOLD_RTNL = 0x4010bd00, 0xc018bd01, 0xbd02, 0xbd03, 0xbd04
(UNREADABLE, SCATTERED, DYNAMIC, NO_ATTACH, NO_PIN, NO_MAP, SLOW_PIN,
 STUCK_PIN) = (1 << n for n in range(8))
MOVE_SECONDS = 3
USES = ("attachments", "mappings", "pins")


def ioctl(request, arg):
    with open(DEVICE, "rb") as device:
        return fcntl.ioctl(device, request, arg)


def counts(fd=-1):
    """struct packet_direct_test_count, by its fields' names."""
    arg = bytearray(struct.pack("=i20x", fd))
    ioctl(COUNT, arg)
    return dict(zip(("buffers", *USES, "cpu_accesses"), struct.unpack("=4x5I", arg)))


def wait_all_freed():
    """Wait until no buffer is left. Each lives as long as anybody has a reference."""
    until("the buffers are freed", lambda: counts()["buffers"] == 0, 5)


class Exported(Buffer):
    """A buffer of that device."""

    def __init__(self, size, kind=0):
        super().__init__(ioctl(CREATE, bytearray(struct.pack("=QII", size, kind, 0))), size)

    def uses(self):
        """Attachments, mappings and pins. Nobody may have asked for access by the CPU."""
        now = counts(self.fd)
        want(now["cpu_accesses"] == 0, f"access by the CPU: {now}")
        return tuple(now[name] for name in USES)

    def wait_unused(self):
        until("nobody uses the buffer", lambda: self.uses() == (0, 0, 0), 5)

    def move(self):
        ioctl(MOVE, self.fd)

    def faults(self):
        """How many of its pages the kernel cannot read."""
        return ioctl(PROBE, self.fd)

    def forget(self):
        """Drop the last reference of this process."""
        self.close()
        self.map.close()
