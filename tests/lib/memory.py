# SPDX-License-Identifier: GPL-2.0
"""How much memory the kernel uses, by /proc/meminfo."""

import os
import re
import time

from guest import DEBUG

# These fields sway by so many KiB on their own. KASAN keeps freed objects for long.
SWAY = {"MemFree": 1024, "SUnreclaim": 512, "Percpu": 128}
if DEBUG:
    SWAY = {"MemFree": 131072, "SUnreclaim": 98304, "Percpu": 128}


def now():
    """/proc/meminfo in KiB. Pages in the lists of the CPUs count as free."""
    with open("/proc/meminfo", encoding="ascii") as f:
        kib = {k: int(v) for k, v in re.findall(r"^(\S+):\s+(\d+)", f.read(), re.M)}
    with open("/proc/zoneinfo", encoding="ascii") as f:
        kept = sum(map(int, re.findall(r"^\s+count:\s+(\d+)", f.read(), re.M)))
    kib["MemFree"] += kept * os.sysconf("SC_PAGE_SIZE") // 1024
    return kib


def settled():
    """The same after what is being freed has been freed."""
    time.sleep(1)
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
        f.write("3")
    time.sleep(0.5)
    return now()


def lost_since(before):
    """KiB that went since then, by the names of SWAY."""
    after = settled()
    return {name: (after[name] - before[name]) * (-1 if name == "MemFree" else 1)
            for name in SWAY}
