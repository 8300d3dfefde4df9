# SPDX-License-Identifier: GPL-2.0
"""What the host does meanwhile: ping, TCP, and neighbour discovery between the two ports."""

import collections
import contextlib
import hashlib
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

import namespace
import send
from compare import equal
from guest import SLOW, Background, Program, sh, want
from link import FAR, FAR6, NEAR, NEAR6

PORT = 7009
# What is on its way at once: far less than an RX ring holds, so that a NIC whose queue waits
# for a busy machine loses nothing.
WINDOW = 64 << 10
NEAR_SEED, FAR_SEED = 1, 2      # of the bytes that each port sends
# What is under way when a capture begins or ends can be lost.
UNDER_WAY = 0.2 * SLOW
ANSWER = re.compile(r"^\[(\S+)\].*bytes from.*icmp_seq=(\d+).*time=(\S+) ms(.*)$", re.M)

# The other end. It sends its bytes, and prints the digest of those that it gets.
CLIENT = """
import hashlib, random, socket, sys, threading
host, port, size, seed, window = sys.argv[1], *map(int, sys.argv[2:])
s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
s.connect((host, port))
def send():
    s.sendall(random.Random(seed).randbytes(size))
    s.shutdown(socket.SHUT_WR)
thread = threading.Thread(target=send)
thread.start()
digest = hashlib.sha256()
while data := s.recv(1 << 16):
    digest.update(data)
thread.join()
print(digest.hexdigest())"""


# Pings in a row without an answer: when the first and the last was sent, how many, and the
# number of the first.
Gap = collections.namedtuple("Gap", "first last count number")


class Ping(Program):
    """A ping every so many seconds, and when each was answered."""

    def __init__(self, interval=0.05):
        self.output = tempfile.NamedTemporaryFile()
        self.process = subprocess.Popen(
            ["ping", "-D", "-n", "-i", str(interval), FAR], stdout=self.output,
            env={**os.environ, "LC_ALL": "C"})

    def _found(self):
        """It is opened anew, because ping writes where a file is read that it shares."""
        with open(self.output.name, encoding="ascii") as file:
            return ANSWER.findall(file.read())

    def answers(self):
        """The times of the answers until now."""
        return [float(at) for at, *_ in self._found()]

    def first_after(self, moment, seconds):
        """How long after a moment the first answer came, or None if not in so many seconds."""
        while time.time() < moment + seconds:
            if (late := [t - moment for t in self.answers() if t > moment]):
                return late[0]
            time.sleep(0.05)
        return None

    def sent(self):
        """When each ping was sent that was answered, by its number."""
        found = self._found()
        want(not any(rest for *_, rest in found), f"answered twice: {found}")
        return {int(number): float(at) - float(ms) / 1000 for at, number, ms, _ in found}

    def unanswered(self):
        """Each Gap. What was sent after the last that was answered does not count."""
        sent = sorted(self.sent().items())
        for (before, began), (after, ended) in zip(sent, sent[1:]):
            if (some := after - before - 1):
                step = (ended - began) / (some + 1)
                yield Gap(began + step, ended - step, some, before + 1)

    def lost_between(self, began, ended):
        """The gaps with a ping that was sent while a capture ran."""
        return [gap for gap in self.unanswered()
                if gap.last > began + UNDER_WAY and gap.first < ended - UNDER_WAY]

    def kill(self):
        super().kill()
        self.output.close()


def noise(seed, size):
    """What the port with this seed sends by tcp()."""
    return random.Random(seed).randbytes(size)


def _serve(taker, size):
    """Send our bytes, and take what comes. The digest of that."""
    sender = threading.Thread(target=lambda: (taker.sendall(noise(NEAR_SEED, size)),
                                              taker.shutdown(socket.SHUT_WR)))
    sender.start()
    digest = hashlib.sha256()
    while (data := taker.recv(1 << 16)):
        digest.update(data)
    sender.join()
    return digest.hexdigest()


def tcp(size, host=NEAR):
    """So many bytes go both ways at once between the ports, and arrive whole."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, PORT), family=family) as server:
        server.settimeout(60 * SLOW)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        with Background([sys.executable, "-c", CLIENT, host, str(PORT), str(size),
                         str(FAR_SEED), str(WINDOW)], far=True) as client:
            taker, _ = server.accept()
            with taker:
                taker.settimeout(60 * SLOW)
                there = _serve(taker, size)
            back = client.end()
    equal((there, back), tuple(hashlib.sha256(noise(seed, size)).hexdigest()
                               for seed in (FAR_SEED, NEAR_SEED)), "digests there and back")


def discover():
    """Both ports forget each other, and each finds the other anew by IPv6."""
    for far, to in ((False, FAR6), (True, NEAR6)):
        sh("ip -6 neigh flush dev eth0")
        sh("ip -6 neigh flush dev eth1", far=True)
        out = sh(f"ping -q -c 1 -W {9 * SLOW} {to}", far=far, check=False)
        want(" 1 received" in out, f"no neighbour {to}: {out.strip()[-300:]}")


def sender():
    """What sends frames out of the far port."""
    with namespace.inside("far"):
        return send.Sender("eth1")


@contextlib.contextmanager
def offloads(state):
    """With GRO, GSO and TSO "on" or "off" at both ports, and as before afterwards."""
    def turn(to):
        for far, iface in ((False, "eth0"), (True, "eth1")):
            sh(f"ethtool -K {iface} gro {to} gso {to} tso {to}", far=far)
    turn(state)
    try:
        yield
    finally:
        turn("on")
