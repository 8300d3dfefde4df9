# SPDX-License-Identifier: GPL-2.0
"""Two ways to read a leased queue of a NIC that is broken. Each looks where the frames are,
and that no slot is lost.
"""

import time

import packet4
from common import NIC, Capture, generate, leased, traffic
from guest import until, want
from packet4 import ACTIVE
from splitring import SplitRing

QUIET_S = 0.25          # nothing more comes if nothing has come for so long


class Plain:
    """A lease that direct_rx reads."""

    def __init__(self, entries=1024):
        self.capture = Capture(entries=entries)
        self.small = entries < 256

    def begin(self):
        self.capture.wait_active()
        self.capture.tell("clear")

    def settle(self):
        """Wait until nothing more comes. The statistics."""
        NIC.flush()
        stats, last = self.capture.stats(), None
        while last is None or stats["packets"] != last["packets"] or \
                packet4.drops(stats) != packet4.drops(last):
            time.sleep(QUIET_S)
            last, stats = stats, self.capture.stats()
        want(stats["beyond"] == 0, f"bytes outside the slots: {stats}")
        want(stats["sum"] == stats["slots"], f"slots are lost: {stats}")
        return stats

    def hold(self):
        """Give nothing back from now on."""
        self.capture.tell("hold")

    def go(self):
        self.capture.tell("go")

    def release(self):
        self.capture.tell("release")

    def want_good(self):
        """Frames arrive as they should."""
        self.settle()
        if self.small:      # most frames find no slot
            traffic(self.capture, 200, "pps=500", least=20)
        else:
            traffic(self.capture, 200)

    def __enter__(self):
        self.capture.__enter__()
        return self

    def __exit__(self, *_):
        self.capture.__exit__()


class Split:
    """A lease with header split, read here."""

    def __init__(self, entries=1024, memory=None):
        self.ring = SplitRing(memory, entries=entries, slot_len=128, payload_len=2048)
        self.got, self.holds = [], False

    def begin(self):
        until("the lease is active", lambda: self.ring.info()["state"] == ACTIVE)
        self.got = []

    def take(self):
        """Read what has come. Each part is where it has to be. How many frames."""
        layout, taken = self.ring.layout, 0
        while frame := self.ring.take():
            taken += 1
            self.got.append((frame.why, frame.length, frame.lengths()))
            for (header, payload), (slot, payload_slot) in zip(frame.parts, frame.slots):
                want(len(header) <= layout["slot_len"] and slot < layout["slot_nr"] and
                     len(payload) <= layout["payload_len"] and
                     (not payload or payload_slot < layout["payload_nr"]),
                     f"outside the slots: {frame.lengths()}, {frame.slots}")
        if not self.holds:
            self.ring.give()
        return taken

    def settle(self):
        NIC.flush()
        while self.take():
            time.sleep(QUIET_S)
        return {**self.ring.sums(), "frames": len(self.got)}

    def hold(self):
        self.holds = True

    def go(self):
        self.holds = False
        self.take()

    def release(self):
        self.ring.release()

    def want_good(self):
        self.settle()
        self.begin()
        before = packet4.drops(self.ring.stats())
        generate("count=100 pps=2000 min=100 max=1400")
        until("all frames are here", lambda: self.take() >= 0 and len(self.got) >= 100)
        want(packet4.drops(self.ring.stats()) == before, f"{before}, then {self.ring.stats()}")

    def __enter__(self):
        self.ring.lease("eth0", leased())
        self.begin()
        return self

    def __exit__(self, *_):
        self.ring.close()
