# SPDX-License-Identifier: GPL-2.0
"""The tables, from the lines of results.csv."""

COLUMNS = (("insn_per_packet", "insn"), ("kernel_insn", "kernel"), ("user_insn", "user"),
           ("cache_lines", "lines"), ("mmio_writes_per_packet", "mmio"), ("pps", "pps"),
           ("drops", "drops"), ("syscalls_per_packet", "syscalls"), ("spread_percent", "+-%"))


def table(lines):
    width = max(len(line["path"]) for line in lines)
    print("path".ljust(width), "bytes", *(name.rjust(9) for _, name in COLUMNS))
    for line in lines:
        print(line["path"].ljust(width), line["frame_bytes"].rjust(5),
              *(line[column].rjust(9) for column, _ in COLUMNS), f" {line['settings']}")
