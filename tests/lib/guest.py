# SPDX-License-Identifier: GPL-2.0
"""The guest's interfaces, and the NIC models behind them."""

import contextlib
import ctypes
import fcntl
import functools
import json
import os
import re
import select
import socket
import struct
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CPUS = os.cpu_count()
DEBUG = os.path.exists("/sys/kernel/debug/kmemleak")
# A device sees a buffer in one piece, whatever it is in.
IOMMU = os.path.exists("/sys/kernel/iommu_groups/0")
# What an emulated debug kernel takes longer for everything.
SLOW = 8 if DEBUG else 1
# In KiB, what /proc/meminfo sways by itself: KASAN keeps freed objects for long.
SWAY = {"MemFree": 1024, "SUnreclaim": 512, "Percpu": 128}
if DEBUG:
    SWAY = {"MemFree": 131072, "SUnreclaim": 98304, "Percpu": 128}


# What only a shell understands: without one a command takes half the time.
SHELL = re.compile(r"[^\w ./:,+@-]")
SIOCGIFFLAGS, IFF_RUNNING = 0x8913, 1 << 6


class Failed(Exception):
    """Something is not as it has to be."""


def want(good, text):
    if not good:
        raise Failed(text)


def sh(command, check=True, far=False):
    """A command line's output; far: in the network namespace of eth1."""
    if far:
        command = f"ip netns exec far {command}"
    shell = bool(SHELL.search(command))
    proc = subprocess.run(command if shell else command.split(), shell=shell, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if check and proc.returncode:
        raise Failed(f"{command}: status {proc.returncode}: {proc.stdout.strip()[-400:]}")
    return proc.stdout


def steer(what, queue, location):
    """A flow rule, by ethtool, which says that there is none and ends with 0."""
    said = sh(f"ethtool -N eth0 {what} action {queue} loc {location}")
    want("annot insert" not in said, f"no rule {location} to queue {queue}: {said.strip()}")


def until(what, condition, seconds=20, pause=0.02):
    """Wait for a condition; its value. A debug kernel has more time."""
    end = time.monotonic() + seconds * SLOW
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failed(f"not within {seconds * SLOW} s: {what}")
        time.sleep(pause)
    return value


class Nic:
    """The control socket of a NIC model, held open: nobody else has it meanwhile."""

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
        return self("stats")["model"]

    def finish(self, seconds=60):
        """Until the source has sent all."""
        until("the NIC model has sent all", lambda: self("status")["done"], seconds, 0.005)

    @contextlib.contextmanager
    def sending(self, request):
        """Meanwhile it sends."""
        self(request)
        try:
            yield
        finally:
            self("stop")

    def strict(self):
        return [r["text"] for r in self("strict")["strict"]]


def carrier(iface="eth0"):
    try:
        with open(f"/sys/class/net/{iface}/carrier", encoding="ascii") as f:
            return f.read().strip() == "1"
    except OSError:
        return False


def up(*ifaces, mtu=1500):
    """Quiet: without addresses, and nothing is asked for."""
    for iface in ifaces:
        if not os.path.exists(f"/sys/class/net/{iface}"):
            raise Failed(f"there is no {iface}: the driver did not probe the NIC")
        sh(f"ip link set {iface} mtu {mtu} arp off up")
    until(f"{' and '.join(ifaces)} have a link", lambda: all(map(carrier, ifaces)))


def reta(queue, iface="eth0"):
    """All entries of the redirection table on one queue; None: as at first."""
    if queue is None:
        sh(f"ethtool -X {iface} default")
        return
    weights = " ".join("1" if q == queue else "0" for q in range(CPUS))
    sh(f"ethtool -X {iface} weight {weights}")
    table = re.findall(r"^\s*\d+:((?:\s+\d+)+)$", sh(f"ethtool -x {iface}"), re.M)
    entries = {int(n) for row in table for n in row.split()}
    want(entries == {queue}, f"the redirection table of {iface} has {entries}")


def counters(iface="eth0"):
    return {k: int(v) for k, v in
            re.findall(r"^\s*(\S+): (\d+)$", sh(f"ethtool -S {iface}"), re.M)}


def driver():
    """What there is to know of the driver of eth0."""
    import drivers      # pylint: disable=import-outside-toplevel
    return drivers.DRIVER


def queue_packets():
    """Frames that came to each queue; with gve buffers, which is the same as long
    as each frame fits into one.
    """
    return driver().queue_packets(counters())


def two_ports(near="10.9.0.1", far="10.9.0.2"):
    """eth0 here and eth1, wired to it, in the namespace 'far', with addresses."""
    if not os.path.exists("/run/netns/far"):
        sh("ip netns add far")
    if os.path.exists("/sys/class/net/eth1"):
        sh("ip link set eth1 netns far")
    sh(f"ip addr replace {far}/24 dev eth1", far=True)
    sh("ip link set lo up", far=True)
    sh("ip link set eth1 up", far=True)
    sh(f"ip addr replace {near}/24 dev eth0")
    sh("ip link set eth0 arp on up")
    until("eth0 has its link", carrier)
    until("eth1 has its link", far_running)


CLONE_NEWNET = 1 << 30


def _enter_namespace(path):
    """This process, and those that it begins from now on. Else the namespace does not
    know of it: nothing is left open.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path, "rb") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET):
            err = ctypes.get_errno()
            raise OSError(err, f"setns({path}): {os.strerror(err)}")


@functools.cache
def far_socket():
    """A socket in the namespace 'far', by which it is asked without a process."""
    _enter_namespace("/run/netns/far")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    _enter_namespace("/proc/1/ns/net")
    return sock


def far_running():
    """Has eth1 its link."""
    request = struct.pack("16s16x", b"eth1")
    try:
        flags, = struct.unpack("16xH14x", fcntl.ioctl(far_socket(), SIOCGIFFLAGS, request))
    except OSError:     # there is no eth1
        return False
    return bool(flags & IFF_RUNNING)


def echoes():
    """Answers to pings that have come, whether ping was still there or not."""
    with open("/proc/net/snmp", encoding="ascii") as f:
        names, values = [line.split() for line in f if line.startswith("Icmp:")]
    return int(values[names.index("InEchoReps")])


class Namespace:
    """A network namespace of ip's that the tests are in for a while."""

    def __init__(self, name):
        self.name, self.inside = name, False

    def enter(self):
        """/sys shows the devices of the namespace in which it was mounted."""
        _enter_namespace(f"/run/netns/{self.name}")
        self.inside = True
        sh("mount -t sysfs sysfs /sys")

    def leave(self):
        """Back to the first one."""
        if not self.inside:
            return
        sh("umount /sys")
        _enter_namespace("/proc/1/ns/net")
        self.inside = False


@contextlib.contextmanager
def splat_wanted(*texts):
    """Lines of the kernel's that have one of these do not fail the run."""
    def tell(what):
        with open("/dev/kmsg", "w", encoding="ascii") as f:
            f.write(f"testbed: wanted: {what}\n")
    tell(" | ".join(texts))
    try:
        yield
    finally:
        tell("")


def memory():
    """/proc/meminfo, in KiB; what the CPUs keep in lists of their own is free, too."""
    with open("/proc/meminfo", encoding="ascii") as f:
        kib = {k: int(v) for k, v in re.findall(r"^(\S+):\s+(\d+)", f.read(), re.M)}
    with open("/proc/zoneinfo", encoding="ascii") as f:
        kept = sum(map(int, re.findall(r"^\s+count:\s+(\d+)", f.read(), re.M)))
    kib["MemFree"] += kept * os.sysconf("SC_PAGE_SIZE") // 1024
    return kib


def settled():
    """The same once nothing is on its way back."""
    time.sleep(1)
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
        f.write("3")
    time.sleep(0.5)
    return memory()


def memory_lost(before):
    """In KiB, of each of SWAY, since then."""
    after = settled()
    return {name: (after[name] - before[name]) * (-1 if name == "MemFree" else 1)
            for name in SWAY}
