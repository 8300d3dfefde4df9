# SPDX-License-Identifier: GPL-2.0
"""A tcpdump that writes a file. It is not stopped before it has written what it was sent.
Debian's own, to compare with, does the same.
"""

import os
import re
import signal
import subprocess
import time

import capfile
import compare
import packet4
from guest import SLOW, TOP, Failed, Program, until, want

PROGRAM = os.environ.get("TCPDUMP", TOP + "/build/tools/bin/tcpdump")
STOCK = TOP + "/build/tools/stock/bin/tcpdump"
FILE_HEADER, RECORD_HEADER = 24, 16


class Tcpdump(Program):
    """tcpdump -i IFACE --rx-direct=MODE -w PATH, without a mode of all queues. It writes each
    packet at once.
    """
    program, ready, prefix = PROGRAM, "capturing", ()

    def __init__(self, iface, mode, path, *options):
        self.start(iface, path, "--rx-direct" if mode is None else f"--rx-direct={mode}",
                   *options)

    def start(self, iface, path, *options):
        """Returns once it captures."""
        self.path, self.began = path, time.time_ns()
        self.command = ["tcpdump", "-i", iface, *options, "-U", "-w", path]
        if os.path.exists(path):
            os.unlink(path)
        self.process = subprocess.Popen([*self.prefix, self.program, *self.command[1:]],
                                        stderr=subprocess.PIPE, text=True)
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            if self.ready in line:
                break
        else:
            raise Failed(f"{' '.join(self.command)}: {self.said.strip()}")
        until("the file is there", lambda: self.size() >= FILE_HEADER)

    def size(self):
        try:
            return os.path.getsize(self.path)
        except OSError:
            return 0

    def wait_for(self, frames, seconds=30, settle=0.3):
        """Wait until it has written these frames, and a while more for frames too many."""
        size = FILE_HEADER + sum(RECORD_HEADER + len(f) for f in frames)
        try:
            until("all is written", lambda: self.size() >= size, seconds)
        except Failed:
            pass    # the comparison tells which frame is missing
        time.sleep(settle)

    def info(self):
        with packet4.socket_of(self.process.pid) as sock:
            return packet4.info(sock)

    def stats(self):
        with packet4.socket_of(self.process.pid) as sock:
            return packet4.stats(sock)

    def stop(self):
        """End it as Ctrl-C does. The numbers that it prints."""
        self.process.send_signal(signal.SIGINT)
        self.said += self.process.communicate(timeout=60 * SLOW)[1]
        want(self.process.returncode == 0,
             f"tcpdump ended with status {self.process.returncode}: {self.said.strip()}")
        names = {"captured": "captured", "received by filter": "received",
                 "dropped by kernel": "dropped", "dropped by interface": "dropped_interface"}
        return {names[name]: int(n) for n, name in
                re.findall(r"^(\d+) packets? (" + "|".join(names) + ")$", self.said, re.M)}

    def compare(self, frames):
        """The file has what was sent. Its times are of this run and in order."""
        records = capfile.read(self.path)
        compare.want_frames([r.data for r in records], frames)
        cut = [n for n, r in enumerate(records) if r.length != len(r.data)]
        want(not cut, f"frame {cut[:1]} was cut")
        times = [r.nanoseconds for r in records]
        want(times == sorted(times), "a time stamp goes back")
        # The file has microseconds.
        want(not times or (self.began // 1000 * 1000 <= times[0] and times[-1] <= time.time_ns()),
             f"time stamps from {times[:1]} to {times[-1:]} in a run from {self.began}")


class StockTcpdump(Tcpdump):
    """The same without our patches, and so by the stack."""
    program, ready = STOCK, "listening"

    def __init__(self, iface, path, *options):  # pylint: disable=super-init-not-called
        self.start(iface, path, *options)
