#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Which file calls which, from the symbols of the object files."""
import os
import subprocess

from nicsimlib import run

SOURCES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OBJECTS = os.path.dirname(os.environ["NICSIM"])


def files():
    """The sources without suffix and without the tests: main, bus/pci, ..."""
    for folder, _, names in os.walk(SOURCES):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), SOURCES)
            if path.endswith(".c") and not path.startswith("tests/"):
                yield path[:-2]


def call_graph():
    """The files that each file needs a symbol of."""
    owner, wanted = {}, {}
    for name in files():
        out = subprocess.run(["nm", f"{OBJECTS}/{name}.o"], text=True, check=True,
                             stdout=subprocess.PIPE).stdout
        wanted[name] = set()
        for *_, kind, symbol in map(str.split, out.splitlines()):
            if kind == "U":
                wanted[name].add(symbol)
            elif kind.isupper():
                owner[symbol] = name
    return {name: {owner[s] for s in symbols if s in owner}
            for name, symbols in wanted.items()}


def room(name):
    return name.split("/")[0] if "/" in name else ""


def reachable(graph, start):
    seen, todo = set(), [start]
    while todo:
        for name in graph[todo.pop()] - seen:
            seen.add(name)
            todo.append(name)
    return seen


def circles():
    """no two files call each other, also not by way of others"""
    graph = call_graph()
    assert len(graph) > 60
    assert not [name for name in sorted(graph) if name in reachable(graph, name)]


def rooms():
    """bus, wire and control call no model; bus and wire do not call each other"""
    calls = {(room(name), room(other)) for name, others in call_graph().items()
             for other in others}
    assert ("control", "wire") in calls and ("ixgbe", "bus") in calls
    assert not {(caller, model) for caller, model in calls
                if caller in ("bus", "wire", "control") and model in ("ixgbe", "gve")}
    assert not {("bus", "wire"), ("wire", "bus")} & calls


run([circles, rooms])
