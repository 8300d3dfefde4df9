# SPDX-License-Identifier: GPL-2.0
"""Cases for ixgbe alone: the registers of its NICs, and what only these can do."""

import contextlib
import ctypes
import errno
import mmap
import os
import struct
import time

import counters
import hwstamp
import link
import reader
import send
import split
import steer
import xdp
from common import (NIC, RUN, Capture, feed_tagged, generate, leased, leases_under_ping, model,
                    nic_mac, reprobe, self_test, stack_packets, stamped_by_nic, traffic)
from drivers import DRIVER, PCI
from guest import CPUS, Background, sh, until, want
from link import FAR
from packet4 import COPY, LOST

DROP_EN, VME, RSCEN = 1 << 28, 1 << 30, 1
STOP_DELAY = "rxdctl-disable-delay-us"
STAMP_WAITS = 1                 # TSYNCRXCTL.VALID
PTP_EVENT_PORT, PCIE_CAPABILITY = 319, 0x10
FEED = os.path.join(RUN, "ixgbe.pcap")


def head_to_nic():
    return send.ethernet(send.ETH_IP, nic_mac())


class Registers:
    """The device's registers. None of those read here changes by being read."""

    def __init__(self):
        with open(f"{PCI}/resource0", "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0x20000)

    def read(self, offset):
        return ctypes.c_uint32.from_buffer(self.map, offset).value

    def srrctl(self, queue):
        return self.read(0x2100 + 4 * queue)

    def rxdctl(self, queue):
        return self.read(0x1028 + 0x40 * queue)

    def rscctl(self, queue):
        return self.read(0x102c + 0x40 * queue)

    def tsyncrxctl(self):
        return self.read(0x5188)

    def counter(self, queue):
        return self.read(0x2300 + queue // 4 * 4) >> queue % 4 * 8 & 15


def hash_by_rss():
    steer.remove_rule()
    steer.spread_over(leased())
    steer.hash_udp("sdfn")
    try:
        with Capture() as capture:
            stats = traffic(capture, 2000, "flows=64", False)
            want(stats["hash"] == stats["hash_l4"] == stats["gen"],
                 f"over ports: {stats}")
            steer.hash_udp("sd")
            stats = traffic(capture, 2000, "flows=64", False)
            want((stats["hash"], stats["hash_l4"]) == (stats["gen"], 0),
                 f"over addresses: {stats}")
    finally:
        steer.hash_udp("sd")
        steer.spread_as_usual()
        steer.generator_to(leased())


def no_link_flap():
    """The link and the other queues do not notice leases of one queue."""
    changes = counters.carrier_changes()
    before = counters.of_driver()
    name = f"rx_queue_{leased()}_packets"
    leases_under_ping(5)
    want(counters.carrier_changes() == changes, "the link went down")
    until(f"{name} counts all",
          lambda: counters.of_driver()[name] >= before[name] + 5 * 300)
    after = counters.of_driver()
    want(after[name] - before[name] == 5 * 300, f"{name}: {before[name]} to {after[name]}")


def flow_director():
    """ATR steers the answers of a connection to the queue by whose number it sends. It
    does not steer them into a lease, for a connection from before or for a new one.
    """
    echo = Background(["python3", "-u", "-c", f"""
import socket
listener = socket.create_server(("{FAR}", 7001))
print("ready")
for _ in range(2):
    conn, _ = listener.accept()
    while data := conn.recv(100):
        conn.sendall(data)"""], far=True)
    client = ["taskset", "-c", str(leased()), "python3", "-c", f"""
import socket, time
conn = socket.create_connection(("{FAR}", 7001))
conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
conn.settimeout(10)
for n in range(150):
    conn.sendall(b"x")
    conn.recv(1)
    time.sleep(0.01)
print("done")"""]
    try:
        steer.allow_rules(False)
        link.wait_up()
        steer.spread_without(leased())
        want(echo.line() == "ready", "no echo")
        before = stack_packets(leased())
        first = Background(client)
        until("ATR steers", lambda: stack_packets(leased()) > before + 20)
        with Capture() as capture:
            for who in (first, Background(client)):
                out = who.end()
                want(out.endswith("done"), f"a connection got stuck: {out[-200:]}")
            want(capture.stats()["frames"] < 5, f"the lease has its frames: {capture.stats()}")
    finally:
        echo.kill()
        steer.spread_as_usual()
        steer.allow_rules()
        link.wait_up()


def selftest():
    """The self-test has a ring of its own with the number of queue 0."""
    steer.generator_to(0)
    try:
        with Capture(0) as capture:
            self_test()
            traffic(capture)
    finally:
        steer.generator_to(leased())
    link.ping()


def starved():
    """A queue without slots drops its frames, also after link-up. The others go on."""
    regs = Registers()
    with Capture() as capture:
        traffic(capture, 200)
        sh("ethtool -S eth0")
        before = counters.of_driver()["rx_no_dma_resources"], model("rx_no_desc")
        missed = capture.stats()["drop_nic"]
        capture.tell("hold")
        for _ in range(2):
            want(regs.srrctl(leased()) & DROP_EN, "DROP_EN is clear")
            generate("count=5000 pause=0")
            link.ping()
            link.pull_cable(NIC)
        want(regs.srrctl(leased()) & DROP_EN, "link-up cleared DROP_EN")
        generate("count=1000 pause=0")
        link.ping()
        until("the ring is dry", lambda: capture.stats()["posted"] == 0)
        stats = capture.stats()
        dropped = model("rx_no_desc") - before[1]
        want(dropped > 8000, f"{dropped} frames dropped")
        want(stats["held"] == 1024 and stats["posted"] == 0, f"slots are missing: {stats}")
        want(stats["drop_nic"] - missed == dropped,
             f"the lease missed {stats['drop_nic'] - missed}, the model dropped {dropped}")
        want(counters.of_driver()["rx_no_dma_resources"] - before[0] == dropped,
             "the driver counts others than the model")
        capture.tell("go")
        traffic(capture)


def first_after_a_loss():
    """The first frame after lost ones says so, and no other does. Nobody reads the counter
    meanwhile.
    """
    with Capture(leased(), 256) as capture:
        for _ in range(3):
            traffic(capture, 256)
            capture.tell("hold")
            generate("count=256 pps=4000")
            time.sleep(0.2)
            capture.tell("clear")
            generate("count=50 pause=0")
            capture.tell("go")
            time.sleep(0.2)
            generate("count=20")
            capture.wait_gen(20)
            stats = capture.stats()
            want((stats["losing"], stats["losing_at"]) == (1, 1), f"{stats}")


def missed_counters():
    """Each lease has a counter of missed frames, and gives it back."""
    regs = Registers()
    want([regs.counter(q) for q in range(CPUS)] == [0] * CPUS, "a queue has one already")
    with Capture() as first, Capture(3):
        got = [regs.counter(q) for q in range(CPUS)]
        want(sorted(got) == [0] * (CPUS - 2) + [1, 2], f"counters {got}")
        sh("ethtool -r eth0")
        link.wait_up()
        first.wait_active()
        got = [regs.counter(q) for q in range(CPUS)]
        want(got[leased()] and sorted(got) == [0] * (CPUS - 2) + [1, 2],
             f"counters {got} after a reset")
    got = [regs.counter(q) for q in range(CPUS)]
    want(got == [0] * CPUS, f"counters {got} without a lease")


def drop_en_of_the_stack():
    """A queue that comes back drops frames if the stack's other queues do."""
    regs = Registers()
    try:
        for pause in ("off", "on"):
            sh(f"ethtool -A eth0 autoneg {pause} rx {pause} tx {pause}", check=False)
            link.wait_up()
            before = [regs.srrctl(q) & DROP_EN for q in range(CPUS)]
            with Capture():
                want(regs.srrctl(leased()) & DROP_EN, "the lease does not drop")
            after = [regs.srrctl(q) & DROP_EN for q in range(CPUS)]
            want(before == after, f"pause {pause}: DROP_EN {before}, then {after}")
            # there is no other queue to learn from
            with contextlib.ExitStack() as stack:
                for queue in range(CPUS):
                    stack.enter_context(Capture(queue, 64))
            after = [regs.srrctl(q) & DROP_EN for q in range(CPUS)]
            want(before == after, f"pause {pause}: {before}, then {after} after all were leased")
    finally:
        sh("ethtool -A eth0 autoneg on rx on tx on", check=False)
        link.wait_up()


def vlan():
    """Tags stay in the frame, whatever turns stripping on for all queues."""
    regs = Registers()
    sh("ethtool -K eth0 rx-vlan-filter off", check=False)
    sh("ip link set eth0 promisc on")
    try:
        want(regs.rxdctl(leased()) & VME, "the stack's queue does not strip")
        with Capture() as capture:
            feed_tagged(capture)
            for command in ("ip link set eth0 promisc off; ip link set eth0 promisc on",
                            "ip maddr add 01:00:5e:11:22:33 dev eth0",
                            "ip maddr del 01:00:5e:11:22:33 dev eth0",
                            "ethtool -r eth0", "ethtool -K eth0 rxvlan off",
                            "ethtool -K eth0 rxvlan on"):
                sh(command)
                link.wait_up()
                capture.wait_active()
                want(not regs.rxdctl(leased()) & VME, f"{command} turned stripping on")
                want(regs.rxdctl(0) & VME or "rxvlan off" in command,
                     f"{command} turned it off for another queue")
                feed_tagged(capture)
        want(regs.rxdctl(leased()) & VME, "the stack's queue does not strip afterwards")
    finally:
        sh("ip link set eth0 promisc off")
        sh("ethtool -K eth0 rx-vlan-filter on", check=False)
        link.wait_up()


def vlan_while_down():
    """Stripping is turned on while the device is down, then the lease begins."""
    regs = Registers()
    sh("ip link set eth0 down")
    sh("ethtool -K eth0 rx-vlan-filter off", check=False)
    sh("ethtool -K eth0 rxvlan off")
    sh("ethtool -K eth0 rxvlan on")
    try:
        want(regs.rxdctl(leased()) & VME, "the stack's queue does not strip")
        with Capture() as capture:
            capture.tell("clear")       # bind() to a device that is down sets SO_ERROR
            sh("ip link set eth0 up")
            link.wait_up()
            capture.wait_active()
            steer.generator_to(leased())
            want(not regs.rxdctl(leased()) & VME, "the leased queue strips")
            feed_tagged(capture)
    finally:
        sh("ethtool -K eth0 rx-vlan-filter on", check=False)
        sh("ip link set eth0 up")
        link.wait_up()


def xdp_by_a_bond():
    """An XDP program for a bond is also one for the drivers of its ports."""
    sh("ip link add bond0 type bond")
    sh("ip link set eth0 down")
    try:
        sh("ip link set eth0 master bond0")
        sh("ip link set bond0 up")
        link.wait_up()
        with Capture():
            said = ""
            try:
                with xdp.drop("bond0", xdp.DRV_MODE):
                    pass
            except OSError as err:
                said = errno.errorcode[err.errno]
            want(said == "EBUSY", f"the program: {said or 'attached'}")
        with xdp.drop("bond0", xdp.DRV_MODE):
            pass
    finally:
        sh("ip link set eth0 nomaster", check=False)
        sh("ip link del bond0")
        link.set_address()
    link.ping()


def stop_while_it_blocks():
    """A queue that is being stopped runs dry, since nobody polls it. With flow control the
    next frame waits for a descriptor, and all frames behind it wait too. The queue stops
    all the same.
    """
    regs = Registers()
    sh("ethtool -G eth0 rx 64")
    link.wait_up()
    steer.generator_to(leased())
    changes = counters.carrier_changes()
    try:
        want(not regs.srrctl(leased()) & DROP_EN, "the stack's queue drops frames")
        with NIC.knob(STOP_DELAY, 20000), \
                NIC.sending("gen count=0 flows=64 pps=20000 pause=0"):
            with Capture() as capture:
                capture.wait_active()
        want(counters.carrier_changes() == changes, "it did not stop, and all was reset")
        want(not regs.srrctl(leased()) & DROP_EN, "the stack's queue drops frames afterwards")
    finally:
        sh(f"ethtool -G eth0 rx {DRIVER.rings[2]}")
        link.wait_up()
    NIC.flush()
    link.ping()


def completion_timeout(value):
    """Set it in the register Device Control 2, and return what it was."""
    with open(f"{PCI}/config", "r+b", 0) as file:
        config = file.read(256)
        at = config[0x34]
        while config[at] != PCIE_CAPABILITY:
            at = config[at + 1]
        was = struct.unpack_from("<H", config, at + 0x28)[0]
        file.seek(at + 0x28)
        file.write(struct.pack("<H", was & ~0xf | value))
    return was & 0xf


def slow_to_stop():
    """A queue may take as long to stop as a read by the NIC: PCIe's completion timeout."""
    changes = counters.carrier_changes()
    before = completion_timeout(0xa)        # 1 to 2 s
    try:
        with NIC.knob(STOP_DELAY, 900000), Capture() as capture:
            capture.wait_active()
        want(counters.carrier_changes() == changes, "it was reset before it had to have stopped")
    finally:
        completion_timeout(before)
    link.ping()


def fragments():
    """The 82599 calls the IP checksum of each fragment wrong. A lease does not believe it."""
    right = [head_to_nic() + send.ipv4(send.UDP, 64, fragment=part) + bytes(64)
             for part in [0x2000, 0x2008, 0x0010] * 10]
    header = send.ipv4(send.UDP, 64)
    wrong = head_to_nic() + header[:10] + b"\0\0" + header[12:] + send.udp(56) + bytes(56)
    steer.remove_rule()
    steer.spread_over(leased())
    sh("ip link set eth0 promisc on")
    try:
        with Capture() as capture:
            capture.wait_active()
            send.feed(NIC, FEED, right + [wrong] * 10)
            until("all are here", lambda: capture.stats()["frames"] >= 40)
            stats = capture.stats()
            want(stats["csum_bad"] == 10, f"only the last 10 are wrong: {stats}")
    finally:
        sh("ip link set eth0 promisc off")
        steer.spread_as_usual()
        steer.generator_to(leased())


def ptp_events():
    """A NIC with one register for stamps stamps no other frame until that is read."""
    regs = Registers()
    frame = head_to_nic() + send.ipv4(send.UDP, 8 + 44) + send.udp(44, PTP_EVENT_PORT) + \
        bytes([0, 2]) + bytes(42)
    hwstamp.set_filter("eth0", hwstamp.FILTER_PTP_V2_EVENT)
    try:
        with Capture() as capture:
            capture.wait_active()
            steer.add_rule(f"udp4 dst-port {PTP_EVENT_PORT}", leased(), 6)
            for number in range(1, 5):
                began = hwstamp.now("eth0")
                send.feed(NIC, FEED, [frame])
                until("it is here", lambda n=number: capture.stats()["frames"] >= n)
                want(not regs.tsyncrxctl() & STAMP_WAITS, f"nobody has read stamp {number}")
                stats = capture.stats()
                if number > 2:
                    want(stats["stamped"] == number - 2 and
                         began < stats["stamp"] < hwstamp.now("eth0"), f"event {number}: {stats}")
                elif number == 2:
                    want(not stats["stamped"], f"nobody asked for stamps: {stats}")
                    capture.tell("stamps")
    finally:
        steer.remove_rule(6)
        hwstamp.set_filter("eth0", hwstamp.FILTER_NONE)


def open_contexts():
    """RSC holds frames back, to put others behind them. Their descriptors are written before
    the queue stops, not after it.
    """
    send.write_file(FEED, [head_to_nic() + send.ipv4(send.TCP, 120) + send.tcp() + bytes(100)])
    sh("ethtool -K eth0 lro on")
    link.wait_up()
    steer.add_rule(f"tcp4 dst-port {send.PORT}", leased(), 6)
    sh("ethtool -C eth0 rx-usecs 900")
    try:
        for _ in range(3):
            with NIC.sending(f"feed {FEED} loop=0 pps=5000 pause=0"):
                with Capture() as capture:
                    until("frames come", lambda: capture.stats()["frames"] > 10)
    finally:
        sh("ethtool -C eth0 rx-usecs 1")
        steer.remove_rule(6)
        sh("ethtool -K eth0 lro off")
        link.wait_up()
    link.ping()


def stopped_in_fours():
    """How many frames came until the queue was released, and how many the NIC delivered."""
    with Capture() as capture:
        traffic(capture, 500, "min=60 max=1514")
        traffic(capture, 501)
        before = model("rx_delivered")
        had = capture.stats()["gen"]
        generate("count=303 pps=20000")
        capture.tell("release")
        return capture.stats()["gen"] - had, model("rx_delivered") - before


def in_fours():
    """A frame is delivered even if the NIC writes its descriptor late: with others, with an
    interrupt, or when it stops.
    """
    with NIC.knob("write-back-batch", 4):
        # An ARP request of the peer's may be among what was delivered. Then try again.
        tries = [stopped_in_fours() for _ in range(3)]
        want(any(got == delivered for got, delivered in tries), f"{tries}")
    want(model("rx_unwritten") == 0, "frames were lost in a reset")
    link.ping()


def lro():
    regs = Registers()
    sh("ethtool -K eth0 lro on")
    try:
        link.wait_up()
        want(all(regs.rscctl(q) & RSCEN for q in range(CPUS)), "LRO is not on")
        with Capture() as capture:
            want(not regs.rscctl(leased()) & RSCEN, "a leased queue has RSC")
            traffic(capture)
        want(regs.rscctl(leased()) & RSCEN, "the stack's queue has no RSC afterwards")
    finally:
        sh("ethtool -K eth0 lro off")
        link.wait_up()


@contextlib.contextmanager
def one_cpu_less():
    cpu = f"/sys/devices/system/cpu/cpu{CPUS - 1}/online"
    sh(f"echo 0 > {cpu}")
    try:
        yield
    finally:
        sh(f"echo 1 > {cpu}")


def new_vectors():
    """Have the driver lay out its vectors anew: an XDP program makes it do so. There are as
    many as CPUs then, and as many queues as before.
    """
    with xdp.drop("eth0", xdp.DRV_MODE):
        pass
    link.wait_up()


def shared_vector():
    """With one vector less than queues, the first and the last queue share one. The others
    can be leased.
    """
    try:
        with one_cpu_less():
            new_vectors()
            for queue in range(CPUS):
                if queue in (0, CPUS - 1):
                    reader.want_refused("QUEUE_SHARED_IRQ", "EOPNOTSUPP", queue)
                else:
                    with Capture(queue) as capture:
                        traffic(capture, 200)
    finally:
        new_vectors()
    for queue in (0, CPUS - 1):
        with Capture(queue) as capture:
            traffic(capture, 200)
    steer.generator_to(leased())
    link.ping()


def buffers():
    """SRRCTL says what a slot holds."""
    regs = Registers()
    for slot_len in DRIVER.slot_lens:
        with Capture(leased(), 64, slot_len):
            want(regs.srrctl(leased()) & 0x7f == slot_len // 1024,
                 f"{slot_len}: SRRCTL {regs.srrctl(leased()):#x}")
    want(regs.srrctl(leased()) & 0x7f in (2, 3), "the stack's queue has the wrong buffers")


def not_confirmed():
    """A queue that does not stop is stopped by a reset."""
    with NIC.knob(STOP_DELAY, 3000000):
        capture = Capture()
        NIC(f"set {STOP_DELAY} 3000000")
        with capture:
            capture.wait_active()
            changes = counters.carrier_changes()
            began = time.monotonic()
            capture.tell("release")
            stats = capture.stats()
            want(stats["quarantined"] == 0 and stats["state"] == COPY, f"{stats}")
            want(time.monotonic() - began > 0.4, "it stopped at once")
        link.wait_up()
        want(counters.carrier_changes() > changes, "there was no reset")
    link.wait_up()
    link.ping()
    with Capture() as capture:
        traffic(capture)


def bus_master():
    with open(f"{PCI}/config", "rb") as file:
        return struct.unpack("<HHH", file.read(6))[2] >> 2 & 1


def last_means():
    """A device that a reset does not stop may not do DMA any more."""
    with Capture() as capture:
        traffic(capture, 200)
        with NIC.knob("rxdctl-stuck", 1):
            capture.tell("release")
        stats = capture.stats()
        want(stats["quarantined"] == 0 and stats["state"] == COPY, f"{stats}")
        want(not bus_master(), "it is still bus master")
        want(not link.has_carrier(), "the link is up")
    sh("ip link set eth0 down")
    reprobe()
    link.ping()
    with Capture() as capture:
        traffic(capture)


def nothing_confirms():
    """Memory that a NIC may still write to is never used again."""
    with Capture(entries=64) as capture:
        traffic(capture, 50)
        steer.remove_rule()
        with NIC.knob("rxdctl-stuck", 1), NIC.knob("bus-master-stuck", 1):
            answer = capture.ask("release")
            stats = capture.stats()
            want(answer != "ok", "the release succeeded")
            want(stats["state"] == LOST and stats["quarantined"] == 64 * 2048 // 4096,
                 f"{stats}")
            capture.kill()
    want("are kept out of use for ever" in sh("dmesg"), "the kernel's log does not tell")


def time_stamps():
    """A time stamp that follows a frame in its slot is not part of the frame."""
    slot = 1024
    hwstamp.stamp_all("eth0", True)
    try:
        with Capture() as capture:
            traffic(capture, 2000, "min=60 max=1514 flows=64")
        with Capture(leased(), 1024, slot) as capture:
            traffic(capture, 500, f"min={slot - 100} max={slot - 8}")
            stats = traffic(capture, 500, f"min={slot + 1} max=1514")
            want(stats["chained"] == stats["gen"], f"two slots each: {stats}")
            # These begin in the slot before the last.
            before = stats["drop_error"]
            generate(f"count=8 min={slot - 7} max={slot} seed=0")
            until("they are dropped", lambda: capture.stats()["drop_error"] == before + 8)
            traffic(capture, 100)
    finally:
        hwstamp.stamp_all("eth0", False)
    with Capture() as capture:
        traffic(capture)


def clock_now():
    return hwstamp.now("eth0")


def stamps_that_are_wanted():
    """Frames have the NIC's stamps once these are asked for, in one slot or in several, and
    by a clock that is set meanwhile.
    """
    hwstamp.stamp_all("eth0", True)
    try:
        with Capture(leased(), 1024, 1024) as capture:
            traffic(capture, 500, "min=60 max=900")
            want(not capture.stats()["stamped"], "nobody asked for the NIC's stamps")
            capture.tell("stamps")
            stamped_by_nic(capture, clock_now, "min=60 max=900 flows=64")
            stamped_by_nic(capture, clock_now, "min=1025 max=1514", 500)
            for seconds in (5000, -10000, 5000):
                hwstamp.move("eth0", seconds)
                stamped_by_nic(capture, clock_now, "min=60 max=900")
            hwstamp.stamp_all("eth0", False)
            stats = traffic(capture, 500, "min=60 max=900")
            want(not stats["stamped"], f"the NIC stamps nothing any more: {stats}")
    finally:
        hwstamp.stamp_all("eth0", False)


# What only one of the NICs can do.
OWN = {"82599": [("fragments", fragments),
                 ("PTP events", ptp_events)],
       "x550": [("time stamps of all frames", time_stamps),
                ("time stamps that are wanted", stamps_that_are_wanted),
                ("time stamps and header split", split.stamped)]}

CASES = [
    *OWN.get(DRIVER.nic, []),
    ("the hash of RSS", hash_by_rss),
    ("a lease does not touch the link, nor other queues", no_link_flap),
    ("ATR does not steer into a lease", flow_director),
    ("a vector that queues share", shared_vector),
    ("SRRCTL", buffers),
    ("a starved queue stops nobody, and its losses are counted", starved),
    ("the first frame after a loss", first_after_a_loss),
    ("counters of missed frames", missed_counters),
    ("DROP_EN of the stack's queues", drop_en_of_the_stack),
    ("what turns VLAN stripping on", vlan),
    ("VLAN stripping turned on while the device is down", vlan_while_down),
    ("an XDP program by way of a bond", xdp_by_a_bond),
    ("LRO on, then a lease", lro),
    ("LRO on, frames that wait for others, then a lease", open_contexts),
    ("descriptors that are written in fours", in_fours),
    ("a queue that is stopped while its frame blocks all", stop_while_it_blocks),
    ("a queue that is slow to stop", slow_to_stop),
    ("a queue that does not stop", not_confirmed),
    ("a device that does not stop", last_means),
    # The driver leaves a page mapped then. DMA debugging says so at the next unbind.
    ("ethtool -t offline", selftest),
    # The device is useless after this one.
    ("a device that nothing stops", nothing_confirms),
]
