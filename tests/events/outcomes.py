# SPDX-License-Identifier: GPL-2.0
"""What an event does to a lease, and to each frame that the NIC has put into its slots."""

import contextlib
import errno
import importlib
import time

import compare
import counters
import drivers
import link
import steer
from common import BY_XSK, NIC, Capture, generate, leased, ping, stack_packets, traffic
from drivers import DRIVER
from guest import Failed, until, want
from packet4 import ACTIVE, COPY, DOWN, LOST, STATES

POLLERR = 8
GOT = ("packets", "drop_no_slot", "drop_too_long", "drop_error", "drop_down")
FRAMES = 100


# A NIC that QEMU emulates does not tell what it delivered to which queue.
TELLS = "rx_queue" in NIC.model()


class Account:
    """Compares what the NIC delivered to a lease with what the socket counts. By AF_XDP what
    a driver throws away when it stops a queue is in no counter.
    """

    def __init__(self, capture):
        NIC.flush()
        self.before = capture.stats()
        self.nic = NIC.queue(leased()) if TELLS else 0
        self.starved = NIC.queue(leased(), "no_desc") if TELLS else 0

    def gained(self, stats, name):
        return stats[name] - self.before[name]

    def settled(self, capture):
        """All that the NIC delivered has arrived, or is in one counter."""
        if not TELLS:
            time.sleep(0.1)
            return capture.stats()
        NIC.flush()
        with contextlib.suppress(Failed):
            until("all is told", lambda: sum(self.gained(capture.stats(), n) for n in GOT) >=
                  NIC.queue(leased()) - self.nic, 2)
        stats = capture.stats()
        got = {n: self.gained(stats, n) for n in GOT}
        delivered = NIC.queue(leased()) - self.nic
        want(sum(got.values()) == delivered or BY_XSK and sum(got.values()) < delivered,
             f"the NIC delivered {delivered} frames, of which there are {got}")
        return stats

    def read(self, capture):
        """All that is in the ring was read."""
        until("all that was published is read", lambda: self.gained(
            stats := capture.stats(), "frames") == self.gained(stats, "packets"), 2)

    def missed(self, capture, all_of_them):
        """What found no descriptor is counted as missed, unless the NIC only reports it later."""
        if DRIVER.reports or BY_XSK:
            return
        told = self.gained(capture.stats(), "drop_nic")
        starved = NIC.queue(leased(), "no_desc") - self.starved
        want(told == starved if all_of_them else told <= starved,
             f"{starved} frames found no slot, {told} are counted")


def check_state(stats, state):
    """getsockopt() and the control page tell the same state."""
    want(stats["state"] == state, f"state {STATES[stats['state']]}, not {STATES[state]}")
    want((stats["state"], stats["generation"]) ==
         (stats["ctrl_state"], stats["ctrl_generation"]), f"the control page: {stats}")


def check_error(stats, error):
    """poll() and SO_ERROR have told this error since the event, or none."""
    want(bool(stats["polled"] & POLLERR) == bool(error), f"poll() returned {stats['polled']:#x}")
    want(stats["error"] == error, f"SO_ERROR {stats['error']}, not {error}")


def check_registers():
    """ixgbe turns both the other way at some events."""
    if drivers.NAME != "ixgbe" or BY_XSK:
        return
    ixgbe = importlib.import_module("ixgbe")
    regs = ixgbe.Registers()
    want(not regs.rxdctl(leased()) & ixgbe.VME, "VLAN stripping is on")
    want(regs.srrctl(leased()) & ixgbe.DROP_EN, "DROP_EN is off")


def check_active(capture):
    """The lease is as it should be and has the queue: frames arrive in place."""
    link.wait_up()
    capture.wait_active()
    check_registers()
    compare.want_right(capture.stats())
    traffic(capture, FRAMES)
    check_state(capture.stats(), ACTIVE)
    check_registers()


def check_stack():
    """Nobody has a ring, and the stack gets the frames."""
    until("no packet socket is left", lambda: not counters.packet_sockets(), 5)
    link.wait_up()
    steer.generator_to(leased())
    before = stack_packets(leased())
    generate(f"count={FRAMES} pps=4000")
    until("the stack has the queue", lambda: stack_packets(leased()) >= before + FRAMES, 5)
    ping(2)


class Outcome:
    """The lease goes on and notices nothing."""
    error = 0
    races = True            # worth trying while the lease begins
    when_down = True        # and while the device is down
    states = ("traffic",)   # those of make test
    restarts = False

    def __init__(self, event, state):
        self.event, self.state = event, state
        self.account = self.generation = None

    def before(self):
        """The lease is in its state."""
        if not self.state.bound:
            return
        self.state.capture.tell("clear")
        self.account = Account(self.state.capture)
        self.generation = self.state.capture.stats()["generation"]

    def after(self):
        """The event has come."""
        if not self.state.device_up:
            self.still_down()
        self.state.end()
        capture = self.state.capture
        want(capture, f"no lease: {getattr(self.state, 'why', '')}")
        link.wait_up()
        capture.wait_active()
        if self.state.bound:
            self.check()
        check_active(capture)

    def still_down(self):
        stats = self.state.capture.stats()
        check_state(stats, DOWN)
        check_error(stats, 0)
        compare.want_right(stats)

    def restarted(self):
        return self.restarts or not self.state.device_up

    def check(self):
        capture = self.state.capture
        stats = self.account.settled(capture)
        if not self.event.new_reader:
            self.account.read(capture)
        self.account.missed(capture, not self.restarted())
        check_error(stats, self.error if self.state.device_up else 0)
        want((stats["generation"] != self.generation) == self.restarted(),
             f"generation {self.generation}, then {stats['generation']}")
        compare.want_right(stats)


class Restart(Outcome):
    """The queue is restarted. The lease is back by itself."""
    restarts = True
    states = ("traffic", "waking up", "steered")


class Down(Restart):
    """The device goes down and comes up again. poll() tells."""
    error = errno.ENETDOWN
    when_down = False
    states = ("traffic", "dry", "prepared", "steered")


class Several(Outcome):
    """Several events. Some may have nothing to do after others."""
    races = False

    def check(self):
        stats = self.account.settled(self.state.capture)
        if not self.event.new_reader:
            self.account.read(self.state.capture)
            check_error(stats, self.event.error)
        compare.want_right(stats)


class Refused(Outcome):
    """Somebody wants the queue and is refused. The lease does not notice."""
    races = False
    states = ("idle",)


class Process(Outcome):
    """Something happens to the process. As long as any of it is left, the lease goes on."""
    races = False


class Lost(Outcome):
    """The device goes, and the lease goes with it."""
    states = ("traffic", "dry", "half bound", "being bound", "prepared")

    def before(self):
        super().before()
        self.event.lost = self.lost

    def lost(self):
        """Before the device comes back."""
        if self.state.streams:
            NIC("stop")
        if not self.state.bound:
            self.state.end()
        capture = self.state.capture
        if not capture:
            return      # the device was gone first
        until("the lease is lost", lambda: capture.stats()["state"] != ACTIVE, 5)
        stats = capture.stats()
        check_state(stats, LOST)
        check_error(stats, errno.ENETDOWN)
        compare.want_right(stats)
        want(stats["posted"] == 0, f"slots are with the NIC: {stats}")
        if self.account:
            self.account.settled(capture)
        capture.tell("release")
        check_state(capture.stats(), COPY)

    def after(self):
        self.state.leave()
        check_stack()
        with Capture() as capture:
            check_active(capture)


class Released(Outcome):
    """The queue is the stack's again."""
    races = False
    states = ("traffic", "dry", "half bound")

    def after(self):
        capture, state = self.state.capture, self.state
        if capture.process.poll() is None and not self.event.ends:
            stats = capture.stats()
            if not state.streams:
                self.account.settled(capture)
            check_state(stats, COPY)
            want(stats["posted"] == 0, f"slots are with the NIC: {stats}")
            compare.want_right(stats)
            capture.kill()
        if state.streams:
            time.sleep(0.1)
            NIC("stop")
        if not state.device_up:
            state.end()
        NIC.flush()
        check_stack()
