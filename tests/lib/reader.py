# SPDX-License-Identifier: GPL-2.0
"""A leased queue, read by a program that checks the generator's frames."""

import json
import re
import subprocess

from guest import TOP, Failed, Program, until, want
from packet4 import ACTIVE, reasons

PROGRAM = TOP + "/build/tests/direct/direct_rx"


class Refused(Failed):
    """The queue could not be had."""


def named(answer):
    """An answer with the reason's name in place of its number."""
    return re.sub(r"(?<=^refused )\d+", lambda number: reasons()[int(number[0])], answer)


class Reader(Program):
    """direct_rx, with its answers to commands."""

    def __init__(self, queue, entries=4096, slot_len=2048, iface="eth0"):
        self.queue = queue
        self.start(iface, str(queue), str(entries), str(slot_len))

    def start(self, *args, fds=()):
        self.process = subprocess.Popen([PROGRAM, *args], text=True, pass_fds=fds,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        answer = self.process.stdout.readline().strip()
        if answer != "ready":
            self.kill()
            raise Refused(f"the lease of queue {self.queue} was refused: {named(answer)}")

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def tell(self, command):
        answer = self.ask(command)
        want(answer == "ok", f"{command}: {answer}")

    def stats(self):
        return json.loads(self.ask("stats"))

    def wait_active(self):
        until("the lease is active", lambda: self.stats()["state"] == ACTIVE)

    def wait_gen(self, count, seconds=20):
        """Wait until so many of the generator's frames have arrived, or more."""
        until(f"{count} frames are here", lambda: self.stats()["gen"] >= count, seconds)


def refusal(*args, **kwargs):
    """Why a queue cannot be had, or nothing when it can."""
    try:
        Reader(*args, **kwargs).kill()
    except Refused as why:
        return str(why)
    return ""


def want_refused(reason, code, *args, **kwargs):
    """A queue cannot be had, for this reason and with this errno."""
    why = refusal(*args, **kwargs)
    want(why.endswith(f" refused {reason} {code}"),
         f"not refused by {reason}, {code}: {why or 'leased'}")
