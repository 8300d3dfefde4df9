# SPDX-License-Identifier: GPL-2.0
"""What captured frames are: their flows, without padding, and the TCP streams in them."""

import collections

from capfile import ethertype
from guest import want
from send import ETH_ARP, ETH_IP, ETH_IPV6, TCP, UDP

ETHERNET, ARP_LEN = 14, 28
FIN, SYN = 1, 2
ICMPV6, NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT = 58, 135, 136

Packet = collections.namedtuple("Packet", "flow protocol header data")


def _be16(data, at):
    return int.from_bytes(data[at:at + 2], "big")


def _ip(frame):
    """Protocol, addresses, where its payload begins, and where it ends. No frame here has
    IP options or extension headers that matter.
    """
    if ethertype(frame) == ETH_IP:
        begin = ETHERNET + (frame[14] & 15) * 4
        return frame[23], frame[26:34], begin, ETHERNET + _be16(frame, 16)
    if ethertype(frame) == ETH_IPV6:
        return frame[20], frame[22:54], 54, 54 + _be16(frame, 18)
    return None


def unpadded(frame):
    """Without what was added to reach the shortest length."""
    if (found := _ip(frame)):
        return frame[:found[3]]
    return frame[:ETHERNET + ARP_LEN] if ethertype(frame) == ETH_ARP else frame


def packet(frame):
    """A frame as a packet of some flow: all frames of a flow come by one queue."""
    found = _ip(frame)
    if not found:
        return Packet((ethertype(frame),), None, b"", frame[ETHERNET:])
    protocol, addresses, begin, end = found
    ports = frame[begin:begin + 4] if protocol in (TCP, UDP) else b""
    header = (frame[begin + 12] >> 4) * 4 if protocol == TCP else 8
    return Packet((protocol, addresses, ports), protocol, frame[begin:begin + header],
                  frame[begin + header:end])


def by_flow(frames):
    """The frames of each flow in their order, without padding."""
    flows = collections.defaultdict(list)
    for frame in frames:
        flows[packet(frame).flow].append(unpadded(frame))
    return dict(flows)


def _join(flow, parts, first):
    """The bytes of a stream from its segments. A byte that is missing fails."""
    stream = bytearray()
    for at, data in sorted(((seq - first) & 0xffffffff, data) for seq, data in parts):
        want(at <= len(stream), f"{flow}: bytes {len(stream)} to {at} are missing")
        stream += data[len(stream) - at:]
    return bytes(stream)


def tcp(frames):
    """The bytes of each TCP stream that begins among these frames, by its flow."""
    parts, first = collections.defaultdict(list), {}
    for one in map(packet, frames):
        if one.protocol != TCP:
            continue
        seq, flags = int.from_bytes(one.header[4:8], "big"), one.header[13]
        if flags & SYN:
            first[one.flow] = (seq + 1) & 0xffffffff
        elif one.data:
            parts[one.flow].append((seq, one.data))
    return {flow: _join(flow, parts[flow], first[flow]) for flow in first}


def neighbour_messages(frames):
    """How many solicitations and advertisements of IPv6's neighbour discovery there are."""
    kinds = collections.Counter(one.header[0] for one in map(packet, frames)
                                if one.protocol == ICMPV6 and one.header)
    return kinds[NEIGHBOUR_SOLICITATION], kinds[NEIGHBOUR_ADVERTISEMENT]
