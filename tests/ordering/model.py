# SPDX-License-Identifier: GPL-2.0
"""Every end that a small program can have on a machine with weak memory ordering.

The machine has one memory: it is multi-copy atomic, as ARMv8 is. A thread's
accesses reach it one at a time, in any order that keeps what ordered() says: the
weaker of ARMv8 and the kernel's memory model in what is used here. A load may come
before a branch that it is behind, a store may not. A load may have the value of an
own store that has not reached memory yet.

A thread is text, with accesses and fences between semicolons:

    R register place [acquire]
    W place value [release] [if register]
    mb, rmb, wmb

A value is a number or a register, a place may be place[number or register], and
everything is 0 at first. acquire@B or mb@E gives a barrier a name, by which it can
be left out.
"""

import re
from dataclasses import dataclass
from types import SimpleNamespace

FENCES = {"mb": ("RW", "RW"), "rmb": ("R", "R"), "wmb": ("W", "W")}
PLACE = r"(?P<array>\w+)(?:\[(?P<index>\w+)\])?"
LOAD = re.compile(rf"R (?P<target>\w+) {PLACE}(?: (?P<order>acquire))?")
STORE = re.compile(rf"W {PLACE} (?P<value>\w+)(?: (?P<order>release))?(?: if (?P<cond>\w+))?")


@dataclass(eq=False)
class Access:
    """One load or store."""
    kind: str
    earlier: list           # the accesses before it, each with the fences between
    array: str
    index: str
    order: str
    target: str = None
    value: str = None
    cond: str = None
    bit: int = 0
    first: int = 0          # the bits of the accesses that have to come first

    def __post_init__(self):
        """Refuse accesses that this model would order too strongly."""
        for other, _ in self.earlier:
            fixed = all((a.index or "0").isdigit() for a in (self, other))
            if other.array == self.array and (
                    not (fixed or self.index == other.index) or
                    (self.kind == "R" and other.cond)):
                raise ValueError(f"{self.array}: an alias, or a load of what may be stored")

    def same_place(self, other):
        return (self.array, self.index) == (other.array, other.index)

    def place(self, values):
        return f"{self.array}[{number(self.index, values)}]" if self.index else self.array

    def forwarded(self, done):
        """The thread's own store that gives a load its value, or None if memory does."""
        stores = [a for a, _ in self.earlier if a.kind == "W" and self.same_place(a)]
        return stores[-1] if stores and not stores[-1].bit & done else None


def number(text, values):
    """The value, or None if a register in it is not loaded yet."""
    return int(text) if text.isdigit() else values.get(text)


def ordered(one, fences, other):
    """Does one access have to come before another that is later in the same thread?"""
    return (one.order == "acquire" or other.order == "release" or
            (one.same_place(other) and one.kind + other.kind != "WR") or
            any(one.kind in FENCES[f][0] and other.kind in FENCES[f][1] for f in fences) or
            (one.kind == "R" and one.target in (other.index, other.value, other.cond)))


def barriers(threads):
    """The names of the barriers in their order."""
    return list(dict.fromkeys(re.findall(r"@(\w+)", ";".join(threads))))


def parse(threads, without):
    """All accesses of a program, without one of its barriers."""
    accesses = []
    for thread in threads:
        earlier = []
        for line in thread.split(";"):
            line = re.sub(r"@\w+", "", re.sub(rf" *\w+@{without}\b", "", line)).strip()
            if line in FENCES:
                earlier = [(access, fences + [line]) for access, fences in earlier]
            elif line:
                found = LOAD.fullmatch(line) or STORE.fullmatch(line)
                if not found:
                    raise ValueError(f"neither access nor fence: {line}")
                accesses.append(Access(line[0], earlier, **found.groupdict()))
                earlier = earlier + [(accesses[-1], [])]
    names = [a.target for a in accesses if a.target] + list({a.array for a in accesses})
    if len(names) > len(set(names)):
        raise ValueError(f"one name for two: {names}")
    for i, access in enumerate(accesses):
        access.bit = 1 << i
        access.first = sum(other.bit for other, fences in access.earlier
                           if ordered(other, fences, access))
    return accesses


def perform(access, done, values):
    """What the access changes, as a dictionary, or None if it is not its turn."""
    if access.bit & done or access.first & ~done:
        return None
    if access.kind == "W":
        skip = access.cond and not values[access.cond]
        return {} if skip else {access.place(values): number(access.value, values)}
    store = access.forwarded(done)
    if store:
        value = number(store.value, values)
        return None if value is None else {access.target: value}
    return {access.target: values.get(access.place(values), 0)}


def ends(threads, without=None):
    """Registers and memory after each possible run."""
    accesses = parse(threads, without)
    memory = dict.fromkeys((access.array for access in accesses), 0)
    todo, seen = [(0, frozenset())], set()
    while todo:
        done, state = todo.pop()
        values = dict(state)
        if done == (1 << len(accesses)) - 1:
            yield SimpleNamespace(**(memory | values))
        for access in accesses:
            change = perform(access, done, values)
            if change is not None:
                after = done | access.bit, frozenset((values | change).items())
                if after not in seen:
                    seen.add(after)
                    todo.append(after)


def reached(program, without=None):
    """An end of the program that is bad, or None."""
    return next((end for end in ends(program.threads, without) if program.bad(end)), None)
