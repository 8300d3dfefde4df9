# SPDX-License-Identifier: GPL-2.0
"""The events that can happen to a lease: how to make each, and its outcome."""

import os
import re
import signal
import socket
import time

import compare
import counters
import drivers
import link
import reader
import rivals
import steer
import xdp
from common import BY_XSK, NIC, leased, model, reprobe, rescan, self_test, setup_near
from drivers import DRIVER, PCI, QUEUE_LEASES, QUEUES
from guest import SLOW, sh, splat_wanted, until, want
from link import FAR
from namespace import Namespace
from outcomes import Down, Lost, Outcome, Process, Refused, Released, Restart
from packet4 import ACTIVE, COPY

PASSED = "/tmp/passed"
SO_SNDBUFFORCE, DISCARD, FILLS_TX_QUEUE = 32, 9, 1500
FULL = os.environ.get("FULL")
STOPPED_S = 60 if FULL else 1
MODULE = os.path.exists(f"/sys/module/{drivers.NAME}/refcnt")
PCI_EVENTS = "/sys/kernel/debug/packet_direct_test"
CAN_SLEEP = os.path.exists(f"{PCI_EVENTS}/suspend")
ASLEEP = "gen count=200 pause=0"
ASLEEP_S = 0.2
# What the models record of a driver that was not told of its device's reset.
NOT_TOLD = "with bus mastering off$|" + {
    "gve": "^admin queue: doorbell while it is not running|^write of 4 bytes at BAR 2 ",
    "ixgbe": "while GPIE is not in MSI-X mode$"}.get(drivers.NAME, "")
IXGBE, GVE, IGB, VIRTIO = ("ixgbe",), ("gve",), ("igb",), ("virtio-pci",)
MODELS = IXGBE + GVE        # they do what a test asks for
SEVERAL = MODELS + IGB      # queues, here
EVERY = SEVERAL + VIRTIO


class Event:
    """Most events are commands, and commands that undo them."""
    new_reader = False      # another process or image reads on, and counts from 0
    ends = False            # the reader's process
    lost = None             # called while the device is gone

    def __init__(self, name, outcome, do=(), undo=(), prepare=(), **more):
        self.name, self.outcome = name, outcome
        self.commands, self.undoing, self.preparing = do, undo, prepare
        self.when_up = more.get("when_up", False)   # does nothing to a device that is down
        self.streams = more.get("streams", False)   # frames have to arrive
        self.races = more.get("races", True) and outcome.races
        self.table = more.get("table", False)       # goes by an RSS table that nobody has set
        self.upstream = more.get("upstream", False) # shows a bug of docs/upstream-bugs.md
        self.nics = more.get("nics", EVERY)
        self.native = more.get("native", False)     # a lease by AF_XDP is refused then
        self.quick = more.get("quick", outcome.states)

    def prepare(self):
        """Before there is a lease."""
        run(self.preparing)
        link.wait_up()

    def do(self, _):
        """It happens."""
        run(self.commands)

    def undo(self):
        """When the lease is gone, whatever happened."""
        run(self.undoing, check=False)


def run(commands, check=True):
    for command in commands:
        if callable(command):
            command()
        else:
            sh(command, check=check)


class Rival(Event):
    """Somebody else wants the queue and is refused, by an error or by what he prints."""

    def __init__(self, name, ask, answer, **more):
        super().__init__(name, Refused, **more)
        self.ask, self.answer = ask, answer

    def do(self, capture):
        said = self.ask(capture)
        if not isinstance(said, str):
            said = rivals.error_of(said)
        want(self.answer in said, f"{self.name}: {said or 'had'}")


class Act(Event):
    """A function that does something to the process or in it."""

    def __init__(self, name, outcome, act, **more):
        super().__init__(name, outcome, **more)
        self.act = act
        self.new_reader = more.get("new_reader", False)
        self.ends = more.get("ends", False)

    def do(self, capture):
        self.act(capture)


class Gone(Event):
    """The device goes and comes back."""

    def __init__(self, name, go, **more):
        super().__init__(name, Lost, **more)
        self.go = go

    def do(self, _):
        self.go(self.lost)
        setup_near()


class Inside(Event):
    """The device's namespace is deleted, but the process that has the lease keeps it. When
    that process ends, so does the namespace, and the device comes back to the first one.
    """
    ends = True

    def __init__(self, name, **more):
        super().__init__(name, Released, **more)
        self.namespace = Namespace("away")

    def prepare(self):
        sh("ip netns add away")
        sh("ip link set eth0 netns away")
        self.namespace.enter()
        setup_near()

    def do(self, capture):
        self.namespace.leave()
        delete_namespace()
        before = capture.stats()
        time.sleep(0.2)
        if not NIC("status")["done"]:
            until("frames come", lambda: capture.stats()["gen"] > before["gen"])
        stats = capture.stats()
        want(not os.path.exists("/sys/class/net/eth0"), "eth0 is back too early")
        want((stats["state"], stats["generation"]) == (before["state"], before["generation"]),
             f"{before}, then {stats}")
        compare.want_right(stats)
        capture.kill()
        link.wait_for_device()
        setup_near()

    def undo(self):
        """If it did not get that far."""
        self.namespace.leave()
        if not os.path.exists("/sys/class/net/eth0"):
            sh("ip netns exec away ip link set eth0 netns 1", check=False)
            sh("ip netns del away", check=False)
            link.wait_for_device()
            setup_near()


def pull():
    link.pull_cable(NIC)


def plug():
    NIC("link up")


def more_queues(count):
    return f"ethtool -L eth0 {DRIVER.channels(count)}"


def fewer_queues(_):
    """The leased queue would be the first that is gone."""
    steer.generator_anywhere()  # or else that is the reason for the refusal
    return sh(more_queues(leased()), check=False)


def generic_xdp():
    """It drops all that the stack gets. The lease still gets its frames."""
    with xdp.drop("eth0", xdp.SKB_MODE):
        out = sh(f"ping -q -c 1 -W 1 {FAR}", check=False)
        want(" 0 received" in out or "unreachable" in out, f"there is no program: {out}")


def steer_away():
    """Rules come and go: for the lease's frames, to its queue and to another. That one is
    there even after an event that takes queues away.
    """
    queues = re.search(r"(\d+) RX rings", sh("ethtool -n eth0"))
    other = (leased() + 1) % int(queues[1])
    steer.add_rule("udp4 dst-port 10", other, 6)
    steer.add_rule("udp4 dst-port 11", leased(), 7)
    steer.generator_to(other)
    steer.generator_to(leased())
    steer.remove_rule(6)
    steer.remove_rule(7)


def hang():
    """Nothing that the stack sends goes out, until the driver resets the device."""
    before = counters.carrier_changes()
    with NIC.knob("tx-stuck", 1):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
            for _ in range(FILLS_TX_QUEUE):
                sock.sendto(b"", (FAR, DISCARD))
        with splat_wanted("NETDEV WATCHDOG"):
            until("the driver resets the device", lambda: counters.carrier_changes() != before,
                  40)
    link.wait_up()


def ask_reset():
    before = model("resets")
    NIC("set ask-reset 1")
    until("the driver resets it", lambda: model("resets") > before)
    link.wait_up()


def unbind(between):
    reprobe(between, link.set_address)


def unload(between):
    """The driver's code and data are gone, and the other port's device with it."""
    sh(f"rmmod {drivers.NAME}")
    try:
        between()
    finally:
        sh(f"modprobe -d {os.environ['PD_KERNEL']}/root {drivers.NAME}")
        link.wait_for_device()
        link.wire_ports()


def to_namespace(back):
    def go(between):
        sh("ip netns add away")
        try:
            sh("ip link set eth0 netns away")
            between()
        finally:
            back()
        link.wait_for_device()
    return go


def move_back():
    sh("ip netns exec away ip link set eth0 netns 1")
    sh("ip netns del away")


def delete_namespace():
    sh("ip netns del away")


def pci_event(name):
    """Let net/packet/direct_test/pci.c make an event of this device alone. How often the
    device was reset by it.
    """
    before = NIC("stats")["pci"]["resets"]
    with open(f"{PCI_EVENTS}/{name}", "w", encoding="ascii") as file:
        file.write(os.path.basename(PCI))
    return NIC("stats")["pci"]["resets"] - before


def sleep():
    """Frames that come meanwhile are lost. The device forgets all that it knew, except with
    gve, whose driver leaves it in D0.
    """
    pci_event("suspend")
    try:
        if NIC("status")["done"]:
            NIC(ASLEEP)
        time.sleep(ASLEEP_S)
    finally:
        resets = pci_event("resume")
    want(resets == (drivers.NAME != "gve"), f"{resets} resets by waking up")


def fatal_error():
    resets = pci_event("fatal")
    want(resets == 1, f"{resets} resets by a fatal error")


def nonfatal_error():
    resets = pci_event("nonfatal")
    want(resets == 0, f"{resets} resets by an error that is not fatal")


def watchdog_has_looked(capture):
    """ixgbe's watchdog has just looked, and will not look for another second. When it finds
    the registers gone, it gives the device up.
    """
    sh(DRIVER.reset.format("eth0"))
    until("eth0 has its link", link.has_carrier)
    began = time.monotonic()
    capture.wait_active()
    time.sleep(0.2)
    return time.monotonic() - began < 1


def function_reset(capture):
    """By sysfs, which does not tell the driver. The device has forgotten everything, and the
    lease does not notice.
    """
    until("there is time for it", lambda: watchdog_has_looked(capture))
    before = NIC("stats")["pci"]["resets"]
    sh(f"echo 1 > {PCI}/reset")
    want(NIC("stats")["pci"]["resets"] == before + 1, "the function was not reset")
    time.sleep(0.1)
    stats = capture.stats()
    time.sleep(0.5)
    after = capture.stats()
    want(stats["state"] == after["state"] == ACTIVE and
         all(stats[name] == after[name] for name in ("generation", "packets", "posted")),
         f"the lease noticed: {stats}, then {after}")
    compare.want_right(after)


def driver_reset():
    """The driver resets the device, which has forgotten everything."""
    sh(DRIVER.reset.format("eth0"))
    link.wait_up()
    records = [r for r in NIC.records() if not re.search(NOT_TOLD, r)]
    want(not records, f"{records}")
    NIC("strict-clear")


def function_and_driver_reset(capture):
    function_reset(capture)
    driver_reset()


def release_after_function_reset(capture):
    """The lease's memory comes back, since the queue says that it is off, or with gve by a
    reset. Frames would come by copy then, from any queue.
    """
    function_reset(capture)
    NIC("stop")
    capture.tell("release")
    stats = capture.stats()
    want(stats["state"] == COPY and stats["posted"] == 0, f"{stats}")
    compare.want_right(stats)
    capture.kill()
    driver_reset()


def fork_and_reap(capture):
    capture.tell("fork")
    time.sleep(0.2)
    capture.tell("reap")


def exec_again(capture):
    answer = capture.ask("exec")
    want(answer == "ready", answer)


def pass_on(capture):
    """Another process takes the socket over, and the first one is killed."""
    with socket.socket(socket.AF_UNIX) as listener:
        if os.path.exists(PASSED):
            os.unlink(PASSED)
        listener.bind(PASSED)
        listener.listen()
        capture.tell(f"pass {PASSED}")
        peer = listener.accept()[0]
        with peer:
            fd = socket.recv_fds(peer, 1, 1)[1][0]
    try:
        capture.kill()
        capture.start("-", str(fd), fds=(fd,))
    finally:
        os.close(fd)


def mapping_alone(capture):
    """The mapping keeps the lease without a socket, and frames arrive in it."""
    capture.tell("close")
    capture.tell("go")
    capture.tell("clear")
    capture.wait_gen(1, 5)
    capture.kill()


def stopped(capture):
    """The process is stopped, and the ring runs full."""
    capture.process.send_signal(signal.SIGSTOP)
    try:
        time.sleep(STOPPED_S)
    finally:
        capture.process.send_signal(signal.SIGCONT)


def quit_(capture):
    capture.process.stdin.write("quit\n")
    capture.process.stdin.flush()
    capture.process.wait(20 * SLOW)


def kill(capture):
    capture.process.kill()
    capture.process.wait()


def crash(capture):
    capture.process.send_signal(signal.SIGSEGV)
    capture.process.wait()


def release(capture):
    capture.tell("release")


least, most, usual = DRIVER.rings
ALL, FEWER = more_queues(QUEUES), more_queues(QUEUES - 1)
LINK_UP = link.wait_up
# virtio_net exchanges a ring without telling AF_XDP, and without a word to the core.
RESIZED = Outcome if drivers.NAME == "virtio-pci" else Restart
COALESCE = f"ethtool -K eth0 {DRIVER.coalescing}"
UNSTEER = [lambda: steer.remove_rule(6), lambda: steer.remove_rule(7)]

EVENTS = (
    Event("link down and up", Outcome, [pull], [plug], when_up=True, quick=("traffic", "dry"),
          nics=MODELS),
    Event("rx mode", Outcome,
          ["ip link set eth0 promisc on", "ip maddr add 01:00:5e:11:22:33 dev eth0",
           "ip link set eth0 allmulticast on", "ip link set eth0 allmulticast off",
           "ip maddr del 01:00:5e:11:22:33 dev eth0", "ip link set eth0 promisc off"],
          nics=IXGBE),
    Event("promiscuous", Outcome, ["ip link set eth0 promisc on", "ip link set eth0 promisc off"],
          nics=GVE + IGB + VIRTIO),
    Event("RSS table", Outcome, [f"ethtool -X eth0 equal {QUEUES - 1}", "ethtool -X eth0 default"],
          ["ethtool -X eth0 default"], table=True, nics=SEVERAL),
    Event("flow rules", Outcome, [steer_away],
          UNSTEER, when_up=True, nics=MODELS),
    Event("flow rules with a queue less", Outcome, [steer_away], [*UNSTEER, ALL, LINK_UP],
          [FEWER], when_up=True, nics=MODELS),
    # it turns the NIC's coalescing off, for which a device restarts
    Event("generic XDP program", Outcome, [generic_xdp], (), [f"{COALESCE} off"], native=True),
    Event("offloads", Outcome, ["ethtool -K eth0 gro off", "ethtool -K eth0 gro on",
                                "ethtool -K eth0 rx off", "ethtool -K eth0 rx on"],
          ["ethtool -K eth0 gro on rx on"], quick=(), nics=SEVERAL),
    Event("rename", Outcome, ["ip link set eth0 name other0", "ip link set other0 name eth0"],
          ["ip link set other0 name eth0"]),
    Event("bridge", Outcome, ["ip link add br0 type bridge", "ip link set br0 up",
                              "ip link set eth0 master br0", "ip link set eth0 nomaster",
                              "ip link del br0"], ["ip link del br0"]),
    Event("MTU", Restart if drivers.NAME == "ixgbe" else Outcome, ["ip link set eth0 mtu 3000"],
          ["ip link set eth0 mtu 1500", LINK_UP], native=True),
    Event("fewer descriptors", RESIZED, [f"ethtool -G eth0 rx {least}"],
          [f"ethtool -G eth0 rx {usual}", LINK_UP]),
    Event("more descriptors", RESIZED, [f"ethtool -G eth0 rx {most}"],
          [f"ethtool -G eth0 rx {usual}", LINK_UP], quick=("dry",)),
    Event("fewer queues", Restart, [FEWER], [ALL, LINK_UP], nics=SEVERAL),
    Event("more queues", Restart, [ALL], [ALL, LINK_UP], [FEWER], quick=("traffic",),
          nics=SEVERAL),
    Event("LRO", Restart, [f"{COALESCE} on"], [f"{COALESCE} off", LINK_UP], [f"{COALESCE} off"],
          native=True),
    Event("VLAN stripping", Outcome, ["ethtool -K eth0 rxvlan off"],
          ["ethtool -K eth0 rxvlan on", LINK_UP], nics=IXGBE, native=True),
    Event("flow rules off", Restart, ["ethtool -K eth0 ntuple off", "ethtool -K eth0 ntuple on"],
          ["ethtool -K eth0 ntuple on", LINK_UP], nics=IXGBE, quick=("traffic",)),
    Event("reset", Restart, [(DRIVER.reset or "").format("eth0")], [LINK_UP], when_up=True,
          quick=("traffic", "dry", "waking up", "being bound"), nics=SEVERAL),
    Event("AER recovery, fatal", Restart, [fatal_error], [LINK_UP], nics=IXGBE),
    Event("AER recovery, not fatal", Restart, [nonfatal_error], [LINK_UP], nics=IXGBE,
          quick=("traffic",)),
    # This comes after AER recovery, which upstream leaves without bus mastering if the
    # device was suspended before: docs/upstream-bugs.md.
    Event("suspend and resume", Restart, [sleep], [LINK_UP], races=False,
          nics=IXGBE + GVE if CAN_SLEEP else ()),
    Event("down and up", Down, ["ip link set eth0 down", "ip link set eth0 up"]),
    Event("bond", Down, ["ip link add bond0 type bond", "ip link set eth0 down",
                         "ip link set eth0 master bond0", "ip link set bond0 up",
                         "ip link set eth0 nomaster", "ip link del bond0",
                         "ip link set eth0 up"],
          ["ip link del bond0", link.set_address], nics=IXGBE, quick=("traffic",)),
    Rival("a second lease", lambda capture: reader.refusal(capture.queue), "EBUSY"),
    # 7.3 names the pool of a lease by AF_XDP before it comes to the lease.
    Rival("too few queues", fewer_queues, "in use by AF_XDP" if BY_XSK and QUEUE_LEASES else
          "packet socket has RX queue", table=True, nics=SEVERAL),
    Rival("XDP program", lambda capture: rivals.xdp_program(capture.queue), "EBUSY"),
    Rival("AF_XDP by copy", lambda capture: rivals.af_xdp(capture.queue), "EBUSY"),
    Rival("AF_XDP zero-copy", lambda capture: rivals.af_xdp_zero_copy(capture.queue), "EBUSY"),
    Rival("devmem", lambda capture: rivals.devmem(capture.queue),
          DRIVER.refuses["devmem"] if QUEUE_LEASES else "EEXIST" if BY_XSK else "EBUSY"),
    Rival("queue lease", lambda capture: rivals.queue_lease(capture.queue),
          DRIVER.refuses.get("queue lease", "EBUSY")),
    Rival("fanout", rivals.fanout, "EOPNOTSUPP"),
    Rival("bind() elsewhere", rivals.rebound, "EBUSY"),
    Act("fork", Process, fork_and_reap),
    Act("exec", Process, exec_again, new_reader=True),
    Act("handed to another process", Process, pass_on, new_reader=True),
    Act("SIGSTOP", Process, stopped),
    Act("the mapping alone", Released, mapping_alone, ends=True, streams=True,
        quick=("traffic",)),
    Act("release", Released, release),
    Act("exit", Released, quit_, ends=True, quick=("traffic",)),
    Act("crash", Released, crash, ends=True, quick=()),
    Act("kill -9", Released, kill, ends=True),
    Gone("driver unbound", unbind),
    Gone("device removed", rescan, quick=("traffic",)),
    *([Gone("rmmod", unload)] if MODULE else []),
    Gone("moved to a namespace", to_namespace(move_back), quick=("traffic", "half bound")),
    Gone("its namespace deleted", to_namespace(delete_namespace), quick=("traffic",)),
    Inside("its namespace deleted around the process", quick=("traffic",)),
    # After the events from here on DMA debugging tells of upstream's bugs when the driver is
    # unbound: docs/upstream-bugs.md.
    Event("self-test", Restart, [self_test], [LINK_UP], when_up=True, nics=IXGBE,
          quick=("traffic",), upstream=True),
    Event("reset that the device asks for", Restart, [ask_reset], nics=GVE, when_up=True,
          upstream=True),
    Act("function level reset", Restart, function_and_driver_reset, when_up=True, races=False,
        quick=("traffic",), upstream=True, nics=MODELS),
    Act("release after a function level reset", Released, release_after_function_reset,
        ends=True, when_up=True, quick=("traffic",), upstream=True, nics=MODELS),
    Event("Tx timeout", Restart, [hang], [LINK_UP], when_up=True, quick=("traffic",),
          races=False, upstream=True, nics=MODELS),     # a lease changes the carrier, too
)

# What cannot be made here, and why.
IMPOSSIBLE = [("VFs, offloaded macvlans, DCB", "the emulated NICs have no pools of queues")]
if not MODULE:
    IMPOSSIBLE.append(("rmmod", "the drivers are built in, but for KERNEL=events"))
if not CAN_SLEEP:
    IMPOSSIBLE.append(("suspend and resume", "this kernel cannot suspend, KERNEL=events can"))
if drivers.NAME == "gve":
    IMPOSSIBLE.append(("AER recovery", "the driver has no handlers for errors"))
