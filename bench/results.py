# SPDX-License-Identifier: GPL-2.0
"""From the rows of the boots to results.csv, and back."""

import csv
import statistics

COLUMNS = ("nic", "path", "frame_bytes", "insn_per_packet", "kernel_insn", "user_insn",
           "cache_lines", "mmio_writes_per_packet", "pps", "drops", "syscalls_per_packet",
           "settings", "kernel", "boots", "spread_percent")
SETTINGS = ("batch", "entries", "slot", "hold", "filter", "burst", "queues", "ring", "cpus",
            "shuffle", "threaded", "threaded-alone", "sweep")


def settings(row):
    """The settings of the generator and the path that a row has."""
    return " ".join(f"{k}={row[k]}" for k in SETTINGS if k in row)


def key(row):
    return row["nic"], row["kernel"], row["path"], row["size"], settings(row)


def spread(values):
    return 100 * (max(values) - min(values)) / statistics.median(values)


def middle(text, totals):
    """The median. What a filter adds is a difference of rows that have to be in the same
    state of the slab caches: that is the one that costs less.
    """
    return min(totals) if "sweep=filter" in text else statistics.median_low(totals)


class Results:
    """All rows by key, in the order of their first appearance."""

    def __init__(self):
        self.rows = {}

    def take(self, rows, kind):
        """kind says what the boot was for: counted, lines or timed."""
        for row in rows:
            self.rows.setdefault(key(row), {}).setdefault(kind, []).append(row)

    def lines(self):
        return [self.line(k, kinds) for k, kinds in self.rows.items()]

    def line(self, k, kinds):
        nic, kernel, path, size, text = k
        out = dict.fromkeys(COLUMNS, "")
        out.update(nic=nic, path=path, frame_bytes=size, settings=text, kernel=kernel)
        if counted := kinds.get("counted"):
            totals = [r["window"].total() / r["frames"] for r in counted]
            total = middle(text, totals)
            row = counted[totals.index(total)]
            out.update(
                insn_per_packet=f"{total:.1f}", boots=len(totals),
                kernel_insn=f"{row['window'].kernel / row['frames']:.1f}",
                user_insn=f"{row['window'].user / row['frames']:.1f}",
                drops=row["drops"],
                syscalls_per_packet=f"{row['window'].syscalls / row['frames']:.3g}")
            if len(totals) > 1:
                out["spread_percent"] = f"{spread(totals):.2f}"
        for row in kinds.get("lines", [])[:1]:
            window = row["window"]
            out["cache_lines"] = f"{window.lines / row['frames']:.2f}"
            out["mmio_writes_per_packet"] = f"{window.mmio_writes / row['frames']:.4f}"
        if timed := [r for r in kinds.get("timed", []) if "ns" in r]:
            out["pps"] = f"{statistics.median(r['frames'] / r['ns'] * 1e9 for r in timed):.0f}"
        return out


def write(path, lines):
    with open(path, "w", newline="") as f:
        out = csv.DictWriter(f, COLUMNS, lineterminator="\n")
        out.writeheader()
        out.writerows(lines)


def read(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))
