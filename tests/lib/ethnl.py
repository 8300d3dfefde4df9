# SPDX-License-Identifier: GPL-2.0
"""Generic netlink, for what no program of Debian 12 can ask for: tcp-data-split."""

import contextlib
import os
import socket
import struct

NETLINK_GENERIC = 16
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2
ETHTOOL_MSG_RINGS_GET, ETHTOOL_MSG_RINGS_SET = 15, 16
ETHTOOL_A_HEADER_DEV_NAME = 2
ETHTOOL_A_RINGS_HEADER, ETHTOOL_A_RINGS_TCP_DATA_SPLIT = 1, 11
NLM_F_REQUEST_ACK = 5
NLMSG_ERROR = 2
NLA_F_NESTED = 0x8000
DISABLED, ENABLED = 1, 2


def attr(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def attrs(data):
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3fff] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


def request(sock, family, command, body):
    """The attributes of the answer, none when there is only its end."""
    head = struct.pack("=IHHII", 20 + len(body), family, NLM_F_REQUEST_ACK, 1, 0)
    sock.send(head + struct.pack("=BBH", command, 1, 0) + body)
    answer = {}
    while True:
        data = sock.recv(65536)
        while data:
            length, kind = struct.unpack_from("=IH", data)
            if kind == NLMSG_ERROR:
                error = struct.unpack_from("=i", data, 16)[0]
                if error:
                    raise OSError(-error, os.strerror(-error))
                return answer
            answer = attrs(data[20:length])
            data = data[(length + 3) & ~3:]


@contextlib.contextmanager
def family(name):
    """What asks the family of a name; what it was asked for may end with the socket."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as sock:
        found = request(sock, GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
                        attr(CTRL_ATTR_FAMILY_NAME, name.encode() + b"\0"))
        number = struct.unpack("=H", found[CTRL_ATTR_FAMILY_ID])[0]
        yield lambda command, body: request(sock, number, command, body)


def rings(dev, command, more=b""):
    header = attr(ETHTOOL_A_RINGS_HEADER | NLA_F_NESTED,
                  attr(ETHTOOL_A_HEADER_DEV_NAME, dev.encode() + b"\0"))
    with family("ethtool") as ask:
        return ask(command, header + more)


def set_data_split(dev, on):
    rings(dev, ETHTOOL_MSG_RINGS_SET,
          attr(ETHTOOL_A_RINGS_TCP_DATA_SPLIT, bytes([ENABLED if on else DISABLED])))


def data_split(dev):
    answer = rings(dev, ETHTOOL_MSG_RINGS_GET)
    return answer.get(ETHTOOL_A_RINGS_TCP_DATA_SPLIT) == bytes([ENABLED])
