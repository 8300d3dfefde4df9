# SPDX-License-Identifier: GPL-2.0
"""The libpcap that was built here, by ctypes."""

import ctypes as c
import os

from compare import equal
from guest import TOP, Failed

LIBRARY = os.environ.get("LIBPCAP", TOP + "/build/tools/lib/libpcap.so.0.8")
TCPDUMP = os.environ.get("TCPDUMP", TOP + "/build/tools/bin/tcpdump")

RX_DIRECT_COPY, RX_DIRECT_OFF, RX_DIRECT_ALL, RX_DIRECT_NEXT = -1, -2, -3, -4
RX_SPLIT_OFF, RX_SPLIT_HEADERS, RX_SPLIT_WHOLE = 0, 1, 2
D_INOUT, D_IN, D_OUT = 0, 1, 2
WARNING, ERROR, BREAK, NO_SUCH_DEVICE, RFMON_NOTSUP = 1, -1, -2, -5, -6
ACTIVATED, PERM_DENIED, IFACE_NOT_UP = -4, -8, -9
DLT_EN10MB = 1
PRECISION_NANO = 1
TSTAMP_HOST, TSTAMP_ADAPTER, TSTAMP_ADAPTER_UNSYNCED = 0, 3, 4
WARNING_TSTAMP_TYPE_NOTSUP = 3


class Timeval(c.Structure):
    _fields_ = [("sec", c.c_long), ("usec", c.c_long)]


class Header(c.Structure):
    _fields_ = [("ts", Timeval), ("caplen", c.c_uint32), ("len", c.c_uint32)]


class Stat(c.Structure):
    _fields_ = [("recv", c.c_uint), ("drop", c.c_uint), ("ifdrop", c.c_uint)]


class Program(c.Structure):
    _fields_ = [("len", c.c_uint), ("insns", c.c_void_p)]


HANDLER = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(Header), c.POINTER(c.c_ubyte))

lib = c.CDLL(LIBRARY, use_errno=True)
for _name in ("create", "open_dead", "open_offline"):
    getattr(lib, "pcap_" + _name).restype = c.c_void_p
lib.pcap_geterr.restype = c.c_char_p
for _name in ("geterr", "activate", "close", "breakloop", "datalink",
              "get_selectable_fd", "fileno", "snapshot"):
    getattr(lib, "pcap_" + _name).argtypes = [c.c_void_p]
for _name in ("snaplen", "promisc", "timeout", "immediate_mode", "buffer_size",
              "tstamp_precision", "rfmon", "protocol_linux"):
    getattr(lib, "pcap_set_" + _name).argtypes = [c.c_void_p, c.c_int]
if hasattr(lib, "pcap_get_rx_direct_linux"):    # not in libpcap as it ships
    lib.pcap_set_rx_direct_linux.argtypes = [c.c_void_p, c.c_int]
    lib.pcap_set_rx_direct_split_linux.argtypes = [c.c_void_p, c.c_int]
    lib.pcap_set_rx_direct_exclusive_linux.argtypes = [c.c_void_p, c.c_int]
    lib.pcap_set_rx_direct_steer_linux.argtypes = [c.c_void_p, c.c_char_p]
    lib.pcap_get_rx_direct_text_linux.argtypes = [c.c_void_p, c.c_char_p, c.c_int]
    lib.pcap_get_rx_direct_linux.argtypes = [c.c_void_p, c.POINTER(c.c_int)]
    lib.pcap_set_rx_direct_queues_linux.argtypes = [c.c_void_p, c.c_char_p]
    lib.pcap_get_rx_direct_queues_linux.argtypes = [c.c_void_p, c.c_char_p, c.c_int]
lib.pcap_set_tstamp_type.argtypes = [c.c_void_p, c.c_int]
lib.pcap_list_tstamp_types.argtypes = [c.c_void_p, c.POINTER(c.POINTER(c.c_int))]
lib.pcap_free_tstamp_types.argtypes = [c.POINTER(c.c_int)]
lib.pcap_setdirection.argtypes = [c.c_void_p, c.c_int]
lib.pcap_stats.argtypes = [c.c_void_p, c.POINTER(Stat)]
lib.pcap_inject.argtypes = [c.c_void_p, c.c_char_p, c.c_size_t]
lib.pcap_compile.argtypes = [c.c_void_p, c.POINTER(Program), c.c_char_p, c.c_int,
                             c.c_uint32]
lib.pcap_setfilter.argtypes = [c.c_void_p, c.POINTER(Program)]
lib.pcap_freecode.argtypes = [c.POINTER(Program)]
lib.pcap_setnonblock.argtypes = [c.c_void_p, c.c_int, c.c_char_p]
lib.pcap_getnonblock.argtypes = [c.c_void_p, c.c_char_p]
for _name in ("loop", "dispatch"):
    getattr(lib, "pcap_" + _name).argtypes = [c.c_void_p, c.c_int, HANDLER, c.c_void_p]
lib.pcap_next_ex.argtypes = [c.c_void_p, c.POINTER(c.POINTER(Header)),
                             c.POINTER(c.POINTER(c.c_ubyte))]


class CallFailed(Exception):
    """A call of libpcap failed."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status, self.text = status, text


class Packet:
    """A copy of what a callback was given."""

    def __init__(self, header, data):
        self.sec, self.frac = header.ts.sec, header.ts.usec
        self.len = header.len
        self.data = c.string_at(data, header.caplen)


class Handle:
    """A pcap_t. If libpcap could not make it, errbuf has the reason."""

    def __init__(self, p, errbuf):
        self.p = p
        if not p:
            raise CallFailed(None, errbuf.value.decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def geterr(self):
        return lib.pcap_geterr(self.p).decode()

    def check(self, status):
        if status < 0:
            text = self.geterr()
            raise CallFailed(status, text)
        return status

    def close(self):
        if self.p:
            lib.pcap_close(self.p)
        self.p = None

    def rx_direct(self):
        queue = c.c_int(-99)
        self.check(lib.pcap_get_rx_direct_linux(self.p, c.byref(queue)))
        return queue.value

    def rx_queues(self, size=4096):
        """All of them, as text."""
        text = c.create_string_buffer(b"not set", max(size, 8))
        self.check(lib.pcap_get_rx_direct_queues_linux(self.p, text, size))
        return text.value.decode()

    def rx_text(self, size=4096):
        """What the capture has, in words."""
        text = c.create_string_buffer(b"not set", max(size, 8))
        self.check(lib.pcap_get_rx_direct_text_linux(self.p, text, size))
        return text.value.decode()


def dead():
    """A handle without anything behind it."""
    return Handle(lib.pcap_open_dead(DLT_EN10MB, 65535), None)


def offline(path):
    """A handle that reads a capture file."""
    errbuf = c.create_string_buffer(256)
    return Handle(lib.pcap_open_offline(path.encode(), errbuf), errbuf)


class Pcap(Handle):
    """A capture. Options have their names in libpcap: Pcap("lo", snaplen=96). It begins at
    once, as at the first read of a program that lets nobody send before.
    """

    def __init__(self, device, activate=True, direction=None, nonblock=None,
                 expression=None, begin=True, **options):
        errbuf = c.create_string_buffer(256)
        self.packets = []
        self.handler = HANDLER(self._packet)
        self.on_packet = None
        super().__init__(lib.pcap_create(device.encode(), errbuf), errbuf)
        for name, value in options.items():
            self.check(getattr(lib, "pcap_set_" + name)(self.p, value))
        if activate:
            self.activate(begin=False)
        if nonblock is not None:
            self.setnonblock(nonblock)
        if direction is not None:
            self.check(lib.pcap_setdirection(self.p, direction))
        if expression is not None:
            self.setfilter(expression)
        if activate and begin:
            self.fileno()

    def _packet(self, _user, header, data):
        self.packets.append(Packet(header.contents, data))
        if self.on_packet:
            self.on_packet(self)

    def activate(self, begin=True):
        status = lib.pcap_activate(self.p)
        if status < 0:
            text = self.geterr()
            self.close()
            raise CallFailed(status, text)
        if begin:
            self.fileno()
        return status

    def tstamp_types(self):
        types = c.POINTER(c.c_int)()
        count = self.check(lib.pcap_list_tstamp_types(self.p, c.byref(types)))
        got = types[:count]
        lib.pcap_free_tstamp_types(types)
        return got

    def setfilter(self, expression):
        program = Program()
        self.check(lib.pcap_compile(self.p, c.byref(program), expression.encode(),
                                    1, 0xffffffff))
        try:
            self.check(lib.pcap_setfilter(self.p, c.byref(program)))
        finally:
            lib.pcap_freecode(c.byref(program))

    def setprogram(self, instructions):
        """Set a filter that is a program in the kernel's form."""
        code = c.create_string_buffer(instructions)
        program = Program(len(instructions) // 8, c.addressof(code))
        self.check(lib.pcap_setfilter(self.p, c.byref(program)))

    def compile(self, expression):
        """The program of an expression in the kernel's form."""
        program = Program()
        self.check(lib.pcap_compile(self.p, c.byref(program), expression.encode(),
                                    1, 0xffffffff))
        try:
            return c.string_at(program.insns, 8 * program.len)
        finally:
            lib.pcap_freecode(c.byref(program))

    def setnonblock(self, on):
        self.check(lib.pcap_setnonblock(self.p, on, c.create_string_buffer(256)))

    def getnonblock(self):
        return lib.pcap_getnonblock(self.p, c.create_string_buffer(256))

    def dispatch(self, count=-1):
        """The status, and the packets of this call."""
        self.packets = []
        status = lib.pcap_dispatch(self.p, count, self.handler, None)
        return status, self.packets

    def loop(self, count=-1):
        self.packets = []
        status = lib.pcap_loop(self.p, count, self.handler, None)
        return status, self.packets

    def next_ex(self):
        """The status, and the header and the data in libpcap's own memory."""
        header, data = c.POINTER(Header)(), c.POINTER(c.c_ubyte)()
        status = lib.pcap_next_ex(self.p, c.byref(header), c.byref(data))
        return status, header, data

    def breakloop(self):
        lib.pcap_breakloop(self.p)

    def stats(self):
        stat = Stat()
        self.check(lib.pcap_stats(self.p, c.byref(stat)))
        return stat

    def inject(self, frame):
        return self.check(lib.pcap_inject(self.p, frame, len(frame)))

    def fileno(self):
        return lib.pcap_get_selectable_fd(self.p)


def not_directly(dev, queue, why):
    """How the refusal of a queue begins, and its reason."""
    return f"{dev}: RX queue {queue} cannot be captured directly: {why}"


def process_called(pid):
    """How libpcap names a process."""
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return f"process {pid} ({file.read().strip()})"


def taken(dev, queue, pid):
    """A process has the queue."""
    return not_directly(dev, queue, f"{process_called(pid)} has it; end it or take another queue")


def want_refused(device, status, text, **options):
    """A capture cannot be, with this status and this text."""
    try:
        Pcap(device, **options).close()
    except CallFailed as why:
        equal((why.status, why.text), (status, text))
        return
    raise Failed(f"{device} was captured")
