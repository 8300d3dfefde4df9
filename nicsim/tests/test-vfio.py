#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The vfio-user server: messages, config space, BARs, DMA, interrupts."""
import errno
import os
import random
import select
import socket
import struct
import tempfile
import time

from nicsimlib import *


def version():
    """the version reply names what the server takes, and needs the right major"""
    with Nicsim() as sim:
        client = Client(sim)
        assert client.version[:4] == b"\0\0\0\0" and client.version[-1] == 0
        caps = json.loads(client.version[4:-1])["capabilities"]
        assert caps["max_msg_fds"] == 16 and caps["write_multiple"] is True
        assert caps["max_data_xfer_size"] == 1 << 20
        assert refused(errno.EPROTO, client.request, VERSION, b"\0\0\0\0")
        client.close()
        client = Client(sim, negotiate=False)
        assert refused(errno.EPROTO, client.request, GET_INFO, bytes(16))
        assert refused(errno.EPROTONOSUPPORT, client.request, VERSION, b"\1\0\0\0")
        assert refused(errno.EINVAL, client.request, VERSION, b"\0\0\0\0{}")
        # without the client's offer, no write_multiple; no data at all is fine
        assert b"write_multiple" not in client.request(VERSION, b"\0\0\0\0")


def device_info():
    """device, region and interrupt info as a PCI device has them"""
    with Nicsim() as sim:
        client = Client(sim)
        info = struct.unpack("<IIII", client.request(GET_INFO, struct.pack("<IIII", 16, 0, 0, 0)))
        assert info == (16, 3, 9, 5)
        sizes = []
        for index in range(9):
            req = struct.pack("<IIIIQQ", 32, 0, index, 0, 0, 0)
            argsz, flags, idx, cap, size, _ = struct.unpack(
                "<IIIIQQ", client.request(GET_REGION_INFO, req))
            assert (argsz, idx, cap) == (32, index, 0) and flags == (3 if size else 0)
            sizes.append(size)
        assert sizes == [4096, 0, 0, 0, 16384, 0, 0, 4096, 0], sizes
        counts = [struct.unpack("<IIII", client.request(
            GET_IRQ_INFO, struct.pack("<IIII", 16, 0, i, 0))) for i in range(5)]
        assert [c[3] for c in counts] == [0, 0, 20, 0, 0]
        for command, size in ((GET_REGION_INFO, 32), (GET_IRQ_INFO, 16)):
            body = struct.pack("<III", size, 0, 9).ljust(size, b"\0")
            assert refused(errno.EINVAL, client.request, command, body)


def config_space():
    """identity, capabilities at their offsets, read-only and writable bits"""
    with Nicsim() as sim:
        client = Client(sim)
        cfg = client.read(CONFIG, 0, 4096)
        assert len(cfg) == 4096
        assert struct.unpack("<HH", cfg[:4]) == (0x1234, 0x6c6f)
        assert cfg[9:12] == b"\0\0\2" and cfg[0x3d] == 0
        caps, at = [], cfg[0x34]
        while at:
            caps.append((at, cfg[at]))
            at = cfg[at + 1]
        assert caps == [(0x40, 1), (0x70, 0x11), (0xa0, 0x10)], caps
        assert struct.unpack("<HII", cfg[0x72:0x7c]) == (19, 4, 0x2004)
        client.set_cfg(0, 4, 0xffffffff)
        client.set_cfg(0x72, 2, 0xffff)
        assert client.cfg(0, 4) == 0x6c6f1234
        assert client.cfg(0x72, 2) == 0xc013
        assert refused(errno.EINVAL, client.read, CONFIG, 4095, 2)
        assert refused(errno.EINVAL, client.read, CONFIG, 1 << 63, 4)


def bar_sizing():
    """a BAR written with ones reads back its size"""
    with Nicsim() as sim:
        client = Client(sim)
        for at, want in ((0x10, 0xfffff004), (0x14, 0xffffffff), (0x18, 0),
                         (0x20, 0xffffc004), (0x24, 0xffffffff), (0x30, 0)):
            client.set_cfg(at, 4, 0xffffffff)
            assert client.cfg(at, 4) == want, hex(at)
        client.set_cfg(0x10, 4, 0xfeb01000)
        assert client.cfg(0x10, 4) == 0xfeb01004


def bar_access():
    """registers by reads and by plain, posted and collected writes"""
    with Nicsim() as sim:
        client = Client(sim)
        assert client.reg(LB_ID) == 0x6b63616270306f6c
        assert client.read(0, 4, 4) == struct.pack("<I", 0x6b636162)
        assert client.read(0, 1, 1) == b"o"
        client.set_reg(LB_SCRATCH, 0x1122334455667788)
        assert client.reg(LB_SCRATCH) == 0x1122334455667788
        for i in range(1000):
            client.set_reg(LB_SCRATCH, i, post=True)
        assert client.reg(LB_SCRATCH) == 999
        wrs = b"".join(struct.pack("<QIIQ", LB_SCRATCH, 0, 8, v) for v in (5, 6, 7))
        client.send(WRITE_MULTI, struct.pack("<Q", 3) + wrs, flags=NO_REPLY)
        assert client.reg(LB_SCRATCH) == 7


def bar_refusals():
    """an access that is unaligned, of an odd size, outside, or lies of its length"""
    with Nicsim() as sim:
        client = Client(sim)
        for region, off, size in ((0, 1, 4), (0, 0, 3), (0, 0, 16), (0, 4096, 4), (0, 4092, 8),
                                  (1, 0, 4), (6, 0, 4), (8, 0, 1), (99, 0, 4), (0, 0, 0),
                                  (0, (1 << 64) - 4, 4), (0, 0, 1 << 31)):
            assert refused(errno.EINVAL, client.read, region, off, size), (region, off, size)
        head = struct.pack("<QII", LB_SCRATCH, 0, 8)
        assert refused(errno.EINVAL, client.request, REGION_WRITE, head + bytes(4))
        assert refused(errno.EINVAL, client.request, REGION_WRITE, head + bytes(12))
        one = struct.pack("<QIIQ", LB_SCRATCH, 0, 9, 1)
        assert refused(errno.EINVAL, client.request, WRITE_MULTI, struct.pack("<Q", 1) + one)
        assert refused(errno.EINVAL, client.request, WRITE_MULTI, struct.pack("<Q", 2) + one)
        assert refused(errno.EINVAL, client.request, WRITE_MULTI,
                       struct.pack("<Q", (1 << 64) - 1) + one)
        assert client.reg(LB_SCRATCH) == 0


def large_config():
    """a message far larger than a socket buffer's piece is put together"""
    with Nicsim() as sim:
        client = Client(sim)
        body = struct.pack("<QII", 0, CONFIG, 1 << 20) + bytes(1 << 20)
        assert refused(errno.EINVAL, client.request, REGION_WRITE, body)
        for byte in struct.pack("<HHIII", client.id + 1, REGION_READ, 32, 0, 0):
            client.sock.send(bytes([byte]))
            time.sleep(0.001)
        client.id += 1
        client.sock.send(struct.pack("<QII", LB_ID, 0, 8))
        assert client.reply(REGION_READ)[16:] == struct.pack("<Q", 0x6b63616270306f6c)


def msix_table():
    """the MSI-X table is masked after reset and keeps what is written"""
    with Nicsim() as sim:
        client = Client(sim)
        assert client.read(4, 12, 4) == b"\1\0\0\0"
        client.write(4, 16, struct.pack("<Q", 0xfee00000))
        client.write(4, 28, bytes(4))
        assert client.read(4, 16, 8) == struct.pack("<Q", 0xfee00000)
        assert client.read(4, 28, 4) == bytes(4)
        client.write(4, 0x2000, b"\xff" * 8)
        assert client.read(4, 0x2000, 8) == bytes(8)
        client.request(RESET)
        assert client.read(4, 28, 4) == b"\1\0\0\0"


def dma():
    """DMA reads and writes the memory that the client mapped, across mappings"""
    with Nicsim() as sim:
        client = Client(sim)
        client.bus_master()
        low, high = client.map(0x10000, 0x4000), client.map(0x14000, 0x1000)
        data = random.Random(1).randbytes(600)
        low[0x3f00:0x4000] = data[:0x100]
        high[:len(data) - 0x100] = data[0x100:]
        client.set_reg(LB_LEN, len(data))
        client.set_reg(LB_ADDR, 0x13f00)
        client.set_reg(LB_COMMAND, FETCH)
        assert client.reg(LB_RESULT) == 1
        client.set_reg(LB_ADDR, 0x10008)
        client.set_reg(LB_COMMAND, STORE)
        assert client.reg(LB_RESULT) == 1
        assert low[8:8 + len(data)] == data
        assert not sim.control.ok("strict")["strict"]


def dma_offset():
    """a mapping starts at its offset in the file, above 4 GiB of address space too"""
    with Nicsim() as sim:
        client = Client(sim)
        client.bus_master()
        mem = client.map(1 << 40, 0x2000, offset=0x5000)
        client.set_reg(LB_LEN, 16)
        client.set_reg(LB_ADDR, (1 << 40) + 0x1000)
        mem[0x1000:0x1010] = b"0123456789abcdef"
        client.set_reg(LB_COMMAND, FETCH)
        client.set_reg(LB_ADDR, 1 << 40)
        client.set_reg(LB_COMMAND, STORE)
        assert mem[:16] == b"0123456789abcdef"


def dma_log():
    """the log has each write that the guest's memory got, across mappings, and no other"""
    with tempfile.NamedTemporaryFile() as log, Nicsim("--dma-log", log.name) as sim:
        client = Client(sim)
        client.bus_master()
        client.map(0x10000, 0x4000), client.map(0x14000, 0x1000)
        client.set_reg(LB_LEN, 1000)
        for addr in (0x13f00, 0x14100, 0x20000):
            client.set_reg(LB_ADDR, addr)
            client.set_reg(LB_COMMAND, STORE)
        client.set_reg(LB_COMMAND, FETCH)
        with open(log.name, "rb") as f:
            assert struct.unpack("<7Q", f.read(56)) == (2, 0x13f00, 1000, 0x14100, 1000, 0, 0)


def dma_strict():
    """DMA outside, past the end, to read-only memory or without bus mastering is recorded"""
    with Nicsim() as sim:
        client = Client(sim)
        client.map(0x10000, 0x1000)
        client.map(0x20000, 0x1000, flags=1)
        client.set_reg(LB_LEN, 64)

        def tried(addr, command):
            client.set_reg(LB_ADDR, addr)
            client.set_reg(LB_COMMAND, command)
            assert client.reg(LB_RESULT) == 0
            reply = sim.control.ok("strict")
            sim.control.ok("strict-clear")
            assert len(reply["strict"]) == 1 and reply["strict"][0]["count"] == 1, reply
            return reply["strict"][0]["text"]

        assert "bus mastering off" in tried(0x10000, FETCH)
        client.bus_master()
        for addr, command in ((0x30000, FETCH), (0x10fe0, FETCH), (0xfff0, STORE),
                              (0x20000, STORE), ((1 << 64) - 32, FETCH)):
            assert "outside guest memory" in tried(addr, command), hex(addr)
        client.unmap(0x10000, 0x1000)
        assert "outside guest memory" in tried(0x10000, FETCH)
        client.map(0x10000, 0x1000)
        client.map(0x12000, 0x1000)
        client.unmap(0, 0x100000)
        assert "outside guest memory" in tried(0x12000, FETCH)


def dma_refusals():
    """overlapping, empty, wrapping, unaligned or too long mappings are refused"""
    with Nicsim() as sim:
        client = Client(sim)
        client.map(0x10000, 0x2000)
        for iova, size, want in ((0x11000, 0x1000, errno.EEXIST), (0xf000, 0x2000, errno.EEXIST),
                                 (0xf000, 0x9000, errno.EEXIST), (0x30000, 0, errno.EINVAL),
                                 ((1 << 64) - 0x1000, 0x2000, errno.EINVAL),
                                 (0x30800, 0x1000, errno.EINVAL), (0x30000, 0x800, errno.EINVAL)):
            assert refused(want, client.map, iova, size), (iova, size)
        fd = os.memfd_create("short")
        os.ftruncate(fd, 0x1000)
        body = struct.pack("<IIQQQ", 32, 3, 0, 0x40000, 0x2000)
        assert refused(errno.EINVAL, client.request, DMA_MAP, body, [fd])
        body = struct.pack("<IIQQQ", 32, 0x40, 0, 0x40000, 0x1000)
        assert refused(errno.EINVAL, client.request, DMA_MAP, body, [fd])
        body = struct.pack("<IIQQQ", 32, 3, 0, 0x40000, 0x1000)
        assert refused(errno.EINVAL, client.request, DMA_MAP, body, [fd, fd])
        os.close(fd)
        client.request(DMA_MAP, body)  # memory that is not shared may be announced
        for iova, size in ((0x10000, 0x1000), (0x11000, 0x1000), (0x11000, 0x8000)):
            assert refused(errno.ENOENT, client.unmap, iova, size), (iova, size)
        assert len(client.unmap(0x50000, 0x1000)) == 24     # nothing there
        assert refused(errno.EINVAL, client.unmap, 0x10000, 0)
        assert len(client.unmap(0x10000, 0x2000)) == 24
        assert refused(errno.EINVAL, client.unmap, 0x1000, 0, flags=2)
        client.unmap(0, 0, flags=2)
        client.map(0x10000, 0x2000)


def no_leaks():
    """descriptors of refused and of served messages are closed"""
    with Nicsim() as sim:
        client = Client(sim)
        count = lambda: len(os.listdir(f"/proc/{sim.proc.pid}/fd"))
        client.reg(LB_ID)
        before = count()
        fds = [os.eventfd(0) for _ in range(16)]
        for _ in range(10):
            assert refused(errno.EINVAL, client.request, GET_INFO, bytes(16), fds)
            assert refused(errno.EINVAL, client.set_irqs, EVENTFD_TRIGGER, 10, 16, fds)
            client.map(0x10000, 0x1000).close()
            client.unmap(0x10000, 0x1000)
            client.set_irqs(EVENTFD_TRIGGER, 0, 16, fds)
        assert count() == before + 16
        client.set_irqs(NONE_TRIGGER, 0, 0)
        assert count() == before
        many = fds + [os.eventfd(0) for _ in range(40)]
        assert refused(errno.EINVAL, client.set_irqs, EVENTFD_TRIGGER, 0, 20, many[:20])
        assert refused(errno.EINVAL, client.request, RESET, b"", many)
        assert count() == before
        for fd in many:
            os.close(fd)


def interrupts():
    """vectors signal their own eventfd, given in several messages, until taken away"""
    with Nicsim() as sim:
        client = Client(sim)
        fds = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(20)]
        client.set_irqs(EVENTFD_TRIGGER, 0, 16, fds[:16])
        client.set_irqs(EVENTFD_TRIGGER, 16, 4, fds[16:])
        fired = lambda: [i for i in range(20) if select.select([fds[i]], [], [], 0)[0]
                         and os.eventfd_read(fds[i])]
        for vector in (0, 7, 19):
            client.set_reg(LB_IRQ, vector)
            assert fired() == [vector]
        client.set_irqs(EVENTFD_TRIGGER, 7, 2)  # no descriptors: these two lose theirs
        client.set_reg(LB_IRQ, 7)
        client.set_irqs(NONE_TRIGGER, 6, 4)
        assert fired() == [6, 9]
        client.set_irqs(BOOL_TRIGGER, 9, 3, data=b"\1\0\1")
        assert fired() == [9, 11]
        client.set_irqs(NONE_TRIGGER, 0, 0)
        client.set_reg(LB_IRQ, 3)
        assert fired() == []
        for flags, start, count, sent, index in (
                (EVENTFD_TRIGGER, 19, 2, 2, 2), (EVENTFD_TRIGGER, 0, 2, 1, 2),
                (EVENTFD_TRIGGER, 0, 0, 0, 2), (EVENTFD_TRIGGER, 0, 1, 1, 0),
                (EVENTFD_TRIGGER, 0xffffffff, 2, 2, 2), (1 | 1 << 3, 0, 1, 0, 2),
                (EVENTFD_TRIGGER | 1, 0, 1, 1, 2), (NONE_TRIGGER, 0, 0, 0, 5)):
            assert refused(errno.EINVAL, client.set_irqs, flags, start, count, fds[:sent],
                           index=index), (flags, start, count, index)
        assert refused(errno.EINVAL, client.set_irqs, BOOL_TRIGGER, 0, 4, data=b"\1")
        client.set_reg(LB_IRQ, 20)
        assert "vector 20" in sim.control.ok("strict")["strict"][0]["text"]


def timer():
    """a timer of the model fires once, not before its time"""
    with Nicsim() as sim:
        client = Client(sim)
        fd = os.eventfd(0)
        client.set_irqs(EVENTFD_TRIGGER, 0, 1, [fd])
        client.set_reg(LB_TIMER, 30_000_000)
        start = time.monotonic()
        client.set_reg(LB_TIMER, 50_000_000)
        assert select.select([fd], [], [], 5)[0] and time.monotonic() - start >= 0.05
        assert os.eventfd_read(fd) == 1
        assert not select.select([fd], [], [], 0.1)[0]


def resets():
    """RESET, a function level reset and leaving D3hot reset the device, once each"""
    with Nicsim() as sim:
        client = Client(sim)

        def reset_by(fn):
            client.bus_master()
            client.set_reg(LB_SCRATCH, 1)
            before = client.reg(LB_STATE)
            assert before & 1
            fn()
            after = client.reg(LB_STATE)
            assert after >> 8 == (before >> 8) + 1 and not after & 1
            assert client.reg(LB_SCRATCH) == 0 and client.cfg(4, 2) == 0

        def sleep_and_wake():
            client.set_cfg(0x44, 2, 3)
            assert client.cfg(0x44, 2) == 3
            client.set_cfg(0x44, 2, 0)

        before = sim.control.ok("stats")["pci"]["resets"]
        reset_by(lambda: client.request(RESET))
        reset_by(lambda: client.set_cfg(0xa8, 2, 0xa810))
        assert client.cfg(0xa8, 2) & 0x8000 == 0
        reset_by(sleep_and_wake)
        assert sim.control.ok("stats")["pci"]["resets"] == before + 3


def no_pcie():
    """without its PCI Express capability nothing resets the device there, not even later"""
    with Nicsim("--set", "pcie-cap=0") as sim:
        client = Client(sim)
        for _ in range(2):
            before = sim.control.ok("stats")["pci"]["resets"]
            assert client.cfg(0xa0, 1) == 0 and client.cfg(0x71, 1) == 0xa0
            client.set_cfg(0xa8, 2, 0xa810)
            assert sim.control.ok("stats")["pci"]["resets"] == before
            client.request(RESET)
        sim.control.ok("set pcie-cap 1")
        assert client.cfg(0xa0, 1) == 0x10


def asleep():
    """in D3hot there is configuration space, but no BAR and no bus mastering"""
    with Nicsim() as sim:
        client = Client(sim)
        client.bus_master()
        assert client.reg(LB_STATE) & 1
        client.set_cfg(0x44, 2, 3)
        assert client.cfg(4, 2) & 4
        assert client.reg(LB_SCRATCH) == (1 << 64) - 1
        client.set_reg(LB_SCRATCH, 7)
        texts = [r["text"] for r in sim.control.ok("strict")["strict"]]
        assert len(texts) == 2 and all("in D3hot" in t for t in texts), texts
        sim.control.ok("strict-clear")
        client.set_cfg(0x44, 2, 0)
        assert client.reg(LB_SCRATCH) == 0


def malformed():
    """wrong lengths, commands and message types get an error, and the next request works"""
    with Nicsim() as sim:
        client = Client(sim)
        bodies = {DMA_MAP: 32, DMA_UNMAP: 24, GET_INFO: 16, GET_REGION_INFO: 32,
                  GET_IRQ_INFO: 16, SET_IRQS: 20, REGION_READ: 16, REGION_WRITE: 16,
                  WRITE_MULTI: 8}
        for command, size in bodies.items():
            assert refused(errno.EINVAL, client.request, command, bytes(size - 1)), command
        for command in (DMA_MAP, DMA_UNMAP, GET_INFO, RESET, REGION_READ):
            assert refused(errno.EINVAL, client.request, command, bytes(bodies.get(command, 0) + 4))
        for command in (0, 6, 11, 12, 14, 16, 0xffff):
            assert refused(errno.EOPNOTSUPP, client.request, command)
        client.send(RESET, flags=REPLY)
        assert refused(errno.EINVAL, client.reply, RESET)
        client.send(GET_INFO, bytes(3), flags=NO_REPLY)  # refused, and silent
        assert client.reg(LB_ID)


def bad_sizes():
    """a header that cannot be right ends the connection, not the server"""
    with Nicsim() as sim:
        for size in (0, 15, (1 << 20) + 33, 0xffffffff):
            client = Client(sim)
            client.send(GET_INFO, bytes(16), size=size)
            assert refused(errno.EMSGSIZE, client.reply, GET_INFO)
            try:
                client.recv_exactly(1)
                raise AssertionError("still connected")
            except (EOFError, ConnectionResetError):
                pass
            client.close()
        assert Client(sim).reg(LB_ID)


def fuzz():
    """random messages, some cut off, leave the server working"""
    rng = random.Random(42)
    with Nicsim() as sim:
        for _ in range(60):
            client = Client(sim)
            for _ in range(40):
                body = rng.randbytes(rng.choice((0, 4, 8, 16, 20, 24, 32, 48, 300)))
                if rng.random() < 0.5:
                    body = bytes(b & rng.choice((0, 1, 7)) for b in body)
                client.send(rng.randrange(0, 18), body, flags=NO_REPLY,
                            fds=[0] * rng.choice((0, 0, 0, 1, 3)))
            client.sock.send(rng.randbytes(rng.randrange(0, 15)))
            client.close()
        assert Client(sim).reg(LB_ID) and sim.alive()


def reconnect():
    """a client that goes leaves a reset device without its memory and interrupts"""
    with Nicsim() as sim:
        first = Client(sim)
        first.mem_area()
        fd = os.eventfd(0)
        first.set_irqs(EVENTFD_TRIGGER, 0, 1, [fd])
        first.set_reg(LB_SCRATCH, 77)
        second = socket.socket(socket.AF_UNIX)
        second.connect(sim.sock)  # waits its turn
        first.close()
        second.close()
        client = Client(sim)
        assert client.reg(LB_SCRATCH) == 0 and client.reg(LB_STATE) & 1 == 0
        client.set_reg(LB_IRQ, 0)
        assert not select.select([fd], [], [], 0.05)[0]
        client.bus_master()
        client.set_reg(LB_LEN, 4)
        client.set_reg(LB_ADDR, 0x100000)
        client.set_reg(LB_COMMAND, FETCH)
        assert client.reg(LB_RESULT) == 0


def slow_reader():
    """a client that does not read its replies is not read from, and loses none"""
    with Nicsim() as sim:
        client = Client(sim)
        n = 3000
        want = client.read(CONFIG, 0, 4096)
        client.sock.setblocking(False)
        sent = got = 0
        poll = select.poll()
        poll.register(client.sock, select.POLLOUT)
        msg = struct.pack("<QII", 0, CONFIG, 4096)
        while sent < n and poll.poll(300):
            client.send(REGION_READ, msg)
            sent += 1
        assert sent < n, "the socket took everything"
        client.sock.settimeout(20)
        for got in range(sent):
            head = client.recv_exactly(16)
            assert struct.unpack("<HHII", head[:12])[1:] == (REGION_READ, 4128, 1)
            assert client.recv_exactly(4112)[16:] == want
        assert got == sent - 1
        assert client.reg(LB_ID)


def idle():
    """no CPU is used while nothing happens, with a client connected"""
    with Nicsim() as sim:
        client = Client(sim)
        client.mem_area()
        client.reg(LB_ID)
        before = sim.cpu()
        time.sleep(2)
        assert sim.cpu() == before


run([version, device_info, config_space, bar_sizing, bar_access, bar_refusals, large_config,
     msix_table, dma, dma_offset, dma_log, dma_strict, dma_refusals, no_leaks, interrupts, timer, resets,
     no_pcie, asleep, malformed, bad_sizes, fuzz, reconnect, slow_reader, idle])
