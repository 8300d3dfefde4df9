#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""report.py RESULTS.CSV [BASE RESULTS-BASE.CSV]: the tables, in Markdown, and the bars; of
two bases, the rows that both have, side by side.
"""

import sys

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import bars      # noqa: E402
import plan      # noqa: E402
import results   # noqa: E402


def setting(line, name):
    return dict(w.split("=") for w in line["settings"].split()).get(name)


def plain(line):
    """Does the line belong to the main table: saturated, nothing swept?"""
    return not setting(line, "sweep") and setting(line, "burst") in (None, "0")


def markdown(head, rows):
    print("|", " | ".join(head), "|")
    print("|" + "---|" * len(head))
    for row in rows:
        print("|", " | ".join(str(cell) for cell in row), "|")
    print()


def instructions(lines):
    """One row per path, one column per size. Other kernels are to the right."""
    lines = [line for line in lines if plain(line)]
    columns = sorted({(line["kernel"], int(line["frame_bytes"])) for line in lines},
                     key=lambda c: (c[0] != "release", *c))
    paths = dict.fromkeys(line["path"] for line in lines)
    by_key = {(line["path"], line["kernel"], int(line["frame_bytes"])): line for line in lines}

    def cell(path, column):
        line = by_key.get((path, *column))
        if not line or not line["insn_per_packet"]:
            return ""
        lost = f" ({line['drops']} lost)" if line["drops"] not in ("", "0") else ""
        return f"{float(line['insn_per_packet']):.0f}{lost}"

    markdown(["instructions per packet"]
             + [f"{size} B" if kernel == "release" else f"{size} B, {kernel}"
                for kernel, size in columns],
             [[path] + [cell(path, c) for c in columns] for path in paths])


def details(lines, kernel):
    """Everything else that was measured for 64-byte frames."""
    columns = (("kernel_insn", "kernel"), ("user_insn", "user"), ("cache_lines", "cache lines"),
               ("mmio_writes_per_packet", "MMIO writes"), ("pps", "pps, wall clock"),
               ("syscalls_per_packet", "system calls"), ("spread_percent", "spread %"))
    rows = [[line["path"]] + [line[c] for c, _ in columns] for line in lines
            if plain(line) and line["frame_bytes"] == "64"]
    markdown([f"64 B, per packet, kernel {kernel}"] + [title for _, title in columns], rows)


def bursts(lines):
    lines = [line for line in lines if setting(line, "burst") not in (None, "0")
             and not setting(line, "sweep")]
    if not lines:
        return
    paths = dict.fromkeys(line["path"] for line in lines)
    by_key = {(line["path"], setting(line, "burst")): line["insn_per_packet"] for line in lines}
    markdown(["bursts of"] + [str(n) for n in plan.BURSTS],
             [[path] + [by_key.get((path, str(n)), "") for n in plan.BURSTS] for path in paths])


def sweeps(lines):
    for name in dict.fromkeys(setting(line, "sweep") for line in lines):
        if not name:
            continue
        swept = [line for line in lines if setting(line, "sweep") == name]
        values = list(dict.fromkeys(setting(line, name) for line in swept))
        sizes = {line["frame_bytes"] for line in swept}

        def title(line, several=len(sizes) > 1):
            return line["path"] + (f", {line['frame_bytes']} B" if several else "")

        by_key = {(title(line), setting(line, name)): line["insn_per_packet"] for line in swept}
        markdown([name] + values,
                 [[row] + [by_key.get((row, v), "") for v in values]
                  for row in dict.fromkeys(map(title, swept))])


def notes(lines):
    for path in dict.fromkeys(line["path"] for line in lines):
        if path in plan.NOTES:
            print(f"* {path}: {plan.NOTES[path]}")
    print()


def tables(lines):
    notes(lines)
    for nic in dict.fromkeys(line["nic"] for line in lines):
        chosen = [line for line in lines if line["nic"] == nic]
        print(f"NIC {nic}:\n")
        instructions(chosen)
        for kernel in dict.fromkeys(line["kernel"] for line in chosen):
            details([line for line in chosen if line["kernel"] == kernel], kernel)
        bursts(chosen)
        sweeps(chosen)


def beside(first, second, base):
    """The rows that were measured on 6.12 and on another base, and the bars of both."""
    def key(line):
        return line["nic"], line["path"], line["frame_bytes"], line["kernel"], line["settings"]

    of_first = {key(line): line["insn_per_packet"] for line in first}
    rows = []
    for line in second:
        one, two = of_first.get(key(line)), line["insn_per_packet"]
        if plain(line) and one and two:
            rows.append([line["nic"], line["path"], line["frame_bytes"], one, two,
                         f"{float(two) - float(one):+.1f}"])
    markdown(["NIC", "instructions per packet", "bytes", "6.12", base, "difference"], rows)
    show(bars.beside(first, second, base))


def show(found, all_of_them=True):
    for bar in found:
        if bar.measured() or all_of_them:
            print(bar)


def show_bars(lines, all_of_them=True):
    show(bars.all_bars(lines), all_of_them)


if __name__ == "__main__":
    everything = results.read(sys.argv[1])
    if len(sys.argv) > 3:
        beside(everything, results.read(sys.argv[3]), sys.argv[2])
    else:
        tables(everything)
        show_bars(everything)
