# SPDX-License-Identifier: GPL-2.0
"""Payload in dma-bufs of an exporter that belongs to the tests: memory that the kernel
cannot read, an exporter that refuses or moves, and each order of letting go.
"""

import contextlib
import errno
import os
import signal
import socket
import struct
import time

import compare
import exporter
import link
import packet4
import steer
from common import generate, setup_near
from drivers import DRIVER
from exporter import (DYNAMIC, HOLD_RTNL, MOVE_SECONDS, NO_ATTACH, NO_MAP, NO_PIN, SCATTERED,
                      SLOW_PIN, STUCK_PIN, UNREADABLE, Exported, wait_all_freed)
from guest import IOMMU, sh, until, want
from split import (MIB, QUEUE, SLOT_LEN, SOURCE, all_to_queue, back_to_stack, check_split,
                   errno_of, expected, feed, frames, ours, passed, start, udp_frame)
from splitring import EXTERNAL, Buffer, Ringed, SplitRing

PAGE = 4096
ENTRIES = 256
OTHER = 1               # another queue


@contextlib.contextmanager
def exported(kind=0, size=MIB, last=True):
    """A buffer. At the end nobody uses it, and if it is the last one, none is left."""
    memory = Exported(size, kind)
    try:
        yield memory
        memory.wait_unused()
        memory.forget()
        if last:
            wait_all_freed()
    finally:
        with contextlib.suppress(BufferError):
            memory.forget()


@contextlib.contextmanager
def steered(to=all_to_queue):
    to()
    try:
        yield
    finally:
        back_to_stack()


def want_frames(ring, count=20):
    """So many frames arrive unharmed."""
    sent = [udp_frame(n, 1000) for n in range(count)]
    feed(sent)
    got = ring.frames(count, mine=ours)
    check_split(sent, got, PAGE)
    ring.give()


def secret(sent, frame):
    """The random bytes of a frame that are in its payload slots."""
    length = sum(len(payload) for _, payload in frame.parts)
    return sent.data[max(sent.headers, len(sent.data) - length):]


def want_secret(ring, sent, got):
    """No eight bytes of the payload are in the ring's own memory. The headers are."""
    memory = bytes(ring.map)
    for one, frame in zip(sent, got):
        data = secret(one, frame)
        for at in range(0, len(data) - 7, 8):
            want(data[at:at + 8] not in memory, f"{one.name}: payload in the ring's memory")
        want(all(header in memory for header, _ in frame.parts), f"{one.name}: no header")
    want(sum(len(secret(*pair)) for pair in zip(sent, got)) > len(sent) * 100, "no payload")


def unreadable():
    """The kernel cannot read the payload: an access would fault."""
    sent = frames((46, 400, 1400))
    with exported() as memory:
        want(memory.faults() == 0, "ordinary memory faults")
    with steered(), exported(UNREADABLE) as memory:
        want(memory.faults() == MIB // PAGE, f"{memory.faults()} pages fault")
        with SplitRing(memory, slot_len=SLOT_LEN) as ring:
            ring.paint()
            start(ring)
            want(memory.uses() == (1, 1, 0), f"uses: {memory.uses()}")
            feed(sent)
            got = ring.frames(len(sent), mine=ours, clean=True)
            check_split(sent, got, PAGE)
            want_secret(ring, sent, got)
            ring.give()
            ring.sums()
            want(memory.faults() == MIB // PAGE, f"{memory.faults()} pages fault")


def seen_by(program, memory):
    """The lengths of our frames that a filter lets pass. It drops all others."""
    high, low = struct.unpack("!IH", SOURCE)
    mine = [(0x20, 0, 0, 6), (0x15, 0, len(program) + 2, high),
            (0x28, 0, 0, 10), (0x15, 0, len(program), low)]
    return set(passed([*mine, *program, (0x06, 0, 0, 0)], memory)[0])


def unreadable_filtered():
    """A filter reads up to the end of the header part and beyond, or cuts there."""
    headers = {len(sent.data): expected(sent, PAGE)[1]
               for sent in (udp_frame(1, 800), udp_frame(2, 20))}
    with steered(), exported(UNREADABLE) as memory:
        for size, code, at in ((4, 0x20, 38), (4, 0x20, 39), (2, 0x28, 41), (1, 0x30, 41),
                               (1, 0x30, 42), (4, 0x20, 600), (1, 0x30, 900)):
            got = seen_by([(code, 0, 0, at), (0x06, 0, 0, 65535)], memory)
            right = {length for length, header in headers.items() if at + size <= header}
            want(got == right, f"{size} bytes at {at}: {got}, should be {right}")
        for keep in (1, 500):
            got = seen_by([(0x06, 0, 0, keep)], memory)
            want(got == set(headers), f"{keep} bytes: {got}")


class Claim:
    """What the kernel is told of a dma-buf, true or not."""

    def __init__(self, fd=None, offset=0, length=MIB, flags=EXTERNAL):
        self.fd, self.offset, self.length, self.flags = fd, offset, length, flags

    def arguments(self, _):
        return b"" if self.fd is None else struct.pack("=iQQ", self.fd, self.offset, self.length)

    def view(self, _):
        return memoryview(b"")


def want_refused(name, claim, why, code, good, payload_len=PAGE):
    """A claim is refused by name. Then the ring is filled by copy, and a good buffer is
    taken.
    """
    with SplitRing(claim, slot_len=SLOT_LEN, entries=ENTRIES * PAGE // payload_len,
                   payload_len=payload_len) as ring:
        got = errno_of(lambda: ring.lease("eth0", QUEUE)), ring.why()
        want(got == (code, why), f"{name}: {got}, should be {(code, why)}")
        want(ring.info()["state"] == packet4.COPY, f"{name}: {ring.info()}")
        link.wait_up()
        feed([udp_frame(1, 18)])
        copied = ring.frames(1, mine=ours)
        want([f.why for f in copied] == ["copied"], f"{name}: the stack does not have the queue")
        ring.give()
        if good:
            ring.memory = good
            start(ring)
            ring.release()
        ring.sums()


def exporter_refuses():
    """An exporter refuses, or its memory is in pieces that are too small."""
    table = [("attach", NO_ATTACH), ("attach, dynamic", NO_ATTACH | DYNAMIC), ("map", NO_MAP),
             ("map, dynamic", NO_MAP | DYNAMIC), ("pin", NO_PIN | DYNAMIC)]
    with steered(), exported() as good:
        for name, kind in table:
            with exported(kind, last=False) as bad:
                want_refused(name, Claim(bad.fd), "DMABUF_REFUSED", errno.EIO, good)
        with exported(SCATTERED, last=False) as bad:
            if max(DRIVER.payload_lens) >= 2 * PAGE and not IOMMU:
                want_refused("scattered", Claim(bad.fd), "DMABUF_SCATTERED", errno.EINVAL,
                           None, 2 * PAGE)
            with SplitRing(bad, slot_len=SLOT_LEN) as ring:
                start(ring)
                want_frames(ring)


def claims():
    """A range is not the buffer's, or a file is no buffer."""
    with steered(), exported() as good, open("/dev/null", "rb") as null:
        fd = good.fd
        table = [
            ("odd offset", Claim(fd, 2048, MIB - PAGE), "DMABUF_ALIGN", errno.EINVAL),
            ("beyond the end", Claim(fd, PAGE), "DMABUF_RANGE", errno.ERANGE),
            ("all beyond it", Claim(fd, 2 * MIB), "DMABUF_RANGE", errno.ERANGE),
            ("a sum above 2^64", Claim(fd, 2 ** 64 - PAGE), "DMABUF_RANGE", errno.ERANGE),
            ("one page too few", Claim(fd, 0, MIB - PAGE), "DMABUF_RANGE", errno.ERANGE),
            ("nothing", Claim(fd, 0, 0), "DMABUF_RANGE", errno.ERANGE),
            ("another file", Claim(null.fileno()), "DMABUF_BAD_FD", errno.EBADF),
            ("fd -1", Claim(-1), "DMABUF_BAD_FD", errno.EBADF),
            ("none", Claim(), "DMABUF_MISSING", errno.EINVAL),
            ("one too many", Claim(fd, flags=0), "DMABUF_UNUSED", errno.EINVAL)]
        for name, claim, why, code in table:
            want_refused(name, claim, why, code, good if claim.flags else Ringed())
            good.wait_unused()
        with exported(0, MIB - PAGE, last=False) as small:
            want_refused("a buffer too small", Claim(small.fd), "DMABUF_RANGE", errno.ERANGE, good)


def dynamic():
    """A buffer stays pinned as long as it is leased, also through resets."""
    with steered(), exported(DYNAMIC | UNREADABLE) as memory:
        with SplitRing(memory, slot_len=SLOT_LEN) as ring:
            for _ in range(2):
                want(memory.uses() == (0, 0, 0), f"not leased: {memory.uses()}")
                start(ring)
                uses = memory.uses()
                want(uses[:2] == (1, 1) and uses[2], f"leased: {uses}")
                want_frames(ring)
                sh(DRIVER.reset.format("eth0"))
                until("the lease is back", lambda: ring.info()["state"] == packet4.ACTIVE)
                all_to_queue()
                want(memory.uses() == uses, f"after the reset: {memory.uses()}")
                want_frames(ring)
                ring.release()
            memory.wait_unused()


def moved():
    """The exporter moves a buffer that is leased. The lease is lost, the queue is not."""
    with steered(), exported() as good, exported(DYNAMIC | UNREADABLE, last=False) as memory:
        memory.move()
        for command in ("true", "ip link set eth0 down"):
            with SplitRing(memory, slot_len=SLOT_LEN) as ring, \
                    SplitRing(good, slot_len=SLOT_LEN) as other:
                start(ring)
                want_frames(ring)
                sh(command)
                ring.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                memory.move()
                until("the lease is lost", lambda: ring.info()["state"] == packet4.LOST)
                error = ring.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                want(error == errno.ENETDOWN, f"SO_ERROR is {errno.errorcode.get(error, error)}")
                memory.wait_unused()
                memory.move()
                ring.sums()
                sh("ip link set eth0 up")
                start(other)
                all_to_queue()
                want_frames(other)


def still_moving():
    """The exporter may still write to a buffer that it has pinned. The lease waits."""
    with steered(), exported(UNREADABLE | DYNAMIC | SLOW_PIN) as memory:
        with SplitRing(memory, slot_len=SLOT_LEN) as ring:
            began = time.monotonic()
            start(ring)
            took = time.monotonic() - began
            want(took > MOVE_SECONDS - 0.1, f"the lease did not wait: {took:.1f} s")
            want(memory.uses()[:2] == (1, 1), f"{memory.uses()}")
            want_frames(ring)


@contextlib.contextmanager
def lease_waits(ring, memory, code):
    """Meanwhile a process waits for the exporter. In the end it gets this errno."""
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGUSR1, lambda *_: None)
        os._exit(errno_of(lambda: ring.lease("eth0", QUEUE)) != code)
    ended = None
    try:
        until("the buffer is pinned", lambda: memory.uses()[2], 5)
        yield pid
        ended = until("the wait ends",
                      lambda: (got := os.waitpid(pid, os.WNOHANG))[0] and got, 5)
        want(ended[1] == 0, f"not {errno.errorcode[code]}")
    finally:
        if not ended:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    memory.wait_unused()


def never_done():
    """A signal ends the wait for an exporter. Until then nobody else waits: RTNL is free, the
    capture by copy goes on, and its counters can be read.
    """
    with steered(), exported() as good, \
            exported(UNREADABLE | DYNAMIC | STUCK_PIN, last=False) as memory, \
            SplitRing(memory, slot_len=SLOT_LEN) as ring:
        ring.socket.bind(("eth0", packet4.ETH_P_ALL))
        with lease_waits(ring, memory, errno.EINTR) as pid:
            began = time.monotonic()
            exporter.ioctl(HOLD_RTNL, 0)
            feed([udp_frame(1, 18)])
            copied = ring.frames(1, mine=ours)
            want([f.why for f in copied] == ["copied"], "no frame by copy")
            ring.give()
            ring.sums()
            took = time.monotonic() - began
            want(took < 3, f"RTNL, a frame and the counters took {took:.1f} s")
            os.kill(pid, signal.SIGUSR1)
        want(ring.why() == "INTERRUPTED", ring.why())
        ring.memory = good
        start(ring)
        ring.release()


def device_goes_first():
    """The device goes while a lease waits for an exporter that is never done."""
    with steered(), exported(UNREADABLE | DYNAMIC | STUCK_PIN) as memory, \
            SplitRing(memory, slot_len=SLOT_LEN) as ring:
        sh("ip netns add elsewhere")
        try:
            with lease_waits(ring, memory, errno.ENODEV):
                sh("ip link set eth0 netns elsewhere")
            want(ring.why() == "NOT_BOUND", ring.why())
        finally:
            sh("ip -n elsewhere link set eth0 netns 1 && ip netns del elsewhere")
            setup_near()


def buffer_closed_first():
    """A lease keeps a buffer that its process has closed, until the lease ends."""
    with steered():
        memory = Exported(MIB, UNREADABLE)
        with SplitRing(memory, slot_len=SLOT_LEN) as ring:
            start(ring)
            ring.payload.release()
            memory.forget()
            before = ring.stats()["packets"]
            feed([udp_frame(n, 1000) for n in range(20)])
            until("frames arrive", lambda: ring.stats()["packets"] >= before + 20)
            want(exporter.counts()["buffers"] == 1, f"{exporter.counts()}")
        wait_all_freed()


def socket_closed_first():
    with steered(), exported(UNREADABLE) as memory:
        with SplitRing(memory, slot_len=SLOT_LEN) as ring:
            start(ring)
            want_frames(ring)
        memory.wait_unused()
        want(exporter.counts()["buffers"] == 1, f"{exporter.counts()}")


def hold(pipe):
    """What the process does that will be killed."""
    with contextlib.suppress(BaseException):
        with SplitRing(Exported(MIB, UNREADABLE | DYNAMIC), slot_len=SLOT_LEN) as ring:
            start(ring)
            os.write(pipe, b"leased")
            signal.pause()
    os._exit(1)


def process_killed():
    """A process is killed while frames come."""
    with steered():
        feed([udp_frame(0, 18)])
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            hold(writer)
        os.close(writer)
        try:
            want(os.read(reader, 6) == b"leased", "no lease")
            feed([udp_frame(n, 1000) for n in range(20)])
            want(exporter.counts()["buffers"] == 1, f"{exporter.counts()}")
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(reader)
        wait_all_freed()
        with exported() as memory, SplitRing(memory, slot_len=SLOT_LEN) as ring:
            start(ring)
            want_frames(ring)


def to_both():
    all_to_queue()
    steer.spread_over(QUEUE, OTHER)


def generated(frame):
    """Is it a frame of the generator, by its header part?"""
    return frame.parts[0][0][36:38] == b"\0\x09" and not ours(frame)


def intact(frame):
    return compare.is_whole(frame.data[compare.UDP_PAYLOAD:])


def judged(rings):
    return sum(ring.judged() for ring in rings)


def share(memory, offset):
    """Two queues write to a buffer, one from its start and one from an offset on."""
    second = Buffer(os.dup(memory.fd), memory.size, offset)
    with SplitRing(memory, slot_len=SLOT_LEN) as one, \
            SplitRing(second, slot_len=SLOT_LEN) as two:
        start(one)
        start(two, OTHER)
        until("both are active", lambda: one.info()["state"] == packet4.ACTIVE)
        to_both()
        want(memory.uses()[:2] == (2, 2), f"{memory.uses()}")
        before = judged((one, two))
        generate("count=200 pps=2000 flows=64 min=300 max=1500")
        until("all are here", lambda: judged((one, two)) - before >= 200)
        got = [ring.frames(200, 0.05, generated) for ring in (one, two)]
        want(min(map(len, got)) > 20 and sum(map(len, got)) == 200, f"{[len(g) for g in got]}")
        if offset:
            want(all(map(intact, got[0] + got[1])), "a frame was written over")
        two.release()
        want(memory.uses()[:2] == (1, 1), f"{memory.uses()}")
        two.sums()
        all_to_queue()
        want_frames(one)
    second.close()
    second.map.close()


def shared():
    """Two queues have separate ranges, or the same. That is allowed, but then the frames are
    not whole.
    """
    with steered():
        for offset in (MIB, 0):
            with exported(UNREADABLE | DYNAMIC, 2 * MIB) as memory:
                share(memory, offset)


CASES = [
    ("payload that the kernel cannot read", unreadable),
    ("filters and payload that the kernel cannot read", unreadable_filtered),
    ("exporters that refuse", exporter_refuses),
    ("ranges and files that are no payload", claims),
    ("a dynamic exporter", dynamic),
    ("a buffer that is moved while it is leased", moved),
    ("a buffer that the exporter still moves", still_moving),
    ("a buffer that the exporter moves for ever", never_done),
    ("a device that goes before the exporter is done", device_goes_first),
    ("the buffer is closed before the socket", buffer_closed_first),
    ("the socket is closed before the buffer", socket_closed_first),
    ("kill -9 of who has the buffer", process_killed),
    ("two queues write to one buffer", shared),
]
