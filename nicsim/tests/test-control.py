#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The control socket and the command line."""
import os
import signal
import socket
import subprocess
import time

from nicsimlib import *


def one_per_line():
    """every line has one answer, in order, whatever is in it"""
    with Nicsim() as sim:
        c = sim.control
        c.raw(b"status\n\n   \nnonsense\nstatus\r\n\x01\x02\xff\n" + b"x" * 100000 +
              b"\nmac\n\0status\nmac\n")
        answers = [c.answer() for _ in range(10)]
        assert [a["ok"] for a in answers] == [True, False, False, False, True, False, False,
                                              True, False, True], answers
        assert "longer" in answers[6]["error"] and answers[9]["mac"] == "02:6e:73:00:00:01"


def pieces():
    """a request may arrive byte by byte"""
    with Nicsim() as sim:
        for byte in b"mac\n":
            sim.control.raw(bytes([byte]))
            time.sleep(0.01)
        assert sim.control.answer()["ok"]


def tokens():
    """a token before the request comes back in its answer, good or bad"""
    with Nicsim() as sim:
        assert sim.control("@7f mac")["id"] == "7f"
        assert sim.control("@a\"b nonsense")["id"] == 'a"b'
        assert "id" not in sim.control("mac")
        assert not sim.control("@x")["ok"]


def several():
    """several clients are served, and one that does not read does not hold up another"""
    with Nicsim() as sim:
        lazy = Control(sim.ctl)
        lazy.sock.setblocking(False)
        try:
            for _ in range(100000):
                lazy.sock.send(b"help\n" * 100)
        except BlockingIOError:
            pass
        others = [Control(sim.ctl) for _ in range(10)]
        assert all(c.ok("mac") for c in others)
        lazy.sock.close()
        assert sim.control.ok("status")["client"] is False
        before = sim.cpu()
        time.sleep(0.5)
        assert sim.cpu() == before


def too_many():
    """the 65th client is turned away, and can come when another has gone"""
    with Nicsim() as sim:
        others = [Control(sim.ctl) for _ in range(63)]
        assert all(c.ok("mac") for c in others)
        assert Control(sim.ctl).sock.recv(1) == b""
        others.pop().sock.shutdown(socket.SHUT_RDWR)
        time.sleep(0.2)
        assert Control(sim.ctl).ok("mac") and others[0].ok("mac")


def help_lists_all():
    """help lists the requests, and each is known"""
    with Nicsim() as sim:
        usages = sim.control.ok("help")["requests"]
        names = [u.split()[0] for u in usages]
        assert len(names) == 11
        for name in names:
            assert "unknown request" not in sim.control(name).get("error", ""), name


def bad_requests():
    """wrong words, options and numbers are refused by name"""
    with Nicsim() as sim:
        for line, text in (("feed", "no file"), ("feed x pps=0", "pps=0"),
                           ("feed x pps", "'pps'"), ("feed x speed=1", "'speed=1'"),
                           ("gen", "no count"), ("gen count=-1", "count=-1"),
                           ("gen count=1x", "count=1x"), ("gen count=", "count="),
                           ("gen count=1 min=59", "min=59"), ("gen count=1 max=16385", "max="),
                           ("gen count=1 min=100 max=99", "larger than max"),
                           ("gen count=1 flows=0", "flows=0"), ("gen count=1 dst=1:2", "dst=1:2"),
                           ("gen count=99999999999999999999", "count="),
                           ("link", "usage"), ("link sideways", "usage"), ("status now", "'now'"),
                           ("set wire-pause", "usage"), ("set wire-pause 2", "not from 0 to 1"),
                           ("set wire-pause x", "usage"), ("set warp 9", "no knob 'warp'"),
                           ("set rx-room 65", "not from 0 to 64"), ("a " * 40, "more than")):
            reply = sim.control(line)
            assert not reply["ok"] and text in reply["error"], (line, reply)
        assert sim.control.ok("status")["source"] == "none"


def knobs():
    """set without arguments lists the knobs, and shows what was set"""
    with Nicsim() as sim:
        assert sim.control.ok("set")["knobs"] == {"wire-pause": 0, "bus-master-stuck": 0,
                                                  "pcie-cap": 1, "rx-room": 64, "check": 0}
        for change in ("rx-room 5", "wire-pause 1", "bus-master-stuck 1", "pcie-cap 0"):
            sim.control.ok(f"set {change}")
        assert sim.control.ok("set")["knobs"] == {"wire-pause": 1, "bus-master-stuck": 1,
                                                  "pcie-cap": 0, "rx-room": 5, "check": 0}


def knobs_before():
    """--set does what set does, and some values have names"""
    with Nicsim("--set", "format=gqi-qpl", "--set", "queues=3", model="gvnic") as sim:
        knobs = sim.control.ok("set")["knobs"]
        assert knobs["format"] == "gqi-qpl" and knobs["queues"] == 3
        sim.control.ok("set format dqo-rda")
        assert sim.control.ok("set")["knobs"]["format"] == "dqo-rda"
        for bad in ("format gqi", "format 1", "queues 0", "queues x"):
            assert not sim.control(f"set {bad}")["ok"], bad
        assert sim.control.ok("set")["knobs"]["queues"] == 3


def strict():
    """records are counted by text, cleared on request, and the log has each once"""
    with Nicsim() as sim:
        client = Client(sim)
        for _ in range(3):
            client.read(0, 0x800, 4)
        client.read(0, 0x900, 4)
        reply = sim.control.ok("strict")
        assert [r["count"] for r in reply["strict"]] == [3, 1] and reply["other"] == 0
        assert "0x800" in reply["strict"][0]["text"]
        assert open(sim.log).read().count("0x800") == 1
        for off in range(0x100, 0x1000, 8):
            client.read(0, off, 8)
        reply = sim.control.ok("strict")
        assert len(reply["strict"]) == 256 and reply["other"] == 480 - 256, reply["other"]
        sim.control.ok("strict-clear")
        assert sim.control.ok("strict")["strict"] == []


def command_line():
    """bad command lines end with status 2 and a reason"""
    def tried(*args):
        proc = subprocess.run([os.environ["NICSIM"], *args], text=True, capture_output=True,
                              timeout=10, check=False)
        return proc.returncode, proc.stdout + proc.stderr

    status, text = tried("--help")
    assert status == 0 and "--wire-listen" in text and "loopback" in text
    base = ["--model", "loopback", "--socket", "/nonexistent/s", "--control", "/nonexistent/c"]
    for args, want in ((["--model", "e1000"], "no such model"), (base[2:], "no --model"),
                       (base[:2] + base[4:], "no --socket"), (base[:4], "no --control"),
                       (base + ["--mac", "01:00:00:00:00:00"], "unicast"),
                       (base + ["--mac", "02:00:00:00:00"], "unicast"),
                       (base + ["--wire-listen", "a", "--wire-connect", "b"], "one of"),
                       (base + ["extra"], "unexpected argument: extra"), (["--warp"], "--help"),
                       (base + ["--set", "check"], "not NAME=VALUE: check")):
        status, text = tried(*args)
        assert status == 2 and want in text, (args, status, text)
    status, text = tried(*base)
    assert status == 1 and "No such file" in text
    with Nicsim() as sim:
        place = ["--socket", sim.dir + "/s", "--control", sim.dir + "/c"]
        status, text = tried("--model", "gvnic", *place, "--set", "format=warp")
        assert status == 1 and "no value 'warp'" in text, text
    status, text = tried(*base[:3], "/" + "x" * 120, *base[4:])
    assert status == 1 and "too long" in text


def sockets():
    """a running nicsim keeps its sockets; those of a killed one are taken over; SIGTERM removes them"""
    with Nicsim() as sim:
        args = [os.environ["NICSIM"], "--model", "loopback", "--socket", sim.sock, "--control",
                sim.ctl]
        proc = subprocess.run(args, text=True, capture_output=True, timeout=10, check=False)
        assert proc.returncode == 1 and "running nicsim" in proc.stderr
        assert sim.control.ok("mac")
        sim.proc.kill()
        sim.proc.wait()
        again = subprocess.Popen(args, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert again.stdout.readline() == "ready\n"
        assert Control(sim.ctl).ok("mac")
        again.send_signal(signal.SIGTERM)
        assert again.wait(10) == 0
        again.stdout.close()
        again.stderr.close()
        assert not os.path.exists(sim.sock) and not os.path.exists(sim.ctl)


def term_while_busy():
    """SIGTERM ends a nicsim that is sending at full speed to a client"""
    with Nicsim() as sim:
        client = Client(sim)
        sim.control.ok("set check 1")
        sim.control.ok("gen count=0")
        time.sleep(0.1)
        assert client.reg(LB_ID)
        sim.proc.terminate()
        assert sim.proc.wait(10) == 0


def mac():
    """--mac is the port's address and the generator's destination"""
    with Nicsim("--mac", "02:00:00:00:00:42") as sim:
        assert sim.control.ok("mac")["mac"] == "02:00:00:00:00:42"
        client = Client(sim)
        sim.control.ok("gen count=1")
        sim.control.wait_done()
        assert client.receive_frame()[:6] == bytes.fromhex("020000000042")


run([one_per_line, pieces, tokens, several, too_many, help_lists_all, bad_requests, knobs,
     knobs_before, strict, command_line, sockets, term_while_busy, mac])
