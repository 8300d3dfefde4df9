# SPDX-License-Identifier: GPL-2.0
"""One boot of the guest that measures the rows of a plan."""

import json
import os
import subprocess

import estimate
import split

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(TOP, "build/bench")
BASE = os.environ.get("BASE") or "6.12"
BUILT = os.path.join(TOP, "build" if BASE == "6.12" else f"build/{BASE}")
TIMEOUT_S = 3000


def csv(base):
    """Where a run on this base leaves its results."""
    return os.path.join(OUT, "results.csv" if base == "6.12" else f"results-{base}.csv")


class Broken(Exception):
    """The measurement itself did not work."""


# The testbed's name for a NIC, and the name in the results.
NAMES = {"ixgbe": "82599", "x550": "X550", "gve": "gve"}


# The mitigations that an Intel CPU of 2015 (Broadwell) needs; the emulated CPU
# would need none. Newer CPUs need instructions that QEMU does not have.
DISTRO = {"APPEND": "mitigations=auto",
          "CPUFLAGS": "vendor=GenuineIntel,family=6,model=61,stepping=4"}


def counter(touched, cpus):
    """With more than two CPUs only the one that works is counted."""
    args = [f"{OUT}/count.so", f"out={OUT}/windows"]
    if touched:
        args.append("lines=on")
    if cpus > 2:
        args.append("one=on")
    return ",".join(args)


def modeller():
    """The plugin with the model of caches and TLBs."""
    return f"{OUT}/misses.so,cpu={estimate.CPU},dma={OUT}/dma,out={OUT}/misses"


def environment(kernel, counted, touched, cpus, nic, modelled):
    env = dict(os.environ, KERNEL=kernel, CPUS=str(cpus), NIC=nic, NICS="1", MEM="3G",
               TIMEOUT=str(TIMEOUT_S), ACCEL="tcg", ALLOW_STRICT="")
    if kernel == "distro":
        env.update(DISTRO)
    if counted:
        # With more than one CPU QEMU does not boot under its own counter.
        env.update({"ICOUNT": "0"} if cpus == 1 else {"SYNC_WRITES": "1"})
        env["QEMU_ARGS"] = f"-plugin {counter(touched, cpus)}"
    if modelled:
        env["QEMU_ARGS"] += f" -plugin {modeller()}"
        env["NICSIM_ARGS"] = f"--dma-log {OUT}/dma"
    return env


def run(plan, kernel="release", counted=True, touched=False, cpus=1, nic="ixgbe", modelled=False):
    """The rows of one boot. Each has what rx printed, what the plan says of the row,
    the kernel, the NIC and, if counted, its window, and, if modelled, its misses.
    """
    lines = [(p, None) if isinstance(p, str) else p for p in plan]
    with open(os.path.join(OUT, "plan"), "w") as f:
        f.writelines(f"{text}\n" for text, _ in lines)
    proc = subprocess.run(["testbed/vm", "bench/guest build/bench/plan"], cwd=TOP,
                          env=environment(kernel, counted, touched, cpus, nic, modelled),
                          capture_output=True, text=True, check=False)
    rows = []
    for line in proc.stdout.splitlines():
        if line.startswith("{"):
            rows.append(json.loads(line))
    with open(os.path.join(OUT, "log"), "a") as f:
        f.write(proc.stdout + proc.stderr)
    if proc.returncode:
        raise Broken(f"the guest ended with status {proc.returncode}:\n"
                     + proc.stdout[-1000:] + proc.stderr[-3000:])
    failed = [r for r in rows if "failed" in r]
    if failed:
        raise Broken("\n".join(r["failed"] for r in failed) + "\n" + proc.stderr[-2000:])
    told = [more for _, more in lines if more is not None]
    if len(told) != len(rows):
        raise Broken(f"{len(rows)} rows came of {len(told)}:\n" + proc.stderr[-2000:])
    rows = [{**row, **more, "kernel": kernel, "nic": NAMES[nic]}
            for row, more in zip(rows, told)]
    if counted:
        pair(rows, "window", split.windows(os.path.join(OUT, "windows")))
    if modelled:
        pair(rows, "misses", estimate.windows(os.path.join(OUT, "misses")))
    return rows


def pair(rows, name, windows):
    if len(rows) != len(windows):
        raise Broken(f"{len(rows)} rows but {len(windows)} windows of the plugin")
    for row, window in zip(rows, windows):
        row[name] = window
