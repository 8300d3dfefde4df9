# SPDX-License-Identifier: GPL-2.0
"""An XDP program for the length of a test, without any library."""

import contextlib
import ctypes
import os
import socket
import struct

from packet4 import libc

SYS_BPF = 321
BPF_PROG_LOAD, BPF_LINK_CREATE = 5, 28
BPF_PROG_TYPE_XDP, BPF_XDP = 6, 37
XDP_DROP = 1
SKB_MODE, DRV_MODE = 1 << 1, 1 << 2     # XDP_FLAGS_*
# r0 = XDP_DROP; exit
PROGRAM = struct.pack("=BBhiBBhi", 0xb7, 0, 0, XDP_DROP, 0x95, 0, 0, 0)


def _bpf(command, attr):
    fd = libc.syscall(SYS_BPF, command, attr, len(attr))
    if fd < 0:
        err = ctypes.get_errno()
        raise OSError(err, f"bpf({command}): {os.strerror(err)}")
    return fd


def _load():
    program, license_ = ctypes.create_string_buffer(PROGRAM), ctypes.create_string_buffer(b"GPL")
    return _bpf(BPF_PROG_LOAD, struct.pack(
        "=IIQQ", BPF_PROG_TYPE_XDP, len(PROGRAM) // 8, ctypes.addressof(program),
        ctypes.addressof(license_)))


@contextlib.contextmanager
def drop(iface, mode):
    """Meanwhile the stack or the driver drops all that the interface receives."""
    program = _load()
    try:
        link = _bpf(BPF_LINK_CREATE, struct.pack(
            "=IIII", program, socket.if_nametoindex(iface), BPF_XDP, mode))
    finally:
        os.close(program)
    try:
        yield
    finally:
        os.close(link)
