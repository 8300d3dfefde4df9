#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The cable between two ports: frames, link, back-pressure, loss of the peer."""
import os
import random
import socket
import tempfile
import time

from nicsimlib import *


class Pair:
    """Two ports wired back to back, each with a client."""

    def __init__(self):
        self.tmp = tempfile.TemporaryDirectory(prefix="nicsim-wire-")
        self.path = os.path.join(self.tmp.name, "wire")

    def __enter__(self):
        self.a = Nicsim("--wire-listen", self.path)
        self.b = Nicsim("--wire-connect", self.path)
        wait_for(lambda: link(self.a) and link(self.b))
        self.ca, self.cb = Client(self.a), Client(self.b)
        return self

    def __exit__(self, *exc):
        self.a.__exit__()
        self.b.__exit__()
        self.tmp.cleanup()


def link(sim):
    return sim.control.ok("status")["link"]


def wire(sim):
    return sim.control.ok("stats")["wire"]


def model(sim):
    return sim.control.ok("stats")["model"]


def frames():
    """frames arrive whole and in order, both ways, of every size"""
    rng = random.Random(3)
    with Pair() as p:
        for src, dst in ((p.ca, p.cb), (p.cb, p.ca)):
            sent = [rng.randbytes(n) for n in (60, 61, 64, 1514, 1518, 9000, 16384)]
            for frame in sent:
                assert src.send_frame(frame)
            for frame in sent:
                assert wait_for(dst.receive_frame) == frame
            assert dst.receive_frame() is None
        assert wire(p.a)["tx_frames"] == wire(p.a)["rx_frames"] == 7


def order():
    """frames with a checksum cross the end of the ring undamaged, none is lost"""
    with Pair() as p:
        p.b.control.ok("set check 1")
        for size in (60, 1001, 16384, 1002):  # the sizes decide where the ring ends
            p.a.control.ok(f"gen count=1 min={size} max={size}")
            p.a.control.wait_done()
            p.ca.set_reg(LB_COMMAND, RECEIVE)
            assert p.ca.reg(LB_LEN) == size
            p.ca.set_reg(LB_BURST, 3000)
            wait_for(lambda: p.ca.reg(LB_BURST) == 0)
        wait_for(lambda: model(p.b)["taken"] == 12000)
        assert (model(p.b)["good"], model(p.b)["bad"]) == (12000, 0)
        assert wire(p.b)["rx_bytes"] == 3000 * (60 + 1001 + 16384 + 1002)


def back_pressure():
    """a peer that makes the wire wait stops the sender, which loses nothing"""
    with Pair() as p:
        p.b.control.ok("set wire-pause 1")
        p.ca.set_reg(LB_LEN, 1500)
        p.ca.set_reg(LB_BURST, 2000)
        wait_for(lambda: model(p.b)["taken"] == 64)
        left = p.ca.reg(LB_BURST)
        assert 1000 < left < 1950, left
        idle = p.a.cpu() + p.b.cpu()
        time.sleep(1)
        assert p.a.cpu() + p.b.cpu() == idle, "waiting costs CPU"
        got = 0
        while got < 2000:
            p.cb.set_reg(LB_COMMAND, RECEIVE)
            got += p.cb.reg(LB_RESULT)
        assert p.ca.reg(LB_BURST) == 0 and model(p.b)["taken"] == 2000
        assert wire(p.a)["tx_overrun"] == 0 and model(p.b)["missed"] == 0


def no_pause():
    """without wire-pause a receiver that is full misses frames, and they are counted"""
    with Pair() as p:
        p.ca.set_reg(LB_LEN, 1500)
        p.ca.set_reg(LB_BURST, 2000)
        wait_for(lambda: wire(p.b)["rx_frames"] == 2000)
        stats = model(p.b)
        assert (stats["taken"], stats["missed"]) == (64, 1936), stats
        assert p.ca.reg(LB_BURST) == 0


def pause_off():
    """turning wire-pause off lets what waits through"""
    with Pair() as p:
        p.b.control.ok("set wire-pause 1")
        p.ca.set_reg(LB_LEN, 60)
        p.ca.set_reg(LB_BURST, 100)
        wait_for(lambda: model(p.b)["taken"] == 64)
        p.b.control.ok("set wire-pause 0")
        wait_for(lambda: model(p.b)["missed"] == 36)


def link_down():
    """pulling the cable at either end takes the link from both; plugging it brings it back"""
    with Pair() as p:
        for sim in (p.a, p.b):
            assert sim.control.ok("link down")["link"] is False
            wait_for(lambda: not link(p.a) and not link(p.b))
            assert not p.ca.reg(LB_STATE) & 2 and not p.cb.reg(LB_STATE) & 2
            p.ca.set_reg(LB_LEN, 60)
            p.ca.set_reg(LB_BURST, 5)
            assert p.ca.reg(LB_BURST) == 0
            assert sim.control.ok("link up")["ok"]
            wait_for(lambda: link(p.a) and link(p.b))
            assert p.ca.reg(LB_STATE) & 2 and p.cb.reg(LB_STATE) & 2
        assert wire(p.a)["tx_no_link"] == 10 and wire(p.b)["rx_frames"] == 0


def pulled_while_full():
    """a sender that waits for room goes on when the cable is pulled"""
    with Pair() as p:
        p.b.control.ok("set wire-pause 1")
        p.ca.set_reg(LB_LEN, 1500)
        p.ca.set_reg(LB_BURST, 2000)
        wait_for(lambda: 0 < p.ca.reg(LB_BURST) < 2000)
        p.a.control.ok("link down")
        wait_for(lambda: p.ca.reg(LB_BURST) == 0)
        assert wire(p.a)["tx_no_link"] > 0


def peer_dies():
    """a killed peer takes the link down; a new one at the same place brings it up"""
    with Pair() as p:
        p.ca.set_reg(LB_LEN, 1500)
        p.b.control.ok("set wire-pause 1")
        p.ca.set_reg(LB_BURST, 2000)
        p.b.proc.kill()
        wait_for(lambda: not link(p.a))
        wait_for(lambda: p.ca.reg(LB_BURST) == 0)
        p.b.__exit__()
        p.b = Nicsim("--wire-connect", p.path)
        wait_for(lambda: link(p.a) and link(p.b))
        client = Client(p.b)
        assert p.ca.send_frame(b"x" * 60)
        assert wait_for(client.receive_frame) == b"x" * 60
        # and the other way round: the listener's socket file is left over
        p.a.proc.kill()
        wait_for(lambda: not link(p.b))
        p.a.__exit__()
        p.a = Nicsim("--wire-listen", p.path)
        wait_for(lambda: link(p.a) and link(p.b))
        assert client.send_frame(b"y" * 60)


def order_of_start():
    """the port that connects may be started first"""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "wire")
        with Nicsim("--wire-connect", path) as b:
            assert not link(b)
            with Nicsim("--wire-listen", path) as a:
                wait_for(lambda: link(a) and link(b))
                with Nicsim("--wire-connect", path) as c:
                    time.sleep(0.2)
                    assert not link(c), "a cable has two ends"


def damaged_ring():
    """impossible indices in the shared ring end the connection, not the process"""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "wire")
        with Nicsim("--wire-listen", path) as sim:
            for offset, val in ((0, 0), (4096, 1 << 40), (4096, 7), (4096, 4096)):
                peer = socket.socket(socket.AF_UNIX)
                peer.connect(path)
                hello, fds, _, _ = socket.recv_fds(peer, 64, 4)
                assert hello[:8] == b"nicsim-1" and len(fds) == 1
                shared = mmap.mmap(fds[0], 0)
                os.close(fds[0])
                shared[8192 + 4:8192 + 8] = struct.pack("<I", 1)
                peer.send(b"k")
                wait_for(lambda: link(sim))
                if offset:
                    shared[offset:offset + 8] = struct.pack("<Q", val)
                    peer.send(b"k")
                else:
                    peer.close()
                wait_for(lambda: not link(sim))
                peer.close()


def stranger():
    """something else at the other end of the socket is told apart, and asked again later"""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "wire")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen()
            with Nicsim("--wire-connect", path) as sim:
                conn, _ = server.accept()
                conn.send(b"HTTP/1.1 400 Bad Request\r\n")
                wait_for(lambda: "not the other end" in open(sim.log).read())
                conn.close()
                assert not link(sim) and sim.alive()


def no_cable():
    """a port without a cable has a link, and what it sends goes nowhere"""
    with Nicsim() as sim:
        client = Client(sim)
        assert link(sim) and client.reg(LB_STATE) & 2
        assert client.send_frame(b"z" * 60)
        assert wire(sim)["tx_nowhere"] == 1
        assert not sim.control.ok("link down")["link"]
        assert not client.reg(LB_STATE) & 2


def idle():
    """two wired ports use no CPU while nothing happens"""
    with Pair() as p:
        p.ca.send_frame(b"w" * 60)
        time.sleep(0.2)
        before = p.a.cpu() + p.b.cpu()
        time.sleep(2)
        assert p.a.cpu() + p.b.cpu() == before


run([frames, order, back_pressure, no_pause, pause_off, link_down, pulled_while_full, peer_dies,
     order_of_start, damaged_ring, stranger, no_cable, idle])
