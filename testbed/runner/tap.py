# SPDX-License-Identifier: GPL-2.0
"""Tap devices, for a NIC of QEMU's that has several queues, or that tells something of each
frame: with one queue there is a header for it. They are in a user namespace, so nobody has to
be root for it: a child process makes them there, hands over their descriptors, and ends. The
namespaces live as long as the descriptors.

For each port these are a descriptor for each queue, which QEMU has, and a packet socket at
the kernel's side of the device, which the cable has.
"""

import array
import errno
import fcntl
import os
import socket
import struct
import subprocess
import sys

TUN = "/dev/net/tun"
TUNSETIFF, SIOCGIFFLAGS, SIOCSIFFLAGS = 0x400454ca, 0x8913, 0x8914
IFF_UP, IFF_TAP, IFF_MULTI_QUEUE, IFF_NO_PI, IFF_VNET_HDR = 0x1, 0x2, 0x100, 0x1000, 0x4000
SOL_PACKET, PACKET_QDISC_BYPASS, PACKET_IGNORE_OUTGOING, ETH_P_ALL = 263, 20, 23, 3
NO_IPV6 = "/proc/sys/net/ipv6/conf/default/disable_ipv6"


class TapError(Exception):
    """There are none to be had here."""


def _queue(name, kind):
    fd = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name, IFF_TAP | IFF_NO_PI | kind))
    return fd


def _bring_up(sock, name):
    flags, = struct.unpack_from("=H", fcntl.ioctl(sock, SIOCGIFFLAGS,
                                                  struct.pack("16s24x", name)), 16)
    fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH22x", name, flags | IFF_UP))


def _port(number, queues):
    """What goes out is in a queue at once, or the sender learns that the queue is full."""
    name = b"tap%d" % number
    kind = IFF_MULTI_QUEUE if queues > 1 else IFF_VNET_HDR
    fds = [_queue(name, kind) for _ in range(queues)]
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    _bring_up(end, name)
    end.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
    end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    end.bind((name.decode(), ETH_P_ALL))
    return [*fds, end.detach()]


def _quiet():
    """The host's own stack says nothing on these devices."""
    try:
        with open(NO_IPV6, "w", encoding="ascii") as file:
            file.write("1")
    except FileNotFoundError:
        pass


def ports(count, queues):
    """For each port the descriptors of its queues, and the one of its other end."""
    mine, its = socket.socketpair()
    with mine:
        child = subprocess.Popen(["unshare", "--user", "--map-root-user", "--net", sys.executable,
                                  os.path.abspath(__file__), str(count), str(queues),
                                  str(its.fileno())],
                                 pass_fds=[its.fileno()], stderr=subprocess.PIPE, text=True)
        its.close()
        some = count * (queues + 1)
        room = socket.CMSG_LEN(some * array.array("i").itemsize)
        _, messages, _, _ = mine.recvmsg(1, room, socket.MSG_CMSG_CLOEXEC)
        said = child.communicate()[1].strip()
    if not messages:
        raise TapError(said.splitlines()[-1] if said else "unshare failed")
    fds = list(array.array("i", messages[0][2]))
    return [(fds[at:at + queues], fds[at + queues])
            for at in range(0, some, queues + 1)]


def main():
    if len(sys.argv) == 1:      # can there be any?
        try:
            ports(1, 2)
        except (TapError, OSError) as err:
            sys.exit(f"no tap devices in a user namespace: {err}")
        return
    count, queues, to = map(int, sys.argv[1:])
    try:
        _quiet()
        fds = [fd for number in range(count) for fd in _port(number, queues)]
    except OSError as err:
        sys.exit(f"{err.filename or TUN}: {errno.errorcode.get(err.errno)}")
    with socket.socket(fileno=to) as sock:
        socket.send_fds(sock, [b"."], fds)


if __name__ == "__main__":
    main()
