# SPDX-License-Identifier: GPL-2.0
"""What the cases of a leased queue share. Two ports are wired to each other. A flow rule
steers the frames of port 0's generator to the leased queue.
"""

import contextlib
import functools
import os
import re

import compare
import counters
import link
import packet4
import reader
import send
import steer
import tap
from drivers import DRIVER, NAME, PCI, QUEUES
from guest import SLOW, Background, sh, splat_wanted, until, want
from link import FAR
from nic import Nic, Records

DRIVERS = "/sys/bus/pci/drivers/"
# This guest's directory, which the NIC models see too. Other guests may run meanwhile.
RUN = os.environ.get("PD_RUN", "")
NIC, PEER = Nic(0), Nic(1)
RECORDS = Records(NIC, PEER)
LEASED = {}
# Leases are by the driver's AF_XDP, because it has nothing else or because that is wanted.
BY_XSK = os.environ.get("PD_BY") == "xsk" or packet4.limits("eth0")["query_by"] == packet4.XSK
REPORT_MS = 100         # how often a device reports what it had no slots for, if it reports
REPORT_S = 10 * REPORT_MS / 1000 if DRIVER.reports else 0


def leased():
    """The queue that the cases lease. It is not the one that ping uses."""
    return LEASED["queue"]


@functools.cache
def nic_mac():
    return send.mac(NIC("mac")["mac"])


def model(name):
    return NIC.model()[name]


def ping(count=5):
    """All pings are answered. After a lease by AF_XDP the device restarts, its link, too."""
    if BY_XSK:
        link.wait_up()
    link.ping(count)


class Capture(reader.Reader):
    """A lease, of the usual queue if no other is named."""

    def __init__(self, queue=None, entries=1024, slot_len=2048):
        if BY_XSK:      # also after the driver was loaded anew; some have no such thing
            sh("ethtool -K eth0 rxvlan off", check=False)
        super().__init__(leased() if queue is None else queue, entries, slot_len)


def missed_by_mac():
    """Frames that never came to a queue: the MAC's buffer, or what is in its place, was full."""
    return NIC.model().get("rx_missed", 0)


def generate(arguments):
    send.generate(NIC, arguments)


def traffic(capture, count=1000, args="", to_lease=True, least=None):
    """Every frame of the generator arrives whole and in order, or is counted as
    missed for want of slots: the generator does not wait for this guest.
    """
    link.wait_up()
    capture.wait_active()
    if to_lease:
        steer.generator_to(capture.queue)
    capture.tell("clear")
    before, by_mac = capture.stats()["drop_nic"], missed_by_mac()
    generate(f"count={count} {'' if 'pps=' in args else 'pps=4000'} {args}")
    by_mac = missed_by_mac() - by_mac
    stats = compare.wait_accounted(capture, count - by_mac + before, 5 + REPORT_S)
    missed = stats["drop_nic"] - before + by_mac
    told = stats["gen"] + missed == count or \
        DRIVER.reports and stats["gen"] + missed > count    # some from before the lease
    want(told and stats["gen"] >= (least or count // 2),
         f"{stats['gen']} of {count} frames, {missed} missed: {stats}")
    compare.want_right(stats)
    return stats


def run_dry(capture):
    """Use up all slots. Slots that come back late are posted when the frames have passed,
    and the driver sees late what the NIC has used. By AF_XDP further frames would wait in ixgbe.
    """
    def dry():
        stats = capture.stats()
        left = stats["posted"] + stats["free"]
        if left:
            generate(f"count={left if BY_XSK else 500} pause=0")
        return capture.stats()["posted"] == 0

    capture.tell("hold")
    until("the NIC has no slot left", dry)


def killed():
    """kill -9 in mid-stream: the stack has the queue, and gets its frames."""
    with NIC.sending("gen count=0 flows=64 pps=1000 pause=0"):
        with Capture() as capture:
            capture.wait_active()
            capture.wait_gen(100)
            capture.process.kill()
            until("the stack has the queue", lambda: not counters.packet_sockets())
            before = stack_packets(leased())
            until("the stack gets frames", lambda: stack_packets(leased()) > before)
    NIC.flush()
    ping()


def self_test():
    """ixgbe's loopback gives its frames 200 ms, which a busy machine may not have. Only three
    failures in a row count.
    """
    for _ in range(3):
        out = sh("ethtool -t eth0 offline", check=False)
        failed = re.findall(r"^(\w+) test .*\s([1-9]\d*)\s*$", out, re.M)
        if failed != [("Loopback", "13")]:
            break
    want("The test result is PASS" in out, out.replace("\n", "; "))
    link.wait_up()


def stack_packets(queue):
    return counters.queues()[queue]


def ping_queue():
    """The queue that the peer's answers come to."""
    before = counters.queues()
    sh(f"ping -q -c 20 -i 0.02 -W 2 {FAR}", check=False)
    after = counters.queues()
    return max(range(QUEUES), key=lambda q: after[q] - before[q])


def stamped_by_nic(capture, now, args, least=0):
    """Each frame has a time of the NIC's clock, between its begin and its end."""
    began = now()
    stats = traffic(capture, 1000, args)
    want(stats["stamped"] == stats["frames"], f"{args}: {stats}")
    want(began < stats["stamp"] < now(), f"{args}: began at {began}: {stats}")
    want(stats["chained"] >= least, f"{args}: {stats}")


def feed_tagged(capture, count=50):
    """Frames with a VLAN tag arrive with it."""
    rest = send.udp(100) + bytes(100)
    frame = send.ethernet(send.ETH_IP, nic_mac(), tags=send.tag(5)) + \
        send.ipv4(send.UDP, len(rest)) + rest
    link.wait_up()
    capture.wait_active()
    steer.generator_to(capture.queue)   # the lease may have closed the device
    capture.tell("clear")
    send.feed(NIC, os.path.join(RUN, "vlan.pcap"), [frame] * count)
    with contextlib.suppress(compare.Failed):
        until("all are here", lambda: capture.stats()["tagged"] >= count, 3)
    stats = capture.stats()
    want(stats["tagged"] == count, f"{stats['tagged']} of {count} tags: {stats}")


def leases_under_ping(rounds):
    """Leases, with traffic during each and after it, while pings go by another queue.
    All pings are answered. What ping said.
    """
    before = counters.echo_replies()
    with Background(["ping", "-q", "-c", "300", "-i", "0.01", "-W", "2", FAR]) as pings:
        for _ in range(rounds):
            with Capture() as capture:
                traffic(capture, 200)
            generate("count=100 pps=4000")
        out = pings.end()
    want(link.answered(before, 300), f"another queue lost frames: {out[-200:]}")
    return out


def reprobe(between=lambda: None, then=None):
    """Take the driver from the device and give it back."""
    name, driver = os.path.basename(PCI), DRIVERS + NAME
    sh(f"echo {name} > {driver}/unbind")
    between()
    sh(f"echo {name} > {driver}/bind")
    link.wait_for_device()
    (then or setup_near)()


def rescan(between=lambda: None):
    """As when the device is pulled out and put back: the kernel looks at it anew."""
    sh(f"echo 1 > {PCI}/remove")
    between()
    sh("echo 1 > /sys/bus/pci/rescan")
    link.wait_for_device()


@contextlib.contextmanager
def another_device(knob, value, *leaks):
    """Meanwhile the model differs in what the kernel only looks at when it finds the device.
    When the device goes, the kernel may tell of these leaks.
    """
    usual = NIC.knobs()[knob]
    rescan(lambda: NIC(f"set {knob} {value}"))
    try:
        setup_near()
        yield
    finally:
        with splat_wanted(*leaks):
            rescan(lambda: NIC(f"set {knob} {usual}"))
        setup_near()


def setup_near():
    link.set_address()
    steer.allow_rules()
    steer.generator_to(leased())
    link.wait_up()


def setup():
    LEASED["queue"] = min(2, QUEUES - 1)
    if "guard" in NIC.knobs():
        NIC("set guard 1")
    if DRIVER.reports:
        NIC(f"set report-ms {REPORT_MS}")
    link.wire_ports()
    setup_near()
    link.ping()
    if QUEUES > 1:
        LEASED["queue"] = 2 if ping_queue() != 2 else 1


def attempt(case):
    """What went wrong in a case, and what the models have found since the last one."""
    return tap.attempt(case) + RECORDS.new()


def run_cases(cases, words, impossible=(), how=attempt):
    """All cases of a table, or those that some words choose. The exit status."""
    tap.CASE_SECONDS = 300 * SLOW
    impossible = [] if words else [(f"{name} on {DRIVER.nic}", why) for name, why in impossible]
    status = tap.run_cases(tap.chosen(cases, words), how, impossible, setup)
    steer.generator_anywhere()
    return status
