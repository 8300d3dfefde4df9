# SPDX-License-Identifier: GPL-2.0
"""The NIC models beside a guest: one process, one port, one PCI function. Where QEMU itself
emulates the NIC, the process is its cable.
"""

import json
import os
import select
import shlex
import socket
import subprocess

import tap

MODELS = {"ixgbe": "82599", "x550": "x550", "gve": "gvnic"}
# QEMU's own, as its -device. AF_XDP reaches the memory of a virtio device only by the DMA
# API, and changes one queue alone. What else is negotiated makes no difference to a wire.
QEMU = {"igb": {"driver": "igb"},
        "virtio": {"driver": "virtio-net-pci", "disable-legacy": "on", "iommu_platform": True,
                   "queue_reset": True, "rx_queue_size": 1024}}
# With as many queues as there are CPUs, and the RSS that they need.
SEVERAL = "virtio-mq"
QEMU[SEVERAL] = QEMU["virtio"] | {"mq": True, "rss": True}
# With the hash of each frame, in the headers that QEMU gives to a tap device alone. Checksums
# and segments are not left to a wire.
HASH = "virtio-hash"
QEMU[HASH] = QEMU["virtio"] | {"hash": True, "csum": False, "guest_csum": False} | \
    dict.fromkeys(("host_tso4", "host_tso6", "host_uso", "host_ufo", "host_ecn"), False)
# On the first bus, for each port. An igb's virtual functions, which nobody makes here, have
# slots, too: those from 16 behind its own.
SLOTS = {None: (0x10, 0x11), "igb": (0x8, 0xa)}
# Their drivers have no AF_XDP zero-copy in it: no queue could be leased.
TOO_OLD = ("6.12",)
READY_S = 20
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")


class NicError(Exception):
    pass


class Nic:
    """One nicsim process and the sockets it serves."""

    def __init__(self, number, binary, kind, sockets, run, wire, extra, tap=((), None)):
        self.number = number
        self.device = QEMU.get(kind)    # or else it is a vfio-user client
        self.slot = SLOTS.get(kind, SLOTS[None])[number]
        self.queues, other_end = tap    # descriptors of a tap device, if it is one
        self.mac = f"02:00:00:00:00:{number + 1:02x}"
        self.socket = os.path.join(sockets, f"nic{number}")
        self.control = os.path.join(sockets, f"nicsim{number}.control")
        self.log = os.path.join(run, f"nicsim{number}.log")
        self.errors = os.path.join(run, f"nicsim{number}.err")
        argv = [*DIES_WITH_US, binary, "--model", MODELS.get(kind, "netdev"),
                "--socket", f"fd:{other_end}" if self.queues else self.socket, "--control", self.control, "--log", self.log,
                "--mac", self.mac, *wire, *extra]
        with open(self.errors, "wb") as err:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                pass_fds=[other_end] if self.queues else (),
                stderr=err, start_new_session=True)

    def wait_ready(self):
        text = b""
        while b"ready" not in text:
            if not select.select([self.process.stdout], [], [], READY_S)[0]:
                raise NicError(f"nicsim{self.number} is not ready after {READY_S} s")
            chunk = os.read(self.process.stdout.fileno(), 4096)
            if not chunk:
                raise NicError(f"nicsim{self.number} ended at once: "
                               + self.said().strip())
            text += chunk

    def backend(self):
        """QEMU's, which makes the frames its NIC sends ours, and the other way round."""
        if self.queues:
            return "tap,vhost=off,fds=" + ":".join(map(str, self.queues))
        return f"stream,server=off,addr.type=unix,addr.path={self.socket}"

    def said(self):
        with open(self.errors, errors="replace") as f:
            return f.read()

    def ask(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(20)
            s.connect(self.control)
            s.sendall(request.encode() + b"\n")
            with s.makefile() as lines:
                return json.loads(lines.readline())

    def complaint(self):
        """What this model has against the run, as text, or None."""
        status = self.process.poll()
        if status is not None:
            return f"nicsim{self.number} died with status {status}:\n{self.said()}"
        try:
            reply = self.ask("strict")
        except (OSError, ValueError) as err:
            return f"nicsim{self.number} does not answer: {err}"
        lines = [f"nicsim{self.number}: {r['count']} x {r['text']}"
                 for r in reply["strict"]]
        if reply.get("other"):
            lines.append(f"nicsim{self.number}: {reply['other']} x other records")
        return "\n".join(lines) or None

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def knobs(options):
    """What a hypervisor decides: a gVNIC has a queue for each CPU."""
    return ["--set", f"queues={min(options.cpus, 16)}"] if options.nic == "gve" else []


def taps_for(options):
    """What a port is to have of tap devices."""
    queues = {SEVERAL: options.cpus, HASH: 1}.get(options.nic)
    if not queues:
        return [((), None)] * options.nics
    try:
        return tap.ports(options.nics, queues)
    except tap.TapError as err:
        raise NicError(f"NIC={options.nic} needs tap devices in a user namespace: {err}") from err


def check(options):
    """Is this a NIC, and one whose driver in this kernel can lease queues?"""
    if options.nic not in MODELS and options.nic not in QEMU:
        raise NicError(f"NIC={options.nic} is not one of {', '.join([*MODELS, *QEMU])}")
    if options.nic in QEMU and options.base in TOO_OLD:
        raise NicError(f"NIC={options.nic}: its driver in Linux {options.base} has no zero-copy "
                       "AF_XDP, by which a queue could be leased; use BASE=7.3")


def start(options, sockets, run):
    """The models that the options ask for, serving."""
    if options.nics == 0:
        return []
    binary = os.path.join(options.project, "build/nicsim/nicsim")
    if not os.access(binary, os.X_OK):
        raise NicError("there is no build/nicsim/nicsim: run make nicsim, or NICS=0")
    check(options)
    wire = os.path.join(sockets, "wire")
    ends = {0: ["--wire-listen", wire], 1: ["--wire-connect", wire]}
    if options.wire == "none" or options.nics == 1:
        ends = {}
    nics = []
    try:
        taps = taps_for(options)
        for n in range(options.nics):
            nics.append(Nic(n, binary, options.nic, sockets, run, ends.get(n, []),
                            [*knobs(options), *shlex.split(options.nicsim_args)], taps[n]))
            nics[-1].wait_ready()
    except (NicError, OSError) as err:
        stop(nics)
        raise NicError(str(err)) from err
    return nics


def stop(nics):
    for nic in nics:
        nic.stop()
