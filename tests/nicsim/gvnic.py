# SPDX-License-Identifier: GPL-2.0
"""Cases for the model of the gVNIC."""

import contextlib

import counters
import hwstamp
import link
import netlink
from guest import sh, until, want
from traffic import NIC, generate_all, near, ping, stamped, tcp_both


def header_split():
    """Headers come apart from data, as the driver counts, and together again."""
    for on in (True, False):
        netlink.set_data_split("eth0", on)
        want(netlink.data_split("eth0") == on, "tcp-data-split is not what was set")
        link.wait_up()
        before = counters.of_driver()["rx_hsplit_pkt"]
        ping(8000)
        tcp_both(2)
        split = counters.of_driver()["rx_hsplit_pkt"] - before
        want(split > 100 if on else not split, f"header split {on}: {split} packets")
    want(not counters.of_driver()["rx_hsplit_unsplit_pkt"], "headers did not fit")


def coalescing():
    """The device puts TCP segments together."""
    sh("ethtool -K eth0 lro on")
    link.wait_up()
    before = NIC.model()["rsc_packets"]
    tcp_both(8)
    made = NIC.model()["rsc_packets"] - before
    sh("ethtool -K eth0 lro off")
    link.wait_up()
    want(made > 50, f"only {made} packets of several segments")
    tcp_both(2)


def reset():
    """Resets by the user and by the device, without traffic and under it."""
    traffic_or_not = (contextlib.nullcontext(),
                      NIC.sending("gen count=0 flows=64 pps=20000 pause=0"))
    for meanwhile in traffic_or_not:
        before = NIC.model()["resets"]
        with meanwhile:
            sh("ethtool --reset eth0 all")
            link.wait_up()
            want(NIC.model()["resets"] > before, "no reset was seen")
            NIC("set ask-reset 1")
            until("the driver did what the device asked for",
                  lambda: not NIC.knobs()["ask-reset"])
        link.wait_up()
        ping()
    tcp_both(2)


def overrun():
    """Frames that find no buffer are dropped and counted, and no others. On a busy machine
    the generator may be the slower one: then it sends again.
    """
    lost, tries = 0, 0
    while lost <= 1000 and (tries := tries + 1) <= 10:
        before = NIC.model()["rx_no_desc"]
        got = generate_all(60000, "flows=64 pause=0 max=200")
        lost = NIC.model()["rx_no_desc"] - before
        want(near(got + lost, 60000), f"{got} came, {lost} were dropped, of 60000")
    want(lost > 1000, f"only {lost} frames were dropped")
    ping()


def reported():
    """The device reports its own counters every 20 s. They begin at 0 with a reset."""
    sh("ethtool --reset eth0 all")
    link.wait_up()
    before = NIC.model()["rx_no_desc"]
    overrun()
    lost = NIC.model()["rx_no_desc"] - before

    def shown():
        stats = counters.of_driver()
        return sum(v for k, v in stats.items() if k.startswith("rx_no_buffers_posted"))
    until(f"ethtool -S shows {lost} drops", lambda: shown() == lost, 25)


def time_stamps():
    """The device stamps every frame by its own clock. Its descriptors have the lower half of
    that, which wraps after 4.3 s.
    """
    def now():
        return NIC.model()["clock_ns"]

    hwstamp.stamp_all("eth0", True)
    try:
        began = now()
        stamps = stamped(1000, "min=60 max=1514 pps=200")
        want(began < stamps[0] and stamps[-1] < now(),
             f"from {stamps[0]} to {stamps[-1]}, but it began at {began}")
        want(stamps == sorted(set(stamps)), "stamps are not in order")
        want(stamps[0] >> 32 != stamps[-1] >> 32, "it did not wrap")
        link.set_mtu(9000, "eth0")
        stamped(200, "min=60 max=9014 seed=1 pps=500")
    finally:
        link.set_mtu(1500, "eth0")
        hwstamp.stamp_all("eth0", False)
    link.wait_up()
    ping()
