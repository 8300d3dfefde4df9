# SPDX-License-Identifier: GPL-2.0
"""Each event in each state in which it means something."""

import os
import signal
import traceback

import common
import drivers
import link
import steer
from common import NIC, ping
from events import EVENTS, STOPPED_S
from guest import SLOW, Failed, sh
from states import STATES


CELL_S = 60 * SLOW


class Late(Failed):
    """It took too long."""


class Cell:
    """One event in one state."""

    def __init__(self, event, state):
        self.event, self.state = event, state
        self.name = f"{event.name}, {state.name}"

    def makes_sense(self):
        event, state = self.event, self.state
        if drivers.NAME not in event.nics or (event.native and common.BY_XSK):
            return False
        if state.steers and not drivers.DRIVER.table:
            return False
        if not state.bound:
            return event.races
        if event.table and state.steers:
            return False
        if event.streams and not state.streams:
            return False
        return state.device_up or (event.outcome.when_down and not event.when_up)

    def is_quick(self):
        return self.state.name in self.event.quick

    def run(self):
        event, state = self.event, self.state()
        event.prepare()
        outcome = event.outcome(event, state)
        try:
            state.enter()
            outcome.before()
            state.begin()
            event.do(state.capture)
            outcome.after()
        finally:
            state.leave()
            steer.generator_anywhere()
            event.undo()
        ping(2)


def every():
    """All cells, in the order of the table."""
    cells = [Cell(event, state) for event in EVENTS for state in STATES]
    return [cell for cell in cells if cell.makes_sense()]


def late(_, frame):
    where = "".join(traceback.format_stack(frame)[-6:])
    raise Late(f"not done in time\n{where}")


def attempt(run):
    """What went wrong in a cell, in lines."""
    signal.signal(signal.SIGALRM, late)
    signal.alarm(CELL_S + STOPPED_S)
    try:
        text = common.attempt(run)
    finally:
        signal.alarm(0)
    if text:
        recover()
    return text


def recover():
    """Clean up after a failure, so that the next cell has a chance."""
    try:
        sh("ip netns exec away ip link set eth0 netns 1; ip netns del away", check=False)
        for name in ("tx-stuck", "rxdctl-disable-delay-us"):
            if name in NIC.knobs():
                NIC(f"set {name} 0")
        NIC("stop")
        NIC("link up")
        if not os.path.exists("/sys/class/net/eth0"):
            sh("echo 1 > /sys/bus/pci/rescan")
            sh(f"echo {os.path.basename(drivers.PCI)} > {common.DRIVERS}{drivers.NAME}/bind",
               check=False)
            link.wait_for_device()
        common.setup_near()
        link.wait_up()
    except Failed as err:
        print(f"# recovery: {err}", flush=True)
