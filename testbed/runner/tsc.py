# SPDX-License-Identifier: GPL-2.0
"""The rate of this machine's time stamp counter, which a guest under TCG has as
well. A guest that measures it while the host is busy can be wrong by a factor of
seven, and so are all its clocks and timeouts.
"""

import ctypes
import mmap
import platform
import time

RDTSC = bytes.fromhex("0f31" "48c1e220" "4809d0" "c3")    # rax = rdx << 32 | eax
SPAN_S = 0.05


def _instant(read):
    """The counter and the clock at one moment: the closest of several readings."""
    best = None
    for _ in range(20):
        before = time.monotonic_ns()
        ticks = read()
        after = time.monotonic_ns()
        if best is None or after - before < best[0]:
            best = (after - before, ticks, (before + after) / 2)
    return best[1:]


def khz():
    """Its rate, or None where it is not known."""
    if platform.machine() != "x86_64":
        return None
    try:
        code = mmap.mmap(-1, mmap.PAGESIZE,
                         prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except OSError:
        return None
    code.write(RDTSC)
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    read = ctypes.CFUNCTYPE(ctypes.c_uint64)(address)
    ticks, clock = _instant(read)
    time.sleep(SPAN_S)
    more, later = _instant(read)
    return round((more - ticks) * 10**6 / (later - clock))
