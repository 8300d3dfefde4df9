# SPDX-License-Identifier: GPL-2.0
"""Network namespaces that this process is in for a while."""

import contextlib
import ctypes
import os

from guest import sh

CLONE_NEWNET = 1 << 30
libc = ctypes.CDLL(None, use_errno=True)


def _check(status, what):
    if status:
        err = ctypes.get_errno()
        raise OSError(err, f"{what}: {os.strerror(err)}")


def _set(file):
    _check(libc.setns(file.fileno(), CLONE_NEWNET), f"setns({file.name})")


def enter(path):
    """This thread, and the processes that it starts from now on. Nothing of the namespace
    is left open, so that it can be deleted.
    """
    with open(path, "rb") as file:
        _set(file)


def unshare():
    """A new namespace of this process alone."""
    _check(libc.unshare(CLONE_NEWNET), "unshare()")


@contextlib.contextmanager
def inside(name):
    """This thread is in one of ip's namespaces. A socket that it opens meanwhile stays
    there.
    """
    with open("/proc/thread-self/ns/net", "rb") as home:
        enter(f"/run/netns/{name}")
        try:
            yield
        finally:
            _set(home)


class Namespace:
    """One of ip's namespaces, with its own /sys."""

    def __init__(self, name):
        self.name, self.inside = name, False

    def enter(self):
        """/sys shows the devices of the namespace in which it was mounted."""
        enter(f"/run/netns/{self.name}")
        self.inside = True
        sh("mount -t sysfs sysfs /sys")

    def leave(self):
        """Back to the first namespace."""
        if not self.inside:
            return
        sh("umount /sys")
        enter("/proc/1/ns/net")
        self.inside = False
