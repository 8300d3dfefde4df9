# SPDX-License-Identifier: GPL-2.0
"""The NIC says that a queue has stopped, and goes on."""

import contextlib

import compare
import link
import packet4
import steer
from common import NIC, generate, leased, model
from faults import fault
from guest import want
from packet4 import COPY
from readers import Plain, Split
from splitring import UNTOUCHED

DROP_ALL = [(0x06, 0, 0, 0)]


def late_completions():
    """A queue that said that it had stopped completes one more buffer, when the lease begins
    and when it ends.
    """
    for _ in range(3):
        with contextlib.ExitStack() as stack:
            with fault("late-done"):
                ring = stack.enter_context(Plain())
                steer.generator_to(leased())
            ring.want_good()
            done = model("faults")
            with fault("late-done"):
                ring.capture.tell("release")
            want(model("faults") > done, "the NIC did not do it")
            stats = ring.capture.stats()
            want(stats["state"] == COPY and stats["quarantined"] == 0, f"{stats}")
            compare.want_right(stats)
        link.ping()


def late_data():
    """The model's guard sees a write after the stop was confirmed."""
    with Plain() as ring:
        steer.generator_to(leased())
        ring.want_good()
        with fault("late-data"):
            ring.capture.tell("release")
    records = NIC.records()
    want(any("has stopped" in r for r in records), f"records: {records}")
    NIC("strict-clear")
    link.ping()


def paint(ring):
    """Paint the slots of a ring whose lease has ended."""
    packet4.attach(ring.socket, DROP_ALL)       # nobody writes to them by copy either
    ring.paint()


def want_untouched(ring):
    """Nobody has written to its slots since paint()."""
    layout = ring.layout
    slots = ring.map[layout["slot_off"]:layout["slot_off"] +
                     (layout["slot_nr"] << layout["slot_shift"])]
    for name, data in (("slots", slots), ("payload slots", bytes(ring.payload))):
        at = len(data) - len(data.lstrip(bytes([UNTOUCHED])))
        want(at == len(data), f"{name}: written to at {at}")


def untouched():
    """Nothing writes to a lease's memory after its end, though that is still mapped."""
    with Split() as split:
        steer.generator_to(leased())
        split.want_good()
        split.release()
        paint(split.ring)
        generate("count=2000 pps=4000 min=100 max=1400")
        link.ping()
        want_untouched(split.ring)
