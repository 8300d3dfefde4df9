# SPDX-License-Identifier: GPL-2.0
"""What the tests of the framework share: a nicsim process, a vfio-user client,
a control client, TAP."""
import array
import json
import mmap
import os
import socket
import struct
import subprocess
import tempfile
import time
import traceback

(VERSION, DMA_MAP, DMA_UNMAP, GET_INFO, GET_REGION_INFO) = (1, 2, 3, 4, 5)
(GET_IRQ_INFO, SET_IRQS, REGION_READ, REGION_WRITE) = (7, 8, 9, 10)
(RESET, WRITE_MULTI) = (13, 15)
NO_REPLY, REPLY, ERROR = 0x10, 0x1, 0x20
CONFIG = 7
EVENTFD_TRIGGER = 1 << 2 | 1 << 5
NONE_TRIGGER = 1 << 0 | 1 << 5
BOOL_TRIGGER = 1 << 1 | 1 << 5

# Registers and commands of the loopback model
(LB_ID, LB_SCRATCH, LB_IRQ, LB_ADDR, LB_LEN, LB_COMMAND, LB_RESULT, LB_STATE,
 LB_TIMER, LB_BURST) = range(0, 0x50, 8)
FETCH, STORE, SEND, RECEIVE = 1, 2, 3, 4


class Refused(Exception):
    """The server's error reply; .errno is what it said."""

    def __init__(self, number):
        super().__init__(os.strerror(number))
        self.errno = number


class Nicsim:
    """A running nicsim in a directory of its own."""

    def __init__(self, *args, model="loopback", fds=()):
        self.tmp = tempfile.TemporaryDirectory(prefix="nicsim-test-")
        self.dir = self.tmp.name
        self.sock = os.path.join(self.tmp.name, "vfio")
        self.ctl = os.path.join(self.tmp.name, "control")
        self.log = os.path.join(self.tmp.name, "log")
        self.proc = subprocess.Popen(
            [os.environ["NICSIM"], "--model", model, "--socket", self.sock,
             "--control", self.ctl, "--log", self.log, *args],
            stdout=subprocess.PIPE, text=True, pass_fds=fds)
        assert self.proc.stdout.readline() == "ready\n", open(self.log).read()
        self.control = Control(self.ctl)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.proc.poll() is None:
            self.proc.terminate()
        status = self.proc.wait(10)
        assert status in (0, -9), open(self.log).read()[-2000:]
        self.proc.stdout.close()
        self.control.sock.close()
        self.tmp.cleanup()

    def cpu(self):
        """Clock ticks used so far."""
        fields = open(f"/proc/{self.proc.pid}/stat").read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def alive(self):
        return self.proc.poll() is None


class Control:
    """A client of the control socket."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(path)
        self.file = self.sock.makefile("r")

    def raw(self, data):
        self.sock.sendall(data)

    def answer(self):
        return json.loads(self.file.readline())

    def __call__(self, line):
        self.raw(line.encode() + b"\n")
        return self.answer()

    def ok(self, line):
        reply = self(line)
        assert reply["ok"], reply
        return reply

    def wait_done(self, seconds=20):
        return wait_for(lambda: (s := self.ok("status"))["done"] and s, seconds)


class Client:
    """A vfio-user client; request() raises Refused."""

    def __init__(self, sim, negotiate=True):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(sim.sock)
        self.id = 0
        self.mem = {}
        if negotiate:
            caps = b'{"capabilities":{"max_msg_fds":16,"write_multiple":true}}\0'
            self.version = self.request(VERSION, struct.pack("<HH", 0, 0) + caps)

    def close(self):
        self.sock.close()

    def send(self, command, body=b"", fds=(), flags=0, size=None):
        self.id = (self.id + 1) & 0xffff
        size = 16 + len(body) if size is None else size
        msg = struct.pack("<HHIII", self.id, command, size, flags, 0) + body
        anc = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        rest = msg[self.sock.sendmsg([msg], anc):]
        if rest:
            self.sock.sendall(rest)

    def recv_exactly(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def reply(self, command):
        ident, cmd, size, flags, err = struct.unpack("<HHIII", self.recv_exactly(16))
        body = self.recv_exactly(size - 16)
        assert (ident, cmd) == (self.id, command), (ident, cmd)
        assert flags & 0xf == REPLY
        if flags & ERROR:
            assert not body
            raise Refused(err)
        return body

    def request(self, command, body=b"", fds=()):
        self.send(command, body, fds)
        return self.reply(command)

    def read(self, region, off, size):
        head = struct.pack("<QII", off, region, size)
        body = self.request(REGION_READ, head)
        assert body[:16] == head
        return body[16:]

    def write(self, region, off, data, post=False):
        head = struct.pack("<QII", off, region, len(data))
        if post:
            self.send(REGION_WRITE, head + data, flags=NO_REPLY)
        else:
            assert self.request(REGION_WRITE, head + data) == head

    def reg(self, off):
        return struct.unpack("<Q", self.read(0, off, 8))[0]

    def set_reg(self, off, val, post=False):
        self.write(0, off, struct.pack("<Q", val), post)

    def cfg(self, off, size):
        return int.from_bytes(self.read(CONFIG, off, size), "little")

    def set_cfg(self, off, size, val):
        self.write(CONFIG, off, val.to_bytes(size, "little"))

    def bus_master(self, on=True):
        self.set_cfg(4, 2, 6 if on else 2)

    def map(self, iova, size, flags=3, fd=None, offset=0):
        """Maps a memfd at iova and returns our own mapping of it."""
        own = fd is None
        if own:
            fd = os.memfd_create("guest")
            os.ftruncate(fd, offset + size)
        try:
            self.request(DMA_MAP, struct.pack("<IIQQQ", 32, flags, offset, iova, size), [fd])
            return mmap.mmap(fd, size, offset=offset)
        finally:
            if own:
                os.close(fd)

    def unmap(self, iova, size, flags=0):
        return self.request(DMA_UNMAP, struct.pack("<IIQQ", 24, flags, iova, size))

    def set_irqs(self, flags, start, count, fds=(), data=b"", index=2):
        self.request(SET_IRQS,
                     struct.pack("<IIIII", 20 + len(data), flags, index, start, count) + data,
                     fds)

    def send_frame(self, frame):
        """By the buffer and the SEND command: the model's DMA is used."""
        self.mem_area()[:len(frame)] = frame
        self.set_reg(LB_ADDR, 0x100000)
        self.set_reg(LB_LEN, len(frame))
        self.set_reg(LB_COMMAND, FETCH)
        self.set_reg(LB_COMMAND, SEND)
        return self.reg(LB_RESULT) == 1

    def receive_frame(self):
        area = self.mem_area()
        self.set_reg(LB_COMMAND, RECEIVE)
        if not self.reg(LB_RESULT):
            return None
        self.set_reg(LB_ADDR, 0x100000)
        self.set_reg(LB_COMMAND, STORE)
        return bytes(area[:self.reg(LB_LEN)])

    def mem_area(self):
        if "area" not in self.mem:
            self.mem["area"] = self.map(0x100000, 0x10000)
            self.bus_master()
        return self.mem["area"]


def refused(number, fn, *args, **kwargs):
    """True when fn() is answered with that errno."""
    try:
        fn(*args, **kwargs)
    except Refused as exc:
        assert exc.errno == number, f"errno {exc.errno}, not {number}"
        return True
    raise AssertionError("was not refused")


def wait_for(fn, seconds=10):
    end = time.monotonic() + seconds
    while True:
        val = fn()
        if val:
            return val
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.005)


def run(cases):
    """Runs functions, named by their docstrings, as TAP."""
    print(f"1..{len(cases)}", flush=True)
    failed = False
    for number, case in enumerate(cases, 1):
        try:
            case()
            print(f"ok {number} - {case.__doc__}", flush=True)
        except Exception:  # any: the next case is independent of it
            failed = True
            print(f"not ok {number} - {case.__doc__}")
            for line in traceback.format_exc().splitlines():
                print("#", line, flush=True)
    raise SystemExit(failed)
