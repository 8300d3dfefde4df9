# SPDX-License-Identifier: GPL-2.0
"""KVM, if it was seen to run a guest; else TCG.

A /dev/kvm that opens but never gets a guest anywhere does exist, so only a boot
counts. The answer is a property of this boot of the host, of QEMU and of the
kernel's version, not of each build: it is kept in build/vm/accel under these.
"""

import copy
import os
import shutil
import tempfile

import guest

LIMIT_S = 20


def host_key(options):
    with open("/proc/sys/kernel/random/boot_id") as f:
        boot = f.read().strip()
    qemu = os.path.join(options.project, "build/qemu/qemu")
    return f"{boot} {os.stat(qemu).st_mtime_ns} {os.path.relpath(options.kernel, options.project)}"


def boots(options, directory):
    """Does KVM take this very kernel to a command and back in time?"""
    probe = copy.copy(options)
    probe.command, probe.terminal, probe.stdin = "true", None, None
    probe.nics, probe.qemu_args, probe.append = 0, [], ""
    probe.kmemleak = False
    run = tempfile.mkdtemp(prefix="kvm.", dir=directory)
    with open(os.path.join(run, "command"), "w") as f:
        f.write("true\n")
    try:
        vm = guest.Guest(probe, "kvm", run, [], 0)
        vm.pump(LIMIT_S, until_status=True)
        vm.kill()
        return vm.status.strip() == b"0"
    finally:
        shutil.rmtree(run)


def choose(options, directory):
    """The accelerator, and why, in words."""
    if options.accel in ("kvm", "tcg"):
        return options.accel, "asked for"
    if options.icount:
        return "tcg", "instructions are counted"
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg", "kvm: /dev/kvm cannot be opened"
    cache, key = os.path.join(directory, "accel"), host_key(options)
    if os.path.exists(cache):
        with open(cache) as f:
            for line in f.read().splitlines():
                known, _, answer = line.rpartition(" ")
                if known == key:
                    return verdict(answer == "kvm")
    guest.say(f"trying kvm, for up to {LIMIT_S} s (once)")
    works = boots(options, directory)
    with open(cache, "a") as f:
        f.write(f"{key} {'kvm' if works else 'tcg'}\n")
    return verdict(works)


def verdict(works):
    if works:
        return "kvm", "seen to boot this kernel"
    return "tcg", f"kvm: does not run a guest within {LIMIT_S} s"
