# SPDX-License-Identifier: GPL-2.0
"""Send frames: make them, and give them to a NIC model or to an interface."""

import random
import socket
import struct

MAC_A, MAC_B = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
IP_A, IP_B = "198.18.0.1", "198.18.0.2"
IP6_A, IP6_B = "fd00::1", "fd00::2"
ETH_IP, ETH_ARP, ETH_VLAN, ETH_IPV6 = 0x0800, 0x0806, 0x8100, 0x86dd
ICMP, TCP, UDP = 1, 6, 17
PORT = 9                # that of the generator's frames, too
SHORTEST = 60


def checksum(data):
    """The Internet checksum."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def tag(vlan, ethertype=ETH_VLAN):
    return struct.pack("!HH", ethertype, vlan)


def ethernet(ethertype, to=MAC_B, source=MAC_A, tags=b""):
    return to + source + tags + struct.pack("!H", ethertype)


def ipv4(protocol, length, to=IP_B, source=IP_A, fragment=0, options=b"", ident=7):
    """The header before so many bytes."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + length,
                       ident, fragment, 64, protocol, 0, socket.inet_aton(source),
                       socket.inet_aton(to)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


def ipv6(protocol, length, to=IP6_B, source=IP6_A):
    return struct.pack("!IHBB16s16s", 6 << 28, length, protocol, 64,
                       socket.inet_pton(socket.AF_INET6, source),
                       socket.inet_pton(socket.AF_INET6, to))


def udp(length, port=PORT):
    return struct.pack("!HHHH", 1024, port, 8 + length, 0)


def tcp(port=PORT, flags=0x10, options=b""):
    return struct.pack("!HHIIBBHHH", 1024, port, 1, 1, (20 + len(options)) // 4 << 4, flags,
                       1000, 0, 0) + options


def echo_request(ident, seq, payload):
    head = struct.pack("!BBHHH", 8, 0, 0, ident, seq)
    return struct.pack("!BBHHH", 8, 0, checksum(head + payload), ident, seq) + payload


def noise(length, seed):
    """Bytes that look like no other seed's."""
    return random.Random(seed).randbytes(length)


def numbered(number=0, size=100, port=7, vlan=None, to=MAC_B):
    """A UDP frame of size bytes. No two numbers make the same frame."""
    head = ethernet(ETH_IP, to, tags=b"" if vlan is None else tag(vlan))
    rest = size - len(head) - 28
    payload = struct.pack("!I", number) + bytes((number + i) & 0xff for i in range(rest - 4))
    return head + ipv4(UDP, 8 + rest, ident=number & 0xffff) + udp(rest, port) + payload


def write_file(path, frames):
    """A capture file of these frames, padded as a NIC would."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, frame in enumerate(frames):
            frame = frame.ljust(SHORTEST, b"\0")
            file.write(struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame)


def feed(nic, path, frames=None, arguments=""):
    """A NIC model sends a capture file, which is first made of these frames."""
    if frames is not None:
        write_file(path, frames)
    reply = nic(f"feed {path} {arguments}".rstrip())
    nic.finish()
    return reply


def generate(nic, arguments, seconds=60):
    """A NIC model sends frames of its generator: count= and more."""
    nic(f"gen {arguments}")
    nic.finish(seconds)


class Sender:
    """Frames out of an interface."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind((name, 0))

    def __call__(self, *frames):
        for frame in frames:
            self.socket.send(frame)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
