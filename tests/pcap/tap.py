# SPDX-License-Identifier: GPL-2.0
"""Test cases as functions, their results as TAP."""

import os
import sys
import threading
import traceback

CASES = []
CASE_SECONDS = 60


class Skip(Exception):
    """Not possible here, with the reason."""


def case(function):
    """One test: its docstring says what must be so."""
    CASES.append((function.__doc__.split("\n")[0].rstrip("."), function, ()))
    return function


def each(parameters):
    """The same for each of some parameters, which the docstring may name."""
    def add(function):
        doc = function.__doc__.split("\n")[0].rstrip(".")
        for parameter in parameters:
            CASES.append((f"{parameter}: {doc}", function, (parameter,)))
        return function
    return add


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def between(got, low, high, what=""):
    if not low <= got <= high:
        raise AssertionError(f"{what}: got {got!r}, wanted {low!r} to {high!r}")


def _hung(number, name):
    """A call of C does not come back: signals do not reach Python there."""
    print(f"not ok {number} - {name}\n# took more than {CASE_SECONDS} seconds\n"
          "Bail out! hung", flush=True)
    os._exit(1)


def run():
    """All cases, or those whose name has one of the arguments in it."""
    cases = [one for one in CASES
             if not sys.argv[1:] or any(word in one[0] for word in sys.argv[1:])]
    failures = 0
    print(f"TAP version 13\n1..{len(cases)}", flush=True)
    for number, (name, function, arguments) in enumerate(cases, 1):
        watchdog = threading.Timer(CASE_SECONDS, _hung, (number, name))
        watchdog.daemon = True
        watchdog.start()
        try:
            function(*arguments)
            print(f"ok {number} - {name}", flush=True)
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except Exception:   # pylint: disable=broad-except
            failures += 1
            print(f"not ok {number} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            sys.stdout.flush()
        finally:
            watchdog.cancel()
    sys.exit(1 if failures else 0)
