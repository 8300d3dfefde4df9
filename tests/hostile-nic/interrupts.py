# SPDX-License-Identifier: GPL-2.0
"""The NIC sends no interrupts, or too many."""

import contextlib
import os
import time

import hwstamp
import link
import packet4
import steer
from common import NIC, Capture, generate, leased, model, stack_packets
from faults import fault
from guest import CPUS, DEBUG, until, want
from readers import Plain

EXCHANGES = 5 if DEBUG else 20
SLOW_STOP, SLOW_STOP_US = "rxdctl-disable-delay-us", 5000


def no_interrupts():
    """Frames that came without an interrupt arrive with the next one."""
    with Plain() as ring:
        steer.generator_to(leased())
        ring.want_good()
        ring.begin()
        with fault("no-irq"):
            generate("count=100 pps=2000")
            link.ping(3)
        generate("count=100 pps=2000")
        until("all are here", lambda: ring.capture.stats()["gen"] == 200)
        ring.want_good()


def stamps_turned_off():
    """Frames that wait for an interrupt have time stamps behind them, even if these are
    turned off meanwhile.
    """
    hwstamp.stamp_all("eth0", True)
    try:
        with Plain() as ring:
            steer.generator_to(leased())
            ring.want_good()
            ring.begin()
            with fault("no-irq"):
                generate("count=100 pps=2000")
                hwstamp.stamp_all("eth0", False)
            generate("count=100 pps=2000")
            until("all are here", lambda: ring.capture.stats()["gen"] == 200)
            ring.want_good()
    finally:
        hwstamp.stamp_all("eth0", False)


def slow_stop():
    """A queue that is to stop gets some more frames, if the NIC can do that."""
    if SLOW_STOP in NIC.knobs():
        return NIC.knob(SLOW_STOP, SLOW_STOP_US)
    return contextlib.nullcontext()


def exchange():
    """A lease begins and ends, and whoever has the queue gets frames. The longer of the two
    waits for them, in seconds.
    """
    with packet4.leased_socket("eth0", leased()) as sock:
        began = time.monotonic()
        until("the lease has frames", lambda: packet4.stats(sock)["packets"])
        waited = time.monotonic() - began
        packet4.release(sock)
        before = stack_packets(leased())
        began = time.monotonic()
        until("the stack has frames", lambda: stack_packets(leased()) > before)
        waited = max(waited, time.monotonic() - began)
        stats = packet4.stats(sock)
        want(stats["posted"] == 0 and packet4.slots(stats) == 1024, f"{stats}")
    return waited


def interrupts_in_between():
    """The queue gets interrupts while its ring is exchanged, masked or not. None of them
    leaves it without a poll. Drivers look at each queue every 2 s, so one that is late once is
    late because the machine is.
    """
    steer.generator_to(leased())
    done = model("faults")
    with slow_stop(), NIC.sending("gen count=0 flows=64 pps=1000 pause=0"), \
            fault("irq-storm"):
        late = [took for took in (exchange() for _ in range(EXCHANGES)) if took > 1]
    want(len(late) < EXCHANGES / 4, f"late, of {EXCHANGES}: {late}")
    want(model("faults") - done > 10 * EXCHANGES, f"{model('faults') - done} storms")
    NIC.flush()
    with Plain() as ring:
        ring.want_good()
    link.ping()


@contextlib.contextmanager
def on_cpu(cpu):
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, everywhere)


def polled_elsewhere():
    """A CPU that polls first goes on to the end, without an interrupt. Restarting another
    queue has all queues polled, on the CPU of whoever asked for that.
    """
    with Plain() as ring:
        steer.generator_to(leased())
        ring.want_good()
        for cpu in range(CPUS):
            ring.begin()
            with fault("no-irq"):
                generate("count=500 pps=4000")
            with on_cpu(cpu), Capture(3):
                pass
            until("all are here", lambda: ring.capture.stats()["gen"] == 500)
        ring.want_good()
