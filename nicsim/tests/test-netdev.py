#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The port without a NIC, whose client is a network backend of QEMU."""
import os
import socket
import struct
import tempfile
import time

from nicsimlib import *


class Backend:
    """QEMU's side of the socket."""

    def __init__(self, sim):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(sim.sock)
        wait_for(lambda: sim.control.ok("status")["client"])

    def send(self, *frames):
        self.sock.sendall(b"".join(struct.pack("!I", len(f)) + f for f in frames))

    def exactly(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            assert part, "closed"
            data += part
        return data

    def receive(self):
        return self.exactly(struct.unpack("!I", self.exactly(4))[0])

    def is_closed(self):
        return self.sock.recv(1) == b""

    def close(self):
        self.sock.close()


class Pair:
    """Two ports that are wired to each other, each with a backend."""

    def __init__(self):
        self.tmp = tempfile.TemporaryDirectory(prefix="nicsim-netdev-")

    def __enter__(self):
        path = os.path.join(self.tmp.name, "wire")
        self.a = Nicsim("--wire-listen", path, model="netdev")
        self.b = Nicsim("--wire-connect", path, model="netdev")
        wait_for(lambda: self.b.control.ok("status")["link"])
        self.qa, self.qb = Backend(self.a), Backend(self.b)
        return self

    def __exit__(self, *exc):
        for end in (self.qa, self.qb, self.a, self.b):
            end.close() if isinstance(end, Backend) else end.__exit__()
        self.tmp.cleanup()


def model(sim):
    return sim.control.ok("stats")["model"]


def fill(sim):
    """Send until QEMU, which does not read, lets the generator wait. How many were taken."""
    sim.control.ok("gen count=5000 min=1514 max=1514")
    wait_for(lambda: sim.control.ok("status")["waiting"])
    return model(sim)["taken"]


def both_ways():
    """frames cross the cable whole and in order, both ways, and short ones are padded"""
    with Pair() as p:
        for one, other in ((p.qa, p.qb), (p.qb, p.qa)):
            sent = [bytes([n]) * n for n in (42, 59, 60, 61, 255)]
            sent += [os.urandom(n) for n in (1514, 9000, 16384)]
            one.send(*sent)
            for frame in sent:
                assert other.receive() == frame.ljust(60, b"\0")
        assert (model(p.a)["taken"], model(p.a)["sent"], model(p.a)["rx_missed"]) == (8, 8, 0)


def in_pieces():
    """a frame that comes byte by byte is one frame"""
    with Pair() as p:
        for byte in struct.pack("!I", 60) + b"p" * 60:
            p.qa.sock.sendall(bytes([byte]))
        assert p.qb.receive() == b"p" * 60


def generator():
    """the generator's frames go to QEMU, and nowhere else"""
    with Pair() as p:
        p.a.control.ok("gen count=300 min=60 max=1514")
        assert len({p.qa.receive() for _ in range(300)}) == 300
        assert p.a.control.wait_done()["sent"] == 300
        assert model(p.b)["taken"] == 0


def waits():
    """while QEMU does not read, a source that may wait waits, without CPU, and loses nothing"""
    with Pair() as p:
        taken = fill(p.a)
        assert 50 < taken < 2000, taken
        before = p.a.cpu()
        time.sleep(1)
        assert p.a.cpu() == before, "waiting costs CPU"
        for _ in range(5000):
            assert len(p.qa.receive()) == 1514
        assert p.a.control.wait_done()["sent"] == 5000
        assert model(p.a)["rx_missed"] == 0


def missed():
    """a source that may not wait loses frames, and each is counted"""
    with Pair() as p:
        taken = fill(p.a)
        p.a.control.ok("stop")
        p.a.control.ok("gen count=700 pause=0")
        p.a.control.wait_done()
        assert model(p.a)["rx_missed"] == 700
        for _ in range(taken):
            assert len(p.qa.receive()) == 1514
        p.a.control.ok("gen count=1 min=99 max=99")
        assert len(p.qa.receive()) == 99


def peer_waits():
    """a QEMU that does not read makes the other one wait, by pause frames"""
    with Pair() as p:
        p.b.control.ok("set wire-pause 1")
        p.qa.sock.settimeout(0.5)
        sent = 0
        try:
            while True:
                p.qa.send(bytes([sent % 256]) * 1514)
                sent += 1
        except TimeoutError:
            pass
        assert 500 < sent < 5000, sent
        for n in range(sent):
            assert p.qb.receive() == bytes([n % 256]) * 1514
        assert model(p.b)["rx_missed"] == 0


def no_client():
    """without a client frames are missed, and one that goes in the middle takes its own along"""
    with Pair() as p:
        fill(p.a)
        p.qa.close()
        wait_for(lambda: p.a.control.ok("status")["done"])
        assert model(p.a)["taken"] + model(p.a)["rx_missed"] == 5000
        assert not p.a.control.ok("status")["client"]
        p.qa = Backend(p.a)
        p.qb.send(b"q" * 60)
        assert p.qa.receive() == b"q" * 60


def garbage():
    """what is no frame is recorded, and ends the connection"""
    for length in (0, 16385, 0xffffffff):
        with Pair() as p:
            p.qa.sock.sendall(struct.pack("!I", length) + b"x" * 100)
            assert p.qa.is_closed()
            assert len(p.a.control.ok("strict")["strict"]) == 1
            assert p.a.alive()


def link_down():
    """without the cable nothing gets through, and nothing waits"""
    with Pair() as p:
        p.b.control.ok("link down")
        wait_for(lambda: not p.a.control.ok("status")["link"])
        p.qa.send(*[b"l" * 1514] * 3000)
        wait_for(lambda: p.a.control.ok("stats")["wire"]["tx_no_link"] == 3000)
        p.b.control.ok("link up")
        wait_for(lambda: p.a.control.ok("status")["link"])
        p.qa.send(b"m" * 60)
        assert p.qb.receive() == b"m" * 60


def messages():
    """with a descriptor in place of a socket's path each frame is a message"""
    mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    mine.settimeout(20)
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "wire")
        with Nicsim("--socket", f"fd:{its.fileno()}", "--wire-listen", path, model="netdev",
                    fds=[its.fileno()]) as a, \
             Nicsim("--wire-connect", path, model="netdev") as b:
            wait_for(lambda: b.control.ok("status")["link"])
            its.close()
            other = Backend(b)
            for size in (42, 60, 1514):
                mine.send(b"m" * size)
                assert other.receive() == (b"m" * size).ljust(60, b"\0")
                other.send(b"n" * size)
                assert mine.recv(2000) == (b"n" * size).ljust(60, b"\0")
            a.control.ok("gen count=2000 min=60 max=1514")
            wait_for(lambda: a.control.ok("status")["waiting"])
            assert len({mine.recv(2000) for _ in range(2000)}) == 2000
            assert model(a)["rx_missed"] == 0
            a.control.ok("gen count=2000 pause=0")
            a.control.wait_done()
            stats = model(a)
            assert stats["taken"] + stats["rx_missed"] == 3 + 2000 + 2000 and stats["rx_missed"]
            other.close()
    mine.close()


run([both_ways, in_pieces, generator, waits, missed, peer_waits, no_client, garbage, link_down,
     messages])
