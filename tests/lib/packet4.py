# SPDX-License-Identifier: GPL-2.0
"""Packet sockets looked at from outside: what the kernel says of a capture's
TPACKET_V4 socket, and what the stack sees of a queue.
"""

import contextlib
import ctypes
import mmap
import os
import re
import socket
import struct

import hwstamp

ABI = os.path.join(os.path.dirname(__file__), "../../include/uapi/linux/if_packet_v4.h")
SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP, PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION = 1, 5, 6, 10
PACKET_TIMESTAMP, PACKET_IGNORE_OUTGOING = 17, 23
PACKET_RX_DIRECT, PACKET_V4_STATISTICS = 25, 26
TPACKET_V4, SLOT = 3, 2048
PACKET_DIRECT_RELEASE, PACKET_DIRECT_PREPARE = 1, 1 << 5
TEE, SPREAD, SYMMETRIC = 1 << 3, 1 << 7, 1 << 9    # of PACKET_DIRECT_
NATIVE, XSK, METADATA = 1 << 12, 1 << 13, 1 << 14
CSUM_VALID = 1 << 4     # of TPACKET4_
PACKET_MR_PROMISC = 1
SO_ATTACH_FILTER = 26
TSTAMP_SW, TSTAMP_HW = 1 << 8, 1 << 9              # TPACKET4_TSTAMP_*
ETH_P_ALL = 3
SYS_PIDFD_GETFD = 438
COPY, ACTIVE, DOWN, LOST, PREPARED = range(5)
STATES = ("copy", "direct", "down", "lost", "prepared")

INFO = ("size query state reason ifindex queue napi_id generation queue_nr query_reason "
        "granule slot_len_min slot_len_max split_min split_max post_min flags "
        "query_pid tstamp phc_index steering steering_lost steering_moves query_flags query_by "
        "lease_by headroom frame_flags").split()
GAUGES = "size free posted held spare quarantined".split()
COUNTERS = ("packets bytes drop_nic drop_no_slot drop_too_long drop_error unsplit "
            "drop_filter drop_down bad_slot bad_cons batches wakeups dry").split()
PAYLOAD = "payload_free payload_posted payload_held payload_spare".split()
STACK = "passed drop_stack".split()

libc = ctypes.CDLL(None, use_errno=True)


def _getsockopt(sock, option, size):
    """An option that is a struct. Its first word tells the kernel its size."""
    buf = ctypes.create_string_buffer(struct.pack("=I", size), size)
    length = ctypes.c_uint32(size)
    if libc.getsockopt(sock.fileno(), SOL_PACKET, option, buf, ctypes.byref(length)):
        err = ctypes.get_errno()
        raise OSError(err, f"getsockopt({option}): {os.strerror(err)}")
    return buf.raw


def info(sock):
    """struct tpacket4_info, by its fields' names."""
    size = 4 * len(INFO)
    return dict(zip(INFO, struct.unpack(f"={len(INFO)}I", _getsockopt(sock, PACKET_RX_DIRECT,
                                                                     size))))


def limits(iface):
    """What a lease of the interface's first queue would have."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V4)
        sock.bind((iface, 0))
        return info(sock)


def reasons():
    """The names of enum packet_direct_reason, in order."""
    with open(ABI, encoding="ascii") as file:
        body = re.search(r"enum packet_direct_reason \{(.*?)\}", file.read(), re.S)[1]
    return re.findall(r"PACKET_DIRECT_(\w+),", body)


def stats(sock):
    """struct tpacket4_stats, by its fields' names."""
    form = f"={len(GAUGES)}I{len(COUNTERS)}Q{len(PAYLOAD)}I{len(STACK)}Q"
    raw = _getsockopt(sock, PACKET_V4_STATISTICS, struct.calcsize(form))
    return dict(zip(GAUGES + COUNTERS + PAYLOAD + STACK, struct.unpack(form, raw)))


def drops(stat):
    """What was dropped at each stage, by name, without the zeros."""
    return {k: v for k, v in stat.items() if k.startswith(("drop_", "bad_")) and v}


def slots(stat):
    """All slots that the ring has, whoever has them now."""
    return sum(stat[k] for k in ("free", "posted", "held", "spare"))


def _duplicate(pidfd, number):
    fd = libc.syscall(SYS_PIDFD_GETFD, pidfd, number, 0)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    return socket.socket(fileno=fd)


@contextlib.contextmanager
def socket_of(pid):
    """The packet socket of another process. It is the same socket: a lease stays as long as
    this is open.
    """
    pidfd, found = os.pidfd_open(pid), None
    try:
        for number in sorted(map(int, os.listdir(f"/proc/{pid}/fd"))):
            with contextlib.suppress(OSError):
                if not os.readlink(f"/proc/{pid}/fd/{number}").startswith("socket:"):
                    continue
                found = _duplicate(pidfd, number)
                if found.family == socket.AF_PACKET:
                    break
                found.close()
                found = None
    finally:
        os.close(pidfd)
    if found is None:
        raise OSError(f"process {pid} has no packet socket")
    with found:
        yield found


def _queue_filter(queue):
    """skb->queue_mapping, which is the RX queue plus one, or 0."""
    return [(0x20, 0, 0, 0xfffff000 + 24),      # A = queue_mapping
            (0x15, 0, 1, queue + 1),            # is it this one?
            (0x06, 0, 0, 0xffff),
            (0x06, 0, 0, 0)]


class SkbCounter:
    """An ordinary packet socket. It counts the skbs that the stack receives from a device,
    or from one RX queue of it.
    """

    def __init__(self, iface, queue=None):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        if queue is not None:
            attach(self.socket, _queue_filter(queue))
        self.socket.bind((iface, ETH_P_ALL))
        self.socket.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP,
                               struct.pack("=iHH8x", socket.if_nametoindex(iface),
                                           PACKET_MR_PROMISC, 0))
        self.seen = 0
        self.count()
        self.seen = 0

    def count(self):
        """How many so far. Reading PACKET_STATISTICS clears it."""
        self.seen += struct.unpack("=II", self.socket.getsockopt(SOL_PACKET,
                                                                 PACKET_STATISTICS, 8))[0]
        return self.seen

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def attach(sock, program):
    """A classic BPF program."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *i) for i in program))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack("@HP", len(program), ctypes.addressof(code)))


def want_stamps(sock):
    """Ask for the NIC's time stamps."""
    sock.setsockopt(SOL_PACKET, PACKET_TIMESTAMP, hwstamp.RAW_HARDWARE)


def ring_socket(entries=1024, slot=SLOT):
    """A socket with a ring that nothing fills yet."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V4)
    sock.setsockopt(SOL_PACKET, PACKET_RX_RING,
                    struct.pack("=5I44x", 64, 0, entries, 0, slot))
    return sock


def lease(sock, iface, queue):
    """Let a queue fill the socket's ring."""
    sock.bind((iface, ETH_P_ALL))
    sock.setsockopt(SOL_PACKET, PACKET_RX_DIRECT, queue)


def leased_socket(iface, queue, entries=1024):
    """A socket that has leased a queue."""
    sock = ring_socket(entries, max(SLOT, limits(iface)["slot_len_min"]))
    lease(sock, iface, queue)
    return sock


class Mapping:
    """The mapping of a socket's ring."""

    def __init__(self, sock):
        layout = struct.unpack("=5Q14I", sock.getsockopt(SOL_PACKET, PACKET_RX_RING, 96))
        self.map = mmap.mmap(sock.fileno(), layout[0])
        self.ctrl = layout[1]

    def state(self):
        return struct.unpack_from("=I", self.map, self.ctrl + 8)[0]


def release(sock):
    """Give the queue back. The socket stays."""
    sock.setsockopt(SOL_PACKET, PACKET_RX_DIRECT,
                    struct.pack("=3I52x", 64, 0, PACKET_DIRECT_RELEASE))
