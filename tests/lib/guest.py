# SPDX-License-Identifier: GPL-2.0
"""The guest that a test runs in: what it is, commands in it, and waiting."""

import contextlib
import os
import re
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What testbed/ built for this base. The kernel's directory is a link: ".." behind it
# leads elsewhere.
BUILT = os.path.dirname(os.path.dirname(
    os.environ.get("PD_KERNEL", f"{TOP}/build/kernel/release")))
HEADERS = f"{BUILT}/headers/include"
CPUS = os.cpu_count()
DEBUG = os.path.exists("/sys/kernel/debug/kmemleak")
# A device sees a buffer in one piece, whatever it is in.
IOMMU = os.path.exists("/sys/kernel/iommu_groups/0")
# An emulated debug kernel takes this much longer for everything.
SLOW = 8 if DEBUG else 1
# Only a shell understands these characters. A command without them needs no shell, and
# takes half the time.
SHELL = re.compile(r"[^\w ./:,+@-]")


class Failed(Exception):
    """Something is not as it has to be."""


def want(good, text):
    if not good:
        raise Failed(text)


def sh(command, *, check=True, far=False):
    """The output of a command line. far: run it in the network namespace of eth1."""
    if far:
        command = f"ip netns exec far {command}"
    shell = bool(SHELL.search(command))
    proc = subprocess.run(command if shell else command.split(), shell=shell, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if check and proc.returncode:
        raise Failed(f"{command}: status {proc.returncode}: {proc.stdout.strip()[-400:]}")
    return proc.stdout


class Program:
    """A process that does not outlive its context."""
    process = None

    def kill(self):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class Background(Program):
    """A command that runs meanwhile."""

    def __init__(self, command, far=False):
        prefix = ["ip", "netns", "exec", "far"] if far else []
        self.process = subprocess.Popen(prefix + command, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def line(self):
        return self.process.stdout.readline().strip()

    def end(self):
        """Wait for its end; the rest of its output."""
        return self.process.communicate(timeout=60 * SLOW)[0].strip()


def until(what, condition, seconds=20, pause=0.02):
    """Wait until a condition is true, and return its value. A debug kernel has more time."""
    end = time.monotonic() + seconds * SLOW
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failed(f"not within {seconds * SLOW} s: {what}")
        time.sleep(pause)
    return value


@contextlib.contextmanager
def splat_wanted(*texts):
    """Meanwhile a line of the kernel's log that has one of these texts does not fail the run."""
    def tell(what):
        with open("/dev/kmsg", "w", encoding="ascii") as f:
            f.write(f"testbed: wanted: {what}\n")
    tell(" | ".join(texts))
    try:
        yield
    finally:
        tell("")
