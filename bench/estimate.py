# SPDX-License-Identifier: GPL-2.0
"""From the misses of the cache and TLB model to estimated cycles."""

import os

CPU = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cpu/xeon-platinum-8176")
KINDS = ("l1d", "l2", "llc", "dtlb", "stlb")


def parameters(path=CPU):
    """The numbers of a file in cpu/, by name."""
    found = {}
    with open(path) as f:
        for line in f:
            words = line.partition("#")[0].split()
            if words:
                found[words[0]] = int(words[1])
    return found


class Misses:
    """What the plugin counted in one window."""

    def __init__(self, words):
        self.accesses, self.dma_lines, self.unknown = map(int, words)
        self.models, self.at = {}, []

    def take(self, words):
        counts = dict(zip(KINDS, map(int, words[-len(KINDS):])))
        if words[0] == "model":
            self.models[words[1], int(words[2])] = counts
        else:
            self.at.append((int(words[1], 16), counts))

    def counts(self, name="cpu", value=0):
        return self.models[name, value]

    def by_function(self, symbols):
        """Function -> misses of each kind."""
        sums = {}
        for addr, counts in self.at:
            found = sums.setdefault(symbols.name(addr), dict.fromkeys(KINDS, 0))
            for kind in KINDS:
                found[kind] += counts[kind]
        return sums


def windows(path):
    """The windows in a file that the plugin wrote, in order."""
    found = []
    with open(path) as f:
        for line in f:
            words = line.split()
            if words[0] == "window":
                found.append(Misses(words[1:]))
            else:
                found[-1].take(words)
    return found


def cycles(cpu, instructions, counts):
    """Each miss costs what its level takes, and nothing overlaps."""
    return (instructions / cpu["ipc"]
            + (counts["l1d"] - counts["l2"]) * cpu["l2_cycles"]
            + (counts["l2"] - counts["llc"]) * cpu["llc_cycles"]
            + counts["llc"] * cpu["dram_cycles"]
            + (counts["dtlb"] - counts["stlb"]) * cpu["stlb_cycles"]
            + counts["stlb"] * cpu["walk_cycles"])


def changed(cpu, instructions, misses, name, value):
    """The estimate with another value of one parameter. Misses depend on sizes alone."""
    counts = misses.models.get((name, int(value)), misses.counts())
    return cycles({**cpu, name: value}, instructions, counts)


def sensitivity(cpu, instructions, misses):
    """Parameter -> the estimate with half of it, and with its double."""
    sized = {name for name, _ in misses.models}
    return {name: [changed(cpu, instructions, misses, name,
                           value * factor if name not in sized else int(value * factor))
                   for factor in (0.5, 2)]
            for name, value in cpu.items()}
