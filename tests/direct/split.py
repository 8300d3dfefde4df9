# SPDX-License-Identifier: GPL-2.0
"""Header split: the NIC takes every kind of frame apart, with its payload in each kind of
memory. Queue 0 is leased: frames that RSS does not know come to it.
"""

import collections
import contextlib
import errno
import os
import random
import struct

import compare
import hwstamp
import link
import packet4
import send
import steer
from common import NIC, RUN, nic_mac
from drivers import DRIVER, NAME
from guest import Failed, sh, until, want
from send import TCP, UDP, ipv4, ipv6, tcp, udp
from splitring import NONE, TRUNCATED, SplitRing, heap, udmabuf

FEED = os.path.join(RUN, "split.pcap")
QUEUE = 0
SLOT_LEN = 128          # gve's header buffer, and less than all headers together
SOURCE = b"\x02\0\0\0\0\xfd"
MIB = 1 << 20
VXLAN_PORT, OSPF = 4789, 89

# What is sent: its bytes, how long its headers are, and whether the NIC knows its protocol
# above IP.
Sent = collections.namedtuple("Sent", "name data headers l4")


def ethernet(ethertype, tags=b""):
    return send.ethernet(ethertype, nic_mac(), SOURCE, tags)


def headers(size):
    """The names of all kinds of headers, the headers, and whether the NIC knows them to the
    end. So many bytes follow.
    """
    ip, ip6 = ethernet(send.ETH_IP), ethernet(send.ETH_IPV6)
    no_ops = b"\x01" * 40
    yield "IPv4 UDP", ip + ipv4(UDP, 8 + size) + udp(size), True
    yield "IPv4 TCP", ip + ipv4(TCP, 20 + size) + tcp(), True
    yield "TCP options", ip + ipv4(TCP, 52 + size) + tcp(options=no_ops[:32]), True
    yield "IPv4 options", ip + ipv4(UDP, 8 + size, options=no_ops[:24]) + udp(size), True
    yield "more options than fit", \
        ip + ipv4(TCP, 60 + size, options=no_ops) + tcp(options=no_ops), True
    yield "IPv6 UDP", ip6 + ipv6(UDP, 8 + size) + udp(size), True
    yield "IPv6 TCP", ip6 + ipv6(TCP, 20 + size) + tcp(), True
    yield "VLAN", ethernet(send.ETH_IP, send.tag(5)) + ipv4(UDP, 8 + size) + udp(size), True
    yield "first fragment", ip + ipv4(UDP, size, fragment=0x2000), False
    yield "later fragment", ip + ipv4(UDP, size, fragment=100), False
    yield "VXLAN", ip + ipv4(UDP, 16 + size) + udp(8 + size, VXLAN_PORT), True
    yield "other IP", ip + ipv4(OSPF, size), False
    yield "ARP", ethernet(send.ETH_ARP), False
    yield "unknown", ethernet(0x88b5), False


def frames(sizes):
    """Every kind of headers, each with payloads of these sizes."""
    made = []
    for size in sizes:
        for name, head, l4 in headers(size):
            length = size + 8 if name == "VXLAN" else size
            data = head + send.noise(length, len(made))
            if len(data) - 14 <= max(1500, *sizes) + 18:
                made.append(Sent(f"{name}, {length} bytes", data.ljust(send.SHORTEST, b"\0"),
                                 len(head), l4))
    return made


def feed(sent):
    send.feed(NIC, FEED, [frame.data for frame in sent], "max=9014")


def ours(frame):
    return frame.data[6:12] == SOURCE


def expected(sent, payload_len):
    """How the NIC has to take a frame apart: the reason, and the lengths of the first entry's
    parts.
    """
    return DRIVER.split(sent, len(sent.data), SLOT_LEN, payload_len)


def udp_frame(number, size):
    return Sent(f"{number}", ethernet(send.ETH_IP) + ipv4(UDP, 8 + size) + udp(size) +
                send.noise(size, number), 42, True)


def all_to_queue():
    steer.remove_rule()
    steer.spread_over(QUEUE)
    sh("ip link set eth0 promisc on")
    link.wait_up()


def back_to_stack():
    sh("ip link set eth0 promisc off")
    steer.spread_as_usual()


def start(ring, queue=QUEUE):
    ring.lease("eth0", queue)
    until("the lease is active", lambda: ring.info()["state"] == packet4.ACTIVE)
    link.wait_up()


def want_same(sent, got, what):
    """The frames are those that were sent, in order."""
    compare.want_frames([frame.data for frame in got], [one.data for one in sent], what)


def check_split(sent, got, payload_len):
    """The frames are those that were sent, in order, and taken apart where they have to be."""
    for want_frame, frame in zip(sent, got):
        name, data = want_frame.name, want_frame.data
        why, header, payload = expected(want_frame, payload_len)
        want(frame.data == data, f"{name}: {len(data)} bytes sent, others arrived: "
             f"{frame.lengths()}")
        want(frame.length == len(data), f"{name}: tp_len {frame.length}")
        want((frame.why, frame.lengths()[0]) == (why, (header, payload)),
             f"{name}: {frame.why}, {frame.lengths()}; should be {why}, {(header, payload)}")
        for (head, rest), (_, slot) in zip(frame.parts[1:], frame.slots[1:]):
            want(not head and rest and slot != NONE, f"{name}: {frame.lengths()}")
        want((frame.slots[0][1] == NONE) == (not payload), f"{name}: {frame.slots}")
    want(len(got) == len(sent), f"{len(got)} frames of {len(sent)}; the next would be "
         f"{sent[min(len(got), len(sent) - 1)].name}")


def in_memory(memory, payload_len=4096, sizes=(0, 1, 46, 400, 1400), **more):
    """All kinds of frames. Nothing beyond their bytes is written."""
    all_to_queue()
    sent = frames(sizes)
    try:
        with SplitRing(memory, slot_len=SLOT_LEN, payload_len=payload_len, **more) as ring:
            ring.paint()
            start(ring)
            feed(sent)
            got = ring.frames(len(sent), mine=ours, clean=True)
            check_split(sent, got, payload_len)
            stats = ring.sums()
            want(stats["unsplit"] == (sum(not f.lengths()[0][0] for f in got)
                                      if memory else 0), f"{stats}")
            ring.give()
            ring.release()
            ring.sums()
    finally:
        if memory:
            memory.close()
        back_to_stack()


def ring_memory():
    in_memory(None)


def payload_sizes():
    for payload_len in DRIVER.payload_lens:
        in_memory(None, payload_len, (46, 1400))


def in_udmabuf():
    in_memory(udmabuf(MIB))


def in_heap():
    in_memory(heap(MIB))


def at_an_offset():
    memory = udmabuf(2 * MIB)
    memory.offset = 4096
    in_memory(memory, sizes=(46, 1400))


def jumbo():
    """A payload longer than its slot goes on in the next entries."""
    link.set_mtu(9000, "eth0")
    try:
        for memory in (None, udmabuf(2 * MIB)):
            in_memory(memory, 4096, (3000, 5000, 8900), entries=512)
    finally:
        link.set_mtu(1500, "eth0")
        link.wait_up()


def stamped():
    """A time stamp that follows a frame is not part of it, wherever it lies."""
    sent = frames((0, 1, 46, 76, 80, 400, 1400))
    no_ops = b"\x01" * 40
    sent.append(Sent("a payload of nothing but the stamp",
                     ethernet(send.ETH_IP) + ipv4(TCP, 48, options=no_ops) +
                     tcp(options=no_ops[:28]), SLOT_LEN - 6, True))
    all_to_queue()
    hwstamp.stamp_all("eth0", True)
    try:
        with SplitRing(slot_len=SLOT_LEN) as ring:
            start(ring)
            feed(sent)
            got = ring.frames(len(sent), mine=ours)
            for want_frame, frame in zip(sent, got):
                name, (_, payload) = want_frame.name, frame.lengths()[0]
                want(frame.data == want_frame.data and frame.length == len(frame.data),
                     f"{name}: {len(want_frame.data)} bytes sent, there came {frame.lengths()}")
                want((frame.slots[0][1] == NONE) == (not payload), f"{name}: {frame.slots}")
            want(len(got) == len(sent), f"{len(got)} frames of {len(sent)}: {ring.stats()}")
            ring.give()
            ring.release()
            ring.sums()
    finally:
        hwstamp.stamp_all("eth0", False)
        back_to_stack()


def want_stamped(got, count, began, ended):
    """So many frames have the NIC's stamps, which are from a time."""
    want(len(got) == count, f"{len(got)} frames of {count}")
    for frame in got:
        want(frame.flags & packet4.TSTAMP_HW and not frame.flags & packet4.TSTAMP_SW,
             f"{frame.lengths()}: flags {frame.flags:#x}")
        want(began < frame.stamp < ended, f"{frame.lengths()}: stamped at {frame.stamp}, "
             f"sent between {began} and {ended}")


def cut(parts, length):
    """The first bytes of both parts."""
    header = min(parts[0], length)
    return header, min(parts[1], length - header)


def passed(program, memory):
    """Which of two frames a filter lets through, and how many frames it refused."""
    with SplitRing(memory, slot_len=SLOT_LEN) as ring:
        packet4.attach(ring.socket, program)
        start(ring)
        sent = [udp_frame(1, 800), udp_frame(2, 20)]
        delivered, judged = NIC.queue(QUEUE), ring.judged()
        feed(sent)
        with contextlib.suppress(Failed):       # a frame of others may have come before
            until("the filter has judged all",
                  lambda: ring.judged() - judged >= NIC.queue(QUEUE) - delivered, 1)
        got = ring.frames(2, 0.05)  # the filter lets only ours pass
        for frame in got:
            full = next((s.data for s in sent if len(s.data) == frame.length), None)
            want(full is not None,
                 f"{frame.length} bytes, which nobody sent: {frame.data[:64].hex()}")
            want(frame.data == full[:len(frame.data)], f"{frame.lengths()}")
            want(bool(frame.flags & TRUNCATED) == (len(frame.data) < frame.length),
                 f"{frame.flags:#x}")
        ring.give()
        return {f.length: f.lengths()[0] for f in got}, ring.sums()["drop_filter"]


def filters():
    """What a filter sees, and how much of a frame it keeps."""
    # by the end of the address: the peer's, as in its ARP, begins in the same way
    ours_only = [(0x20, 0, 0, 8), (0x15, 0, 1, struct.unpack_from("!I", SOURCE, 2)[0])]
    drop, whole = (0x06, 0, 0, 0), {842: (42, 800), 62: (42, 20)}
    if NAME != "gve":
        whole[62] = (62, 0)
    keeps = (65535, 500, 62, 42, 20, 1)
    long = [(0x80, 0, 0, 0), (0x25, 0, 1, 800), (0x06, 0, 0, 65535)]
    reads = [(0x20, 0, 0, 600), (0x06, 0, 0, 65535)]
    all_to_queue()
    try:
        for memory in (None, udmabuf(MIB)):
            for keep in keeps:
                got, _ = passed([*ours_only, (0x06, 0, 0, keep), drop], memory)
                right = {length: cut(parts, keep) for length, parts in whole.items()}
                want(got == right, f"{keep}: {got}, should be {right}")
            got, refused = passed([drop], memory)
            want(not got and refused >= 2, f"refused: {got}, {refused}")
            # The length is that of the whole frame, even if nobody can read its payload.
            got, _ = passed([*ours_only[:1], (0x15, 0, 3, ours_only[1][3]), *long, drop], memory)
            want(got == {842: whole[842]}, f"by length: {got}")
            got, _ = passed([*ours_only[:1], (0x15, 0, 2, ours_only[1][3]), *reads, drop], memory)
            right = {} if memory else {842: whole[842]}
            want(got == right, f"by a byte of the payload: {got}, should be {right}")
            if memory:
                memory.close()
    finally:
        back_to_stack()


def take_and_keep(ring, index, held, choice):
    """Give an entry back as it came, or keep its payload slot, or swap it for another."""
    own = ring.read(index)[2][1]
    kind = choice.randrange(3)
    if kind == 0 and own != NONE and len(held) < ring.layout["payload_nr"] // 2:
        ring.swap(index, NONE)
        held[own] = ring.slot_bytes(own)
    elif kind == 1 and held:
        given = choice.choice(list(held))
        del held[given]
        ring.swap(index, given)
        if own != NONE:
            held[own] = ring.slot_bytes(own)


def keep_and_give():
    """Payload slots are kept, swapped and given back in any order. Nobody writes to one that
    is held here, and none is lost.
    """
    choice = random.Random(4)
    all_to_queue()
    try:
        with SplitRing(entries=256, slot_len=SLOT_LEN, payload_nr=400) as ring:
            ring.paint()
            held = {slot: ring.slot_bytes(slot) for slot in range(256, 400)}
            start(ring)
            for turn in range(20):
                sent = [udp_frame(turn * 100 + n, choice.choice((18, 300, 1400)))
                        for n in range(50)]
                before = ring.next
                feed(sent)
                got = ring.frames(len(sent), mine=ours)
                want_same(sent, got, f"turn {turn}")
                for index in range(before, before + ((ring.next - before) & 0xffffffff)):
                    take_and_keep(ring, index & 0xffffffff, held, choice)
                ring.give()
                for slot, data in held.items():
                    want(ring.slot_bytes(slot) == data, f"turn {turn}: slot {slot} was written to")
                ring.sums()
    finally:
        back_to_stack()


def all_kept():
    """Without payload slots the NIC waits. Entries without one bring spare ones back."""
    all_to_queue()
    try:
        with SplitRing(entries=256, slot_len=SLOT_LEN, payload_nr=DRIVER.post_min * 2 + 8) as ring:
            start(ring)
            spares = []
            while ring.stats()["payload_posted"]:
                before = ring.next
                feed([udp_frame(n, 1400) for n in range(8)])
                ring.frames(8, 1, ours)
                want(ring.next != before or not ring.stats()["payload_posted"], "nothing comes")
                for index in range(before, before + ((ring.next - before) & 0xffffffff)):
                    spares.append(ring.read(index & 0xffffffff)[2][1])
                    ring.swap(index & 0xffffffff, NONE)
                if ring.stats()["payload_posted"]:
                    ring.give()
            # The last entries go back, each with its own slot alone.
            ring.give()
            stats = ring.sums()
            want(stats["payload_held"] + stats["payload_spare"] >= len(spares) - 8, f"{stats}")
    finally:
        back_to_stack()


def survives():
    """A lease outlives resets, and the process's own reference to the buffer."""
    all_to_queue()
    memory = udmabuf(MIB)
    try:
        with SplitRing(memory, slot_len=SLOT_LEN) as ring:
            start(ring)
            memory.close()      # the lease has its own reference
            for command in (DRIVER.reset.format("eth0"), f"ethtool -G eth0 rx {DRIVER.rings[1]}",
                            f"ethtool -G eth0 rx {DRIVER.rings[2]}",
                            "ip link set eth0 down; ip link set eth0 up"):
                sh(command)
                until("the lease is back", lambda: ring.info()["state"] == packet4.ACTIVE)
                all_to_queue()
                sent = [udp_frame(n, 1000) for n in range(20)]
                feed(sent)
                got = ring.frames(len(sent), mine=ours)
                want_same(sent, got, f"after {command}")
                ring.give()
                ring.sums()
    finally:
        back_to_stack()


def by_copy():
    """Without a lease the same ring has frames in its slots, and none in payload slots."""
    with SplitRing(slot_len=SLOT_LEN) as ring:
        ring.socket.bind(("eth0", packet4.ETH_P_ALL))
        sent = [udp_frame(n, size) for n, size in enumerate((18, 300, 1400))]
        all_to_queue()
        feed(sent)
        got = ring.frames(3, mine=ours)
        want_same(sent, got, "by copy")
        want(all(f.why == "copied" for f in got), f"{[f.why for f in got]}")
        want(all(slot == NONE for f in got for _, slot in f.slots), "a payload slot was used")
        ring.give()
        ring.sums()
    back_to_stack()


def errno_of(call):
    try:
        call()
    except OSError as err:
        return err.errno
    return 0


def refused():
    """What a queue cannot do is refused by name. Afterwards the queue can be leased."""
    few = DRIVER.post_min * 2 - 1
    table = [("header too large", {"slot_len": 1088}, "HEADER_TOO_LARGE"),
             ("payload of an odd length", {"payload_len": 1088}, "SLOT_GRANULE"),
             ("payload too long", {"payload_len": 32768}, "SLOT_TOO_LARGE")]
    if few >= 8:
        table.append(("few payload slots", {"payload_nr": few}, "PAYLOAD_TOO_FEW"))
    for name, how, why in table:
        with SplitRing(**{"slot_len": SLOT_LEN, **how}) as ring:
            got = errno_of(lambda r=ring: r.lease("eth0", QUEUE)), ring.why()
            want(got == (errno.EINVAL, why), f"{name}: {got}")
    with SplitRing(slot_len=SLOT_LEN) as ring:
        got = errno_of(lambda: ring.lease("eth0", QUEUE, erratum=False)), ring.why()
        want(got == ((errno.EOPNOTSUPP, "UNRELIABLE") if DRIVER.split_unreliable else (0, "OK")),
             f"without consent: {got}")


CASES = [
    ("every kind of frame is split where its headers end", ring_memory),
    ("payload slots of all lengths", payload_sizes),
    ("payload in a udmabuf", in_udmabuf),
    ("payload in a buffer of the system's heap", in_heap),
    ("payload in the middle of a dma-buf", at_an_offset),
    ("a payload of several slots", jumbo),
    ("filters and header split", filters),
    ("payload slots that are kept", keep_and_give),
    ("all payload slots are kept", all_kept),
    ("header split survives resets", survives),
    ("a ring with payload slots, filled by copy", by_copy),
    ("header split that is refused", refused),
]
