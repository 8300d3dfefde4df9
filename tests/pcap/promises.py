# SPDX-License-Identifier: GPL-2.0
"""What libpcap promises, however it captures. A script calls define() with its links: by
name, how frames reach the capture.
"""

import os
import select
import signal
import subprocess
import tempfile
import threading
import time

import capfile
import pcap
import send
from compare import between, equal
from guest import sh, until, want
from tap import Skip, each


class Link:
    """Where to send and where to capture."""

    def __init__(self, device, sender, mode, interface=None, way="inbound", settle=None,
                 queues=None, ready=lambda: None, counts=True, **options):
        self.device, self.mode, self.options = device, mode, options
        self.queues = queues or ("copy" if mode < 0 else str(mode))     # the list, as text
        self.settle = settle or wait_a_little   # until what was sent is in the ring
        self.way = way
        self.interface = interface
        self.sender = send.Sender(sender)
        self.ready = ready          # waits until what is sent gets through
        self.counts = counts        # what finds no room is counted

    def send(self, *frames):
        self.ready()
        self.sender(*frames)

    def open(self, **options):
        """The buffer is no larger than it has to be, since pages are slow in emulation. The
        timeout is short: a few packets wait for it.
        """
        return pcap.Pcap(self.device, **{"timeout": 20, "buffer_size": 2 << 20,
                                         **self.options, **options})


def collect(handle, count, seconds=10):
    """Dispatch until there are count packets."""
    packets, end = [], time.monotonic() + seconds
    while len(packets) < count and time.monotonic() < end:
        status, some = handle.dispatch()
        if status < 0:
            raise pcap.CallFailed(status, handle.geterr())
        packets += some
    return packets


def drain(handle):
    """All packets that are in the ring. The handle has a timeout, or does not block."""
    packets = []
    while True:
        status, some = handle.dispatch()
        if status < 0:
            raise pcap.CallFailed(status, handle.geterr())
        if not some:
            return packets
        packets += some


def wait_a_little():
    """Wait until what was sent by copy is in the ring."""
    time.sleep(0.1)


def later(seconds, function, *arguments):
    timer = threading.Timer(seconds, function, arguments)
    timer.start()
    return timer


def numbers(packets):
    return [int.from_bytes(p.data[42:46], "big") for p in packets]


def define(links):
    """The cases, for each link."""
    # pylint: disable=too-many-statements

    def every(function):
        def for_link(name):
            function(links[name])
        for_link.__doc__ = function.__doc__
        return each(list(links))(for_link)

    @every
    def mode(link):
        """The kernel says that the mode is the one asked for."""
        with link.open() as p:
            equal((p.rx_direct(), p.rx_queues()), (link.mode, link.queues), "mode")
            equal(pcap.lib.pcap_datalink(p.p), pcap.DLT_EN10MB, "link-layer type")

    @every
    def content(link):
        """What was sent comes, unchanged and in order."""
        sizes = [60, 61, 64, 100, 590, 1514]
        frames = [send.numbered(i, sizes[i % 6]) for i in range(300)]
        before = time.time_ns()
        with link.open(buffer_size=8 << 20, tstamp_precision=pcap.PRECISION_NANO) as p:
            link.send(*frames)
            got = collect(p, len(frames))
        after = time.time_ns()
        equal(numbers(got), list(range(300)), "order")
        equal([g.data for g in got], frames, "bytes")
        equal([g.len for g in got], [len(f) for f in frames], "lengths")
        times = [g.sec * 10**9 + g.frac for g in got]
        equal(times, sorted(times), "time stamps")
        between(times[0], before, times[-1], "first time stamp")
        between(times[-1], times[0], after, "last time stamp")

    @every
    def microseconds(link):
        """Time stamps are microseconds unless nanoseconds are asked for."""
        with link.open() as p:
            link.send(send.numbered())
            now = time.time()
            got = collect(p, 1)[0]
        between(got.frac, 0, 999999, "microseconds")
        between(got.sec + got.frac / 1e6, now - 10, now + 10, "time")

    @every
    def snaplen(link):
        """No more bytes than the snapshot length, and the length on the wire."""
        with link.open(snaplen=96) as p:
            link.send(send.numbered(1, 1000), send.numbered(2, 80))
            got = collect(p, 2)
        equal([(len(g.data), g.len) for g in got], [(96, 1000), (80, 80)])
        equal(got[0].data, send.numbered(1, 1000)[:96])

    @every
    def kernel_filter(link):
        """Only what the filter lets through comes, and is counted."""
        with link.open(expression="udp port 9") as p:
            for i in range(40):
                link.send(send.numbered(i, 200, port=9 if i % 4 == 0 else 7))
            got = collect(p, 10)
            equal(numbers(got), list(range(0, 40, 4)))
            equal(p.stats().recv, 10, "received by filter")

    @every
    def filter_snaplen(link):
        """A filter and a snapshot length go together."""
        with link.open(snaplen=68, expression="udp port 9") as p:
            link.send(send.numbered(1, 900, port=7), send.numbered(2, 900, port=9))
            got = collect(p, 1)
        equal([(len(g.data), g.len) for g in got], [(68, 900)])

    @every
    def filter_deep(link):
        """A filter sees what the snapshot does not have."""
        frame = send.numbered(3, 800)
        with link.open(snaplen=60, expression=f"ether[700] = {frame[700]}") as p:
            link.settle()
            link.send(frame, send.numbered(4, 800))
            got = collect(p, 1)
            equal(numbers(got), [3])
            equal((len(got[0].data), got[0].len), (60, 800))

    @every
    def filter_late(link):
        """What was in the ring before the filter has to pass it too."""
        with link.open() as p:
            for i in range(20):
                link.send(send.numbered(i, 100, port=9 if i % 2 else 7))
            link.settle()
            p.setfilter("udp port 9")
            link.send(send.numbered(20, 100, port=7), send.numbered(21, 100, port=9))
            equal(numbers(collect(p, 11)), list(range(1, 22, 2)))

    @every
    def filter_changes(link):
        """A filter can be replaced, and taken away."""
        with link.open() as p:
            for expression, wanted in (("udp port 9", [1]), ("udp port 7", [0]),
                                       ("", [0, 1])):
                p.setfilter(expression)
                link.send(send.numbered(0, port=7), send.numbered(1, port=9))
                link.settle()
                equal(numbers(collect(p, len(wanted))), wanted, expression)

    @every
    def filter_direction(link):
        """A filter on what only the kernel knows works from the first packet on."""
        for first, wanted in ((True, [1, 2]), (False, [])):
            with link.open(expression=link.way if first else f"not {link.way}") as p:
                link.send(send.numbered(1), send.numbered(2))
                link.settle()
                equal(numbers(p.dispatch()[1]), wanted)

    @every
    def vlan(link):
        """A VLAN tag is in the frame, and a filter finds it."""
        frame = send.numbered(5, 100, vlan=100)
        with link.open() as p:
            link.send(frame)
            equal(collect(p, 1)[0].data, frame)
        with link.open(expression="vlan 100") as p:
            link.send(send.numbered(6), send.numbered(7, vlan=99), frame)
            link.settle()
            equal([g.data for g in collect(p, 1)], [frame])

    @every
    def counts(link):
        """A dispatch of n gives n, the rest comes with the next."""
        with link.open() as p:
            link.send(*(send.numbered(i) for i in range(10)))
            link.settle()
            status, got = p.dispatch(3)
            equal((status, numbers(got)), (3, [0, 1, 2]))
            status, got = p.loop(7)
            equal((status, numbers(got)), (0, list(range(3, 10))))

    @every
    def next_ex(link):
        """The packet of pcap_next_ex() is good until the next call."""
        frames = [send.numbered(i, 60 + i) for i in range(100)]
        with link.open(buffer_size=8 << 20) as p:
            link.send(*frames)
            link.settle()
            got = []
            for frame in frames:
                status, header, data = p.next_ex()
                equal(status, 1)
                link.send(send.numbered(1000, port=5))    # must not land in it
                got.append(bytes(data[:header.contents.caplen]))
                equal(got[-1], frame)

    @every
    def nonblock(link):
        """Without packets a non-blocking dispatch returns 0 at once."""
        with link.open(timeout=0, nonblock=1) as p:
            equal(p.getnonblock(), 1)
            start = time.monotonic()
            equal(p.dispatch(), (0, []))
            between(time.monotonic() - start, 0, 0.5, "seconds")
            link.send(send.numbered(4))
            link.settle()
            equal(numbers(p.dispatch()[1]), [4])
            p.setnonblock(0)
            equal(p.getnonblock(), 0)
            timer = later(0.5, link.send, send.numbered(5))
            equal(numbers(p.dispatch()[1]), [5])
            timer.join()

    @every
    def nonblock_before(link):
        """Non-blocking mode can be asked for before activation."""
        with link.open(activate=False) as p:
            p.setnonblock(1)
            p.activate()
            equal(p.getnonblock(), 1)
            equal(p.dispatch(), (0, []))

    @every
    def timeout_passes(link):
        """A read times out when nothing comes."""
        with link.open(timeout=700) as p:
            start = time.monotonic()
            equal(p.dispatch(), (0, []))
            between(time.monotonic() - start, 0.6, 5, "seconds")

    @every
    def timeout_interrupted(link):
        """Signals that break nothing do not end it early."""
        came = []
        before = signal.signal(signal.SIGALRM, lambda *_: came.append(1))
        with link.open(timeout=700) as p:
            signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
            start = time.monotonic()
            status = p.dispatch()
            took = time.monotonic() - start
            signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        equal(status, (0, []))
        between(took, 0.69, 5, "seconds")
        equal(bool(came), True, "a signal came")

    @every
    def timeout_after_break(link):
        """Nor does a pcap_breakloop() that a read has told of."""
        with link.open(timeout=700) as p:
            link.send(send.numbered(0))
            p.on_packet = lambda p: p.breakloop()
            equal(p.loop()[0], pcap.BREAK)
            start = time.monotonic()
            equal(p.dispatch(), (0, []))
            between(time.monotonic() - start, 0.69, 5, "seconds")

    @every
    def timeout_gathers(link):
        """A few packets are kept until the timeout."""
        with link.open(timeout=1500) as p:
            timer = later(0.3, link.send, send.numbered(0), send.numbered(1))
            start = time.monotonic()
            equal(numbers(collect(p, 2)), [0, 1])
            between(time.monotonic() - start, 1.0, 8, "seconds")
            timer.join()

    @every
    def many_do_not_wait(link):
        """Many packets are not."""
        with link.open(timeout=9000, buffer_size=256 << 10) as p:
            timer = later(0.3, link.send, *(send.numbered(i) for i in range(64)))
            start = time.monotonic()
            status, _ = p.dispatch()
            between(time.monotonic() - start, 0.1, 6, "seconds")
            between(status, 1, 64, "packets")
            timer.join()

    @every
    def immediate(link):
        """In immediate mode a packet comes at once."""
        with link.open(timeout=9000, immediate_mode=1) as p:
            timer = later(0.5, link.send, send.numbered(8))
            start = time.monotonic()
            status, got = p.dispatch()
            equal((status, numbers(got)), (1, [8]))
            between(time.monotonic() - start, 0.2, 5, "seconds")
            timer.join()

    @every
    def no_timeout(link):
        """Without a timeout too, and a read never times out."""
        with link.open(timeout=0) as p:
            timer = later(0.8, link.send, send.numbered(8))
            status, got = p.dispatch()
            equal((status, numbers(got)), (1, [8]))
            timer.join()

    @every
    def breakloop_thread(link):
        """pcap_breakloop() of another thread ends a sleep."""
        with link.open(timeout=0) as p:
            timer = later(0.5, p.breakloop)
            equal(p.loop()[0], pcap.BREAK)
            timer.join()
            link.send(send.numbered(3))
            equal(numbers(collect(p, 1)), [3])

    @every
    def breakloop_callback(link):
        """pcap_breakloop() of the callback ends the loop and loses nothing."""
        with link.open() as p:
            link.send(*(send.numbered(i) for i in range(6)))
            link.settle()
            p.on_packet = lambda p: len(p.packets) == 2 and p.breakloop()
            status, got = p.loop()
            equal((status, numbers(got)), (pcap.BREAK, [0, 1]))
            p.on_packet = None
            equal(numbers(collect(p, 4)), [2, 3, 4, 5])

    @every
    def selectable(link):
        """The descriptor is readable when there are packets, and only then."""
        with link.open(immediate_mode=1, nonblock=1) as p:
            poll = select.epoll()
            poll.register(p.fileno(), select.EPOLLIN)
            equal(poll.poll(0.2), [])
            link.send(send.numbered(1), send.numbered(2))
            equal(len(poll.poll(5)), 1)
            link.settle()
            p.dispatch(1)
            equal(len(poll.poll(0.2)), 1, "one is left")
            p.dispatch(1)
            equal(poll.poll(0.2), [], "none is left")
            link.send(send.numbered(3))
            equal(len(poll.poll(5)), 1)
            equal(p.next_ex()[0], 1)
            equal(poll.poll(0.2), [], "the packet of pcap_next_ex() was seen")
            poll.close()

    @every
    def drops(link):
        """What found no room is counted as dropped, and nothing else is."""
        with link.open(buffer_size=1) as p:
            link.send(*(send.numbered(i) for i in range(200)))
            link.settle()
            got = drain(p)
            between(len(got), 4, 199, "captured")
            if link.counts:
                until("all are counted", lambda: p.stats().recv >= 200)
            stat = p.stats()
            equal(stat.recv - stat.drop, len(got), "received less dropped")
            between(stat.recv, 200 if link.counts else len(got), 200, "received")
            link.send(*(send.numbered(i) for i in range(3)))
            equal(numbers(collect(p, 3)), [0, 1, 2], "it goes on afterwards")

    @every
    def rounds(link):
        """The ring goes round many times and loses nothing."""
        with link.open(buffer_size=64 << 10) as p:
            for first in range(0, 400, 4):
                link.send(*(send.numbered(i) for i in range(first, first + 4)))
                equal(numbers(collect(p, 4)), list(range(first, first + 4)))
            stat = p.stats()
            equal((stat.recv, stat.drop), (400, 0), "received, dropped")

    @every
    def promiscuous(link):
        """Promiscuous mode is on during the capture, and only then."""
        def level():
            text = sh(f"ip -d -o link show {link.interface}")
            return int(text.split("promiscuity ")[1].split()[0])
        if link.interface == "lo":
            raise Skip("lo has none")
        before = level()
        with link.open(promisc=1):
            equal(level(), before + 1)
        equal(level(), before)
        with link.open(promisc=0):
            equal(level(), before)

    @every
    def activated(link):
        """An activated handle refuses another mode."""
        with link.open() as p:
            equal(pcap.lib.pcap_set_rx_direct_linux(p.p, 1), pcap.ACTIVATED)

    @every
    def again(link):
        """A capture can be opened and closed many times."""
        for i in range(10):
            with link.open(immediate_mode=1) as p:
                link.send(send.numbered(i))
                equal(numbers(collect(p, 1)), [i])

    @every
    def tcpdump(link):
        """tcpdump -w writes what was sent."""
        frames = [send.numbered(i, 60 + 7 * i) for i in range(200)]
        arguments = ["-i", link.device]
        if not link.device.startswith("direct:"):
            arguments.append("--rx-direct=copy")
        with tempfile.TemporaryDirectory() as tmp:
            path = os.path.join(tmp, "out.pcap")
            text = run_tcpdump(arguments + ["-w", path, "-B", "4096"],
                               lambda: link.send(*frames))
            got = capfile.read(path)
        equal(numbers(got), list(range(200)), text)
        equal([r.data for r in got], frames)
        wanted = "capturing by copy into a TPACKET_V4 ring"
        if link.mode >= 0:
            several = "s" if link.queues != str(link.mode) else ""
            wanted = f"capturing directly from RX queue{several} {link.queues}"
        for line in (wanted, "200 packets captured", "200 packets received by filter",
                     "0 packets dropped by kernel"):
            want(line in text, text)

    @every
    def tcpdump_interrupted(link):
        """tcpdump -w has what came just before an interrupt."""
        frames = [send.numbered(i) for i in range(100)]
        arguments = ["-i", link.device, "-B", "8192"]
        if not link.device.startswith("direct:"):
            arguments.append("--rx-direct=copy")
        with tempfile.TemporaryDirectory() as tmp:
            for count, wanted in (([], frames), (["-c", "30"], frames[:30])):
                path = os.path.join(tmp, "out.pcap")
                run_tcpdump(arguments + count + ["-w", path],
                            lambda: (link.send(*frames), link.settle()), 0.2)
                equal([r.data for r in capfile.read(path)], wanted)


def run_tcpdump(arguments, while_it_runs, seconds=0.5, sign="capturing"):
    """Run tcpdump, then interrupt it. What it printed to its standard error."""
    with subprocess.Popen([pcap.TCPDUMP, "-Z", "root", *arguments],
                          stderr=subprocess.PIPE, text=True) as run:
        text = ""
        for line in run.stderr:
            text += line
            if sign in line:
                break
        while_it_runs()
        time.sleep(seconds)
        run.send_signal(signal.SIGINT)
        return text + run.stderr.read()
