# SPDX-License-Identifier: GPL-2.0
"""From the rows of the boots to results.csv, and back."""

import csv
import statistics

import functions

COLUMNS = ("nic", "path", "frame_bytes", "insn_per_packet", "kernel_insn", "user_insn",
           "cache_lines", "mmio_writes_per_packet", "pps", "drops", "syscalls_per_packet",
           "settings", "kernel", "boots", "spread_percent", "filter_insn", "wait_insn")
SETTINGS = ("batch", "entries", "slot", "hold", "filter", "burst", "queues", "ring", "cpus",
            "shuffle", "senders", "threaded", "threaded-alone", "sweep")


def settings(row):
    """The settings of the generator and the path that a row has."""
    return " ".join(f"{k}={row[k]}" for k in SETTINGS if k in row)


def key(row):
    return row["nic"], row["kernel"], row["path"], row["size"], settings(row)


def spread(values):
    return 100 * (max(values) - min(values)) / statistics.median(values)


# What runs V3's filter. Its rows are in either of two states of the slab caches, which
# differ by as much as a filter costs.
FILTER_FUNCTIONS = ("run_filter", "migrate_disable", "migrate_enable", "(bpf)",
                    "bpf_skb_load_helper")

# The same of a leased queue, with the driver's loop, which is another one with a filter.
DIRECT_FILTER_FUNCTIONS = ("ixgbe_direct_clean", "packet_direct_snaplen",
                           "packet_direct_begin_filter", "(bpf)", "bpf_skb_load_helper")


def filter_insn(row):
    """Instructions per packet in what runs a filter."""
    names = DIRECT_FILTER_FUNCTIONS if row["path"] == "direct-busy" else FILTER_FUNCTIONS
    return sum(count for name, count in functions.per_packet(row).items()
               if name.startswith(names))


def wait_insn(row):
    """Instructions per packet in what waits for a lock."""
    return sum(count for name, count in functions.per_packet(row).items()
               if name.endswith("lock_slowpath"))


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
            middle = statistics.median_low(totals)
            row = counted[totals.index(middle)]
            out.update(
                insn_per_packet=f"{middle:.1f}", boots=len(totals),
                kernel_insn=f"{row['window'].kernel / row['frames']:.1f}",
                user_insn=f"{row['window'].user / row['frames']:.1f}",
                drops=row["drops"],
                syscalls_per_packet=f"{row['window'].syscalls / row['frames']:.3g}")
            if "sweep=filter" in text:
                out["filter_insn"] = f"{filter_insn(row):.1f}"
            if "sweep=senders" in text:
                out["wait_insn"] = f"{wait_insn(row):.1f}"
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
