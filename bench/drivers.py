#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""drivers.py [REVISION...]: how much of each driver is PACKET_RX_DIRECT's.

Lines of code, without comments and blank lines, and functions, by what they are for.
Without REVISION it is the tree as it is.
"""

import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
DRIVERS = {
    "ixgbe": ("drivers/net/ethernet/intel/ixgbe/", "ixgbe_direct"),
    "gve": ("drivers/net/ethernet/google/gve/", "gve_direct"),
    "netdevsim": ("drivers/net/netdevsim/", "direct"),
}
# The first that the name of a function matches; "rest" is declarations and tables.
PURPOSES = (
    ("stop", r"stop|drain|reset|is_off|confirm|give_up|let_drop|close_rsc|rsc_off|adminq_pfn"),
    ("statistics", r"counter|missed|sync_stats"),
    ("fill", r"fill|write_desc|_write$|_post|describe$|_batch"),
    ("bind", r"bind|restart|limits|configure|start|leased|mode_ok|set_ops|init|srrctl"
             r"|rxdctl|rsc|running|_ring$|has_ring|ring_|create|flows|atr|fdir|lock"),
    ("poll", r"."),
)
COLUMNS = [name for name, _ in PURPOSES[:1] + PURPOSES[3:4] + PURPOSES[2:3]
           + PURPOSES[4:] + PURPOSES[1:2]] + ["rest"]


def paths(revision, folder, prefix):
    if revision:
        names = subprocess.run(["git", "ls-tree", "--name-only", revision, folder],
                               cwd=TOP, check=True, stdout=subprocess.PIPE,
                               text=True).stdout.split()
    else:
        there = os.path.join(TOP, folder)
        names = [folder + f for f in os.listdir(there)] if os.path.isdir(there) else []
    return sorted(n for n in names
                  if re.fullmatch(rf"{prefix}\w*\.[ch]", os.path.basename(n)))


def text(revision, path):
    if revision:
        return subprocess.run(["git", "show", f"{revision}:{path}"], cwd=TOP,
                              check=True, stdout=subprocess.PIPE, text=True).stdout
    with open(os.path.join(TOP, path), encoding="ascii") as f:
        return f.read()


def code(source):
    """The lines with code, without the stubs of kernels that lack the option."""
    source = re.sub(r"(?s)#else\n.*?#endif /\* CONFIG_PACKET_RX_DIRECT \*/", "", source)
    source = re.sub(r"(?s)/\*.*?\*/", "", source)
    return [line for line in source.split("\n") if line.strip()]


def functions(lines):
    """(name, lines) of each function; what is in none comes last, without name."""
    begin, rest = 0, 0
    for i, line in enumerate(lines):
        if line == "}":
            head = i - lines[begin:i][::-1].index("{") - 1
            first = head
            while first > begin and not re.match(r"(?:[A-Za-z].*[^;{}]$|[A-Za-z].*\)$)",
                                                 lines[first]):
                first -= 1
            if first > begin and re.fullmatch(r"[\w *]+", lines[first - 1]):
                first -= 1
            name = re.search(r"(\w+)\(", " ".join(lines[first:head]))
            yield name[1], i - first + 1
            rest += first - begin
            begin = i + 1
    yield None, rest + len(lines) - begin


def purpose(name):
    return next(what for what, pattern in PURPOSES if re.search(pattern, name))


def main():
    print(f"{'':12}{'':10}{'all':>12}" + "".join(f"{c:>14}" for c in COLUMNS))
    for driver, (folder, prefix) in DRIVERS.items():
        for revision in sys.argv[1:] + [None]:
            lines = dict.fromkeys(COLUMNS, 0)
            count = dict.fromkeys(COLUMNS, 0)
            for path in paths(revision, folder, prefix):
                for name, n in functions(code(text(revision, path))):
                    what = purpose(name) if name else "rest"
                    lines[what] += n
                    count[what] += bool(name)
            if not sum(lines.values()):
                continue
            cells = [f"{lines[c]} / {count[c]}" for c in COLUMNS]
            total = f"{sum(lines.values())} / {sum(count.values())}"
            print(f"{driver:12}{(revision or 'now')[:9]:10}{total:>12}"
                  + "".join(f"{c:>14}" for c in cells))


if __name__ == "__main__":
    main()
