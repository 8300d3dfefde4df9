# SPDX-License-Identifier: GPL-2.0
"""One boot of a guest: its ports, its command's output, its end."""

import json
import os
import secrets
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time

import machine

POWER_OFF_S = 60


class Output:
    """Bytes of one port on their way to a file, up to the token."""

    def __init__(self, token, to):
        self.token, self.to = token, to
        self.held = b""
        self.done = False

    def take(self, data):
        if self.done:
            return
        self.held += data
        end = self.held.find(self.token)
        if end >= 0:
            self.done, keep = True, len(self.held) - end
        else:
            keep = next((n for n in range(min(len(self.held), len(self.token)), 0, -1)
                         if self.token.startswith(self.held[-n:])), 0)
        self.to.write(self.held[:len(self.held) - keep])
        self.to.flush()
        self.held = self.held[len(self.held) - keep:]


class Guest:
    def __init__(self, options, kind, run, nics, limit):
        self.run, self.limit = run, limit
        self.console_log = os.path.join(run, "console.log")
        self.token = secrets.token_hex(16).encode()
        self.select = selectors.DefaultSelector()
        self.ends, theirs = {}, {}
        self.status = b""
        self.status_at = None
        self.hung = False
        self.outputs = {}

        with open(os.path.join(run, "token"), "wb") as f:
            f.write(self.token)
        for name in self.port_names(options):
            mine, its = socket.socketpair()
            self.ends[name], theirs[name] = mine, its
        argv = machine.command(options, kind, run, nics,
                               {n: s.fileno() for n, s in theirs.items()})
        with open(os.path.join(run, "qemu.command"), "w") as f:
            json.dump(argv, f, indent=1)
        self.errors = open(os.path.join(run, "qemu.err"), "w+", encoding="utf-8")
        self.qemu = subprocess.Popen(
            argv, pass_fds=[*(s.fileno() for s in theirs.values()),
                            *(fd for nic in nics for fd in nic.queues)],
            stdin=None if options.terminal else subprocess.DEVNULL,
            stdout=None if options.terminal else self.errors, stderr=self.errors)
        for s in theirs.values():
            s.close()
        self.listen(options)

    @staticmethod
    def port_names(options):
        names = ["console", "monitor", "pd.status"]
        if options.command is not None:
            names += ["pd.out", "pd.err"]
            if options.stdin is not None:
                names.append("pd.in")
        return names

    def listen(self, options):
        self.watch(self.ends["console"], lambda data: None)
        self.watch(self.ends["monitor"], lambda data: None)
        self.watch(self.ends["pd.status"], self.take_status)
        for name, to in (("pd.out", options.stdout), ("pd.err", options.stderr)):
            if name in self.ends:
                self.outputs[name] = Output(self.token, to)
                self.watch(self.ends[name], self.outputs[name].take)
        if "pd.in" in self.ends:
            threading.Thread(target=feed, args=(options.stdin, self.ends["pd.in"]),
                             daemon=True).start()

    def watch(self, end, take):
        def ready(key):
            try:
                data = end.recv(65536)
            except ConnectionError:
                data = b""
            if data:
                take(data)
            else:
                self.select.unregister(key.fileobj)
        self.select.register(end, selectors.EVENT_READ, ready)

    def take_status(self, data):
        self.status += data
        if self.status.endswith(b"\n"):
            self.status_at = time.monotonic()

    def ended(self):
        return self.qemu.poll() is not None

    def wait(self):
        """Until QEMU has ended, with what is left in the ports read."""
        began = time.monotonic()
        while not self.ended():
            self.pump(0.5)
            now = time.monotonic()
            if self.status_at:
                late = now - self.status_at > POWER_OFF_S
            else:
                late = self.limit and now - began > self.limit
            if late:
                self.hang()
        while self.turn(0):
            pass

    def turn(self, timeout):
        """Serve what is ready; whether the guest itself had something."""
        some = False
        for key, _ in self.select.select(timeout):
            key.data(key)
            some = some or key.fileobj in self.ends.values()
        return some

    def pump(self, seconds, until_status=False):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self.ended():
            if until_status and self.status_at:
                return
            self.turn(min(left, 0.2))

    def hang(self):
        """Ask the kernel where it is (blocked tasks, CPUs), then end it."""
        self.hung = True
        for key in b"wl":
            self.qmp("qmp_capabilities")
            self.qmp("chardev-send-break", {"id": "con"})
            self.pump(1)
            self.ends["console"].send(bytes([key]))
            self.pump(2)
        self.kill()

    def qmp(self, name, arguments=None):
        text = json.dumps({"execute": name, "arguments": arguments or {}})
        self.ends["monitor"].send(text.encode() + b"\n")

    def kill(self):
        if not self.ended():
            self.qemu.send_signal(signal.SIGKILL)
            self.qemu.wait()

    def said(self):
        self.errors.seek(0)
        return self.errors.read().strip()

    def complete(self):
        return self.status_at and all(o.done for o in self.outputs.values())


def feed(source, end):
    """A thread of its own: a file cannot be polled, and the guest may not read."""
    try:
        while data := os.read(source.fileno(), 4096):
            end.sendall(data)
        end.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def say(text):
    print(f"vm: {text}", file=sys.stderr, flush=True)
