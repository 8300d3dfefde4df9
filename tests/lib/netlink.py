# SPDX-License-Identifier: GPL-2.0
"""Netlink, for what no program of Debian 12 can ask for, and for what would take a process
each time.
"""

import contextlib
import os
import socket
import struct

NETLINK_ROUTE, NETLINK_GENERIC = 0, 16
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, IFLA_IFNAME = 16, 17, 18, 3
IFLA_LINKINFO, IFLA_NUM_RX_QUEUES, IFLA_INFO_KIND, IFLA_INFO_DATA = 18, 32, 1, 2
IFF_RUNNING, IFF_LOWER_UP = 1 << 6, 1 << 16
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2
ETHTOOL_MSG_RINGS_GET, ETHTOOL_MSG_RINGS_SET = 15, 16
ETHTOOL_A_HEADER_DEV_NAME = 2
ETHTOOL_A_RINGS_HEADER, ETHTOOL_A_RINGS_TCP_DATA_SPLIT = 1, 11
NLM_F_REQUEST, NLM_F_REQUEST_ACK, NLM_F_CREATE_EXCL, NLM_F_DUMP = 1, 5, 0x600, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
NETDEV_CMD_PAGE_POOL_GET, NETDEV_A_PAGE_POOL_IFINDEX = 5, 2
NETDEV_A_PAGE_POOL_NAPI_ID, NETDEV_A_PAGE_POOL_DETACH_TIME = 3, 6
NETDEV_CMD_QSTATS_GET, NETDEV_QSTATS_SCOPE_QUEUE = 12, 1
NETDEV_A_QSTATS_IFINDEX, NETDEV_A_QSTATS_QUEUE_ID = 1, 3
NETDEV_A_QSTATS_SCOPE, NETDEV_A_QSTATS_RX_PACKETS = 4, 8
NLA_F_NESTED = 0x8000
DISABLED, ENABLED = 1, 2


def attr(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def attrs(data):
    """The attributes in some bytes, by their kind."""
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3fff] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


def request(sock, family, command, body):
    """The attributes of the answer. An answer that is only an acknowledgement has none."""
    return exchange(sock, family, NLM_F_REQUEST_ACK, struct.pack("=BBH", command, 1, 0) + body)


def exchange(sock, kind, flags, payload):
    """As request(), for any family of netlink. Attributes begin 4 bytes into the answer."""
    sock.send(struct.pack("=IHHII", 16 + len(payload), kind, flags, 1, 0) + payload)
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
def generic(name):
    """A socket of generic netlink, and the number of the family of this name."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as sock:
        found = request(sock, GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
                        attr(CTRL_ATTR_FAMILY_NAME, name.encode() + b"\0"))
        number = struct.unpack("=H", found[CTRL_ATTR_FAMILY_ID])[0]
        yield sock, number


@contextlib.contextmanager
def family(name):
    """A function that asks the family of this name. What it asked for may end with the
    socket, which is here open meanwhile.
    """
    with generic(name) as (sock, number):
        yield lambda command, body: request(sock, number, command, body)


def dump(sock, kind, command, body=b""):
    """The attributes of all answers to a generic family's dump."""
    sock.send(struct.pack("=IHHIIBBH", 20 + len(body), kind, NLM_F_REQUEST | NLM_F_DUMP, 1, 0,
                          command, 1, 0) + body)
    while True:
        data = sock.recv(65536)
        while data:
            length, kind = struct.unpack_from("=IH", data)
            if kind in (NLMSG_DONE, NLMSG_ERROR):
                return
            yield attrs(data[20:length])
            data = data[(length + 3) & ~3:]


def page_pools(dev):
    """The NAPI instance, or 0, of each page pool that the device's rings use."""
    index, found = socket.if_nametoindex(dev), []
    with generic("netdev") as (sock, number):
        for pool in dump(sock, number, NETDEV_CMD_PAGE_POOL_GET):
            if int.from_bytes(pool[NETDEV_A_PAGE_POOL_IFINDEX], "little") == index and \
                    NETDEV_A_PAGE_POOL_DETACH_TIME not in pool:
                found.append(int.from_bytes(pool.get(NETDEV_A_PAGE_POOL_NAPI_ID, b""), "little"))
    return found


def queue_packets(dev):
    """How many frames came to each receive queue, of a driver that tells it here alone."""
    body = attr(NETDEV_A_QSTATS_IFINDEX, struct.pack("=I", socket.if_nametoindex(dev))) + \
        attr(NETDEV_A_QSTATS_SCOPE, struct.pack("=I", NETDEV_QSTATS_SCOPE_QUEUE))
    found = {}
    with generic("netdev") as (sock, number):
        for one in dump(sock, number, NETDEV_CMD_QSTATS_GET, body):
            if NETDEV_A_QSTATS_RX_PACKETS in one:
                queue = int.from_bytes(one[NETDEV_A_QSTATS_QUEUE_ID], "little")
                found[queue] = int.from_bytes(one[NETDEV_A_QSTATS_RX_PACKETS], "little")
    return [found[queue] for queue in sorted(found)]


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


@contextlib.contextmanager
def link(name, kind, rx_queues, data):
    """A device of that kind, with the attributes that are its own."""
    info = attr(IFLA_INFO_KIND, kind.encode() + b"\0") + attr(IFLA_INFO_DATA | NLA_F_NESTED, data)
    which = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, 0, 0, 0) + \
        attr(IFLA_IFNAME, name.encode() + b"\0")
    with route_socket() as sock:
        exchange(sock, RTM_NEWLINK, NLM_F_REQUEST_ACK | NLM_F_CREATE_EXCL,
                 which + attr(IFLA_NUM_RX_QUEUES, struct.pack("=I", rx_queues)) +
                 attr(IFLA_LINKINFO | NLA_F_NESTED, info))
        try:
            yield
        finally:
            exchange(sock, RTM_DELLINK, NLM_F_REQUEST_ACK, which)


def route_socket():
    """A socket for link_flags(). It asks in the network namespace that it was made in."""
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)


def link_flags(sock, iface):
    """The IFF_ flags of an interface, 0 if there is none. They are read under RTNL: what
    changed them is complete.
    """
    name = attr(IFLA_IFNAME, iface.encode() + b"\0")
    sock.send(struct.pack("=IHHII", 32 + len(name), RTM_GETLINK, NLM_F_REQUEST, 0, 0) +
              bytes(16) + name)
    answer = sock.recv(65536)
    if struct.unpack_from("=H", answer, 4)[0] == NLMSG_ERROR:
        return 0
    return struct.unpack_from("=I", answer, 24)[0]
