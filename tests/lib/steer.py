# SPDX-License-Identifier: GPL-2.0
"""Which receive queue frames come to: by flow rules, or by the table of RSS."""

import re

from guest import CPUS, sh, want

GENERATED = "flow-type udp4 dst-port 9"     # the generator's frames
LOCATION = 5                                # of the rule for them


def allow_rules(on=True, iface="eth0"):
    sh(f"ethtool -K {iface} ntuple {'on' if on else 'off'}")


def add_rule(flow, queue, location, iface="eth0"):
    """ethtool may say that it did not add a rule, and end with status 0."""
    said = sh(f"ethtool -N {iface} {flow} action {queue} loc {location}")
    want("annot insert" not in said, f"no rule {location} to queue {queue}: {said.strip()}")


def remove_rule(location=LOCATION, iface="eth0"):
    """If there is one: what closes the device may have removed it."""
    sh(f"ethtool -N {iface} delete {location}", check=False)


def generator_to(queue):
    """The generator's frames come to this queue."""
    remove_rule()
    add_rule(GENERATED, queue, LOCATION)


def spread_over(*queues, iface="eth0"):
    """The table of RSS names these queues alone."""
    weights = " ".join("1" if q in queues else "0" for q in range(CPUS))
    sh(f"ethtool -X {iface} weight {weights}")
    table = re.findall(r"^\s*\d+:((?:\s+\d+)+)$", sh(f"ethtool -x {iface}"), re.M)
    entries = {int(n) for row in table for n in row.split()}
    want(entries == set(queues), f"the redirection table of {iface} has {entries}")


def spread_without(queue, iface="eth0"):
    """The table of RSS names all other queues."""
    spread_over(*(q for q in range(CPUS) if q != queue), iface=iface)


def spread_as_usual(iface="eth0"):
    sh(f"ethtool -X {iface} default")


def hash_udp(fields, iface="eth0"):
    """By which fields RSS spreads UDP: sd for addresses, sdfn for ports too."""
    sh(f"ethtool -N {iface} rx-flow-hash udp4 {fields}")
