# SPDX-License-Identifier: GPL-2.0
"""Traffic for the cases: pings, TCP, and the generator's frames. What arrives is compared."""

import hashlib
import os
import socket
import struct
import threading
import time

import compare
import counters
import hwstamp
import namespace
import send
from guest import Failed, until, want
from link import FAR, NEAR
from nic import Nic

NIC = Nic(0)
PEER = Nic(1)
SO_RCVBUFFORCE = 33


def near(number, expected):
    """The two namespaces may exchange a few ARP packets meanwhile."""
    return expected <= number < expected + 10


def fates():
    """What the models did with frames: how many, by port and name."""
    return {f"port {port} {k}": v for port, nic in enumerate((NIC, PEER))
            for k, v in nic.model().items() if isinstance(v, int)}


def echo_replies(sock, ident, payload, seconds):
    """The sequence numbers of whole replies, as they come."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            packet = sock.recv(65535)
        except TimeoutError:
            return
        icmp = packet[(packet[0] & 15) * 4:]
        kind, _, _, got, seq = struct.unpack("!BBHHH", icmp[:8])
        if kind == 0 and got == ident and icmp[8:] == payload:
            yield seq


def pings(size, count, to, seconds):
    """How many echo requests are answered with all their bytes. ping itself would wait for a
    shorter time after fast replies.
    """
    ident, payload = os.getpid() & 0xffff, os.urandom(size)
    waiting = set(range(count))
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
        for seq in range(count):
            sock.sendto(send.echo_request(ident, seq, payload), (to, 0))
            time.sleep(0.01)
        for seq in echo_replies(sock, ident, payload, seconds):
            waiting.discard(seq)
            if not waiting:
                break
    return count - len(waiting)


def ping(size=56, count=10, to=FAR):
    """All pings are answered, once the far end knows that its link is back. Until then its
    replies go nowhere.
    """
    until(f"{to} answers", lambda: pings(0, 1, to, 0.5))
    before = fates()
    answered = pings(size, count, to, 5)
    if answered == count:
        return
    moved = {k: v - before[k] for k, v in fates().items() if v != before[k]}
    raise Failed(f"{answered} of {count} pings of {size} bytes to {to}: {moved}")


def ping_sizes():
    for size in (0, 1, 18, 56, 1000, 1472, 1473, 8000, 60000):
        ping(size, 5)


def received():
    return counters.statistic("rx_packets")


def emit(count, args):
    """Send frames of the generator. How many the model gave to the driver."""
    lost = NIC.model()
    send.generate(NIC, f"count={count} {args}")
    model = NIC.model()
    return count - sum(model[k] - lost[k] for k in model
                       if k.startswith("rx_") and k not in
                       ("rx_offered", "rx_delivered", "rx_queue", "rx_buffered_bytes"))


def generate(count, args=""):
    """Send frames of the generator. How many reached each queue."""
    before = counters.queues()
    expected = emit(count, args)

    def arrived():
        return [a - b for a, b in zip(counters.queues(), before)]
    until(f"the driver has {expected} frames", lambda: sum(arrived()) >= expected)
    return arrived()


def generate_all(count, args=""):
    """Send frames of the generator, of any length. How many reached the driver."""
    before = received()
    expected = emit(count, args)
    until(f"the driver has {expected} frames", lambda: received() - before >= expected)
    return received() - before


def block(n):
    return hashlib.sha256(str(n).encode()).digest() * 4096


def tcp_server(listener, total, result):
    conn, _ = listener.accept()
    digest = hashlib.sha256()
    left = total
    while left:
        data = conn.recv(1 << 20)
        if not data:
            break
        digest.update(data)
        left -= len(data)
    result.append((left, digest.hexdigest()))
    conn.close()


def tcp_transfer(upload, megabytes=8):
    """Bytes go through TCP, from here if upload is set, else from the far port."""
    result, digest = [], hashlib.sha256()
    blocks = [block(n) for n in range(megabytes * 8)]
    address = (FAR if upload else NEAR, 0)
    if upload:
        with namespace.inside("far"):
            listener = socket.create_server(address)
        sender = socket.socket()
    else:
        listener = socket.create_server(address)
        with namespace.inside("far"):
            sender = socket.socket()
    server = threading.Thread(target=tcp_server,
                              args=(listener, sum(map(len, blocks)), result))
    server.start()
    sender.settimeout(60)
    sender.connect((address[0], listener.getsockname()[1]))
    for data in blocks:
        sender.sendall(data)
        digest.update(data)
    sender.close()
    server.join(60)
    listener.close()
    want(result == [(0, digest.hexdigest())],
         f"TCP {'up' if upload else 'down'}: {result[0][0] if result else 'no'} bytes missing, "
         "or others than were sent")


def tcp_both(megabytes=8):
    tcp_transfer(True, megabytes)
    tcp_transfer(False, megabytes)


def stamped(count, args):
    """The stamps of so many frames of the generator. All frames come whole."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        sock.bind(("eth0", 0x0800))
        sock.settimeout(20)
        hwstamp.request(sock)
        NIC(f"gen count={count} {args}")
        stamps = []
        while len(stamps) < count:
            data, stamp = hwstamp.receive(sock, 16384)
            payload = data[compare.UDP_PAYLOAD:]
            if not compare.is_generated(payload):
                continue
            length, seq = struct.unpack_from("!H", data, 16)[0], len(stamps)
            want(length + 14 == len(data), f"frame {seq} of {len(data)} bytes has {length} by IP")
            want(compare.is_whole(payload), f"frame {seq} of {len(data)} bytes is damaged")
            want(stamp, f"frame {seq} of {len(data)} bytes has no stamp")
            stamps.append(stamp)
    return stamps
