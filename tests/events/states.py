# SPDX-License-Identifier: GPL-2.0
"""The states of a lease in which something can happen to it: how to get there, what goes
on meanwhile, and what to undo before the lease is looked at.
"""

import contextlib
import threading
import time

import link
import steer
from common import BY_XSK, NIC, Capture, leased, run_dry
from guest import sh, until, want
from packet4 import PREPARED, SPREAD, SYMMETRIC, TEE
from reader import Refused

# By AF_XDP ixgbe has no flow rules left when the lease ends: several flows would be in several
# queues then, and in no order.
STREAM = f"gen count=0 flows={1 if BY_XSK else 64} pps=1000 pause=0"
SLOW_STOP = "rxdctl-disable-delay-us"
SLOW_STOP_US = 100000


class State:
    """A lease to which nothing happens. The other states differ from this one."""
    name = "idle"
    device_up = True        # when the event comes
    bound = True            # the lease is there when the event comes
    streams = False         # frames arrive meanwhile
    steers = False          # the RSS table is the lease's

    def __init__(self):
        self.capture = None

    def enter(self):
        """Bring the lease into its state."""
        steer.generator_to(leased())
        self.capture = Capture()
        self.capture.wait_active()
        if BY_XSK:      # the same
            steer.generator_to(leased())

    def begin(self):
        """Start what goes on during the event."""

    def end(self):
        """Back to a lease that is read, of a device that is up."""

    def leave(self):
        """Clean up, whatever has happened."""
        if self.capture:
            self.capture.kill()


class Traffic(State):
    """Frames come all the time. More may be missed than are delivered."""
    name = "traffic"
    streams = True

    def begin(self):
        before = self.capture.stats()["gen"]
        NIC(STREAM)
        self.capture.wait_gen(before + 20)

    def end(self):
        NIC("stop")

    def leave(self):
        NIC("stop")
        super().leave()


class Dry(State):
    """The reader has all slots, and gives them back after the event."""
    name = "dry"

    def enter(self):
        super().enter()
        run_dry(self.capture)

    def end(self):
        self.capture.tell("go")


class Waking(Dry):
    """The slots come back at the moment of the event, and frames wait for them."""
    name = "waking up"
    streams = True

    def begin(self):
        NIC(STREAM)
        self.capture.tell("go")

    def end(self):
        NIC("stop")

    def leave(self):
        NIC("stop")
        super().leave()


class Half(State):
    """The queue is leased while the device is down."""
    name = "half bound"
    device_up = False

    def enter(self):
        sh("ip link set eth0 down")
        self.capture = Capture()
        self.capture.tell("clear")      # bind() to a device that is down sets SO_ERROR

    def end(self):
        sh("ip link set eth0 up")
        link.wait_up()


class Binding(State):
    """The lease begins at the moment of the event. Either may come first."""
    name = "being bound"
    bound = False

    def __init__(self):
        super().__init__()
        self.why = None
        self.thread = threading.Thread(target=self.bind)

    def bind(self):
        try:
            self.capture = Capture()
        except Refused as why:
            self.why = why

    def enter(self):
        steer.generator_to(leased())
        if SLOW_STOP in NIC.knobs():
            NIC(f"set {SLOW_STOP} {SLOW_STOP_US}")

    def begin(self):
        self.thread.start()
        time.sleep(0.02)

    def end(self):
        self.thread.join()
        if SLOW_STOP in NIC.knobs():
            NIC(f"set {SLOW_STOP} 0")

    def leave(self):
        with contextlib.suppress(RuntimeError):     # never begun
            self.end()
        super().leave()


class Prepared(State):
    """The queue is claimed, and the stack's. The lease begins after the event."""
    name = "prepared"
    bound = False

    def enter(self):
        super().enter()
        self.capture.tell("release")
        self.capture.tell(f"prepare {leased()}")
        self.capture.tell("clear")
        want(self.capture.stats()["state"] == PREPARED, "it is not prepared")

    def end(self):
        self.capture.ask("begin")       # is refused when the lease is lost


class Steered(State):
    """RSS belongs to the lease, and the host gets its frames."""
    name = "steered"
    steers = True

    def enter(self):
        super().enter()
        steer.generator_anywhere()
        self.capture.tell("release")
        self.capture.tell(f"lease {leased()} {SPREAD | SYMMETRIC | TEE}")
        self.capture.tell("clear")
        self.wait_steered()

    @staticmethod
    def wait_steered():
        until("RSS goes to the lease", lambda: steer.spreads_over() == {leased()}, 5)

    def end(self):
        link.wait_up()
        self.wait_steered()


STATES = (State, Traffic, Dry, Waking, Half, Binding, Prepared, Steered)
