# SPDX-License-Identifier: GPL-2.0
"""What in a kernel's console fails a run, and the text to show for it."""

import re

SPLAT = re.compile(r"""
    BUG:  |  WARNING:  |  \bOops\b  |  KASAN:  |  UBSAN:  |  kernel\ BUG
  | Kernel\ panic  |  general\ protection\ fault
  | possible\ (circular|recursive)\ locking  |  inconsistent\ lock\ state
  | suspicious\ RCU\ usage  |  INFO:\ task\ .*\ blocked  |  INFO:\ rcu
  | INFO:\ trying\ to\ register\ non-static
  | unreferenced\ object  |  new\ suspected\ memory\ leaks
  | DMA-API:\ \S+\ \S+:  |  ODEBUG:  |  NETDEV\ WATCHDOG
  | unregister_netdevice:\ waiting\ for
""", re.VERBOSE)

# Upstream's own, which docs/upstream-bugs.md has: ethtool --reset without RTNL, by the place
# that one of the next lines names, or by the line before and who called.
PLACE = re.compile(r"net/sched/sch_generic\.c:\d+ suspicious rcu_dereference_protected\(\)")
NEXT = 4
UNLOCKED = "RTNL: assertion failed"
CALLER = re.compile(r" gve_reset\+")
TRACE = 40

# A test says in /dev/kmsg which of those it is about to cause, by one or several
# texts, and nothing when that is over.
WANTED = re.compile(r"testbed: wanted: (.*)$")
BETWEEN = " | "
SHOWN = 60


def known(lines, n):
    if any(PLACE.search(text) for text in lines[n:n + NEXT]):
        return True
    return n > 0 and UNLOCKED in lines[n - 1] and \
        any(CALLER.search(text) for text in lines[n:n + TRACE])


def splat(path):
    """The console from the first line that fails the run, or None."""
    with open(path, errors="replace") as f:
        lines = f.read().splitlines()
    wanted = []
    for n, line in enumerate(lines):
        if (said := WANTED.search(line)):
            wanted = list(filter(None, said[1].split(BETWEEN)))
        elif (SPLAT.search(line) and not any(text in line for text in wanted)
              and not known(lines, n)):
            return lines[n:n + SHOWN]
    return None


def tail(path, count=100):
    with open(path, errors="replace") as f:
        return f.read().splitlines()[-count:]
