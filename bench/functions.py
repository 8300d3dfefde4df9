# SPDX-License-Identifier: GPL-2.0
"""Where the instructions go: each path's, by function."""

import csv
import os

import split
from boot import OUT, TOP

PROGRAMS = ("rx", "rx-dpdk")
SHOWN = 0.02    # instructions per packet


def symbols(kernel, path):
    program = "rx-dpdk" if path.startswith("dpdk") else "rx"
    return split.Symbols(os.path.join(TOP, "build/kernel", kernel, "System.map"),
                         [] if path.startswith("tcpdump") else [os.path.join(OUT, program)])


def per_packet(row):
    """Function -> instructions per packet, the most first."""
    sums = row["window"].by_function(symbols(row.get("kernel", "release"), row["path"]))
    return {name: count / row["frames"]
            for name, count in sorted(sums.items(), key=lambda x: -x[1])}


def write(rows):
    """functions.csv of one boot."""
    with open(os.path.join(OUT, "functions.csv"), "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(("path", "frame_bytes", "function", "insn_per_packet"))
        for row in rows:
            for name, count in per_packet(row).items():
                if count >= SHOWN:
                    out.writerow((row["path"], row["size"], name, f"{count:.2f}"))
