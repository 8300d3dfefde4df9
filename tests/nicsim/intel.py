# SPDX-License-Identifier: GPL-2.0
"""Cases for the models of the 82599 and the X550."""

import re
import signal
import time

import counters
import hwstamp
import link
import send
import steer
from drivers import DRIVER, PCI
from guest import CPUS, TOP, Background, Failed, sh, until, want
from link import FAR
from traffic import NIC, emit, generate, near, ping, ping_sizes, pings, stamped, tcp_both

XSK_RX = TOP + "/build/tests/nicsim/xsk_rx"


def selftest():
    out = sh("ethtool -t eth0 offline", check=False)
    want("The test result is PASS" in out, out.replace("\n", "; "))
    link.wait_up()
    ping()


def dumps():
    want(len(sh("ethtool -d eth0").splitlines()) > 500, "ethtool -d printed too little")
    length = 2 * DRIVER.eeprom_sum_words
    eeprom = re.findall(r"\b[0-9a-f]{2}\b(?!:)", sh(f"ethtool -e eth0 length {length}"))[-length:]
    words = [int(lo, 16) | int(hi, 16) << 8 for lo, hi in zip(eeprom[::2], eeprom[1::2])]
    want(sum(words) & 0xffff == 0xbaba, "the EEPROM's checksum is wrong")


def eeprom_write():
    write = f"ethtool -E eth0 magic {DRIVER.eeprom_magic:#x} offset 0x60"
    sh(f"{write} value 0x5a")
    want("5a" in sh("ethtool -e eth0 offset 0x60 length 1"), "the byte was not written")
    dumps()
    sh(f"{write} value 0xff")


def rss_fields():
    steer.hash_udp("sd")
    got = generate(CPUS * 1000, "flows=1024")
    want(min(got) > 400, f"by addresses alone: frames per queue: {got}")
    steer.hash_udp("sdfn")


def drop_rule():
    """A rule that drops frames; rules are on."""
    steer.add_rule(steer.GENERATED, -1, 9)
    got = generate(100)
    want(near(sum(got), 0), f"a rule that drops: frames per queue: {got}")
    steer.remove_rule(9)
    want(near(sum(generate(100)), 100), "the rule is gone, but frames are too")


def addresses():
    stranger = "dst=02:00:00:00:00:77"
    before = NIC.model()["rx_filtered"]
    want(near(sum(generate(50, stranger)), 0), "frames for another station came in")
    want(near(NIC.model()["rx_filtered"], before + 50), "they are not counted")
    sh("ip link set eth0 promisc on")
    want(near(sum(generate(50, stranger)), 50), "frames are missing in promiscuous mode")
    sh("ip link set eth0 promisc off")
    sh("ip maddr add 01:00:5e:11:22:33 dev eth0")
    want(near(sum(generate(50, "dst=01:00:5e:11:22:33")), 50), "a multicast that was joined")
    sh("ip maddr del 01:00:5e:11:22:33 dev eth0")
    want(near(sum(generate(50, "dst=01:00:5e:11:22:33")), 0), "a multicast that was left")


def statistics():
    """The counters of the hardware, of the driver and of the model agree."""
    before = counters.of_driver()
    time.sleep(2.5)
    generate(2000, "min=60 max=1514 seed=0")
    until("rx_pkts_nic",
          lambda: counters.of_driver()["rx_pkts_nic"] >= before["rx_pkts_nic"] + 2000)
    after = counters.of_driver()
    for name in ("rx_packets", "rx_pkts_nic"):
        want(near(after[name] - before[name], 2000), f"{name}: {after[name] - before[name]}")
    fcs = (after["rx_bytes_nic"] - before["rx_bytes_nic"]) - \
        (after["rx_bytes"] - before["rx_bytes"])
    want(fcs == 4 * (after["rx_packets"] - before["rx_packets"]), "bytes and the FCS")
    want(after["rx_missed_errors"] == before["rx_missed_errors"], "frames were missed")


def function_reset():
    sh("ip link set eth0 down")
    sh(f"echo 1 > {PCI}/reset")
    link.set_address()
    ping()


def start_xsk(queue, count, *chunk):
    """xsk_rx reads a queue by AF_XDP zero-copy, and is ready."""
    reader = Background([XSK_RX, "eth0", str(queue), str(count), *chunk])
    said = []
    while said[-1:] != ["ready"]:
        said.append(reader.line())
        if not said[-1]:
            reader.kill()
            raise Failed("; ".join(said))
    reader.said = said
    return reader


def want_all(reader):
    """xsk_rx has received all frames, whole and in order. What it printed, in lines."""
    said = reader.said + reader.end().splitlines()
    want(reader.process.returncode == 0, "; ".join(said))
    return said


def starve(fill):
    """Call fill() while nobody empties queue 1. Only the generator's frames come to it. After
    that the stack has the queue again.
    """
    steer.allow_rules()
    link.wait_up()
    reader = start_xsk(1, 1000000)
    try:
        link.pull_cable(NIC)
        steer.spread_without(1)     # a reset forgets the table
        steer.add_rule(steer.GENERATED, 1, 3)
        reader.process.send_signal(signal.SIGSTOP)
        fill()
    finally:
        reader.kill()
        steer.spread_as_usual()
        steer.allow_rules(False)
        link.wait_up()
    ping()


def no_descriptors():
    """The queue drops its frames with DROP_EN. The driver sets that when flow control is off."""
    def fill():
        before = NIC.model()
        send.generate(NIC, "count=5000 pause=0")
        after = NIC.model()
        lost = after["rx_no_desc"] - before["rx_no_desc"]
        want(lost > 3000, f"of 5000 frames only {lost} were dropped")
        want(after["rx_missed"] == before["rx_missed"], "the packet buffer was full")
        ping()
        until("the driver counts each",
              lambda: counters.of_driver()["rx_no_dma_resources"] >= lost)

    sh("ethtool -A eth0 autoneg off rx off tx off")
    try:
        starve(fill)
    finally:
        sh("ethtool -A eth0 autoneg on rx on tx on")
        link.wait_up()


def head_of_line():
    """Without DROP_EN the queue's frames hold up all others."""
    def fill():
        before = NIC.model()
        send.generate(NIC, "count=5000 pause=0")
        after = NIC.model()
        want(after["rx_no_desc"] == before["rx_no_desc"], "frames were dropped by the queue")
        lost = after["rx_missed"] - before["rx_missed"]
        want(lost > 3000, f"of 5000 frames the MAC missed only {lost}")
        want(after["rx_buffered_bytes"], "nothing waits in the packet buffer")
        want(not pings(56, 2, FAR, 1), "ping went past the blocked queue")
        until("the driver counts each", lambda: counters.of_driver()["rx_missed_errors"] >= lost)

    # The driver would go on with a queue that does not stop.
    with NIC.knob("stop-at-once", 1):
        starve(fill)


def af_xdp():
    steer.allow_rules()
    link.wait_up()
    for queue in (0, CPUS - 1):
        with start_xsk(queue, 10000) as reader:
            link.wait_up()
            steer.add_rule(steer.GENERATED, queue, 4)
            NIC("gen count=10000 min=60 max=1514 flows=16")
            said = want_all(reader)
            want("zerocopy 1" in said, f"by copy: {said}")
        steer.remove_rule(4)    # it may have gone with the program
    steer.allow_rules(False)
    link.wait_up()
    ping()


def longest_frame():
    """The driver sets RXDCTL.RLPML to what XDP's headroom leaves of a chunk of AF_XDP. It
    counts the FCS.
    """
    most = 2048 - 256 - 4
    link.set_mtu(1700, "eth0")      # AF_XDP accepts no more at first
    steer.allow_rules()
    link.wait_up()
    reader = start_xsk(1, 200, "2048")
    try:
        link.set_mtu(2000, "eth0")
        link.wait_up()
        steer.add_rule(steer.GENERATED, 1, 4)
        before = NIC.model()["rx_too_long"]
        emit(50, f"min={most + 1} max=2014")
        dropped = NIC.model()["rx_too_long"] - before
        want(dropped == 50, f"{dropped} of 50 frames were too long")
        emit(200, f"min={most - 199} max={most} pps=2000")
        want_all(reader)
    finally:
        reader.kill()
        steer.remove_rule(4)
        link.set_mtu(1500, "eth0")
        steer.allow_rules(False)
        link.wait_up()
    ping()


def time_stamps():
    """The device stamps every frame by its own clock."""
    hwstamp.stamp_all("eth0", True)
    try:
        began = hwstamp.now("eth0")
        stamps = stamped(1000, "min=60 max=1514 pps=1000")
        want(began < stamps[0] and stamps[-1] < hwstamp.now("eth0"), "stamps by another clock")
        want(stamps == sorted(set(stamps)), "stamps are not in order")
        took = (stamps[-1] - stamps[0]) / 1e9
        want(0.5 < took < 10, f"a second of frames took {took:.3f} s by their stamps")
        ping_sizes()
        tcp_both(2)
        link.set_mtu(9000, "eth0")
        link.wait_up()
        # The driver's buffers have 3 KiB: a stamp can lie in two of them.
        stamped(200, "min=3050 max=3099 pps=500")
        stamped(200, "min=6120 max=6169 pps=500")
        stamped(100, "min=60 max=9014 seed=1 pps=500")
    finally:
        link.set_mtu(1500, "eth0")
        hwstamp.stamp_all("eth0", False)
    link.wait_up()
    ping()
