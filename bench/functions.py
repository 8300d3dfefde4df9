#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""functions.py [PATH...]: where the instructions of 64-byte frames go, by path
and function, from the functions.csv of the last run.
"""

import csv
import os
import sys

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import split                # noqa: E402
from boot import BUILT, OUT   # noqa: E402

CSV = os.path.join(OUT, "functions.csv")
COLUMNS = ("nic", "path", "frame_bytes", "function", "insn_per_packet")
WRITTEN = 0.02  # instructions per packet
SHOWN = 1


def symbols(kernel, path):
    program = "rx-dpdk" if path.startswith("dpdk") else "rx"
    return split.Symbols(os.path.join(BUILT, "kernel", kernel, "System.map"),
                         [] if path.startswith("tcpdump") else [os.path.join(OUT, program)])


def per_packet(row):
    """Function -> instructions per packet, the most first."""
    sums = row["window"].by_function(symbols(row["kernel"], row["path"]))
    return {name: count / row["frames"]
            for name, count in sorted(sums.items(), key=lambda x: -x[1])}


def write(rows):
    """Write functions.csv from these rows."""
    with open(CSV, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(COLUMNS)
        for row in rows:
            for name, count in per_packet(row).items():
                if count >= WRITTEN:
                    out.writerow((row["nic"], row["path"], row["size"], name, f"{count:.2f}"))


def show(nic, path, lines):
    """Print the functions of a path in one paragraph. Small ones are added up."""
    counts = [(line["function"], float(line["insn_per_packet"])) for line in lines
              if (line["nic"], line["path"], line["frame_bytes"]) == (nic, path, "64")]
    shown = [f"{name} {count:.1f}" for name, count in counts if count >= SHOWN]
    rest = sum(count for _, count in counts if count < SHOWN)
    print(f"* {nic}, {path}, {sum(c for _, c in counts):.0f}: {', '.join(shown)}; "
          f"all others {rest:.1f}")


def main(paths):
    with open(CSV, newline="") as f:
        lines = list(csv.DictReader(f))
    for nic, path in dict.fromkeys((line["nic"], line["path"]) for line in lines):
        if not paths or path in paths:
            show(nic, path, lines)


if __name__ == "__main__":
    main(sys.argv[1:])
