# SPDX-License-Identifier: GPL-2.0
"""Cases for gve alone: the gVNIC's queue formats, and what a lease costs."""

import contextlib
import os
import time

import compare
import counters
import hwstamp
import link
import netlink
import packet4
import reader
import rivals
import split
import steer
from common import (NIC, REPORT_MS, Capture, another_device, generate, leased,
                    leases_under_ping, model, reprobe, stack_packets, stamped_by_nic, traffic)
from drivers import DRIVER, PCI, QUEUE_LEASES
from guest import CPUS, DEBUG, Failed, sh, until, want
from splitring import SplitRing

ROUNDS = 5
NO_CLOCK = 0xffffffff
PASS_ALL = (6, 0, 0, 0xffff)       # BPF: ret #65535


def what_is_known():
    """The hash and the packet type of a frame that came by RSS, or by a rule."""
    steer.remove_rule()
    steer.spread_over(leased())
    try:
        with Capture() as capture:
            stats = traffic(capture, 2000, "flows=64", False)
            want(stats["hash"] == stats["hash_l4"] == stats["ipv4"] == stats["gen"],
                 f"by RSS: {stats}")
    finally:
        steer.spread_as_usual()
    with Capture() as capture:
        stats = traffic(capture, 2000, "flows=64")
        want(stats["ipv4"] == stats["gen"], f"by a rule: {stats}")


def order():
    """Frames arrive in order, in whatever order the NIC completes its buffers."""
    want(NIC.knobs()["shuffle"] > 1, "the model completes in order by itself")
    for window in (0, 2, 1000):
        with NIC.knob("shuffle", window), Capture() as capture:
            traffic(capture, 3000, "min=60 max=1514 flows=64")


def tell_cost(queue):
    """Print how long a lease of a queue and its end take. The other queues are not quiet
    for longer than that.
    """
    took = []
    for _ in range(ROUNDS):
        sock = packet4.ring_socket(entries=64)
        began = time.monotonic()
        packet4.lease(sock, "eth0", queue)
        bound = time.monotonic()
        packet4.release(sock)
        took += [bound - began, time.monotonic() - bound]
        sock.close()
        link.wait_up()
    took = sorted(1000 * t for t in took)
    print(f"# queue {queue}: {took[0]:.1f} to {took[-1]:.1f} ms, half of them within "
          f"{took[len(took) // 2]:.1f} ms", flush=True)


def cost():
    """The link goes down and up. Frames for other queues wait meanwhile."""
    tell_cost(leased())
    tell_cost(0)
    changes = counters.carrier_changes()
    out = leases_under_ping(ROUNDS)
    print(f"# a ping by another queue waited for {out.rsplit('/', 2)[1]} ms at most", flush=True)
    want(counters.carrier_changes() == changes + 4 * ROUNDS,
         f"{counters.carrier_changes() - changes} changes of the carrier")


def queue_0():
    """A lease of queue 0 restarts all queues, and other leases with them."""
    with Capture() as other:
        with Capture(0) as capture:
            traffic(capture)
            traffic(other)
        traffic(other)
    steer.generator_to(0)
    try:
        before = stack_packets(0)
        generate("count=500 pps=2000")
        until("the stack has queue 0", lambda: stack_packets(0) >= before + 500)
    finally:
        steer.generator_to(leased())
    link.ping()


def formats():
    """The other queue formats are refused."""
    usual = NIC.knobs()["format"]
    # How gve of 6.12 sends in GQI is a splat of a debug kernel: the device stays down there.
    begin = (lambda: None) if DEBUG else link.set_address
    try:
        for name in ("dqo-qpl", "gqi-rda", "gqi-qpl"):
            sh("ip link set eth0 down")
            reprobe(lambda n=name: NIC(f"set format {n}"), begin)
            reader.want_refused("QUEUE_FORMAT", "EOPNOTSUPP", leased())
            if not DEBUG:
                link.ping()
    finally:
        sh("ip link set eth0 down")
        reprobe(lambda: NIC(f"set format {usual}"))
    with Capture() as capture:
        traffic(capture)


def other_revision():
    """The revision that the other cases do not have. The driver sets the admin queue up in
    another way, by a page number or by base and length, and resets the device in another way.
    """
    with another_device("revision", 1 - NIC.knobs()["revision"]):
        with Capture() as capture:
            traffic(capture, 200)
            before = model("resets")
            sh(DRIVER.reset.format("eth0"))
            want(model("resets") == before + 1, f"{model('resets') - before} resets")
            traffic(capture, 200)
        with Capture(0) as capture:
            traffic(capture, 200)
        steer.generator_to(leased())
        link.ping()


def granule():
    """A ring that is too small for what the NIC takes at a time is refused."""
    reader.want_refused("ENTRIES_TOO_FEW", "EINVAL", leased(), 8)
    with Capture(entries=16) as capture:
        generate(f"count={DRIVER.post_min} pps=500")
        capture.wait_gen(DRIVER.post_min)


def offloads():
    """Neither LRO nor header split on a leased queue."""
    try:
        sh(f"ethtool -K eth0 {DRIVER.coalescing} on")
        netlink.set_data_split("eth0", True)
        with Capture() as capture:
            merged = model("rsc_packets")
            traffic(capture, 5000, "min=60 max=1514 flows=4")
            want(model("rsc_packets") == merged, "the leased queue has RSC")
            netlink.set_data_split("eth0", False)
            traffic(capture)
            netlink.set_data_split("eth0", True)
            traffic(capture)
    finally:
        netlink.set_data_split("eth0", False)
        sh(f"ethtool -K eth0 {DRIVER.coalescing} off")
        link.wait_up()
    link.ping()


def asked_reset():
    """The device asks for a reset, and is given one."""
    with Capture() as capture:
        for _ in range(3):
            before = model("resets")
            NIC("set ask-reset 1")
            until("the driver resets it", lambda n=before: model("resets") > n)
            traffic(capture)
    link.ping()


def starved():
    """A queue without slots drops its frames, the others go on, and its losses are told."""
    time.sleep(2 * REPORT_MS / 1000)    # until older losses are told
    with Capture() as capture:
        traffic(capture, 200)
        missed, dropped = capture.stats()["drop_nic"], model("rx_no_desc")
        capture.tell("hold")
        for _ in range(2):
            generate("count=5000 pause=0")
            link.ping()
        dropped = model("rx_no_desc") - dropped
        want(dropped > 5000, f"{dropped} frames dropped")
        stats = capture.stats()
        want(stats["posted"] == 0 and stats["held"] + stats["free"] == 1024,
             f"slots are missing: {stats}")
        until("they are told", lambda: capture.stats()["drop_nic"] - missed >= dropped)
        stats = capture.stats()
        want(stats["drop_nic"] - missed == dropped,
             f"the lease missed {stats['drop_nic'] - missed}, the model dropped {dropped}")
        capture.tell("go")
        traffic(capture)


def want_told_once(capture, before, what):
    """The lease was told of as many missed frames as the model has dropped since. before:
    both counts of then.
    """
    missed = model("rx_no_desc") - before[1]
    with contextlib.suppress(Failed):
        until("it is told", lambda: capture.stats()["drop_nic"] - before[0] >= missed, 5)
    time.sleep(0.1)     # for more reports
    stats = capture.stats()
    want(stats["drop_nic"] - before[0] == missed,
         f"{what}: the lease missed {stats['drop_nic'] - before[0]}, the model dropped {missed}")
    compare.want_right(stats)


def missed_once():
    """A loss is told once, and not to the next lease again, whenever reports come while the
    queue or the device is restarted. After a reset the device counts from 0.
    """
    commands = [DRIVER.reset.format("eth0"), f"ethtool -G eth0 rx {DRIVER.rings[0]}",
                f"ethtool -G eth0 rx {DRIVER.rings[2]}",
                "ip link set eth0 down; ip link set eth0 up", DRIVER.reset.format("eth0")]
    with NIC.knob("report-ms", 1):
        time.sleep(0.1)
        with Capture() as capture:
            traffic(capture, 200)
            before = capture.stats()["drop_nic"], model("rx_no_desc")
            capture.tell("clear")
            capture.tell("hold")
            generate("count=3000 pause=0")
            want_told_once(capture, before, "first")
            for command in commands:
                sh(command)
                steer.generator_to(leased())
                link.wait_up()
                want_told_once(capture, before, f"after {command}")
                # a few slots may be left, for frames that are numbered anew
                capture.tell("clear")
                generate("count=100 pause=0")
                want_told_once(capture, before, f"frames after {command}")
            want(model("rx_no_desc") - before[1] > 1500, "next to nothing was dropped")
        for number in range(2 * ROUNDS):
            with Capture() as capture:
                want_told_once(capture, (0, model("rx_no_desc")), f"lease {number} after that")
    link.ping()


def wrong_ids():
    """A NIC that completes buffers which it was not given is not believed."""
    with Capture() as capture:
        traffic(capture, 100)
        errors = counters.of_driver()["rx_desc_err_dropped_pkt"]
        before = capture.stats()["drop_error"]
        capture.tell("clear")
        NIC("set wrong-ids 20")
        generate("count=200 pps=4000")
        until("all are here or dropped", lambda: capture.stats()["gen"] +
              capture.stats()["drop_error"] - before >= 200)
        stats = capture.stats()
        want((stats["gen"], stats["drop_error"] - before) == (180, 20), f"{stats}")
        want(counters.of_driver()["rx_desc_err_dropped_pkt"] - errors == 20,
             "the driver does not count them")
        compare.want_right(stats)
        # The driver thinks that the NIC still has those 20, and takes them back at the end.
        traffic(capture, 2000)
        capture.tell("release")
        stats = capture.stats()
        want(stats["posted"] == 0, f"{stats}")
        compare.want_right(stats)
    link.ping()


def refuse(number, what):
    """The device refuses the numberth command that the driver gives during what()."""
    before = model("resets")
    NIC(f"set refuse-queue {number}")
    got = what()
    want(NIC.knobs()["refuse-queue"] == 0, "nothing was refused")
    want(model("resets") > before, "there was no reset")
    link.wait_up()
    return got


def not_confirmed():
    """If the device does not destroy or create a queue, it is reset.

    For queue 0 all queues are destroyed and created, each by a command that can fail.
    A failure that leaves other queues without queue 0 is left out: the model records it,
    whoever is to blame.
    """
    steps = [(leased(), 1), (leased(), 2), (0, 1)]
    steps += [(0, CPUS + n) for n in range(2, CPUS + 1)]
    for queue, number in steps:
        with refuse(number, lambda q=queue: Capture(q)) as capture:
            traffic(capture, 200)
            refuse(number, lambda c=capture: c.tell("release"))
            stats = capture.stats()
            want(stats["quarantined"] == 0 and stats["state"] == packet4.COPY, f"{stats}")
            compare.want_right(stats)
        link.ping()
    steer.generator_to(leased())


def all_queues():
    """Each queue has a lease of its own. The leases end one after the other."""
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
    steer.generator_to(leased())
    link.ping()


def clock_now():
    return model("clock_ns")


def set_clock(ns):
    """The clock jumps, and the driver reads it, as it does four times a second."""
    def readings():
        return counters.of_driver()["adminq_report_nic_timestamp_cnt"]
    NIC(f"set clock-ns {ns}")
    before = readings()
    until("the driver has read the clock", lambda: readings() > before + 1)


def want_clock(there):
    """The queue says which stamps it has, and by which clock."""
    with packet4.ring_socket(entries=64) as sock:
        sock.bind(("eth0", packet4.ETH_P_ALL))
        info = packet4.info(sock)
    stamps, clock = packet4.TSTAMP_SW, NO_CLOCK
    if there:
        stamps |= packet4.TSTAMP_HW
        clock = int(os.listdir(f"{PCI}/ptp")[0].strip("ptp"))
    want((info["tstamp"], info["phc_index"]) == (stamps, clock), f"{info}")


def stamps_that_are_wanted():
    """Frames have the NIC's stamps once these are asked for, in one slot or in several. The
    NIC writes the lower half of them, which wraps after 4.3 s. Its clock may jump.
    """
    want_clock(True)
    link.set_mtu(9000, "eth0")
    try:
        with Capture() as capture:
            capture.tell("stamps")
            want(not traffic(capture, 200)["stamped"], "nobody turned the NIC's stamps on")
            hwstamp.stamp_all("eth0", True)
            stamped_by_nic(capture, clock_now, "min=60 max=1514 pps=200")
            stamped_by_nic(capture, clock_now, "min=2100 max=9014", 500)
            for jump in (10 ** 15, -10 ** 14):
                set_clock(clock_now() + jump)
                stamped_by_nic(capture, clock_now, "min=60 max=900 flows=64")
            sh(DRIVER.reset.format("eth0"))
            steer.generator_to(leased())
            stamped_by_nic(capture, clock_now, "min=60 max=900")
            hwstamp.stamp_all("eth0", False)
            want(not traffic(capture, 200)["stamped"], "the NIC's stamps are turned off")
        hwstamp.stamp_all("eth0", True)
        with Capture() as capture:
            want(not traffic(capture, 200)["stamped"], "nobody asked for the NIC's stamps")
    finally:
        hwstamp.stamp_all("eth0", False)
        link.set_mtu(1500, "eth0")


def frames_without_stamp():
    """A frame that the NIC did not stamp has the kernel's stamp."""
    hwstamp.stamp_all("eth0", True)
    try:
        with Capture() as capture, NIC.knob("stamps", 3):
            capture.tell("stamps")
            stats = traffic(capture, 999, "min=60 max=1514")
            want(abs(3 * stats["stamped"] - stats["frames"]) <= 3 and not stats["backwards"],
                 f"every third frame is stamped: {stats}")
    finally:
        hwstamp.stamp_all("eth0", False)


def stamps_of_split():
    """Frames with their payload apart have the NIC's stamps, and so have those that a filter
    lets through.
    """
    sent = split.frames((1, 400, 1400))
    split.all_to_queue()
    hwstamp.stamp_all("eth0", True)
    try:
        for filtered in (False, True):
            with SplitRing(slot_len=split.SLOT_LEN) as ring:
                packet4.want_stamps(ring.socket)
                if filtered:
                    packet4.attach(ring.socket, [PASS_ALL])
                split.start(ring)
                began = clock_now()
                split.feed(sent)
                got = ring.frames(len(sent), mine=split.ours)
                split.want_stamped(got, len(sent), began, clock_now())
    finally:
        hwstamp.stamp_all("eth0", False)
        split.back_to_stack()


def no_stamps():
    """A device that does not stamp has no clock, and its queues say so."""
    with another_device("stamps", 0):
        want_clock(False)
        with Capture() as capture:
            capture.tell("stamps")
            want(not traffic(capture, 200)["stamped"], "stamps from nowhere")


def page_pools():
    """The pages of each ring go back to it in the NAPI poll, without a lock, as before the
    lease of its queue, or of queue 0, for which all rings are made anew.
    """
    def want_polled(when):
        pools = netlink.page_pools("eth0")
        want(len(pools) == CPUS and all(pools) and len(set(pools)) == CPUS,
             f"{when}: the pools of {CPUS} queues have NAPI instances {pools}")

    want_polled("at first")
    for queue in (leased(), 0):
        with Capture(queue) as capture:
            want_polled(f"queue {queue} is leased")
            sh("ip link set eth0 down; ip link set eth0 up")
            traffic(capture, 200)
            capture.tell("release")
            want_polled(f"queue {queue} was leased")
        link.ping()
    steer.generator_to(leased())


def buffer_lengths():
    """How long the stack's buffers are makes no difference to a lease, which comes back when
    that is changed. Those of the stack change.
    """
    def stack_takes(buffers):
        """Frames of 3000 bytes fit in one buffer, or take two."""
        def completed():
            return counters.of_driver()[f"rx_completed_desc[{other}]"]
        steer.generator_to(other)
        before = completed()
        generate("count=100 min=3000 max=3000 pps=1000")
        until("the stack has them", lambda: completed() >= before + buffers * 100)
        want(completed() < before + (buffers + 1) * 100, "they took more buffers")

    other = 1 if leased() == 2 else 2
    link.set_mtu(9000, "eth0")
    try:
        for slot_len in DRIVER.slot_lens:
            with Capture(leased(), 1024, slot_len) as capture:
                for length, buffers in ((2048, 2), (4096, 1)):
                    sh(f"ethtool -G eth0 rx-buf-len {length}")
                    traffic(capture, 500, "min=60 max=9014")
                    link.wait_up()
                    stack_takes(buffers)
    finally:
        sh("ethtool -G eth0 rx-buf-len 4096", check=False)
        link.set_mtu(1500, "eth0")
        link.wait_up()
        steer.generator_to(leased())


def want_lease(why):
    """A lease of the usual queue works, or is refused for that reason."""
    if why:
        reader.want_refused(why, "EBUSY", leased())
        return
    with Capture() as capture:
        traffic(capture, 200)


def want_both(rival, why, said, queue):
    """A rival wants a queue, before the lease and after it."""
    with rival(queue):
        link.wait_up()
        want_lease(why)
    until("it has gone", lambda: not reader.refusal(leased()), 5)
    with Capture() as capture:
        got = rivals.error_of(rival(queue))
        want(got == said, f"{rival.__name__} of queue {queue}, beside a lease: {got or 'had'}")
        traffic(capture, 200)
    want_lease("")


def rivals_of_xdp():
    """With buffers of 2 KiB, without LRO and with a small MTU gve has XDP and AF_XDP zero-copy.
    A program is for all queues, so a lease and a program exclude each other. AF_XDP has one
    queue, and a lease another.
    """
    other = 1 if leased() == 2 else 2
    with another_device("mtu", 1500):
        sh(f"ethtool -K eth0 {DRIVER.coalescing} off")
        sh("ethtool -G eth0 rx-buf-len 2048")
        link.wait_up()
        want_both(rivals.xdp_program, "QUEUE_XDP", "EBUSY", leased())
        want_both(rivals.af_xdp_zero_copy, "QUEUE_XSK", "EBUSY", leased())
        want_both(rivals.af_xdp_zero_copy, "", "", other)
        with rivals.af_xdp_zero_copy(other):
            with rivals.xdp_program(other):
                link.wait_up()
                want_lease("QUEUE_XDP")
            link.wait_up()
            with Capture() as capture:
                traffic(capture, 200)
                said = rivals.error_of(rivals.xdp_program(other))
                want(said == "EBUSY", f"a program beside AF_XDP and a lease: {said or 'had'}")
                traffic(capture, 200)
        link.ping()


def rival_of_devmem():
    """While the driver splits headers a dma-buf can have a queue, and a lease another."""
    other = 1 if leased() == 2 else 2
    netlink.set_data_split("eth0", True)
    try:
        link.wait_up()
        want_both(rivals.devmem, "QUEUE_PROVIDER", "EBUSY", leased())
        want_both(rivals.devmem, "", "", other)
    finally:
        netlink.set_data_split("eth0", False)
    link.wait_up()
    link.ping()


# Since Linux 7.3.
SINCE_7_3 = [
    ("time stamps that are wanted", stamps_that_are_wanted),
    ("frames without a time stamp", frames_without_stamp),
    ("time stamps and header split", stamps_of_split),
    ("a device without time stamps", no_stamps),
    ("page pools", page_pools),
    ("the length of the stack's buffers", buffer_lengths),
    ("XDP and AF_XDP zero-copy", rivals_of_xdp),
    ("devmem", rival_of_devmem),
] if QUEUE_LEASES else [("no time stamps", lambda: want_clock(False))]

# The cases that make the driver reset the device on the spot come last. gve of Linux 6.12
# then loses its admin queue's memory, and a debug kernel says so when the driver is taken
# from the device.
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
    *SINCE_7_3,
    ("a starved queue stops nobody, and its losses are told", starved),
    ("losses are told once", missed_once),
    ("a reset that the device asks for", asked_reset),
    ("a queue that the device does not destroy", not_confirmed),
]
