# SPDX-License-Identifier: GPL-2.0
"""Interfaces and frames for the tests."""

import ctypes
import os
import socket
import struct
import subprocess
import time

ETH_P_ALL = 3
CLONE_NEWNET = 0x40000000
MAC_A, MAC_B = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")


def sh(*command):
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"{' '.join(command)}: {run.stdout.strip()}")
    return run.stdout


def own_namespace():
    """Only our own frames are in it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    quiet()
    sh("ip", "link", "set", "lo", "up")


def quiet():
    """No router solicitations and the like."""
    for conf in ("all", "default"):
        path = f"/proc/sys/net/ipv6/conf/{conf}/disable_ipv6"
        if os.path.exists(path):
            with open(path, "w", encoding="ascii") as f:
                f.write("1")


def veth(one="v0", two="v1"):
    sh("ip", "link", "add", one, "type", "veth", "peer", "name", two)
    for name in one, two:
        sh("ip", "link", "set", name, "arp", "off", "up")
    wait_up(one)
    wait_up(two)


def wait_up(name, seconds=20):
    end = time.monotonic() + seconds
    while "LOWER_UP" not in sh("ip", "-o", "link", "show", name):
        if time.monotonic() > end:
            raise RuntimeError(f"{name} has no carrier")
        time.sleep(0.05)


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


def udp(number=0, size=100, port=7, vlan=None, to=MAC_B):
    """An Ethernet frame of size bytes, no two numbers alike."""
    tag = struct.pack("!HH", 0x8100, vlan) if vlan is not None else b""
    link = to + MAC_A + tag + struct.pack("!H", 0x0800)
    rest = size - len(link)
    payload = struct.pack("!I", number) + bytes((number + i) & 0xff for i in range(rest - 32))
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, rest, number & 0xffff, 0, 64, 17, 0,
                     bytes((198, 18, 0, 1)), bytes((198, 18, 0, 2)))
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xffff) + (total >> 16)
    total = ~(total + (total >> 16)) & 0xffff
    ip = ip[:10] + struct.pack("!H", total) + ip[12:]
    return link + ip + struct.pack("!HHHH", 1024, port, rest - 20, 0) + payload


def read_pcap(path):
    """The frames of a capture file, with their times in nanoseconds."""
    with open(path, "rb") as f:
        data = f.read()
    magic = struct.unpack_from("<I", data)[0]
    scale = {0xa1b2c3d4: 1000, 0xa1b23c4d: 1}[magic]
    frames, at = [], 24
    while at < len(data):
        sec, frac, caplen, length = struct.unpack_from("<IIII", data, at)
        at += 16
        frames.append((sec * 10**9 + frac * scale, length, data[at:at + caplen]))
        at += caplen
    return frames
