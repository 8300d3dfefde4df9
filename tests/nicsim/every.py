# SPDX-License-Identifier: GPL-2.0
"""Cases for every NIC model."""

import os
import re
import socket
import time

import counters
import intel
import link
import namespace
import send
import steer
from drivers import DRIVER, NAME, PCI
from guest import CPUS, sh, until, want
from link import FAR
from traffic import NIC, generate, generate_all, near, ping, tcp_both

UDP_SEGMENT = 103


def probe():
    with open("/proc/interrupts", encoding="utf-8") as f:
        vectors = [line for line in f if DRIVER.interrupts in line]
    want(len(vectors) == DRIVER.vectors, f"{len(vectors)} vectors, not {DRIVER.vectors}")
    want(len(os.listdir("/sys/class/net/eth0/queues")) >= CPUS, "too few queues")
    want("10000Mb/s" in sh("ethtool eth0"), "no 10 Gb/s")


def tcp():
    before = counters.of_driver()
    tcp_both()
    stats = counters.of_driver()
    for name in DRIVER.errors:
        want(stats[name] == before[name], f"{name}: {stats[name] - before[name]}")


def tcp_offloads():
    for feature in DRIVER.offloads:
        sh(f"ethtool -K eth0 {feature}")
        link.wait_up()
        tcp_both(2)


def udp_segments():
    """The NIC segments UDP. Each datagram is compared."""
    with namespace.inside("far"):
        there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    there.bind((FAR, 0))
    there.settimeout(5)
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
    data = os.urandom(9500)
    here.sendto(data, there.getsockname())
    parts = [there.recv(2000) for _ in range(10)]
    want(b"".join(sorted(parts, key=lambda p: data.index(p))) == data, "not what was sent")
    want([len(p) for p in parts] == [1000] * 9 + [500], "not the segments' sizes")


def rss():
    if NAME == "ixgbe":
        steer.hash_udp("sdfn")
    got = generate(CPUS * 1000, "flows=1024 min=60 max=200")
    want(near(sum(got), CPUS * 1000) and min(got) > 400, f"frames per queue: {got}")
    steer.spread_over(1)
    got = generate(1000, "flows=1024")
    want(near(got[1], 1000), f"all of RETA on queue 1, but frames per queue: {got}")
    steer.spread_as_usual()
    got = generate(1000)
    want(near(max(got), 1000), f"one flow: frames per queue: {got}")


def rss_key():
    """With a key of zeros all hashes are the same."""
    key = re.search(r"((?:[0-9a-f]{2}:){39}[0-9a-f]{2})", sh("ethtool -x eth0"))[1]
    sh(f"ethtool -X eth0 hkey {':'.join(['00'] * 40)}")
    got = generate(1000, "flows=64")
    want(near(max(got), 1000), f"a key of zeros: frames per queue: {got}")
    sh(f"ethtool -X eth0 hkey {key}")
    want(key in sh("ethtool -x eth0"), "the key that was set does not show")
    got = generate(CPUS * 1000, "flows=1024")
    want(min(got) > 400, f"the key that was: frames per queue: {got}")


def ntuple():
    last = CPUS - 1
    steer.allow_rules()
    link.wait_up()
    try:
        steer.add_rule(steer.GENERATED, last, 5)
        got = generate(500, "flows=64")
        want(near(got[last], 500), f"a rule for all: frames per queue: {got}")
        steer.remove_rule(5)
        steer.add_rule("udp4 src-port 10007", 2, 7)
        steer.spread_over(0)
        got = generate(640, "flows=64")
        steer.remove_rule(7)
        want(near(got[2], 10), f"a rule for one flow of 64: frames per queue: {got}")
        want("Total 0 rules" in sh("ethtool -n eth0"), "rules are left")
        if NAME == "ixgbe":
            intel.drop_rule()
    finally:
        steer.spread_as_usual()
        steer.allow_rules(False)
        link.wait_up()


def rings_and_channels():
    rx, tx = (int(re.search(rf"^{d}:\s*(\d+)", sh("ethtool -g eth0"), re.M)[1])
              for d in ("RX", "TX"))
    small, large, usual = (f"-G eth0 rx {min(n, rx)} tx {min(n, tx)}" for n in DRIVER.rings)
    for command in (small, large, *(f"-L eth0 {DRIVER.channels(n)}" for n in (1, 2, CPUS)), usual):
        sh(f"ethtool {command}")
        link.wait_up()
        if NAME == "gve":       # it keeps a table that was set; with GQI there is none
            sh("ethtool -X eth0 default", check=False)
        ping()
        tcp_both(1)


def jumbo():
    for mtu in DRIVER.mtus:
        link.set_mtu(mtu, "eth0")
        sh(f"ip link set eth1 mtu {mtu}", far=True)
        link.wait_up()
        ping(mtu - 28)
        tcp_both(4)
        if mtu > 1500:
            got = generate_all(500, f"min={mtu} max={mtu + 14}")
            want(near(got, 500), f"{got} of 500 frames at MTU {mtu}")
    before = NIC.model()["rx_oversize"]
    send.generate(NIC, f"count=10 min={DRIVER.oversize} max={DRIVER.oversize}")
    until("frames over the MTU are refused",
          lambda: NIC.model()["rx_oversize"] == before + 10)


def vlan():
    for dev, addr, far in (("eth0", "10.9.5.1", False), ("eth1", "10.9.5.2", True)):
        sh(f"ip link add link {dev} name {dev}.5 type vlan id 5", far=far)
        sh(f"ip addr add {addr}/24 dev {dev}.5", far=far)
        sh(f"ip link set {dev}.5 up", far=far)
    try:
        for feature in DRIVER.vlan_offloads:
            sh(f"ethtool -K eth0 {feature}")
            link.wait_up()
            ping(1472, 5, "10.9.5.2")
    finally:
        sh("ip link del eth0.5")
        sh("ip link del eth1.5", far=True)


def link_flap():
    link.pull_cable(NIC)
    ping()


def down_up():
    for _ in range(5):
        sh("ip link set eth0 down")
        sh("ip link set eth0 up")
        link.wait_up()
        ping(count=3)


def reset_under_traffic():
    """Resets while frames come fast. Afterwards all is well."""
    with NIC.sending("gen count=0 flows=64 pps=20000 pause=0"):
        for command in (f"ethtool -G eth0 rx {DRIVER.rings[0]}", "ip link set eth0 mtu 4000",
                        f"ethtool -L eth0 {DRIVER.channels(1)}", "ip link set eth0 down",
                        "ip link set eth0 up", f"ethtool -L eth0 {DRIVER.channels(CPUS)}",
                        "ip link set eth0 mtu 1500", f"ethtool -G eth0 rx {DRIVER.rings[2]}"):
            sh(command)
            time.sleep(0.1)
    link.wait_up()
    NIC.flush()
    ping()


def rebind():
    name = os.path.basename(PCI)
    driver = os.path.realpath(f"{PCI}/driver")
    for _ in range(2):
        sh(f"echo {name} > {driver}/unbind")
        sh(f"echo {name} > {driver}/bind")
        link.wait_for_device()
        link.set_address()
        ping()
