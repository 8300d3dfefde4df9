# SPDX-License-Identifier: GPL-2.0
"""What the plugin counted, by function."""

import bisect
import subprocess


class Symbols:
    """Names for addresses: of the kernel from System.map, of programs by nm."""

    def __init__(self, system_map, programs=()):
        found = {}
        with open(system_map) as f:
            for line in f:
                addr, kind, name = line.split()[:3]
                if kind in "tTwW":
                    found.setdefault(int(addr, 16), name)
        for program in programs:
            text = subprocess.run(["nm", program], capture_output=True, text=True,
                                  check=True).stdout
            for line in text.splitlines():
                words = line.split()
                if len(words) == 3 and words[1] in "tTwW":
                    found.setdefault(int(words[0], 16), words[2])
        self.addrs = sorted(found)
        self.names = [found[a] for a in self.addrs]

    def name(self, addr):
        if addr >> 63 and addr > self.addrs[-1]:
            return "(bpf)"
        at = bisect.bisect_right(self.addrs, addr) - 1
        if at < 0 or (not addr >> 63 and not self.known(addr, at)):
            return "(library)"
        return self.names[at]

    def known(self, addr, at):
        """Position-independent programs run at other addresses than nm's."""
        return addr - self.addrs[at] < 1 << 16


class Window:
    """One measured part."""

    def __init__(self, line):
        words = line.split()[1:]
        (self.kernel, self.user, self.syscalls, self.lines, self.mmio_reads, self.mmio_writes,
         self.batches) = map(int, words)
        self.insns = {}

    def total(self):
        return self.kernel + self.user

    def by_function(self, symbols):
        sums = {}
        for addr, count in self.insns.items():
            name = symbols.name(addr)
            sums[name] = sums.get(name, 0) + count
        return sums


def windows(path):
    """The windows in a file that the plugin wrote, in order."""
    found = []
    with open(path) as f:
        for line in f:
            if line.startswith("window"):
                found.append(Window(line))
            else:
                addr, count = line.split()
                found[-1].insns[int(addr, 16)] = int(count, 16)
    return found
