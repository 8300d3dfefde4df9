# SPDX-License-Identifier: GPL-2.0
"""What is about gve and the gVNIC: its queue formats, and what a lease costs."""

import contextlib
import re
import time

import ethnl
import lease
import packet4
from common import (CPUS, DRIVER, NIC, Capture, another_device, carrier_changes, generate, leased,
                    leases_under_ping, link_up, model, no_rule, ping, reprobe, rule,
                    set_address, stack_packets, traffic, weights)
from guest import DEBUG, Failed, counters, sh, until, want

ROUNDS = 5


def what_is_known():
    """The hash and the packet type of a frame that RSS brought, and not."""
    no_rule()
    sh(f"ethtool -X eth0 weight {weights(leased())}")
    try:
        with Capture() as capture:
            stats = traffic(capture, 2000, "flows=64", False)
            want(stats["hash"] == stats["hash_l4"] == stats["ipv4"] == stats["gen"],
                 f"by RSS: {stats}")
    finally:
        sh("ethtool -X eth0 default")
    with Capture() as capture:
        stats = traffic(capture, 2000, "flows=64")
        want(stats["ipv4"] == stats["gen"], f"by a rule: {stats}")


def order():
    """In whatever order the NIC completes its buffers."""
    usual = NIC("set")["knobs"]["shuffle"]
    want(usual > 1, "the model completes in order by itself")
    try:
        for window in (0, 2, 1000):
            NIC(f"set shuffle {window}")
            with Capture() as capture:
                traffic(capture, 5000, "min=60 max=1514 flows=64")
    finally:
        NIC(f"set shuffle {usual}")


def quiet(queue):
    """How long a lease of a queue and its end take, in ms: no longer are the others
    quiet.
    """
    took = []
    for _ in range(ROUNDS):
        sock = packet4.ring(entries=64)
        began = time.monotonic()
        packet4.lease(sock, "eth0", queue)
        bound = time.monotonic()
        packet4.release(sock)
        took += [bound - began, time.monotonic() - bound]
        sock.close()
        link_up()
    took = sorted(1000 * t for t in took)
    print(f"# queue {queue}: {took[0]:.1f} to {took[-1]:.1f} ms, half of them within "
          f"{took[len(took) // 2]:.1f} ms", flush=True)


def cost():
    """The link goes down and up; what comes for other queues meanwhile waits."""
    quiet(leased())
    quiet(0)
    changes = carrier_changes()
    out = leases_under_ping(ROUNDS)
    print(f"# a ping by another queue waited for {out.rsplit('/', 2)[1]} ms at most", flush=True)
    want(carrier_changes() == changes + 4 * ROUNDS,
         f"{carrier_changes() - changes} changes of the carrier")


def queue_0():
    """It restarts all queues, another lease too."""
    with Capture() as other:
        with Capture(0) as capture:
            traffic(capture)
            traffic(other)
        traffic(other)
    rule(0)
    try:
        before = stack_packets(0)
        generate("count=500 pps=2000")
        until("the stack has queue 0", lambda: stack_packets(0) >= before + 500)
    finally:
        rule(leased())
    ping()


def formats():
    """The other queue formats are refused."""
    usual = NIC("set")["knobs"]["format"]
    # A debug kernel has something against how gve of 6.12 sends in GQI: it stays down.
    begin = (lambda: None) if DEBUG else set_address
    try:
        for name in ("dqo-qpl", "gqi-rda", "gqi-qpl"):
            sh("ip link set eth0 down")
            reprobe(lambda n=name: NIC(f"set format {n}"), begin)
            lease.is_refused("QUEUE_FORMAT", "EOPNOTSUPP", leased())
            if not DEBUG:
                ping()
    finally:
        sh("ip link set eth0 down")
        reprobe(lambda: NIC(f"set format {usual}"))
    with Capture() as capture:
        traffic(capture)


def other_revision():
    """Not the one that all cases have: the driver sets its admin queue up in another way,
    by a page number or by base and length, and has it reset in another way.
    """
    with another_device("revision", 1 - NIC("set")["knobs"]["revision"]):
        with Capture() as capture:
            traffic(capture, 200)
            before = model("resets")
            sh(DRIVER.reset.format("eth0"))
            want(model("resets") == before + 1, f"{model('resets') - before} resets")
            traffic(capture, 200)
        with Capture(0) as capture:
            traffic(capture, 200)
        rule(leased())
        ping()


def granule():
    """A ring that is too small for what the NIC takes at a time is refused."""
    lease.is_refused("ENTRIES_TOO_FEW", "EINVAL", leased(), 8)
    with Capture(entries=16) as capture:
        generate(f"count={DRIVER.post_min} pps=500")
        until("as many frames as the NIC takes slots at a time",
              lambda: capture.stats()["gen"] >= DRIVER.post_min)


def offloads():
    """Neither LRO nor header split on a leased queue."""
    try:
        sh("ethtool -K eth0 lro on")
        ethnl.set_data_split("eth0", True)
        with Capture() as capture:
            merged = model("rsc_packets")
            traffic(capture, 5000, "min=60 max=1514 flows=4")
            want(model("rsc_packets") == merged, "the leased queue has RSC")
            ethnl.set_data_split("eth0", False)
            traffic(capture)
            ethnl.set_data_split("eth0", True)
            traffic(capture)
    finally:
        ethnl.set_data_split("eth0", False)
        sh("ethtool -K eth0 lro off")
        link_up()
    ping()


def asked_reset():
    """The device asks for a reset, and is given one."""
    with Capture() as capture:
        for _ in range(3):
            before = model("resets")
            NIC("set ask-reset 1")
            until("the driver resets it", lambda n=before: model("resets") > n)
            traffic(capture)
    ping()


def starved():
    """A queue without slots drops, the others go on, and its losses are told."""
    time.sleep(DRIVER.report_s)
    with Capture() as capture:
        traffic(capture, 200)
        missed, dropped = capture.stats()["drop_nic"], model("rx_no_desc")
        capture.tell("hold")
        for _ in range(2):
            generate("count=5000 pause=0")
            ping()
        dropped = model("rx_no_desc") - dropped
        want(dropped > 5000, f"{dropped} frames dropped")
        stats = capture.stats()
        want(stats["posted"] == 0 and stats["held"] + stats["free"] == 1024,
             f"slots are missing: {stats}")
        until("they are told", lambda: capture.stats()["drop_nic"] - missed >= dropped,
              5 + DRIVER.report_s)
        stats = capture.stats()
        want(stats["drop_nic"] - missed == dropped,
             f"the lease missed {stats['drop_nic'] - missed}, the model dropped {dropped}")
        capture.tell("go")
        traffic(capture)


def told_once(capture, before, what):
    """What the lease was told that the NIC has missed is what the model has dropped
    since; before: both of then.
    """
    missed = model("rx_no_desc") - before[1]
    with contextlib.suppress(Failed):
        until("it is told", lambda: capture.stats()["drop_nic"] - before[0] >= missed, 5)
    time.sleep(0.1)     # more reports
    stats = capture.stats()
    want(stats["drop_nic"] - before[0] == missed,
         f"{what}: the lease missed {stats['drop_nic'] - before[0]}, the model dropped {missed}")
    lease.right(stats)


def missed_once():
    """What a report has told is not told again, nor to the next lease, whenever reports
    come while the queue or all of the device is restarted. After a reset the device
    begins to count at 0.
    """
    commands = [DRIVER.reset.format("eth0"), f"ethtool -G eth0 rx {DRIVER.rings[0]}",
                f"ethtool -G eth0 rx {DRIVER.rings[2]}",
                "ip link set eth0 down; ip link set eth0 up", DRIVER.reset.format("eth0")]
    NIC("set report-ms 1")
    try:
        time.sleep(0.1)
        with Capture() as capture:
            traffic(capture, 200)
            before = capture.stats()["drop_nic"], model("rx_no_desc")
            capture.tell("clear")
            capture.tell("hold")
            generate("count=3000 pause=0")
            told_once(capture, before, "first")
            for command in commands:
                sh(command)
                rule(leased())
                link_up()
                told_once(capture, before, f"after {command}")
                # a few slots may be left, for frames that are numbered anew
                capture.tell("clear")
                generate("count=100 pause=0")
                told_once(capture, before, f"frames after {command}")
            want(model("rx_no_desc") - before[1] > 1500, "next to nothing was dropped")
        for number in range(2 * ROUNDS):
            with Capture() as capture:
                told_once(capture, (0, model("rx_no_desc")), f"lease {number} after that")
    finally:
        NIC("set report-ms 0")
    ping()


def wrong_ids():
    """A NIC that completes what it was not given is not believed."""
    with Capture() as capture:
        traffic(capture, 100)
        errors = counters()["rx_desc_err_dropped_pkt"]
        before = capture.stats()["drop_error"]
        capture.tell("clear")
        NIC("set wrong-ids 20")
        generate("count=200 pps=4000")
        until("all are here or dropped", lambda: capture.stats()["gen"] +
              capture.stats()["drop_error"] - before >= 200)
        stats = capture.stats()
        want((stats["gen"], stats["drop_error"] - before) == (180, 20), f"{stats}")
        want(counters()["rx_desc_err_dropped_pkt"] - errors == 20, "the driver does not count them")
        lease.right(stats)
        # It thinks that the NIC still has those 20, and takes them back at the end.
        traffic(capture, 2000)
        capture.tell("release")
        stats = capture.stats()
        want(stats["posted"] == 0, f"{stats}")
        lease.right(stats)
    ping()


def refused(what, number):
    """The device refuses the numberth command that what() makes the driver give."""
    before = model("resets")
    NIC(f"set refuse-queue {number}")
    got = what()
    want(NIC("set")["knobs"]["refuse-queue"] == 0, "nothing was refused")
    want(model("resets") > before, "there was no reset")
    link_up()
    return got


def not_confirmed():
    """Whichever queue the device does not destroy or create, it is reset.

    For queue 0 all are destroyed and created, each by a command that can fail. Left
    out is what leaves others while queue 0 is gone, which the model holds against a
    driver whoever is to blame.
    """
    steps = [(leased(), 1), (leased(), 2), (0, 1)]
    steps += [(0, CPUS + n) for n in range(2, CPUS + 1)]
    for queue, number in steps:
        with refused(lambda q=queue: Capture(q), number) as capture:
            traffic(capture, 200)
            refused(lambda c=capture: c.tell("release"), number)
            stats = capture.stats()
            want(stats["quarantined"] == 0 and stats["state"] == packet4.COPY, f"{stats}")
            lease.right(stats)
        ping()
    rule(leased())


def all_queues():
    """Each queue with a lease of its own, and one after the other back."""
    captures = [Capture(queue) for queue in range(CPUS)]
    try:
        for capture in captures:
            traffic(capture, 500)
        while captures:
            captures.pop().kill()
            for capture in captures:
                traffic(capture, 100)
    finally:
        for capture in captures:
            capture.kill()
    rule(leased())
    ping()


# Those that make the driver reset the device on the spot come last: gve of Linux
# 6.12 then loses its admin queue's memory, and a debug kernel says so when the
# driver is taken from the device.
CASES = [
    ("the other queue formats", formats),
    ("hash and packet type", what_is_known),
    ("completions in any order", order),
    ("what a lease costs", cost),
    ("queue 0", queue_0),
    ("all queues", all_queues),
    ("the granule", granule),
    ("the other revision", other_revision),
    ("a NIC that completes other buffers", wrong_ids),
    ("LRO and header split", offloads),
    ("a starved queue stops nobody, and its losses are told", starved),
    ("losses are told once", missed_once),
    ("a reset that the device asks for", asked_reset),
    ("a queue that the device does not destroy", not_confirmed),
]
