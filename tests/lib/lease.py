# SPDX-License-Identifier: GPL-2.0
"""A leased queue, read by a program that checks the generator's frames."""

import json
import subprocess

from guest import TOP, want

PROGRAM = TOP + "/build/tests/ixgbe/direct_rx"
WRONG = ("bad", "disorder", "backwards", "bad_slot", "bad_cons", "quarantined")


class Lease:
    """With its answers to commands."""

    def __init__(self, queue, entries=4096, iface="eth0"):
        self.process = subprocess.Popen(
            [PROGRAM, iface, str(queue), str(entries)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        answer = self.process.stdout.readline().strip()
        want(answer == "ready", f"the lease of queue {queue} was refused: {answer}")

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def tell(self, command):
        answer = self.ask(command)
        want(answer == "ok", f"{command}: {answer}")

    def stats(self):
        return json.loads(self.ask("stats"))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def right(stats):
    """Nothing out of order or damaged, no slot lost."""
    for name in WRONG:
        want(stats[name] == 0, f"{name}: {stats[name]}: {stats}")
    want(stats["sum"] == stats["slots"], f"slots are lost: {stats}")
