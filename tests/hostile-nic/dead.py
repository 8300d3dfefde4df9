# SPDX-License-Identifier: GPL-2.0
"""The NIC does not answer, or does not do what it is told."""

import contextlib
import errno
import time

import compare
import link
import packet4
import steer
from common import NIC, Capture, another_device, generate, leased, reprobe, traffic
from drivers import DRIVER, NAME, PCI
from exporter import DYNAMIC, Exported, counts
from faults import fault
from guest import SLOW, sh, splat_wanted, until, want
from packet4 import ACTIVE, COPY, LOST
from readers import Plain, Split
from split import errno_of
from splitring import SplitRing
from stop import paint, want_untouched

GVE = NAME == "gve"
X550 = DRIVER.nic == "x550"
# Knobs, and the values by which a restart fails and works. On the X550 the driver takes all
# ones for firmware in recovery mode. With all ones gve's reset fails and leaves the device as
# it is, so that not even a new driver can have it.
NO_RESTART = [("fault", "no-commands", "none")] if GVE else [("rxdctl-stuck", 1, 0)]
if not GVE and not X550:
    NO_RESTART.append(("fault", "all-ones", "none"))
# What DMA debugging says of pages in quarantine, and of what gve loses: docs/upstream-bugs.md.
LEAKS = ("DMA-API:", "dma_debug_device_change")


def anew(right=True):
    """Give the driver the device anew. The device is well again. If nothing has stopped it,
    reset it first: the drivers free the rings of a device that they cannot reach.
    """
    if not right:
        sh(f"echo 1 > {PCI}/reset")
    sh("ip link set eth0 down", check=False)
    with splat_wanted(*LEAKS if GVE or not right else ()):
        reprobe()
    link.wait_up()


def want_frames(capture):
    """Frames arrive, even if there are pages in quarantine."""
    steer.generator_to(leased())
    before = capture.stats()["gen"]
    generate("count=50 pps=2000")
    capture.wait_gen(before + 50)


def want_back_again(right=True):
    """The device works after that."""
    anew(right)
    link.ping()
    with Plain() as ring:
        if right:
            ring.want_good()
        else:
            want_frames(ring.capture)


def ask_everything():
    """A driver that has given its device up may refuse all this, but nothing worse."""
    for command in ("ethtool -S eth0", "ip link set eth0 down", "ip link set eth0 up"):
        sh(command, check=False)


def all_ones():
    """A device that no longer answers is not believed to have stopped."""
    with Capture() as capture:
        traffic(capture, 200)
        with fault("all-ones"):
            sh("ethtool -S eth0", check=False)
            answer = capture.ask("release")
            ask_everything()
        ask_everything()
        stats = capture.stats()
        want(answer == "ok" and stats["state"] == COPY, f"{answer}: {stats}")
        want(stats["quarantined"] == 0, f"{stats}")
        compare.want_right(stats)
    want_back_again()


def all_ones_meanwhile():
    """Nor is a device that answers again when the lease ends. It never got the command to
    stop.
    """
    for command in ("ip link set eth0 down", DRIVER.reset.format("eth0")):
        with Split() as split:
            steer.generator_to(leased())
            split.want_good()
            with fault("all-ones"):
                sh(command, check=False)
            split.release()
            want(split.ring.sums()["quarantined"] == 0, f"{split.ring.stats()}")
            paint(split.ring)
            generate("count=2000 pps=4000 min=100 max=1400 pause=0")
            want_untouched(split.ring)
        want_back_again()


def all_ones_and_again():
    """A device without the bus stays as it was. The next driver gives it the bus before it
    resets it. The device must not go on then where it was, in memory that was leased.
    """
    with Split() as split:
        steer.generator_to(leased())
        split.want_good()
        # few frames, so that it still has slots afterwards
        with NIC.sending("gen count=0 pps=20 pause=0 min=100 max=1400"):
            with fault("all-ones"):
                split.release()
            stats = split.ring.sums()
            want(split.ring.info()["state"] == COPY and stats["quarantined"] == 0, f"{stats}")
        paint(split.ring)
        with NIC.sending(f"gen count=0 pps={2000 // SLOW} pause=0 min=100 max=1400"):
            anew()
            want_untouched(split.ring)
    want_back_again()


@contextlib.contextmanager
def out_of_reach():
    """Meanwhile the device does not answer, and stays bus master."""
    with NIC.knob("bus-master-stuck", 1), fault("all-ones"):
        yield


def no_answer():
    return fault("all-ones")


def want_memory_lost(broken):
    """The lease's memory is not used again if the device may go on with DMA."""
    with Capture(entries=64) as capture:
        want_frames(capture)
        before = capture.stats()["quarantined"]
        with broken():
            answer = capture.ask("release")
        stats = capture.stats()
        want(answer != "ok" and stats["state"] == LOST, f"{answer}: {stats}")
        want(stats["quarantined"] - before == 64 * 2048 // 4096, f"{before}, then {stats}")
    want("are kept out of use for ever" in sh("dmesg"), "the kernel's log does not tell")
    want_back_again(right=False)     # there are pages in quarantine


def all_ones_for_good():
    """The device stays bus master."""
    want_memory_lost(out_of_reach)


def no_function_reset():
    """gve: the device loses the bus, but it has no function level reset. The next driver
    gives it the bus before it resets it.
    """
    with another_device("pcie-cap", 0, *LEAKS):
        want("flr" not in sh(f"cat {PCI}/reset_method").split(), "it can be reset")
        want_memory_lost(no_answer)


def other_revision():
    """gve: revision 0 says by a register of 0 that it was reset, which all ones never are.
    Revision 1 says it by a bit, which all ones have.
    """
    with another_device("revision", 1 - NIC.knobs()["revision"], *LEAKS):
        all_ones()


def moved_in_quarantine():
    """An exporter moves a dma-buf to which the NIC may still write. Nobody is there to react.
    The buffer stays mapped and pinned, and outlives its ring.
    """
    memory = Exported(1 << 20, DYNAMIC)
    with SplitRing(memory, entries=64, slot_len=128, payload_len=2048) as ring:
        ring.lease("eth0", leased())
        until("the lease is active", lambda: ring.info()["state"] == ACTIVE)
        uses, before = memory.uses(), ring.stats()["quarantined"]
        want(all(uses), f"it is not in use: {uses}")
        with out_of_reach():
            code = errno_of(ring.release)
        stats = ring.stats()
        want(code == errno.EIO and ring.info()["state"] == LOST, f"errno {code}: {stats}")
        want(stats["quarantined"] > before, f"{stats}")
        memory.move()
        want(memory.uses() == uses, f"{uses} before the move, then {memory.uses()}")
    for _ in range(3):
        memory.move()
        time.sleep(0.1)     # for the work queue
    want(memory.uses() == uses, f"{uses} with the ring, without it {memory.uses()}")
    memory.forget()
    time.sleep(0.1)
    want(counts()["buffers"] == 1, f"it was freed: {counts()}")
    want_back_again(right=False)


def not_restarted():
    """The device does not restart the queue for a lease. The ring goes on by copy."""
    for knob, bad, good in NO_RESTART:
        with packet4.ring_socket() as sock:
            with NIC.knob(knob, bad, good):
                code = errno_of(lambda s=sock: packet4.lease(s, "eth0", leased()))
            info, stats = packet4.info(sock), packet4.stats(sock)
            why = packet4.reasons()[info["reason"]]
            want((code, why) == (errno.EIO, "DRIVER_FAILED"), f"{knob} {bad}: errno {code}, {why}")
            want(info["state"] == COPY and stats["quarantined"] == stats["posted"] == 0 and
                 packet4.slots(stats) == 1024, f"{knob} {bad}: {info}, {stats}")
        want_back_again()


def no_commands():
    """gve: the admin queue does nothing. A reset ends all queues."""
    with Capture() as capture:
        traffic(capture, 200)
        with fault("no-commands"):
            answer = capture.ask("release")
        stats = capture.stats()
        want(answer == "ok" and stats["state"] == COPY and stats["quarantined"] == 0,
             f"{answer}: {stats}")
    want_back_again()
