#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""plot.py RESULTS.CSV DIRECTORY: draw results.csv as SVG and PNG.

This runs with Debian's Python, which Debian's matplotlib belongs to.
"""

import os
import sys

import matplotlib

matplotlib.use("Agg")

# pylint: disable=wrong-import-position
from matplotlib import pyplot  # noqa: E402

sys.dont_write_bytecode = True

import results  # noqa: E402

COLOURS = {
    "direct-busy": "#c1121f", "direct-poll": "#e07a5f", "xdp-zc-busy": "#1d3557",
    "xdp-zc-poll": "#457b9d", "xdp-copy": "#a8c5da", "dpdk-vector": "#2a9d8f",
    "dpdk-scalar": "#8ab17d", "v3": "#6d597a", "v2": "#b56576", "recvfrom": "#9e9e9e",
    "v4-copy": "#e9c46a",
}
SWEEPS = (
    ("batch", "batch", "frames taken at a time (and budget)", True),
    ("entries", "entries", "entries of the ring", True),
    ("ring", "ring", "descriptors of the NIC", True),
    ("hold", "hold", "entries that the application holds", False),
    ("slot", "slot", "bytes of a slot", True),
    ("queues", "queues", "queues, one socket each, one CPU", True),
)


def setting(line, name):
    has = dict(w.split("=") for w in line["settings"].split())
    return has.get(name)


def save(figure, directory, name):
    figure.tight_layout()
    for kind in ("svg", "png"):
        figure.savefig(os.path.join(directory, f"{name}.{kind}"), metadata={"Date": None}
                       if kind == "svg" else None)
    pyplot.close(figure)


def curve(axes, path, points, log):
    points.sort()
    axes.plot([x for x, _ in points], [y for _, y in points], marker="o", markersize=3,
              label=path, color=COLOURS.get(path))
    if log:
        axes.set_xscale("log", base=2)


def sweep(axes, lines, tag, name, label, log):
    by_path = {}
    for line in lines:
        if setting(line, "sweep") == tag and line["insn_per_packet"]:
            by_path.setdefault(line["path"], []).append(
                (int(setting(line, name)), float(line["insn_per_packet"])))
    for path, points in by_path.items():
        curve(axes, path, points, log)
    axes.set_xlabel(label)
    axes.set_ylabel("instructions per packet")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    if by_path:
        axes.legend(fontsize="small")


def draw_sweeps(lines, directory):
    figure, grid = pyplot.subplots(3, 2, figsize=(10, 11))
    for axes, what in zip(grid.flat, SWEEPS):
        sweep(axes, lines, *what)
    save(figure, directory, "sweeps")


def draw_sizes(lines, directory):
    figure, axes = pyplot.subplots(figsize=(10, 5))
    by_path = {}
    for line in lines:
        if line["path"] in COLOURS and not setting(line, "sweep") \
           and setting(line, "burst") == "0" and line["insn_per_packet"]:
            by_path.setdefault(line["path"], []).append(
                (int(line["frame_bytes"]), float(line["insn_per_packet"])))
    for path, points in by_path.items():
        curve(axes, path, points, True)
    axes.set_yscale("log")
    axes.set_xlabel("bytes of a frame, with FCS")
    axes.set_ylabel("instructions per packet")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize="small", ncol=3)
    save(figure, directory, "sizes")


def main(path, directory):
    matplotlib.rcParams["svg.hashsalt"] = "bench"
    matplotlib.rcParams["svg.fonttype"] = "none"
    lines = [line for line in results.read(path)
             if (line["nic"], line["kernel"]) == ("82599", "release")]
    draw_sweeps(lines, directory)
    draw_sizes(lines, directory)


if __name__ == "__main__":
    main(*sys.argv[1:3])
