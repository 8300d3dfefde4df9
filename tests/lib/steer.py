# SPDX-License-Identifier: GPL-2.0
"""Which receive queue frames come to: by flow rules, or by the table of RSS."""

import contextlib
import re

import ethtool
from drivers import DRIVER, QUEUES
from guest import Failed, sh, want

GENERATED = "udp4 dst-port 9"   # the generator's frames
LOCATION = 5                    # of the rule for them


def allow_rules(on=True, iface="eth0"):
    if DRIVER.rules:
        sh(f"ethtool -K {iface} ntuple {'on' if on else 'off'}")


def add_rule(flow, queue, location, iface="eth0"):
    """Frames of a flow, such as "udp4 dst-port 9", come to this queue."""
    try:
        ethtool.add_rule(iface, flow, queue, location)
    except OSError as err:
        raise Failed(f"no rule {location} to queue {queue}: {err}") from err


def remove_rule(location=LOCATION, iface="eth0"):
    """If there is one: what closes the device may have removed it."""
    with contextlib.suppress(OSError):
        ethtool.remove_rule(iface, location)


def generator_to(queue):
    """The generator's frames come to this queue: by a rule, or with all IP."""
    if DRIVER.rules:
        remove_rule()
        add_rule(GENERATED, queue, LOCATION)
    else:
        spread_over(queue)


def generator_anywhere():
    """As before generator_to()."""
    if DRIVER.rules:
        remove_rule()
    else:
        spread_as_usual()


def spreads_over(iface="eth0"):
    """The queues that the table of RSS names."""
    table = re.findall(r"^\s*\d+:((?:\s+\d+)+)$", sh(f"ethtool -x {iface}"), re.M)
    return {int(n) for row in table for n in row.split()}


def spread_over(*queues, iface="eth0"):
    """The table of RSS names these queues alone. The only queue needs no table."""
    if not DRIVER.table:
        want(queues == (0,), f"there are no queues {queues}")
        return
    weights = " ".join("1" if q in queues else "0" for q in range(QUEUES))
    sh(f"ethtool -X {iface} weight {weights}")
    entries = spreads_over(iface)
    want(entries == set(queues), f"the redirection table of {iface} has {entries}")


def spread_without(queue, iface="eth0"):
    """The table of RSS names all other queues."""
    spread_over(*(q for q in range(QUEUES) if q != queue), iface=iface)


def spread_as_usual(iface="eth0"):
    if DRIVER.table:
        sh(f"ethtool -X {iface} default")


def hash_udp(fields, iface="eth0"):
    """By which fields RSS spreads UDP: sd for addresses, sdfn for ports too."""
    sh(f"ethtool -N {iface} rx-flow-hash udp4 {fields}")
