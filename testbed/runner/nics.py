# SPDX-License-Identifier: GPL-2.0
"""The NIC models beside a guest: one process, one port, one PCI function."""

import json
import os
import select
import shlex
import socket
import subprocess

MODELS = {"ixgbe": "82599", "x550": "x550", "gve": "gvnic"}
READY_S = 20
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")


class NicError(Exception):
    pass


class Nic:
    """One nicsim process and the sockets it serves."""

    def __init__(self, number, binary, model, sockets, run, wire, extra):
        self.number = number
        self.socket = os.path.join(sockets, f"nic{number}")
        self.control = os.path.join(sockets, f"nicsim{number}.control")
        self.log = os.path.join(run, f"nicsim{number}.log")
        self.errors = os.path.join(run, f"nicsim{number}.err")
        argv = [*DIES_WITH_US, binary, "--model", model, "--socket", self.socket,
                "--control", self.control, "--log", self.log,
                "--mac", f"02:00:00:00:00:{number + 1:02x}", *wire, *extra]
        with open(self.errors, "wb") as err:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
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


def start(options, sockets, run):
    """The models that the options ask for, serving."""
    if options.nics == 0:
        return []
    binary = os.path.join(options.project, "build/nicsim/nicsim")
    if not os.access(binary, os.X_OK):
        raise NicError("there is no build/nicsim/nicsim: run make nicsim, or NICS=0")
    if options.nic not in MODELS:
        raise NicError(f"NIC={options.nic} is not one of {', '.join(MODELS)}")
    wire = os.path.join(sockets, "wire")
    ends = {0: ["--wire-listen", wire], 1: ["--wire-connect", wire]}
    if options.wire == "none" or options.nics == 1:
        ends = {}
    nics = []
    try:
        for n in range(options.nics):
            nics.append(Nic(n, binary, MODELS[options.nic], sockets, run, ends.get(n, []),
                            [*knobs(options), *shlex.split(options.nicsim_args)]))
            nics[-1].wait_ready()
    except (NicError, OSError) as err:
        stop(nics)
        raise NicError(str(err)) from err
    return nics


def stop(nics):
    for nic in nics:
        nic.stop()
