# SPDX-License-Identifier: GPL-2.0
"""A container: a user namespace and a network namespace, whose users are nobody outside."""

import os
import subprocess

from guest import Program, sh, until

ROOT, IDS = 100000, 65536   # the users outside that its users are
USER = 1000                 # of a process inside, which has the rights that it is given


def _is_elsewhere(pid, kind):
    return os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}")


class Container(Program):
    """Its first process only sleeps. It ends with that."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "-U", "-n", "sleep", "infinity"])
        self.pid = self.process.pid
        until("it has its namespaces", lambda: _is_elsewhere(self.pid, "user") and
              _is_elsewhere(self.pid, "net"))
        for kind in ("uid_map", "gid_map"):
            with open(f"/proc/{self.pid}/{kind}", "w", encoding="ascii") as file:
                file.write(f"0 {ROOT} {IDS}")

    def prefix(self, *rights):
        """What runs a command inside as USER, with these rights over it and no others."""
        caps = ",".join(["-all", *(f"+{right}" for right in rights)])
        return ("nsenter", "-t", str(self.pid), "-U", "-n", "-S", "0", "-G", "0", "setpriv",
                "--reuid", str(USER), "--regid", str(USER), "--clear-groups",
                f"--inh-caps={caps}", f"--ambient-caps={caps}", f"--bounding-set={caps}")

    def outside(self, command):
        """By the administrator, who enters only its network namespace."""
        return sh(f"nsenter -t {self.pid} -n {command}")


def rights(pid):
    """The capabilities that a process can have at most, as it says itself, and its user."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        lines = dict(line.split(":\t", 1) for line in file if ":\t" in line)
    found = {int(lines[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    return found, int(lines["Uid"].split()[0])
