# SPDX-License-Identifier: GPL-2.0
"""A leased queue with header split, read here entry by entry. Its payload is in the ring's
own memory or in a dma-buf.
"""

import contextlib
import ctypes
import fcntl
import mmap
import os
import socket
import struct
import time

import packet4
from guest import SLOW, want

FIRST, LAST, TRUNCATED = 1 << 0, 1 << 1, 1 << 2
# TPACKET4_SPLIT_*
WHY = ("none", "done", "no payload", "short", "unknown", "too long", "copied")
NONE = 0xffffffff
EXTERNAL = 1 << 0                       # TPACKET4_PAYLOAD_EXTERNAL
DMABUF, UNRELIABLE = 1 << 1, 1 << 2     # PACKET_DIRECT_*, PACKET_DIRECT_SPLIT_*
ENTRY = struct.Struct("=10IQHHHBBQ")
UDMABUF_CREATE, DMA_HEAP_IOCTL_ALLOC = 0x40187542, 0xc0184800
UNTOUCHED = 0xa5


class Frame:
    """One frame, put together from its parts."""

    def __init__(self, flags, length):
        self.why, self.flags, self.length = WHY[flags >> 22 & 15], flags, length
        self.stamp = 0
        self.parts = []                 # of each entry: header, payload
        self.slots = []                 # of each entry: slot, payload slot

    @property
    def data(self):
        return b"".join(header + payload for header, payload in self.parts)

    def lengths(self):
        return [(len(header), len(payload)) for header, payload in self.parts]


class Ringed:
    """Payload slots are part of the ring."""
    flags = 0

    def arguments(self, _):
        return b""

    def view(self, ring):
        at = ring.layout["payload_off"]
        return memoryview(ring.map)[at:at + ring.payload_bytes]

    def close(self):
        pass


class Buffer:
    """Payload slots are in a dma-buf, from offset on."""
    flags = EXTERNAL

    def __init__(self, fd, size, offset=0, mapping=None):
        self.fd, self.size, self.offset = fd, size, offset
        self.map = mapping or mmap.mmap(fd, size)

    def arguments(self, ring):
        return struct.pack("=iQQ", self.fd, self.offset, ring.payload_bytes)

    def view(self, ring):
        return memoryview(self.map)[self.offset:self.offset + ring.payload_bytes]

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1


def udmabuf(size, flags=0):
    """A dma-buf of a memfd. flags are memfd_create()'s, such as MFD_HUGETLB."""
    memfd = os.memfd_create("payload", os.MFD_ALLOW_SEALING | flags)
    os.ftruncate(memfd, size)
    fcntl.fcntl(memfd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    with open("/dev/udmabuf", "rb") as device:
        fd = fcntl.ioctl(device, UDMABUF_CREATE,
                         bytearray(struct.pack("=IIQQ", memfd, 0, 0, size)))
    os.close(memfd)
    return Buffer(fd, size, 0)


def heap(size):
    """A dma-buf of the system's heap."""
    with open("/dev/dma_heap/system", "rb") as device:
        arg = bytearray(struct.pack("=QIIQ", size, 0, os.O_RDWR | os.O_CLOEXEC, 0))
        fcntl.ioctl(device, DMA_HEAP_IOCTL_ALLOC, arg)
    return Buffer(struct.unpack_from("=QI", arg)[1], size)


class SplitRing:
    """A socket with payload slots. lease() lets a queue fill it."""

    def __init__(self, memory=None, entries=256, slot_len=256, payload_len=4096,
                 payload_size=None, payload_nr=0, wake=0):
        self.memory = memory or Ringed()
        self.entries = entries
        size = 256
        while size < slot_len:
            size *= 2
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(packet4.SOL_PACKET, packet4.PACKET_VERSION, packet4.TPACKET_V4)
        self.socket.setsockopt(
            packet4.SOL_PACKET, packet4.PACKET_RX_RING,
            struct.pack("=10I24x", 64, self.memory.flags, entries, 0, size, slot_len,
                        payload_size or max(payload_len, 4096), payload_len, payload_nr, wake))
        names = ("map_len ctrl_off hdr_off slot_off payload_off size entry_nr hdr_stride slot_nr "
                 "slot_shift slot_len payload_nr payload_shift payload_len").split()
        self.layout = dict(zip(names, struct.unpack("=5Q9I20x", self.socket.getsockopt(
            packet4.SOL_PACKET, packet4.PACKET_RX_RING, 96))))
        self.payload_bytes = self.layout["payload_nr"] << self.layout["payload_shift"]
        self.map = mmap.mmap(self.socket.fileno(), self.layout["map_len"])
        self.payload = self.memory.view(self)
        self.next = self.cons = self.word(0)

    def word(self, offset, value=None):
        """Read a word of the control page, or write it first."""
        at = self.layout["ctrl_off"] + offset
        if value is not None:
            ctypes.c_uint32.from_buffer(self.map, at).value = value
        return struct.unpack_from("=I", self.map, at)[0]

    def paint(self):
        """Fill the slots with a byte that no test frame repeats."""
        start, end = self.layout["slot_off"], self.layout["slot_off"] + (
            self.layout["slot_nr"] << self.layout["slot_shift"])
        self.map[start:end] = bytes([UNTOUCHED]) * (end - start)
        self.payload[:] = bytes([UNTOUCHED]) * len(self.payload)

    def slot_bytes(self, slot):
        at = slot << self.layout["payload_shift"]
        return bytes(self.payload[at:at + (1 << self.layout["payload_shift"])])

    def lease(self, iface, queue, erratum=True, more=0):
        self.socket.bind((iface, packet4.ETH_P_ALL))
        arguments = self.memory.arguments(self)
        flags = more | (UNRELIABLE if erratum else 0) | (DMABUF if arguments else 0)
        self.socket.setsockopt(packet4.SOL_PACKET, packet4.PACKET_RX_DIRECT,
                               struct.pack("=3I", 64, queue, flags) +
                               (arguments or bytes(20)) + bytes(32))

    def release(self):
        packet4.release(self.socket)

    def header_at(self, index):
        return self.layout["hdr_off"] + (index & (self.entries - 1)) * self.layout["hdr_stride"]

    def read(self, index):
        """The entry's flags, length and slots, its parts, and what follows them in the slots."""
        (slot, flags, _, data, end, length, payload_slot, off, payload_len,
         *_) = ENTRY.unpack_from(self.map, self.header_at(index))
        at = self.layout["slot_off"] + (slot << self.layout["slot_shift"])
        header = self.map[at + data:at + end]
        rest = self.map[at + end:at + (1 << self.layout["slot_shift"])]
        payload = beyond = b""
        if payload_slot != NONE:
            want(off == 0, f"the payload begins at {off}")
            at = payload_slot << self.layout["payload_shift"]
            payload = bytes(self.payload[at:at + payload_len])
            beyond = bytes(self.payload[at + payload_len:
                                        at + (1 << self.layout["payload_shift"])])
        return flags, length, (slot, payload_slot), (header, payload), (rest, beyond)

    def take(self, clean=False):
        """The next frame, or None. clean: nothing behind it in its slots may be written."""
        prod = self.word(0)
        frame = None
        while self.next != prod:
            flags, length, slots, parts, rest = self.read(self.next)
            stamp, = struct.unpack_from("=Q", self.map, self.header_at(self.next) + 40)
            self.next = (self.next + 1) & 0xffffffff
            if frame is None:
                want(flags & FIRST, f"a frame begins with flags {flags:#x}")
                frame = Frame(flags, length)
                frame.stamp = stamp
            frame.parts.append(parts)
            frame.slots.append(slots)
            if clean:
                want(not any(bytes(r).strip(bytes([UNTOUCHED])) for r in rest),
                     f"written beyond the frame: {frame.lengths()}")
            if flags & LAST:
                self.word(132, self.next)
                return frame
        return None

    def frames(self, count, seconds=5, mine=lambda frame: True, clean=False):
        """So many of the frames that are mine, or fewer if the time is over."""
        got, end = [], time.monotonic() + seconds * SLOW
        while len(got) < count:
            frame = self.take(clean)
            if frame is None:
                if time.monotonic() > end:
                    break
                time.sleep(0.005)
            elif mine(frame):
                got.append(frame)
        return got

    def judged(self):
        """How many frames the socket's filter has seen."""
        stats = self.stats()
        return stats["packets"] + stats["drop_filter"]

    def swap(self, index, payload_slot):
        """Put another payload slot into an entry that is still held."""
        struct.pack_into("=I", self.map, self.header_at(index) + 24, payload_slot)

    def give(self, upto=None):
        """Give back what take() has returned, or all up to an entry."""
        self.cons = self.next if upto is None else upto
        self.word(128, self.cons)
        with contextlib.suppress(OSError):      # EAGAIN, or an error left by down and up
            self.socket.recv(1, socket.MSG_DONTWAIT)

    def stats(self):
        return packet4.stats(self.socket)

    def sums(self):
        """No slot of either kind is lost. The statistics."""
        stats = self.stats()
        want(packet4.slots(stats) == self.layout["slot_nr"], f"slots: {stats}")
        want(sum(stats[k] for k in packet4.PAYLOAD) == self.layout["payload_nr"],
             f"payload slots: {stats}")
        want(stats["bad_slot"] == stats["bad_cons"] == 0, f"{stats}")
        return stats

    def info(self):
        return packet4.info(self.socket)

    def why(self):
        """The name of the reason by which the last lease was refused."""
        return packet4.reasons()[self.info()["reason"]]

    def close(self):
        """Close the mapping too, which would keep the lease."""
        self.payload.release()
        self.map.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
