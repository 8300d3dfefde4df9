# SPDX-License-Identifier: GPL-2.0
"""Compare what came with what was sent: content, order, counts."""

import contextlib
import struct
import zlib

from guest import Failed, until, want

# What direct_rx counts when a frame is damaged or out of order, or a slot goes wrong.
WRONG = ("bad", "disorder", "backwards", "bad_slot", "bad_cons", "quarantined",
         "beyond")
# The generator's payload: a checksum of the rest, a sequence number, and "ngen".
GENERATED = struct.Struct("!IQI")
MAGIC = 0x6e67656e
UDP_PAYLOAD = 42        # where it begins in a frame without a tag


def equal(got, wanted, what=""):
    want(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


def between(got, low, high, what=""):
    want(low <= got <= high, f"{what}: got {got!r}, wanted {low!r} to {high!r}")


def difference(got, sent):
    """Where two sequences of frames first differ, in words, or None."""
    for n, (g, s) in enumerate(zip(got, sent)):
        if g != s:
            at = next((i for i, (a, b) in enumerate(zip(g, s)) if a != b), min(len(g), len(s)))
            return (f"frame {n} differs at byte {at}: {len(g)} bytes captured, {len(s)} sent, "
                    f"{g[at:at + 16].hex()} instead of {s[at:at + 16].hex()}")
    if len(got) != len(sent):
        return f"{len(got)} frames captured, {len(sent)} sent"
    return None


def want_frames(got, sent, what=""):
    """The same frames in the same order."""
    wrong = difference(got, sent)
    want(wrong is None, f"{what}: {wrong}" if what else wrong)


def is_generated(payload):
    return len(payload) >= GENERATED.size and GENERATED.unpack_from(payload)[2] == MAGIC


def is_whole(payload):
    """The checksum of a generated payload is right."""
    return zlib.crc32(memoryview(payload)[4:]) == GENERATED.unpack_from(payload)[0]


def want_generated(payload, number):
    """The payload of the generator's frame with this number, every byte of it."""
    want(is_generated(payload) and GENERATED.unpack_from(payload)[1] == number,
         f"payload {number} begins {bytes(payload[:16]).hex()}")
    want(is_whole(payload), f"payload {number} is damaged")


def want_right(stats):
    """direct_rx saw nothing out of order or damaged, and no slot is lost."""
    for name in WRONG:
        want(stats[name] == 0, f"{name}: {stats[name]}: {stats}")
    want(stats["sum"] == stats["slots"], f"slots are lost: {stats}")


def accounted(stats):
    """The generator's frames that arrived, or that the NIC says it missed."""
    return stats["gen"] + stats["bad"] + stats["drop_nic"]


def wait_accounted(lease, count, seconds=30):
    """Wait for so many of them. If they do not come, the caller's comparison says what is
    missing.
    """
    with contextlib.suppress(Failed):
        until(f"{count} frames are accounted for", lambda: accounted(lease.stats()) >= count,
              seconds)
    return lease.stats()
