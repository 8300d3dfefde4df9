# SPDX-License-Identifier: GPL-2.0
"""What ethtool asks a driver for most often here, without a process each time."""

import ctypes
import fcntl
import socket
import struct

SIOCETHTOOL = 0x8946
GSTRINGS, GSTATS, SRXCLSRLDEL, SRXCLSRLINS, GSSET_INFO = 0x1b, 0x1d, 0x31, 0x32, 0x37
SS_STATS, STRING_LEN = 1, 32
FLOW_TYPES = {"tcp4": 1, "udp4": 2}
# Where struct ethtool_tcpip4_spec has the ports.
PORTS = {"src-port": 8, "dst-port": 10}
RULE = struct.Struct("=I52s20x52s20x4xQI4x")    # struct ethtool_rx_flow_spec
DROP = -1


def _ask(iface, command, body):
    """Give the driver a struct. What it has made of that."""
    data = bytearray(struct.pack("=I", command) + body)
    memory = (ctypes.c_char * len(data)).from_buffer(data)
    request = struct.pack("16sP16x", iface.encode(), ctypes.addressof(memory))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, request)
    return data


def statistics(iface):
    """The driver's statistics by name."""
    answer = _ask(iface, GSSET_INFO, struct.pack("=IQI", 0, 1 << SS_STATS, 0))
    count = struct.unpack_from("=I", answer, 16)[0]
    names = _ask(iface, GSTRINGS, struct.pack("=II", SS_STATS, count) + bytes(STRING_LEN * count))
    values = _ask(iface, GSTATS, struct.pack("=I", count) + bytes(8 * count))
    names = [names[at:at + STRING_LEN].split(b"\0")[0].decode()
             for at in range(12, len(names), STRING_LEN)]
    return dict(zip(names, struct.unpack_from(f"={count}Q", values, 8)))


def _rxnfc(iface, command, spec):
    """With a struct ethtool_rxnfc."""
    _ask(iface, command, struct.pack("=IQ168s8x", 0, 0, spec))


def add_rule(iface, flow, queue, location):
    """Frames of a flow, such as "udp4 dst-port 9", come to this queue, or to DROP."""
    kind, field, port = flow.split()
    before = bytes(PORTS[field])
    _rxnfc(iface, SRXCLSRLINS, RULE.pack(FLOW_TYPES[kind], before + struct.pack("!H", int(port)),
                                         before + b"\xff\xff", queue & (1 << 64) - 1, location))


def remove_rule(iface, location):
    _rxnfc(iface, SRXCLSRLDEL, RULE.pack(0, b"", b"", 0, location))
