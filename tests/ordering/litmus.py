# SPDX-License-Identifier: GPL-2.0
"""The ring's protocol as programs for model.py, and known programs to check the model."""

import re
from typing import Callable, NamedTuple


class Program(NamedTuple):
    """The end that must not be, and the threads."""
    title: str
    bad: Callable
    threads: list


# A barrier's name is its letter in include/uapi/linux/if_packet_v4.h, or its name in
# sites.py. A barrier without a name is the order in which a device does DMA.
NIC = "W slot[1] 1; mb; W rest 1; mb; W done 1"
SWAP = "R f slot[0]; W tp_slot 1; W cons 1 release@C; R k slot[0]"

RING = [
    Program("a frame is seen before it is written", lambda s: s.p and not (s.h and s.f), [
        "W slot[1] 1; W hdr 1; W prod 1 release@A",
        "R p prod acquire@B; R h hdr; R f slot[h]"]),
    Program("a frame that another CPU copies is seen before it is written",
            lambda s: s.p and not (s.o and s.h and s.f), [
                "W slot[1] 1; W hdr 1; W done 1 release@copy_unlock",
                "W own 1; R d done; W prod 1 release@A if d",
                "R p prod acquire@B; R o own; R h hdr; R f slot[h]"]),
    Program("a frame that a NIC writes is seen before it is written",
            lambda s: s.p and not (s.h and s.f), [
                NIC,
                "R d done; rmb@dma_rmb; R r rest; W hdr r if d; W prod 1 release@A if d",
                "R p prod acquire@B; R h hdr; R f slot[h]"]),
    Program("a descriptor's DD or generation bit is seen before the rest of it",
            lambda s: s.d and not s.r, [NIC, "R d done; rmb@dma_rmb; R r rest"]),
    Program("the socket filter sees the DD bit before the frame",
            lambda s: s.d and not s.f, [NIC, "R d done; rmb@dma_rmb; R f slot[1]"]),
    Program("the NIC sees the tail register before the descriptors",
            lambda s: s.t and not s.d, ["W desc 1; wmb@tail; W tail 1", "R t tail; mb; R d desc"]),
    # tp_slot needs D; a store behind the branch is late enough without it
    Program("a slot is reused while it is read", lambda s: 9 in (s.f, s.k), [
        SWAP, "R c cons acquire@D; R t tp_slot; W slot[t] 9 if c"]),
    Program("a NIC writes to a slot while it is read", lambda s: 9 in (s.f, s.k), [
        SWAP,
        "R c cons acquire@D; R t tp_slot; W desc t if c; wmb@tail; W tail 1 if c",
        "R n tail; mb; R e desc; mb; W slot[e] 9 if n"]),
    Program("both sides miss each other", lambda s: not s.c and not s.g, [
        "W flags 1; mb@E; R c cons", "W cons 1 release; mb@F; R g flags"]),
    # nothing orders flags and need_kick, which the system call reads
    Program("a kick that was asked for is not taken, and cons not seen",
            lambda s: not s.c and not (s.g and s.n), [
                "W need_kick 1; W flags 1; mb@E; R c cons",
                "W cons 1 release; mb@F; R g flags; R n need_kick"]),
    Program("poll() does not kick before it sleeps, and cons is not seen",
            lambda s: not s.c and not s.n, [
                "W need_kick 1; mb@E; R c cons",
                "W cons 1 release; mb@sock_poll_wait; R n need_kick"]),
    Program("poll() sees no frame and sleeps, and nobody wakes it", lambda s: not s.q and not s.p, [
        "W prod 1; mb@skwq_has_sleeper; R q queue", "W queue 1; mb@sock_poll_wait; R p prod"]),
    Program("a sleeper that is to be woken again is woken before the frame is there",
            lambda s: not s.r and not s.p, [
                "W prod 1; mb@skwq_has_sleeper; R r ran",
                "W ran 1; mb@queue_work; R p prod"]),
    # one more slot is free, and one less is held
    Program("slots are counted twice, or not at all",
            lambda s: s.a == s.b and s.a != 1 and s.f != s.l, [
                "W seq 1; wmb@write_seqcount_begin; W free 1; W less 1; "
                "wmb@write_seqcount_end; W seq 2",
                "R a seq; rmb@read_seqcount_begin; R f free; R l less; "
                "rmb@read_seqcount_retry; R b seq"]),
    Program("the new generation is seen with the old state", lambda s: s.g and not s.s, [
        "W state 1; W generation 1 release@generation",
        "R g generation acquire@reader; R s state"]),
]

# What a known program asks, by the first word of its name.
ASKS = {
    "MP": lambda s: s.a and not s.b,
    "SB": lambda s: not s.a and not s.b,
    "LB": lambda s: s.a and s.b,
    "2": lambda s: s.x == 1 and s.y == 1,
    "R": lambda s: s.y == 2 and not s.a,
    "S": lambda s: s.x == 2 and s.a,
    "WRC": lambda s: s.a and s.b and not s.c,
    "ISA2": lambda s: s.a and s.b and not s.c,
    "IRIW": lambda s: s.a and s.c and not s.b and not s.d,
    "CoRR": lambda s: s.a and not s.b,
    "CoRW": lambda s: s.a,
    "CoWR": lambda s: not s.a,
    "CoWW": lambda s: s.x == 1,
    "not": lambda s: s.x,
}

# Whether that end is possible: by the litmus tests of the kernel's memory model, or by
# ARMv8's where the former allows machines that are not multi-copy atomic.
KNOWN = [
    ("MP+pos", True, "W x 1; W y 1", "R a y; R b x"),
    ("MP+wmb+po", True, "W x 1; wmb; W y 1", "R a y; R b x"),
    ("MP+po+rmb", True, "W x 1; W y 1", "R a y; rmb; R b x"),
    ("MP+rmb+wmb", True, "W x 1; rmb; W y 1", "R a y; wmb; R b x"),
    ("MP+wmb+rmb", False, "W x 1; wmb; W y 1", "R a y; rmb; R b x"),
    ("MP+rel+acq", False, "W x 1; W y 1 release", "R a y acquire; R b x"),
    ("MP+late rel+rmb", True, "W x 1 release; W y 1", "R a y; rmb; R b x"),
    ("MP+wmb+late acq", True, "W x 1; wmb; W y 1", "R a y; R b x acquire"),
    ("MP+wmb+addr", False, "W x[1] 1; wmb; W y 1", "R a y; R b x[a]"),
    ("MP+wmb+ctrl", True, "W x 1; wmb; W y 1", "R a y; W z 1 if a; R b x"),
    ("SB+pos", True, "W x 1; R a y", "W y 1; R b x"),
    ("SB+wmbs", True, "W x 1; wmb; R a y", "W y 1; wmb; R b x"),
    ("SB+rmbs", True, "W x 1; rmb; R a y", "W y 1; rmb; R b x"),
    ("SB+rel acqs", True, "W x 1 release; R a y acquire", "W y 1 release; R b x acquire"),
    ("SB+mb+po", True, "W x 1; mb; R a y", "W y 1; R b x"),
    ("SB+mbs", False, "W x 1; mb; R a y", "W y 1; mb; R b x"),
    ("SB+rfi rmbs", True, "W x 1; R c x; rmb; R a y", "W y 1; R d y; rmb; R b x"),
    ("LB+pos", True, "R a x; W y 1", "R b y; W x 1"),
    ("LB+rmbs", True, "R a x; rmb; W y 1", "R b y; rmb; W x 1"),
    ("LB+wmbs", True, "R a x; wmb; W y 1", "R b y; wmb; W x 1"),
    ("LB+data+po", True, "R a x; W y a", "R b y; W x 1"),
    ("LB+datas", False, "R a x; W y a", "R b y; W x b"),
    ("LB+mb+ctrl", False, "R a x; W y 1 if a", "R b y; mb; W x 1"),
    ("LB+acq+rel", False, "R a x acquire; W y 1", "R b y; W x 1 release"),
    ("2+2W", True, "W x 1; W y 2", "W y 1; W x 2"),
    ("2+2W+wmbs", False, "W x 1; wmb; W y 2", "W y 1; wmb; W x 2"),
    ("R+pos", True, "W x 1; W y 1", "W y 2; R a x"),
    ("R+mbs", False, "W x 1; mb; W y 1", "W y 2; mb; R a x"),
    ("S+pos", True, "W x 2; W y 1", "R a y; W x 1"),
    ("S+wmb+acq", False, "W x 2; wmb; W y 1", "R a y acquire; W x 1"),
    ("WRC+pos", True, "W x 1", "R a x; W y 1", "R b y; R c x"),
    ("WRC+rel+rmb", False, "W x 1", "R a x; W y 1 release", "R b y; rmb; R c x"),
    ("ISA2+pos", True, "W x 1; W y 1", "R a y; W z 1", "R b z; R c x"),
    ("ISA2+rel+acq rel+acq", False,
     "W x 1; W y 1 release", "R a y acquire; W z 1 release", "R b z acquire; R c x"),
    ("IRIW+pos", True, "W x 1", "W y 1", "R a x; R b y", "R c y; R d x"),
    ("IRIW+rmb+po", True, "W x 1", "W y 1", "R a x; rmb; R b y", "R c y; R d x"),
    ("IRIW+rmbs", False, "W x 1", "W y 1", "R a x; rmb; R b y", "R c y; rmb; R d x"),
    ("IRIW+mbs", False, "W x 1", "W y 1", "R a x; mb; R b y", "R c y; mb; R d x"),
    ("CoRR", False, "W x 1", "R a x; R b x"),
    ("CoRW", False, "R a x; W x 1"),
    ("CoWR", False, "W x 1; R a x", "W x 2"),
    ("CoWW", False, "W x 1; W x 2"),
    ("not taken", False, "R a y; W x 1 if a"),
]


def known():
    """Known programs, each with whether its end is possible."""
    for title, possible, *threads in KNOWN:
        yield Program(title, ASKS[re.match(r"\w+", title)[0]], threads), possible
