# SPDX-License-Identifier: GPL-2.0
"""The NIC says something wrong about a frame, or goes on with it for ever."""

import contextlib
import functools

import compare
import link
import packet4
import steer
from common import NIC, generate, leased, model
from drivers import DRIVER, NAME
from guest import want
from readers import Plain, Split
from splitring import udmabuf

COUNT = 300
GVE = NAME == "gve"

# The kind of a fault, every how many frames it happens, and the counter that has one for
# each: of a lease without header split, and of one with it. "" is for a frame that is
# delivered, as it is or as the NIC says.
FAULTS = [
    ("length-zero", 3, "", ""),
    ("length-buffer", 3, "", ""),
    ("length-over", 3, "drop_error", "drop_error"),
    ("length-max", 1, "drop_error", "drop_error"),
    ("header-max", 3, "drop_error" if GVE else "", "drop_error" if GVE else ""),
    ("error-bits", 3, "drop_error", "drop_error"),
    ("done-first", 3, "", ""),
    ("irq-storm", 10, "", ""),
]
if GVE:
    FAULTS.append(("wrong-type", 3, "", ""))


@contextlib.contextmanager
def fault(kind, every=1):
    """Meanwhile the NIC is broken, for the leased queue."""
    NIC(f"set fault-queue {leased()}")
    NIC(f"set fault-every {every}")
    with NIC.knob("fault", kind, "none"):
        yield


def dropped(stats, before):
    """How much went into which counter meanwhile."""
    before = packet4.drops(before)
    return {k: v - before.get(k, 0) for k, v in packet4.drops(stats).items()
            if v > before.get(k, 0)}


def under(ring, kind, every, count=COUNT):
    """Send frames while the NIC is broken. How often it was, how many frames came, and what
    was dropped.
    """
    steer.generator_to(leased())
    ring.want_good()
    before = ring.settle()
    ring.begin()
    done = model("faults")
    with fault(kind, every):
        generate(f"count={count} pps=2000 min=100 max=1400")
        link.ping(3)
        stats = ring.settle()
    return model("faults") - done, stats["frames"], dropped(stats, before)


def one_fault(make, kind, every, counter):
    """Each frame is delivered or counted once, by its counter."""
    with make() as ring:
        done, frames, drops = under(ring, kind, every)
        want(done >= COUNT // every, f"the NIC did it {done} times")
        missed = drops.pop("drop_nic", 0)
        right = {counter: done} if counter else {}
        want(drops == right, f"dropped: {drops}, should be {right}")
        want(frames + sum(drops.values()) + missed == COUNT,
             f"{frames} frames and {drops}, {missed} missed, of {COUNT}")
        ring.want_good()
    link.ping()


def fault_cases():
    for kind, every, counter, split_counter in FAULTS:
        yield kind, functools.partial(one_fault, Plain, kind, every, counter)
        if kind != "irq-storm":
            yield (f"{kind}, header split",
                   functools.partial(one_fault, Split, kind, every, split_counter))


def never_ends(make, entries, counter="drop_too_long"):
    """A frame without end is dropped once, and what it took is given back."""
    with make(entries) as ring:
        _, frames, drops = under(ring, "no-eop", 1, 600)
        want(frames == 0, f"{frames} frames")
        want(drops.pop(counter, 0) == 1, f"{drops}")
        want(not drops.keys() - {"drop_nic"}, f"{drops}")
        # the end of the next good frame also ends this one
        generate("count=1")
        ring.want_good()
    link.ping()


def no_end():
    never_ends(Plain, 1024)


def no_end_small_ring():
    """A frame without end is dropped even if it has all slots of the ring."""
    never_ends(Plain, min(DRIVER.small_rings))


def no_end_split():
    """With header split. With gve the next part begins with headers, as only a frame can."""
    never_ends(Split, 1024, "drop_error" if GVE else "drop_too_long")


def runs_on():
    """Now and then two frames are one. All of it is delivered."""
    for make in (Plain, Split):
        with make() as ring:
            done, frames, drops = under(ring, "no-eop", 5)
            if make is Split and GVE:
                frames += drops.pop("drop_error", 0)
            missed = drops.pop("drop_nic", 0)
            want(not drops and frames + done + missed == COUNT,
                 f"{frames} frames, {done} run on, {drops}")
            # the last frame may still go on
            generate("count=1")
            ring.want_good()


def beyond(ring, count, release):
    """Send more frames than there are slots, and hold all slots. Then maybe end the lease."""
    ring.hold()
    before = ring.settle()
    ring.begin()
    done = model("faults")
    with fault("done-beyond"):
        generate(f"count={count} pps=4000 pause=0 min=100 max=1400")
        stats = ring.settle()
        want(stats["posted"] == 0, f"not dry: {stats}")
        if release:
            ring.release()
            stats = ring.settle()
    return model("faults") - done, stats, dropped(stats, before)


def done_beyond():
    """For each frame that finds no descriptor, the NIC completes one that it does not have.
    The driver does not look at it, nor at the end of the lease. gve completes in any order:
    there it is an error.
    """
    count = 600
    for make in (Plain, Split):
        with make(256) as ring:
            steer.generator_to(leased())
            for release in (False, True):
                ring.want_good()
                done, stats, drops = beyond(ring, count, release)
                frames, missed = stats["frames"], drops.pop("drop_nic", 0)
                want(256 - DRIVER.post_min < frames == stats["held"],
                     f"{frames} frames: {stats}")
                want(done == count - frames, f"{frames} frames, the NIC did it {done} times")
                want(drops == ({"drop_error": done} if GVE else {}) and (GVE or missed == done),
                     f"dropped: {drops}, {missed} missed, {done} of them done")
                if make is Plain:
                    compare.want_right(stats)
                    want(stats["gen"] == frames, f"not the generator's: {stats}")
                ring.go()
    link.ping()


def header_zero():
    """gve: a frame that is split behind no headers is not split. It is in the payload's slot,
    and counts as unsplit if the kernel cannot read that.
    """
    for memory in (None, udmabuf(1 << 22)):
        with Split(memory=memory) as ring:
            unsplit = ring.ring.stats()["unsplit"]
            done, frames, drops = under(ring, "header-zero", 3)
            unsplit = ring.ring.stats()["unsplit"] - unsplit
            missed = drops.pop("drop_nic", 0)
            want(done >= COUNT // 3 and not drops and frames + missed == COUNT,
                 f"{frames} frames, {done} not split, {missed} missed, {drops}")
            odd = [f for f in ring.got if f[0] != "done"]
            want(len(odd) == done and
                 all(why == "unknown" and parts == [(0, length)] for why, length, parts in odd),
                 f"not split: {odd}")
            want(unsplit == (done if memory else 0), f"{unsplit} unsplit, {done} in fact")
            ring.want_good()
        if memory:
            memory.close()
    link.ping()


def twice():
    """gve: the NIC completes a buffer a second time. If the buffer was posted again
    meanwhile, the driver cannot know, and posts it once more. The model records that.
    """
    with Plain() as ring:
        done, frames, drops = under(ring, "twice", 10)
        missed, errors = drops.pop("drop_nic", 0), drops.pop("drop_error", 0)
        want(not drops and done / 2 <= errors <= done and frames + errors + missed == COUNT,
             f"{frames} frames, {done} times, {errors} errors, {drops}")
        records = [r for r in NIC.records() if not r.endswith(("posted twice", "of another"))]
        want(not records, f"{records}")
        ring.settle()
        ring.capture.tell("release")
        stats = ring.capture.stats()
        want(stats["posted"] == 0 and stats["sum"] == stats["slots"], f"{stats}")
    NIC("strict-clear")
    with Plain() as ring:
        ring.want_good()
    link.ping()
