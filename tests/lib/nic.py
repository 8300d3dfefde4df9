# SPDX-License-Identifier: GPL-2.0
"""The NIC models behind the guest's ports."""

import contextlib
import json
import os
import select

from guest import SLOW, Failed, until, want


class Nic:
    """The control socket of a NIC model. Nobody else can use it while this has it open."""

    def __init__(self, port):
        path = f"/dev/virtio-ports/nicsim{port}"
        if not os.path.exists(path):
            raise Failed(f"there is no {path}: is this the guest, and NICS large enough?")
        self.fd = os.open(path, os.O_RDWR)
        self.rest = b""

    def __call__(self, request):
        os.write(self.fd, request.encode() + b"\n")
        while b"\n" not in self.rest:
            if not select.select([self.fd], [], [], 60 * SLOW)[0]:
                raise Failed(f"no reply of the NIC model to: {request}")
            self.rest += os.read(self.fd, 65536)
        line, self.rest = self.rest.split(b"\n", 1)
        reply = json.loads(line)
        want(reply["ok"], f"{request}: {reply.get('error')}")
        return reply

    def model(self):
        """The model's statistics by name."""
        return self("stats")["model"]

    def queue(self, number, name="frames"):
        """One of the model's counters of a receive queue."""
        return self.model()["rx_queue"].get(str(number), {}).get(name, 0)

    def knobs(self):
        return self("set")["knobs"]

    @contextlib.contextmanager
    def knob(self, name, value, after=None):
        """A knob has this value meanwhile, and then the one it had before, or after."""
        after = self.knobs()[name] if after is None else after
        self(f"set {name} {value}")
        try:
            yield
        finally:
            self(f"set {name} {after}")

    def finish(self, seconds=60):
        """Wait until the source has sent everything."""
        until("the NIC model has sent all", lambda: self("status")["done"], seconds, 0.005)

    @contextlib.contextmanager
    def sending(self, request):
        """The source sends meanwhile."""
        self(request)
        try:
            yield
        finally:
            self("stop")

    def flush(self):
        """Wait until the model has delivered the frames that it holds."""
        until("the NIC model has delivered its frames",
              lambda: not self.model().get("rx_buffered_bytes"))

    def records(self):
        """What the model found wrong with the driver, a line each."""
        return [r["text"] for r in self("strict")["strict"]]


class Records:
    """The records of some models, each shown once."""

    def __init__(self, *nics):
        self.nics, self.shown = nics, set()

    def new(self):
        """Those since the last call."""
        texts = [f"port {port}: {text}" for port, nic in enumerate(self.nics)
                 for text in nic.records()]
        texts = [text for text in dict.fromkeys(texts) if text not in self.shown]
        self.shown.update(texts)
        return texts
