# SPDX-License-Identifier: GPL-2.0
"""What is measured: lines for the guest, and keys for the results."""

SIZES = (64, 65, 128, 512, 1518)
SHORT_AND_LONG = (64, 1518)
JUMBO = 9000
JUMBO_SLOT = 16384

# Before DPDK, which takes the NIC away from the kernel.
SOCKETS = ("recvfrom", "v2", "v3", "v4-copy", "xdp-copy", "xdp-zc-poll", "xdp-zc-busy",
           "lane-poll", "lane-busy", "direct-poll", "direct-busy", "direct-huge",
           "direct-headers")
# What goes on to the stack, and what the stack costs by itself.
STACK_SOCKETS = ("direct-tee", "direct-tee-all", "direct-pass", "stack")
DISTRO_SOCKETS = ("recvfrom", "v3", "xdp-zc-poll", "xdp-zc-busy", "direct-poll", "direct-busy")
GVE_SOCKETS = ("recvfrom", "v3", "direct-poll", "direct-busy", "direct-huge", "direct-headers")
JUMBO_SOCKETS = ("recvfrom", "v2", "v3", "v4-copy", "direct-poll", "direct-busy",
                 "direct-headers")
DPDK = ("dpdk-scalar", "dpdk-vector")
DUMPS = {
    "tcpdump-v3": "build/tools/stock/bin/tcpdump -ni eth0 -B 65536 -w /dev/null",
    "tcpdump-v3-ours": "build/tools/bin/tcpdump -ni eth0 -B 65536 -w /dev/null",
    "tcpdump-direct": "build/tools/bin/tcpdump -ni eth0 -B 65536 --rx-direct=0 -w /dev/null",
    "tcpdump-v3-count": "build/tools/stock/bin/tcpdump -ni eth0 -B 65536 --count",
    "tcpdump-direct-count":
        "build/tools/bin/tcpdump -ni eth0 -B 65536 --rx-direct=0 --count",
}
# One handle over all queues. The gVNIC can have more of them than there are CPUs.
ALL = "build/tools/bin/tcpdump -ni eth0 -B 65536 --rx-direct --count"
ALL_QUEUES = 4

X550_SOCKETS = ("direct-busy", "direct-stamps")

# A path that copies runs ahead of its reader for a whole time slice. In the first round
# entries get their slots.
SETTINGS = {
    "v4-copy": {"entries": 32768, "warm": 8000 + 32768},
    "xdp-copy": {"entries": 16384},
}

JUMBO_SETTINGS = {"v4-copy": {"entries": 8192, "warm": 8000 + 8192}}

# V3 shows frames by the block, and a window has one block more or less. A path that
# polls alternates with the softirq by the scheduler's clock. Longer windows even both
# out.
LONGER = {
    "v3": 4, "v4-copy": 4, "xdp-zc-poll": 4, "xdp-zc-busy": 2, "lane-poll": 16, "lane-busy": 4,
    "direct-poll": 16, "direct-busy": 4,
    "direct-huge": 4, "direct-headers": 4, "direct-stamps": 4, "direct-tee": 4, "stack": 8,
}

NOTES = {
    "recvfrom": "recvfrom(MSG_DONTWAIT), poll() when empty; SO_RCVBUF 64 MiB",
    "v2": "64 MiB in frames of a slot each, poll() when empty",
    "v3": "256 blocks of 256 KiB, retired after 10 ms, poll() when empty",
    "v4-copy": "TPACKET_V4 without a lease, poll() when empty",
    "xdp-copy": "driver mode, need_wakeup, poll() when empty",
    "xdp-zc-poll": "zero-copy, need_wakeup, poll() when empty",
    "xdp-zc-busy": "zero-copy, SO_PREFER_BUSY_POLL, recvfrom() when empty",
    "direct-poll": "PACKET_RX_DIRECT, poll() when empty",
    "direct-busy": "PACKET_RX_DIRECT, SO_PREFER_BUSY_POLL, recv() when empty",
    "direct-huge": "like direct-busy, with the slots in huge pages of the program's own",
    "lane-poll": "like direct-poll, by the driver's AF_XDP (PACKET_DIRECT_XSK)",
    "lane-busy": "like direct-busy, by the driver's AF_XDP",
    "direct-headers": "like direct-busy, with headers split from payload; payload is not read",
    "direct-stamps": "like direct-busy, with the time stamps of the NIC (X550)",
    "direct-tee": "like direct-busy, with PACKET_DIRECT_TEE; nothing is for the host",
    "direct-tee-all": "like direct-tee; all is for the host, whose stack drops it",
    "direct-pass": "like direct-tee-all, with PACKET_DIRECT_PASS and a filter that refuses all",
    "stack": "the same frames without a capture",
    "direct-all": "ours, --rx-direct -B 65536 --count: one handle over four queues (gve)",
    "direct-spin": "PACKET_RX_DIRECT, no system call; another CPU polls the NIC",
    "tcpdump-v3": "stock tcpdump -B 65536 -w /dev/null",
    "tcpdump-v3-ours": "ours, -B 65536 -w /dev/null",
    "tcpdump-direct": "ours, --rx-direct -B 65536 -w /dev/null",
    "tcpdump-v3-count": "stock tcpdump -B 65536 --count",
    "tcpdump-direct-count": "ours, --rx-direct -B 65536 --count",
    "dpdk-scalar": "rx_burst of 32, rte_pktmbuf_free_bulk; SIMD of 64 bits at most",
    "dpdk-vector": "rx_burst of 32, rte_pktmbuf_free_bulk; SIMD of 128 bits",
    "v3-senders": "v3, on veth, of which nobody reads; frames are sent on each CPU",
    "v4-senders": "v4-copy, likewise",
}


BATCHES = tuple(1 << i for i in range(9))
ENTRIES = tuple(256 << i for i in range(9))
HELD = (0, 64, 256, 1024, 2048, 3072)
SLOTS = (2048, 4096, 8192, 16384)
RINGS = (64, 128, 256, 512, 1024, 2048, 4096)
QUEUES = (1, 2, 4, 8)
SHUFFLED = (0, 8)
FILTERS = (0, 1, 2, 3)
SENDERS = (1, 2)
BURSTS = (1, 8, 64, 256)
# A pause in real time follows each burst.
BURST_COUNT = 500


# For the model of caches: frames until a path is back at the same memory, and frames of a
# window. V3 shows frames by the block, of which a window has one more or less.
ROUND = {"v2": 32768, "v4-copy": 32768, "xdp-copy": 16384}
WINDOW = 8192
SETTLED_LONGER = {"v3": 2, "direct-poll": 2}


def words(**args):
    return " ".join(f"{k}={v}" for k, v in args.items())


def sock(path, size, frames, tags=None, **more):
    if not more.get("burst"):
        frames *= LONGER.get(path, 1)
    args = {"size": size, "frames": frames, **SETTINGS.get(path, {}), **more}
    return f"sock {path} {words(**args)}", tags or {}


def dump(path, size, frames, command=None, tags=None):
    return f"dump {path} {size} {frames} {command or DUMPS[path]}", tags or {}


def dpdk(path, size, frames, tags=None, **more):
    args = {"size": size, "frames": frames, "batch": 32, **more}
    return f"dpdk {path} {words(**args)}", tags or {}


def table(sizes, frames, jumbo, **more):
    """Every path with every size."""
    rows = [sock(p, s, frames, **more) for s in sizes for p in SOCKETS]
    rows += stack(frames)
    rows += [dump(p, s, frames) for s in sizes if s in SHORT_AND_LONG for p in DUMPS]
    if jumbo:
        rows.append("mtu 8982")
        rows += [sock(p, JUMBO, frames // 4, slot=JUMBO_SLOT, **{**more, **JUMBO_SETTINGS.get(
                      p, {"entries": 2048})}) for p in JUMBO_SOCKETS]
    rows += [dpdk(p, s, frames, **more) for s in sizes for p in DPDK]
    if jumbo:
        rows += [dpdk(p, JUMBO, frames // 4, slot=10240, **more) for p in DPDK]
    return rows


def gve(frames):
    """The second driver, beside the other paths of the same NIC, and what it costs
    that buffers come back in another order.
    """
    rows = ["ring 512"] + [sock(p, s, frames) for s in SHORT_AND_LONG for p in GVE_SOCKETS]
    return rows + stack(frames) + shuffled(frames) + all_queues(frames)


def shuffled(frames):
    """With buffers that complete in order, and not."""
    rows = []
    for n in SHUFFLED:
        rows.append(f"shuffle {n}")
        rows += [sock(p, 1518, frames, {"sweep": "shuffle", "shuffle": n})
                 for p in ("direct-busy", "direct-headers")]
    return rows


def stack(frames):
    """What a packet costs that goes on to the stack, and one that does not."""
    return [sock(p, 64, frames) for p in STACK_SOCKETS]


def all_queues(frames):
    """One handle over several queues, beside one over one of them."""
    rows = [dump("tcpdump-direct-count", 64, frames, tags={"sweep": "queues", "queues": 1}),
            f"channels {ALL_QUEUES}"]
    return rows + [dump("direct-all", 64, frames, ALL, {"sweep": "queues", "queues": ALL_QUEUES})]


def x550(frames):
    """The same driver, and what the NIC's time stamps cost."""
    return [sock(p, 64, frames) for p in X550_SOCKETS]


def distro(frames):
    """What matters most, on another kernel."""
    return ([sock(p, s, frames) for s in SHORT_AND_LONG for p in DISTRO_SOCKETS]
            + [dpdk(p, s, frames) for s in SHORT_AND_LONG for p in DPDK])


def settled(path, size, **more):
    """A row for the model of caches, which are empty at first: a path goes round its memory
    before the window. V3's memory is larger than any cache.
    """
    args = {"size": size, "frames": WINDOW * SETTLED_LONGER.get(path, 1),
            **SETTINGS.get(path, {}), "warm": ROUND.get(path, 4096) + 8192, **more}
    tags = {"named": more}
    return dpdk(path, tags=tags, **args) if path in DPDK else (f"sock {path} {words(**args)}", tags)


def modelled():
    """Every path, with the model of caches and TLBs."""
    return ([settled(p, s) for s in SHORT_AND_LONG for p in SOCKETS]
            + [dump(p, 64, WINDOW) for p in DUMPS]
            + [settled(p, s) for s in SHORT_AND_LONG for p in DPDK])


def modelled_gve():
    return ["ring 512"] + [settled(p, s) for s in SHORT_AND_LONG for p in GVE_SOCKETS]


def filters(frames):
    """None, one that accepts everything, one of two ports, and one that refuses everything."""
    return [sock(p, 64, frames, {"sweep": "filter"}, filter=n)
            for p in ("direct-busy", "lane-busy", "v3") for n in FILTERS]


def threaded(frames):
    """Saturated and in bursts, with the softirq and with a kernel thread in its place."""
    rows = []
    for n in (0, 1):
        tags = {"sweep": "threaded", "threaded": n}
        rows += [f"threaded {n}", sock("direct-poll", 64, frames, tags),
                 sock("direct-poll", 64, BURST_COUNT, {"sweep": "threaded-alone",
                                                       "threaded-alone": n}, burst=1, warm=20)]
    return rows + ["threaded 0"]


def quick(frames):
    """Every path once, the leased queue twice, and with a filter."""
    return ([sock(p, 64, frames) for p in SOCKETS]
            + [sock(p, 1518, frames) for p in ("direct-busy", "lane-busy")]
            + filters(frames) + stack(frames) + threaded(frames)
            + [dump(p, 64, frames) for p in DUMPS] + [dpdk(p, 64, frames) for p in DPDK])


def quick_gve(frames):
    """What a leased queue of the second driver costs."""
    return (["ring 512"] + [sock(p, 64, frames) for p in ("direct-busy", "direct-headers")]
            + stack(frames) + shuffled(frames) + all_queues(frames))


def bursts():
    """Each burst with its interrupt, its wake-up and its poll()."""
    return [sock(p, 64, n * BURST_COUNT, burst=n, warm=n * 20)
            for n in BURSTS for p in ("v2", "xdp-zc-poll", "lane-poll", "direct-poll")]


def sweeps(frames):
    """One setting at a time."""
    def sweep(name, path, **more):
        return sock(path, 64, frames, {"sweep": name}, **more)

    rows = [sweep("batch", p, batch=n) for p in ("direct-busy", "xdp-zc-busy") for n in BATCHES]
    # One round before the window: in the first round entries get their slots.
    rows += [sweep("entries", p, entries=n, warm=8000 + n) for p in ("direct-busy", "xdp-zc-busy")
             for n in ENTRIES]
    rows += [sweep("hold", "direct-busy", hold=n) for n in HELD]
    rows += filters(frames) + threaded(frames)
    rows += [sweep("slot", "direct-busy", slot=n) for n in SLOTS]
    for n in RINGS:
        rows.append(f"ring {n}")
        rows.append(sock("direct-busy", 64, frames, {"sweep": "ring", "ring": n}))
    return rows + [dpdk(p, 64, frames, {"sweep": "batch"}, batch=n)
                   for p in DPDK for n in BATCHES[2:]]


def queues(frames):
    """With eight CPUs, of which one works."""
    rows = []
    for n in QUEUES:
        rows.append(f"queues {n}")
        rows.append(sock("direct-busy", 64, frames, {"sweep": "queues", "cpus": 8}, queues=n))
    return rows


def senders(frames):
    """One CPU that puts frames into a ring, and two."""
    return [(f"senders {p} {n} {size} {count}", {"sweep": "senders", "cpus": 2})
            for size, count in ((1518, frames), (JUMBO, frames // 4))
            for n in SENDERS for p in ("v3-senders", "v4-senders")]


def spin(frames):
    """With two CPUs: one polls the NIC, the other one the ring."""
    return ["apart", sock("direct-spin", 64, frames, {"cpus": 2})]
