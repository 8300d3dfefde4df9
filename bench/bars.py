# SPDX-License-Identifier: GPL-2.0
"""The bars, which are computed from results.csv alone."""


class Table:
    """The lines of one kernel and NIC. A figure that was not measured is None."""

    def __init__(self, lines, kernel="release", nic="82599"):
        self.lines = [line for line in lines if line["kernel"] == kernel and line["nic"] == nic]

    def find(self, path, size, **settings):
        for line in self.lines:
            if line["path"] != path or int(line["frame_bytes"]) != size:
                continue
            has = dict(w.split("=") for w in line["settings"].split())
            if has.get("sweep") != settings.get("sweep"):
                continue
            if all(has.get(k) == str(v) for k, v in settings.items()):
                return line
        return None

    def value(self, path, size, column="insn_per_packet", **settings):
        line = self.find(path, size, **settings)
        return float(line[column]) if line and line.get(column) else None


class Bar:
    """One figure and its limit."""

    def __init__(self, text, value, limit, below=True):
        self.text, self.value, self.limit, self.below = text, value, limit, below

    def measured(self):
        return self.value is not None

    def met(self):
        return self.measured() and (self.value <= self.limit if self.below
                                    else self.value < self.limit)

    def __str__(self):
        if not self.measured():
            return f"not measured  {self.text}"
        word = "met   " if self.met() else "MISSED"
        sign = "<=" if self.below else "<"
        return f"{word}  {self.text}: {self.value:.4g} ({sign} {self.limit:.4g})"


def ratio(a, b):
    return a / b if a is not None and b else None


def saturated(t):
    busy = t.value("direct-busy", 64, burst=0, batch=64, hold=0, filter=0)
    xdp = [v for p in ("xdp-zc-busy", "xdp-zc-poll") if (v := t.value(p, 64, burst=0))]
    long = t.value("direct-busy", 1518, burst=0, batch=64)
    change = None if None in (busy, long) else abs(long / busy - 1)
    return [
        *(Bar(f"v4-copy / v3, {size} B", ratio(t.value("v4-copy", size), t.value("v3", size)), 1)
          for size in (64, 1518)),
        Bar("direct-busy / best AF_XDP zero-copy, 64 B", ratio(busy, min(xdp, default=None)), 0.40),
        Bar("direct-busy / v3, 64 B", ratio(busy, t.value("v3", 64)), 1 / 14),
        Bar("direct-busy / dpdk-scalar, 64 B", ratio(busy, t.value("dpdk-scalar", 64)), 0.80),
        Bar("direct-busy / dpdk-vector, 64 B (aim)", ratio(busy, t.value("dpdk-vector", 64)), 1,
            False),
        Bar("direct-busy, 1518 B against 64 B, change", change, 0.05),
    ]


def figures(t, gve, x550):
    """What a packet of 64 bytes may cost at most."""
    busy = {"burst": 0, "batch": 64, "hold": 0, "filter": 0}
    bars = [Bar(f"{path}, {name}, 64 B", table.value(path, 64, **busy), limit)
            for name, table, path, limit in (
                ("82599", t, "direct-busy", 80), ("82599", t, "direct-headers", 110),
                ("82599", t, "lane-busy", 255),
                ("gve", gve, "direct-busy", 141), ("gve", gve, "direct-headers", 185))]
    bars.append(Bar("direct-busy, 82599, 64 B: cache lines",
                    t.value("direct-busy", 64, "cache_lines", **busy), 4.6))
    with_stamps, without = (x550.value(p, 64, **busy) for p in ("direct-stamps", "direct-busy"))
    more = None if None in (with_stamps, without) else with_stamps - without
    return [*bars, Bar("direct-stamps above direct-busy, X550, 64 B", more, 15)]


def stack(t, name):
    """What goes on to the stack costs its own receive, the capture, and a copy."""
    busy, alone = (t.value(p, 64, burst=0, batch=64, filter=0) for p in ("direct-busy", "stack"))
    tee = t.value("direct-tee", 64)
    more = None if None in (tee, busy) else tee - busy
    both = None if None in (busy, alone) else busy + alone
    return [Bar(f"direct-tee above direct-busy, {name}, 64 B", more, 8),
            *(Bar(f"{p} / (stack + direct-busy), {name}, 64 B", ratio(t.value(p, 64), both), 1.15)
              for p in ("direct-tee-all", "direct-pass"))]


def all_queues(t):
    """What libpcap and its caller take, with one queue and with all."""
    one, four = (t.value(p, 64, "user_insn", sweep="queues")
                 for p in ("tcpdump-direct-count", "direct-all"))
    more = None if None in (one, four) else four - one
    return [Bar("direct-all above tcpdump-direct-count, in user space, gve, 64 B", more, 30)]


def programs(t):
    return [Bar(f"tcpdump-direct / tcpdump-v3, {size} B",
                ratio(t.value("tcpdump-direct", size), t.value("tcpdump-v3", size)), limit)
            for size, limit in ((64, 0.12), (1518, 0.15))] + [
        Bar("tcpdump-v3-ours / tcpdump-v3, 64 B",
            ratio(t.value("tcpdump-v3-ours", 64), t.value("tcpdump-v3", 64)), 0.93)]


def filters(t):
    """What a filter adds to a leased queue, over what runs it with V3. A frame that is refused
    reaches no reader, so there it is what the loop with the filter adds.
    """
    bars = []
    for n, name, column in ((1, "accepts all", "insn_per_packet"),
                            (2, "is of two ports", "insn_per_packet"),
                            (3, "refuses all by ethertype", "filter_insn")):
        direct, v3 = (None if None in pair else pair[0] - pair[1] for pair in (
            [t.value(path, 64, counted, sweep="filter", filter=i) for i in (n, 0)]
            for path, counted in (("direct-busy", column), ("v3", "filter_insn"))))
        bars.append(Bar(f"a filter that {name}: direct-busy's more / v3's more",
                        ratio(direct, v3), 1))
    return bars


def header_split(t, gve):
    bars = [Bar(f"direct-headers / direct-busy, {size} B",
                ratio(t.value("direct-headers", size, burst=0, batch=64),
                      t.value("direct-busy", size, burst=0, batch=64)), 1.3)
            for size in (1518, 9000)]
    for n, text in ((0, "in order"), (8, "in another order")):
        values = [gve.value(p, 1518, sweep="shuffle", shuffle=n)
                  for p in ("direct-headers", "direct-busy")]
        bars.append(Bar(f"gve, direct-headers / direct-busy, 1518 B, buffers {text}",
                        ratio(*values), 1.3))
    bars.append(Bar("direct-busy, gve, 1518 B, buffers in order",
                    gve.value("direct-busy", 1518, sweep="shuffle", shuffle=0), 123))
    return bars


def senders(t):
    """What two CPUs that put frames into one ring wait for each other."""
    bars = []
    for size in (1518, 9000):
        v3, v4 = (t.value(path, size, "wait_insn", sweep="senders", senders=2)
                  for path in ("v3-senders", "v4-senders"))
        more = None if None in (v3, v4) else v4 - v3
        bars.append(Bar(f"two senders, {size} B: instructions that wait for locks, v4 above v3",
                        more, 10))
    return bars


def syscalls(t):
    bars = [Bar(f"{path}, system calls per packet at saturation",
                t.value(path, 64, "syscalls_per_packet", burst=0, batch=64), 1 / 64)
            for path in ("direct-poll", "direct-busy")]
    bars.append(Bar("direct-spin, system calls per packet",
                    t.value("direct-spin", 64, "syscalls_per_packet"), 0))
    return bars


def bursts(t):
    return [Bar(f"direct-poll / xdp-zc-poll, bursts of {n}",
                ratio(t.value("direct-poll", 64, burst=n), t.value("xdp-zc-poll", 64, burst=n)),
                limit, limit < 1) for n, limit in ((1, 0.75), (8, 1), (64, 1), (256, 1))]


def flat(t, what, key, values, **same):
    figures = [v for n in values if (v := t.value("direct-busy", 64, **{key: n}, **same))]
    change = max(figures) / min(figures) - 1 if len(figures) == len(values) else None
    return Bar(f"direct-busy over {what}, change", change, 0.05)


def sweeps(t):
    small = t.value("direct-busy", 64, batch=8, sweep="batch")
    large = t.value("direct-busy", 64, batch=256, sweep="batch")
    return [
        Bar("direct-busy, batch 8 / batch 256", ratio(small, large), 1.5),
        flat(t, "512 to 65536 entries", "entries",
             [512 << i for i in range(8)], sweep="entries"),
        flat(t, "1 to 8 queues", "queues", (1, 2, 4, 8), sweep="queues"),
    ]


def spreads(t):
    bars = []
    for path in ("direct-poll", "direct-busy"):
        line = t.find(path, 64, burst=0, batch=64)
        value = float(line["spread_percent"]) if line and line["spread_percent"] else None
        bars.append(Bar(f"{path}, spread over the boots in percent", value, 1))
    return bars


def beside(first, second, base):
    """What direct receive may cost more on another base than on 6.12."""
    found = []
    for name in ("82599", "gve"):
        one, two = (Table(lines, nic=name).value("direct-busy", 64, burst=0, batch=64, hold=0,
                                                 filter=0) for lines in (first, second))
        more = None if None in (one, two) else two - one
        found.append(Bar(f"direct-busy on {base} above 6.12, {name}, 64 B", more, 3))
    return found


def all_bars(lines):
    t, gve = Table(lines), Table(lines, nic="gve")
    return [*saturated(t), *figures(t, gve, Table(lines, nic="X550")), *stack(t, "82599"),
            *stack(gve, "gve"), *bursts(t), *sweeps(t), *filters(t), *programs(t), *all_queues(gve),
            *header_split(t, gve), *senders(t), *syscalls(t), *spreads(t)]
