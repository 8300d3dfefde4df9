# SPDX-License-Identifier: GPL-2.0
"""In which state a lease is when something happens to it: how to get there, what
goes on meanwhile, and what of that has to be undone before the lease is looked at.
"""

import contextlib
import threading
import time

from common import NIC, Capture, leased, link_up, rule, run_dry
from guest import sh, until
from lease import Refused

STREAM = "gen count=0 flows=64 pps=1000 pause=0"
SLOW_STOP = "rxdctl-disable-delay-us"
SLOW_STOP_US = 100000


class State:
    """A lease that nothing happens to: the others are this with a difference."""
    name = "idle"
    device_up = True        # when the event comes
    bound = True            # the lease is there when the event comes
    streams = False         # frames arrive meanwhile

    def __init__(self):
        self.capture = None

    def enter(self):
        """Until the lease is in its state."""
        rule(leased())
        self.capture = Capture()
        self.capture.active()

    def begin(self):
        """What the event meets."""

    def end(self):
        """Back to a lease that is read, of a device that is up."""

    def leave(self):
        """Whatever has happened."""
        if self.capture:
            self.capture.kill()


class Traffic(State):
    """Frames come in all the time, and more may go missing than are delivered."""
    name = "traffic"
    streams = True

    def begin(self):
        before = self.capture.stats()["gen"]
        NIC(STREAM)
        until("frames come", lambda: self.capture.stats()["gen"] > before + 20)

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
    """The slots come back at the moment of the event, and frames are there for them."""
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
        self.capture.tell("clear")      # bind() to a device that is down is an error, too

    def end(self):
        sh("ip link set eth0 up")
        link_up()


class Binding(State):
    """The lease begins at the moment of the event: which is first is not known."""
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
        rule(leased())
        if SLOW_STOP in NIC("set")["knobs"]:
            NIC(f"set {SLOW_STOP} {SLOW_STOP_US}")

    def begin(self):
        self.thread.start()
        time.sleep(0.02)

    def end(self):
        self.thread.join()
        if SLOW_STOP in NIC("set")["knobs"]:
            NIC(f"set {SLOW_STOP} 0")

    def leave(self):
        with contextlib.suppress(RuntimeError):     # never begun
            self.end()
        super().leave()


STATES = (State, Traffic, Dry, Waking, Half, Binding)
