# SPDX-License-Identifier: GPL-2.0
"""Header split: every kind of frame, in each kind of memory, taken apart by the NIC
and put together here. Queue 0 is leased, which gets what RSS does not know.
"""

import collections
import errno
import os
import random
import struct

import guest
import hwstamp
import packet4
from common import NIC, RUN, link_up, no_rule
from drivers import DRIVER, NAME
from guest import sh, until, want
from splitring import NONE, TRUNCATED, SplitRing, heap, udmabuf

FEED = os.path.join(RUN, "split.pcap")
QUEUE = 0
SLOT_LEN = 128          # gve's header buffer, and less than all headers together
SOURCE = b"\x02\0\0\0\0\xfd"
MIB = 1 << 20

# What is sent: its bytes, how long its headers are, and of what protocol.
Sent = collections.namedtuple("Sent", "name data headers l4")


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ethernet(ethertype, vlans=0):
    mac = bytes(int(b, 16) for b in NIC("mac")["mac"].split(":"))
    tags = b"".join(struct.pack("!HH", 0x8100, 5 + n) for n in range(vlans))
    return mac + SOURCE + tags + struct.pack("!H", ethertype)


def ipv4(protocol, length, options=0, fragment=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + options // 4, 0, 20 + options + length, 7,
                       fragment, 64, protocol, 0, bytes((198, 18, 0, 1)),
                       bytes((198, 19, 0, 1))) + b"\x01" * options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


def ipv6(protocol, length):
    return struct.pack("!IHBB16s16s", 6 << 28, length, protocol, 64,
                       b"\xfd" + bytes(14) + b"\1", b"\xfd" + bytes(14) + b"\2")


def udp(length):
    return struct.pack("!HHHH", 10000, 9, 8 + length, 0)


def tcp(options=0):
    return struct.pack("!HHIIBBHHH", 10000, 9, 1, 1, (20 + options) // 4 << 4, 0x10, 1000, 0,
                       0) + b"\x01" * options


def body(length, seed):
    return random.Random(seed).randbytes(length)


def frames(sizes):
    """Every kind of headers, each with payloads of these sizes."""
    made = []

    def add(name, headers, size, l4):
        data = headers + body(size, len(made))
        if len(data) - 14 <= max(1500, *sizes) + 18:
            made.append(Sent(f"{name}, {size} bytes", data.ljust(60, b"\0"), len(headers), l4))

    for n in sizes:
        add("IPv4 UDP", ethernet(0x0800) + ipv4(17, 8 + n) + udp(n), n, True)
        add("IPv4 TCP", ethernet(0x0800) + ipv4(6, 20 + n) + tcp(), n, True)
        add("TCP options", ethernet(0x0800) + ipv4(6, 52 + n) + tcp(32), n, True)
        add("IPv4 options", ethernet(0x0800) + ipv4(17, 8 + n, 24) + udp(n), n, True)
        add("more options than fit", ethernet(0x0800) + ipv4(6, 60 + n, 40) + tcp(40), n, True)
        add("IPv6 UDP", ethernet(0x86dd) + ipv6(17, 8 + n) + udp(n), n, True)
        add("IPv6 TCP", ethernet(0x86dd) + ipv6(6, 20 + n) + tcp(), n, True)
        add("VLAN", ethernet(0x8100)[:12] + struct.pack("!HHH", 0x8100, 5, 0x0800) +
            ipv4(17, 8 + n) + udp(n), n, True)
        add("first fragment", ethernet(0x0800) + ipv4(17, n, 0, 0x2000), n, False)
        add("later fragment", ethernet(0x0800) + ipv4(17, n, 0, 100), n, False)
        add("VXLAN", ethernet(0x0800) + ipv4(17, 16 + n) +
            struct.pack("!HHHH", 10000, 4789, 16 + n, 0), 8 + n, True)
        add("other IP", ethernet(0x0800) + ipv4(89, n), n, False)
        add("ARP", ethernet(0x0806), n, False)
        add("unknown", ethernet(0x88b5), n, False)
    return made


def feed(sent):
    with open(FEED, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, frame in enumerate(sent):
            file.write(struct.pack("<IIII", number, 0, len(frame.data), len(frame.data)) +
                       frame.data)
    NIC(f"feed {FEED} max=9014")
    NIC.finish()


def ours(frame):
    return frame.data[6:12] == SOURCE


def expected(sent, payload_len):
    """How the NIC has to take a frame apart: why, and the first entry's parts."""
    return DRIVER.split(sent, len(sent.data), SLOT_LEN, payload_len)


def udp_frame(number, size):
    return Sent(f"{number}", ethernet(0x0800) + ipv4(17, 8 + size) + udp(size) +
                body(size, number), 42, True)


def all_to_queue():
    no_rule()
    guest.reta(QUEUE)
    sh("ip link set eth0 promisc on")
    link_up()


def back_to_stack():
    sh("ip link set eth0 promisc off")
    guest.reta(None)


def start(ring, queue=QUEUE):
    ring.lease("eth0", queue)
    until("the lease is active", lambda: ring.info()["state"] == packet4.ACTIVE)
    link_up()


def check(sent, got, payload_len):
    """Content, order and where it was cut."""
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
    """All kinds of frames; nothing beyond their bytes is written to."""
    all_to_queue()
    sent = frames(sizes)
    try:
        with SplitRing(memory, slot_len=SLOT_LEN, payload_len=payload_len, **more) as ring:
            ring.paint()
            start(ring)
            feed(sent)
            got = ring.frames(len(sent), mine=ours, clean=True)
            check(sent, got, payload_len)
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
    sh("ip link set eth0 mtu 9000")
    try:
        for memory in (None, udmabuf(2 * MIB)):
            in_memory(memory, 4096, (3000, 5000, 8900), entries=512)
    finally:
        sh("ip link set eth0 mtu 1500")
        link_up()


def stamped():
    """A time stamp that follows a frame is not part of it, wherever it lies."""
    sent = frames((0, 1, 46, 76, 80, 400, 1400))
    sent.append(Sent("a payload of nothing but the stamp",
                     ethernet(0x0800) + ipv4(6, 48, 40) + tcp(28), SLOT_LEN - 6, True))
    all_to_queue()
    hwstamp.of_all("eth0", True)
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
        hwstamp.of_all("eth0", False)
        back_to_stack()


def cut(parts, length):
    """The first bytes of both parts."""
    header = min(parts[0], length)
    return header, min(parts[1], length - header)


def passed(program, memory):
    """What a filter lets through of two frames; how many it refused."""
    with SplitRing(memory, slot_len=SLOT_LEN) as ring:
        packet4.attach(ring.socket, program)
        start(ring)
        sent = [udp_frame(1, 800), udp_frame(2, 20)]
        feed(sent)
        got = ring.frames(2, 1)     # the filter lets only ours pass
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
    """What it sees, and what of a frame is left by it."""
    ours_only = [(0x20, 0, 0, 6), (0x15, 0, 1, struct.unpack_from("!I", SOURCE)[0])]
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
            # The length is that of the frame, whoever can read it.
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
    """One entry: as it came, or without its payload slot, or with another one."""
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
    """Payload slots that are kept, swapped and given back, in any order: nobody
    writes to one that is held here, and none is lost.
    """
    choice = random.Random(4)
    all_to_queue()
    try:
        with SplitRing(entries=256, slot_len=SLOT_LEN, payload_nr=400) as ring:
            ring.paint()
            held = {slot: ring.slot_bytes(slot) for slot in range(256, 400)}
            start(ring)
            for turn in range(40):
                sent = [udp_frame(turn * 100 + n, choice.choice((18, 300, 1400)))
                        for n in range(50)]
                before = ring.next
                feed(sent)
                got = ring.frames(len(sent), mine=ours)
                want([f.data for f in got] == [s.data for s in sent],
                     f"turn {turn}: {len(got)} frames, not those that were sent")
                for index in range(before, before + ((ring.next - before) & 0xffffffff)):
                    take_and_keep(ring, index & 0xffffffff, held, choice)
                ring.give()
                for slot, data in held.items():
                    want(ring.slot_bytes(slot) == data, f"turn {turn}: slot {slot} was written to")
                ring.sums()
    finally:
        back_to_stack()


def all_kept():
    """With no payload slot left the NIC waits; spares come back by entries without."""
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
            # The last ones go back after all, each with its slot and no more.
            ring.give()
            stats = ring.sums()
            want(stats["payload_held"] + stats["payload_spare"] >= len(spares) - 8, f"{stats}")
    finally:
        back_to_stack()


def survives():
    """A reset, the end of the process's other references, kill."""
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
                want([f.data for f in got] == [s.data for s in sent], f"after {command}: {len(got)}")
                ring.give()
                ring.sums()
    finally:
        back_to_stack()


def by_copy():
    """Without a lease the same ring has frames in its slots alone."""
    with SplitRing(slot_len=SLOT_LEN) as ring:
        ring.socket.bind(("eth0", packet4.ETH_P_ALL))
        sent = [udp_frame(n, size) for n, size in enumerate((18, 300, 1400))]
        all_to_queue()
        feed(sent)
        got = ring.frames(3, mine=ours)
        want([f.data for f in got] == [s.data for s in sent], f"{[f.lengths() for f in got]}")
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
    """What a queue cannot do, by name; afterwards it can be had."""
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
