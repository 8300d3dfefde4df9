#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Frames from capture files and from the generator."""
import os
import struct
import time
import zlib

from nicsimlib import *

MICRO, NANO = 0xa1b2c3d4, 0xa1b23c4d


def eth(n, fill=0x55, ethertype=0x0800):
    return (b"\2\0\0\0\0\1\2\0\0\0\0\2" + struct.pack(">H", ethertype) + bytes([fill]) * n)[:n]


def pcap(frames, order="<", magic=MICRO, linktype=1, snaplen=65535, version=2):
    data = struct.pack(order + "IHHiIII", magic, version, 4, 0, 0, snaplen, linktype)
    for frame in frames:
        body, length = frame if isinstance(frame, tuple) else (frame, len(frame))
        data += struct.pack(order + "IIII", 1, 2, len(body), length) + body
    return data


def block(kind, body, order="<"):
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def section(order="<"):
    return block(0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1), order)


def interface(order="<", linktype=1, snaplen=0, options=b""):
    return block(1, struct.pack(order + "HHI", linktype, 0, snaplen) + options, order)


def enhanced(frame, order="<", index=0, length=None):
    return block(6, struct.pack(order + "IIIII", index, 0, 0, len(frame),
                                length or len(frame)) + frame, order)


class Fed:
    """A port whose client gets the frames; feed() takes the bytes of a file."""

    def __enter__(self):
        self.sim = Nicsim().__enter__()
        self.client = Client(self.sim)
        self.path = os.path.join(self.sim.dir, "in")
        return self

    def __exit__(self, *exc):
        self.sim.__exit__()

    def ask(self, data, options=""):
        with open(self.path, "wb") as file:
            file.write(data)
        return self.sim.control(f"feed {self.path} {options}".strip())

    def feed(self, data, options=""):
        reply = self.ask(data, options)
        assert reply["ok"], reply
        return reply

    def frames(self):
        self.sim.control.wait_done()
        got = []
        while (frame := self.client.receive_frame()) is not None:
            got.append(frame)
        return got


FRAMES = [eth(60), eth(61, 1), eth(1514, 2), eth(333, 3)]


def pcap_orders():
    """pcap of both byte orders, in micro- and nanoseconds"""
    with Fed() as fed:
        for order in "<>":
            for magic in (MICRO, NANO):
                reply = fed.feed(pcap(FRAMES, order, magic))
                assert reply["frames"] == 4 and reply["padded"] == 0
                assert not any(reply["skipped"].values()) and not reply["truncated_file"]
                assert fed.frames() == FRAMES


def pcapng():
    """pcapng of both byte orders: all packet blocks, several sections and interfaces"""
    with Fed() as fed:
        data = b""
        for order in "<>":
            data += section(order) + interface(order) + interface(order, linktype=113)
            data += block(5, b"statistics..", order)
            data += enhanced(FRAMES[0], order) + enhanced(FRAMES[1], order, index=1)
            data += block(3, struct.pack(order + "I", len(FRAMES[2])) + FRAMES[2], order)
            data += block(2, struct.pack(order + "HHIIII", 0, 0, 0, 0, len(FRAMES[3]),
                                         len(FRAMES[3])) + FRAMES[3], order)
        reply = fed.feed(data)
        assert reply["frames"] == 6 and reply["skipped"]["not_ethernet"] == 2, reply
        want = [FRAMES[0], FRAMES[2], FRAMES[3]]
        assert fed.frames() == want * 2


def fcs():
    """a frame check sequence that the file announces is taken off"""
    with Fed() as fed:
        fed.feed(pcap([eth(64)], linktype=1 | 0x04000000 | 2 << 28))
        assert fed.frames() == [eth(60)]
        fed.feed(section() + interface(options=struct.pack("<HHBxxx", 13, 1, 4)) +
                 enhanced(eth(104)))
        assert fed.frames() == [eth(100)]


def unsuitable():
    """short frames are padded; cut, too long, pause and empty ones skipped; all counted"""
    with Fed() as fed:
        reply = fed.feed(pcap([eth(14), eth(59), b"", (eth(60), 61), eth(1515),
                               eth(1518, ethertype=0x8100), eth(1519, ethertype=0x8100),
                               eth(60, ethertype=0x8808), eth(70)]))
        assert reply["frames"] == 4 and reply["padded"] == 2, reply
        assert reply["skipped"] == {"too_long": 2, "snapped": 1, "pause": 1,
                                    "not_ethernet": 0, "empty": 1}, reply
        assert fed.frames() == [eth(14) + bytes(46), eth(59) + b"\0",
                                eth(1518, ethertype=0x8100), eth(70)]
        reply = fed.feed(section() + interface(snaplen=64) +
                         block(3, struct.pack("<I", 100) + eth(64)))
        assert reply["frames"] == 0 and reply["skipped"]["snapped"] == 1
        assert fed.frames() == []
        reply = fed.feed(pcap([eth(9000), eth(60, ethertype=0x8808)]), "max=9000 keep_pause=1")
        assert reply["frames"] == 2 and len(fed.frames()) == 2


def cut_file():
    """a file that ends within a record is used up to there, and says so"""
    with Fed() as fed:
        whole = pcap(FRAMES[:2])
        for cut in (1, 60, 70, 76):
            reply = fed.feed(whole[:-cut])
            assert reply["truncated_file"] and reply["frames"] == 1, (cut, reply)
            assert fed.frames() == FRAMES[:1]
        data = section() + interface() + enhanced(FRAMES[0])
        reply = fed.feed((data + enhanced(FRAMES[1]))[:-1])
        assert reply["truncated_file"] and fed.frames() == FRAMES[:1]


def bad_files():
    """what is no capture, or a damaged one, is refused with its reason"""
    with Fed() as fed:
        good = section() + interface()
        for data, text in ((b"", "neither"), (b"abc", "neither"), (b"\0" * 100, "neither"),
                           (pcap([])[:20], "header"), (pcap([], linktype=113), "link type 113"),
                           (pcap([], version=3), "version"),
                           (section() + enhanced(eth(60)), "damaged"),
                           (good + enhanced(eth(60), index=1), "damaged"),
                           (good + block(6, b"short"), "damaged"),
                           (good + struct.pack("<II", 6, 0) + bytes(8), "damaged"),
                           (good + block(6, struct.pack("<IIIII", 0, 0, 0, 999, 999)), "damaged"),
                           (block(0x0a0d0d0a, bytes(16)), "damaged")):
            reply = fed.ask(data)
            assert not reply["ok"] and text in reply["error"], (text, reply)
        assert "No such file" in fed.sim.control("feed /nonexistent")["error"]
        assert "not a file" in fed.sim.control("feed /tmp")["error"]
        assert fed.sim.alive()


def loops():
    """a file is sent as often as asked, or until stopped"""
    with Fed() as fed:
        fed.feed(pcap(FRAMES), "loop=3")
        assert fed.frames() == FRAMES * 3
        fed.sim.control.ok("set check 1")
        assert fed.feed(pcap(FRAMES), "loop=0")
        time.sleep(0.1)
        assert "running" in fed.ask(pcap(FRAMES))["error"]
        status = fed.sim.control.ok("stop")
        assert status["state"] == "stopped" and status["sent"] > 100 and status["pending"] is None
        sent = status["sent"]
        time.sleep(0.05)
        assert fed.sim.control.ok("status")["sent"] == sent


def pausing():
    """a source waits for a full receiver, at no CPU; with pause=0 frames are missed"""
    with Fed() as fed:
        fed.feed(pcap([eth(60, i) for i in range(100)]))
        wait_for(lambda: fed.sim.control.ok("status")["waiting"])
        status = fed.sim.control.ok("status")
        assert (status["sent"], status["pending"], status["done"]) == (64, 36, False)
        before = fed.sim.cpu()
        time.sleep(1)
        assert fed.sim.cpu() == before
        got = []
        while len(got) < 100:
            got.append(wait_for(fed.client.receive_frame))
        assert got == [eth(60, i) for i in range(100)]
        fed.feed(pcap(FRAMES), "loop=50 pause=0")
        assert len(fed.frames()) == 64
        assert fed.sim.control.ok("stats")["model"]["missed"] == 136


def at_once():
    """with at_once=1 there is a next frame when the write that took one has been done"""
    with Fed() as fed:
        fed.sim.control.ok("set rx-room 1")
        fed.sim.control.ok("gen count=0 at_once=1")
        wait_for(lambda: fed.sim.control.ok("status")["waiting"])
        for _ in range(2000):
            for _ in range(4):
                fed.client.set_reg(LB_COMMAND, RECEIVE, post=True)
            assert fed.client.reg(LB_RESULT) == 1
        fed.sim.control("stop")
        for options in ("pps=5", "pause=0"):
            assert not fed.sim.control(f"gen count=1 at_once=1 {options}")["ok"]


def bursts():
    """burst=N sends N frames, then nothing for gap_us"""
    with Fed() as fed:
        fed.sim.control.ok("set check 1")
        start = time.monotonic()
        fed.sim.control.ok("gen count=100 burst=10 gap_us=20000")
        fed.sim.control.wait_done()
        assert 0.18 <= time.monotonic() - start < 2
        fed.sim.control.ok("gen count=100 burst=10 gap_us=10000000")
        time.sleep(0.1)
        assert fed.sim.control.ok("status")["sent"] == 10


def rate():
    """pps= spaces the frames, and does not pause unless asked"""
    with Fed() as fed:
        fed.sim.control.ok("set check 1")
        for pps, count in ((200, 40), (100000, 20000)):
            start = time.monotonic()
            fed.sim.control.ok(f"gen count={count} pps={pps}")
            fed.sim.control.wait_done()
            took = time.monotonic() - start
            assert count / pps * 0.95 <= took < count / pps + 1, (pps, took)
        fed.sim.control.ok("set check 0")
        fed.sim.control.ok("gen count=100 pps=100000")
        fed.sim.control.wait_done()
        assert fed.sim.control.ok("stats")["model"]["missed"] == 36


def without_link():
    """nothing is sent into a pulled cable; the source goes on when it is plugged"""
    with Fed() as fed:
        fed.sim.control.ok("link down")
        fed.feed(pcap(FRAMES))
        time.sleep(0.05)
        assert fed.sim.control.ok("status")["sent"] == 0
        fed.sim.control.ok("link up")
        assert fed.frames() == FRAMES


def csum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def generated():
    """generated frames are as gen.h says: headers, checksums, CRC, sequence, filler, flow"""
    with Fed() as fed:
        fed.sim.control.ok("gen count=60 start=1000 flows=7 min=60 max=1514 seed=9 "
                           "dst=02:11:22:33:44:55 src=02:66:77:88:99:aa")
        frames = fed.frames()
        assert len(frames) == 60
        for seq, frame in enumerate(frames, 1000):
            assert frame[:14] == bytes.fromhex("021122334455" "02667788 99aa" "0800")
            ihl, _, total, _, _, ttl, proto, _, src, dst = struct.unpack(
                ">BBHHHBBHII", frame[14:34])
            assert (ihl, ttl, proto) == (0x45, 64, 17) and total == len(frame) - 14
            assert csum(frame[14:34]) == 0xffff
            sport, dport, ulen, ucsum = struct.unpack(">HHHH", frame[34:42])
            assert ulen == len(frame) - 34 and dport == 9 and ucsum
            assert csum(frame[26:34] + struct.pack(">HH", 17, ulen) + frame[34:]) == 0xffff
            assert (src, dst, sport) == (0xc6120001 + seq % 7, 0xc6130001, 10000 + seq % 7)
            crc, number, magic = struct.unpack(">IQI", frame[42:58])
            assert crc == zlib.crc32(frame[46:]) and number == seq and magic == 0x6e67656e
            assert frame[58:] == bytes((seq * 31 + i + (i >> 8)) & 0xff
                                       for i in range(len(frame) - 58))
        assert len({len(f) for f in frames}) > 30


def deterministic():
    """the same parameters make the same frames, another seed others; seed 0 takes turns"""
    with Fed() as fed:
        def gen(options):
            fed.sim.control.ok("gen count=50 " + options)
            return fed.frames()
        assert gen("seed=5 flows=3") == gen("seed=5 flows=3")
        assert gen("seed=5 flows=3") != gen("seed=6 flows=3")
        assert gen("seed=5 start=20")[:30] == gen("seed=5")[20:]
        assert [len(f) for f in gen("seed=0 min=60 max=69")] == list(range(60, 70)) * 5
        assert {len(f) for f in gen("min=16384 max=16384")} == {16384}


def many():
    """a million frames, checked by gen.h in the receiver, are all good and in order"""
    with Fed() as fed:
        fed.sim.control.ok("set check 1")
        fed.sim.control.ok("gen count=1000000 flows=60000")
        status = fed.sim.control.wait_done(60)
        assert status["sent"] == 1000000 and status["pending"] == 0
        model = fed.sim.control.ok("stats")["model"]
        assert (model["good"], model["bad"], model["out_of_order"]) == (1000000, 0, 0)


def detected():
    """gen.h notices a frame with one bit changed, a wrong length, a foreign frame"""
    with Fed() as fed:
        fed.sim.control.ok("gen count=1 start=77 min=200 max=200")
        frame, = fed.frames()
        fed.sim.control.ok("set check 1")
        damaged = [bytes(b ^ (i == at) for i, b in enumerate(frame)) for at in (42, 53, 58, 199)]
        damaged += [frame[:-1], frame + b"\0", eth(200)]
        fed.feed(pcap([frame] + damaged))
        fed.sim.control.wait_done()
        model = fed.sim.control.ok("stats")["model"]
        assert (model["good"], model["bad"]) == (1, len(damaged))


run([pcap_orders, pcapng, fcs, unsuitable, cut_file, bad_files, loops, pausing, at_once,
     bursts, rate,
     without_link, generated, deterministic, many, detected])
