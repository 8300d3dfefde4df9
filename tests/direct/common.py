# SPDX-License-Identifier: GPL-2.0
"""What the cases share: two ports that are wired to each other, of which port 1
is eth1 in the network namespace 'far', and the generator of port 0, whose frames
go to the leased queue by an ntuple rule.
"""

import contextlib
import os
import re
import struct
import subprocess
import time

import guest
import lease
from drivers import CPUS, DRIVER, NAME, PCI
from guest import Failed, carrier, sh, until, want

NEAR, FAR = "10.9.0.1", "10.9.0.2"
DRIVERS = "/sys/bus/pci/drivers/"
# This guest's, which the NIC models see too; others may run the same at the same time.
RUN = os.environ.get("PD_RUN", "")
VLAN = os.path.join(RUN, "vlan.pcap")
NIC, PEER = guest.Nic(0), guest.Nic(1)
SEEN = set()
QUEUES = {}


def leased():
    """The queue that the cases lease, not the one that ping uses."""
    return QUEUES["leased"]


def weights(*queues):
    return " ".join("1" if q in queues else "0" for q in range(CPUS))


def carrier_changes():
    with open("/sys/class/net/eth0/carrier_changes", encoding="ascii") as file:
        return int(file.read())


def link_up():
    until("eth0 has its link", carrier)
    until("eth1 has its link", guest.far_running)


def answered(before, count):
    """So many pings since then. ping itself, once it has an answer, waits for the others
    no longer than its interval, or twice what the slowest took.
    """
    with contextlib.suppress(Failed):
        until("all are answered", lambda: guest.echoes() - before >= count, 2)
    return guest.echoes() - before >= count


def ping(count=5, interval=0.1):
    before = guest.echoes()
    out = sh(f"ping -q -c {count} -i {interval} -W 2 {FAR}", check=False)
    want(answered(before, count), f"ping: {out.strip()[-300:]}")


def model(name):
    return NIC.model()[name]


class Capture(lease.Lease):
    """A lease whose process checks what it delivers."""

    def __init__(self, queue=None, entries=1024, slot_len=2048):
        super().__init__(leased() if queue is None else queue, entries, slot_len)


def generate(args):
    NIC(f"gen {args}")
    NIC.finish()


def traffic(capture, count=2000, args="", steer=True, least=None):
    """Every frame of the generator arrives whole and in order, or is counted as
    missed for want of slots: the generator does not wait for this guest.
    """
    link_up()
    capture.active()
    if steer:
        rule(capture.queue)
    capture.tell("clear")
    missed = capture.stats()["drop_nic"]
    generate(f"count={count} {'' if 'pps=' in args else 'pps=4000'} {args}")
    with contextlib.suppress(Failed):
        until("all frames are here",
              lambda: capture.stats()["gen"] + capture.stats()["drop_nic"] - missed >= count,
              5 + DRIVER.report_s)
    stats = capture.stats()
    missed = stats["drop_nic"] - missed
    told = stats["gen"] + missed == count or \
        DRIVER.report_s and stats["gen"] + missed > count   # some from before the lease
    want(told and stats["gen"] >= (least or count // 2),
         f"{stats['gen']} of {count} frames, {missed} missed: {stats}")
    lease.right(stats)
    return stats


def flushed():
    """What the model still has of the generator's frames is delivered."""
    until("the rest of the frames is through",
          lambda: NIC.model().get("rx_buffered_bytes", 0) == 0)


def run_dry(capture):
    """Slots that come back late are posted when the frames have passed by, and the driver
    sees late what the NIC has used.
    """
    def dry():
        generate("count=500 pause=0")
        return capture.stats()["posted"] == 0

    capture.tell("hold")
    until("the NIC has no slot left", dry)


def self_test():
    """ixgbe's loopback gives its frames 200 ms, which a busy machine may not have: only
    three times in a row counts.
    """
    for _ in range(3):
        out = sh("ethtool -t eth0 offline", check=False)
        failed = re.findall(r"^(\w+) test .*\s([1-9]\d*)\s*$", out, re.M)
        if failed != [("Loopback", "13")]:
            break
    want("The test result is PASS" in out, out.replace("\n", "; "))
    link_up()


def no_rule():
    sh("ethtool -N eth0 delete 5", check=False)


def rule(queue):
    """Steer the generator's frames; what closes the device may remove the rule."""
    no_rule()
    guest.steer("flow-type udp4 dst-port 9", queue, 5)


def stack_packets(queue):
    return guest.queue_packets()[queue]


def ping_queue():
    """The queue that the peer's answers come to."""
    before = guest.queue_packets()
    sh(f"ping -q -c 20 -i 0.02 -W 2 {FAR}", check=False)
    after = guest.queue_packets()
    return max(range(CPUS), key=lambda q: after[q] - before[q])


def vlan_pcap(count):
    """UDP frames with a VLAN tag."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 128, 0, 0, 64, 17, 0,
                     bytes((198, 18, 0, 1)), bytes((198, 19, 0, 1)))
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", ~total & 0xffff) + ip[12:]
    mac = bytes(int(b, 16) for b in NIC("mac")["mac"].split(":"))
    frame = (mac + b"\x02\0\0\0\0\xfe" + struct.pack("!HHH", 0x8100, 5, 0x0800) + ip +
             struct.pack("!HHHH", 10000, 9, 108, 0) + bytes(100))
    with open(VLAN, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for n in range(count):
            file.write(struct.pack("<IIII", n, 0, len(frame), len(frame)) + frame)


def tagged(capture, count):
    capture.tell("clear")
    NIC(f"feed {VLAN}")
    NIC.finish()
    with contextlib.suppress(Failed):
        until("all are here", lambda: capture.stats()["tagged"] >= count, 3)
    stats = capture.stats()
    want(stats["tagged"] == count, f"{stats['tagged']} of {count} tags: {stats}")


class Background:
    """A command that runs meanwhile."""

    def __init__(self, command, far=False):
        prefix = ["ip", "netns", "exec", "far"] if far else []
        self.process = subprocess.Popen(prefix + command, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def end(self):
        return self.process.communicate(timeout=60)[0]


def leases_under_ping(rounds):
    """Leases, with traffic during each and after it, while pings go by another queue:
    all are answered. What ping said.
    """
    before = guest.echoes()
    pings = Background(["ping", "-q", "-c", "300", "-i", "0.01", "-W", "2", FAR])
    try:
        for _ in range(rounds):
            with Capture() as capture:
                traffic(capture, 200)
            generate("count=100 pps=4000")
        out = pings.end()
    finally:
        pings.process.kill()
    want(answered(before, 300), f"another queue lost frames: {out.strip()[-200:]}")
    return out


def eth0_is_back():
    until("eth0 is back", lambda: os.path.exists("/sys/class/net/eth0"))


def reprobe(between=lambda: None, then=None):
    """Take the driver from the device and give it back."""
    name, driver = os.path.basename(PCI), DRIVERS + NAME
    sh(f"echo {name} > {driver}/unbind")
    between()
    sh(f"echo {name} > {driver}/bind")
    eth0_is_back()
    (then or setup_near)()


def found_again(between=lambda: None):
    """As when the device is pulled out and put back: the kernel looks at it anew."""
    sh(f"echo 1 > {PCI}/remove")
    between()
    sh("echo 1 > /sys/bus/pci/rescan")
    eth0_is_back()


@contextlib.contextmanager
def another_device(knob, value, *leaks):
    """One whose model differs in what the kernel only looks at when it finds it. At its end
    the kernel may tell of leaks.
    """
    usual = NIC("set")["knobs"][knob]
    found_again(lambda: NIC(f"set {knob} {value}"))
    try:
        setup_near()
        yield
    finally:
        with guest.splat_wanted(*leaks):
            found_again(lambda: NIC(f"set {knob} {usual}"))
        setup_near()


def strict_records():
    """What the models have said since the last call."""
    new = []
    for port, nic in enumerate((NIC, PEER)):
        for text in nic.strict():
            text = f"port {port}: {text}"
            if text not in SEEN:
                new.append(text)
                SEEN.add(text)
    return new


def set_address():
    sh(f"ip addr replace {NEAR}/24 dev eth0")
    sh("ip link set eth0 up")
    link_up()


def setup_near():
    set_address()
    sh("ethtool -K eth0 ntuple on")
    rule(leased())
    link_up()


def setup():
    QUEUES["leased"] = 2
    NIC("set guard 1")
    guest.two_ports(NEAR, FAR)
    setup_near()
    ping()
    QUEUES["leased"] = 2 if ping_queue() != 2 else 1


def run_case(case):
    text = ""
    try:
        case()
    except (Failed, OSError, ValueError, subprocess.SubprocessError) as err:
        text = str(err) or repr(err)
    records = strict_records()
    if records:
        text = "; ".join([text] * bool(text) + records)
    return text


def tell_impossible(cases, first):
    """Of each its name and why, numbered from first on."""
    for number, (name, why) in enumerate(cases, first):
        print(f"ok {number} - {name} on {DRIVER.nic} # SKIP {why}", flush=True)


def run_cases(cases, chosen, impossible=()):
    """As TAP: all of them, or those that are chosen by name; the exit status."""
    impossible = () if chosen else impossible
    cases = [(n, c) for n, c in cases
             if not chosen or any(a in n or a == c.__name__ for a in chosen)]
    failed = 0
    print(f"1..{len(cases) + len(impossible)}", flush=True)
    setup()
    for number, (name, case) in enumerate(cases, 1):
        start = time.monotonic()
        text = run_case(case)
        took = time.monotonic() - start
        print(f"{'not ok' if text else 'ok'} {number} - {name}  # {took:.1f} s", flush=True)
        for line in text.splitlines():
            print(f"# {line}", flush=True)
        failed += bool(text)
    no_rule()
    tell_impossible(impossible, len(cases) + 1)
    return 1 if failed else 0
