# SPDX-License-Identifier: GPL-2.0
"""Capture files, pcap and pcapng, read without libpcap and without nicsim, and the frames
in them that a wire can carry.

A frame has as many bytes as its record says it had on the wire. These records are skipped,
by the first reason that holds: not Ethernet, cut by the snaplen, without a byte, longer than
the limit (each of up to two VLAN tags adds 4), a MAC control (pause) frame. A frame shorter
than 60 bytes is padded with zeros. A file that ends within a record counts up to there.
"""

import collections
import struct

ETHERNET = 1
FRAME_MIN = 60
VLAN_TYPES = (0x8100, 0x88a8)
MAC_CONTROL = 0x8808

Record = collections.namedtuple("Record", "nanoseconds length data linktype")
BYTE_ORDER = {0x1a2b3c4d: "<", 0x4d3c2b1a: ">"}
PCAP = {b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\x4d\x3c\xb2\xa1": ("<", 1),
        b"\xa1\xb2\xc3\xd4": (">", 1000), b"\xa1\xb2\x3c\x4d": (">", 1)}
PCAPNG = b"\x0a\x0d\x0d\x0a"


class Unreadable(Exception):
    """Neither pcap nor pcapng, or damaged."""


def _pcap(data):
    order, scale = PCAP[data[:4]]
    if len(data) < 24 or struct.unpack_from(order + "H", data, 4)[0] != 2:
        raise Unreadable("no pcap header of version 2")
    linktype = struct.unpack_from(order + "I", data, 20)[0] & 0xffff
    at = 24
    while at + 16 <= len(data):
        seconds, part, caplen, length = struct.unpack_from(order + "4I", data, at)
        at += 16
        if caplen > len(data) - at:
            return
        yield Record(seconds * 10**9 + part * scale, length, data[at:at + caplen], linktype)
        at += caplen


def _blocks(data):
    """(type, byte order, body) of each block that is whole."""
    at, order = 0, None
    while at + 12 <= len(data):
        if data[at:at + 4] == PCAPNG:
            order = BYTE_ORDER.get(struct.unpack_from("<I", data, at + 8)[0])
        if order is None:
            raise Unreadable("no byte order")
        kind, total = struct.unpack_from(order + "II", data, at)
        if total > len(data) - at:
            return
        if total < 12 or total % 4:
            raise Unreadable(f"a block of {total} bytes")
        yield kind, order, data[at + 8:at + total - 4]
        at += total


def _pcapng(data):
    """Nobody needs the times of these files. They are 0."""
    interfaces = []
    for kind, order, body in _blocks(data):
        if kind == 0x0a0d0d0a:
            interfaces = []
        elif kind == 1:
            linktype, snaplen = struct.unpack_from(order + "HxxI", body)
            interfaces.append((linktype, snaplen))
        elif kind in (2, 6):
            which = struct.unpack_from(order + ("H" if kind == 2 else "I"), body)[0]
            caplen, length = struct.unpack_from(order + "II", body, 12)
            yield Record(0, length, body[20:20 + caplen], interfaces[which][0])
        elif kind == 3:
            length = struct.unpack_from(order + "I", body)[0]
            linktype, snaplen = interfaces[0]
            yield Record(0, length, body[4:4 + min(length, snaplen or length)], linktype)


def read(path):
    """The records of a capture file."""
    with open(path, "rb") as f:
        data = f.read()
    try:
        if data[:4] in PCAP:
            return list(_pcap(data))
        if data[:4] == PCAPNG:
            return list(_pcapng(data))
    except (struct.error, IndexError) as err:
        raise Unreadable(f"{path}: {err}") from err
    except Unreadable as err:
        raise Unreadable(f"{path}: {err}") from err
    raise Unreadable(f"{path}: neither pcap nor pcapng")


def ethertype(frame):
    return int.from_bytes(frame[12:14], "big") if len(frame) >= 14 else 0


def _tags(frame):
    tags = 0
    while tags < 2 and int.from_bytes(frame[12 + 4 * tags:14 + 4 * tags], "big") in VLAN_TYPES:
        tags += 1
    return tags


def verdict(record, limit):
    """Why a wire cannot carry this record, or None."""
    frame = record.data[:record.length]
    if record.linktype != ETHERNET:
        return "not_ethernet"
    if len(frame) < record.length:
        return "snapped"
    if not frame:
        return "empty"
    if len(frame) > limit + 4 * _tags(frame):
        return "too_long"
    if ethertype(frame) == MAC_CONTROL:
        return "pause"
    return None


def on_the_wire(records, limit):
    """The frames that a wire carries of these, and a count of each reason."""
    frames, counts = [], collections.Counter()
    for record in records:
        why = verdict(record, limit)
        counts[why or "frames"] += 1
        if why is None:
            frame = record.data[:record.length]
            counts["padded"] += len(frame) < FRAME_MIN
            frames.append(frame.ljust(FRAME_MIN, b"\0"))
    return frames, counts
