# SPDX-License-Identifier: GPL-2.0
"""What is measured, as lines for the guest and keys for the results."""

SIZES = (64, 65, 128, 512, 1518)
JUMBO = 9000
JUMBO_SLOT = 16384

# In this order: DPDK takes the NIC away from the kernel.
SOCKETS = ("recvfrom", "v2", "v3", "v4-copy", "xdp-copy", "xdp-zc-poll", "xdp-zc-busy",
           "direct-poll", "direct-busy")
JUMBO_SOCKETS = ("recvfrom", "v2", "v3", "v4-copy", "direct-poll", "direct-busy")
DPDK = ("dpdk-scalar", "dpdk-vector")
DUMPS = {
    "tcpdump-v3": "build/tools/stock/bin/tcpdump -ni eth0 -B 65536 -w /dev/null",
    "tcpdump-direct": "build/tools/bin/tcpdump -ni eth0 -B 65536 --rx-direct=0 -w /dev/null",
    "tcpdump-v3-count": "build/tools/stock/bin/tcpdump -ni eth0 -B 65536 --count",
    "tcpdump-direct-count":
        "build/tools/bin/tcpdump -ni eth0 -B 65536 --rx-direct=0 --count",
}

# What copies runs ahead of its reader for a whole time slice.
SETTINGS = {
    "v4-copy": {"entries": 32768},
    "xdp-copy": {"entries": 16384},
}

NOTES = {
    "recvfrom": "recvfrom(MSG_DONTWAIT), poll() when empty; SO_RCVBUF 64 MiB",
    "v2": "64 MiB in frames of a slot each, poll() when empty",
    "v3": "64 blocks of 1 MiB, retired after 10 ms, poll() when empty",
    "v4-copy": "TPACKET_V4 without a lease, poll() when empty",
    "xdp-copy": "driver mode, need_wakeup, poll() when empty",
    "xdp-zc-poll": "zero-copy, need_wakeup, poll() when empty",
    "xdp-zc-busy": "zero-copy, SO_PREFER_BUSY_POLL, recvfrom() when empty",
    "direct-poll": "PACKET_RX_DIRECT, poll() when empty",
    "direct-busy": "PACKET_RX_DIRECT, SO_PREFER_BUSY_POLL, recv() when empty",
    "dpdk-scalar": "rx_burst of 32, rte_pktmbuf_free_bulk; 64-bit SIMD at most",
    "dpdk-vector": "rx_burst of 32, rte_pktmbuf_free_bulk",
}


def words(**args):
    return " ".join(f"{k}={v}" for k, v in args.items())


def sock(path, size, frames, **more):
    args = {"size": size, "frames": frames, **SETTINGS.get(path, {}), **more}
    return f"sock {path} {words(**args)}"


def dump(path, size, frames):
    return f"dump {path} {size} {frames} {DUMPS[path]}"


def table(sizes, frames, jumbo):
    """Every path with every size."""
    lines = [sock(p, s, frames) for s in sizes for p in SOCKETS]
    lines += [dump(p, s, frames) for s in sizes if s in (64, 1518) for p in DUMPS]
    if jumbo:
        lines.append("mtu 8982")
        lines += [sock(p, JUMBO, frames // 4, slot=JUMBO_SLOT, entries=2048)
                  for p in JUMBO_SOCKETS]
    lines += [f"dpdk {p} {words(size=s, frames=frames)}" for s in sizes for p in DPDK]
    if jumbo:
        lines += [f"dpdk {p} {words(size=JUMBO, frames=frames // 4, slot=10240)}" for p in DPDK]
    return lines
