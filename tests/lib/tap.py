# SPDX-License-Identifier: GPL-2.0
"""Test cases, and their results as TAP."""

import os
import sys
import threading
import time
import traceback

CASES = []
CASE_SECONDS = 300


class Skip(Exception):
    """The case is not possible here, for this reason."""


def case(function):
    """One case. Its docstring says what must be so."""
    CASES.append((_title(function), function))
    return function


def each(parameters):
    """One case for each of these parameters. The case's name begins with it."""
    def add(function):
        for parameter in parameters:
            CASES.append((f"{parameter}: {_title(function)}",
                          lambda p=parameter: function(p)))
        return function
    return add


def _title(function):
    return function.__doc__.split("\n")[0].rstrip(".")


def chosen(cases, words):
    """The cases of a table (name, function), or those that some words choose: by a part of
    the name, or by the function's name.
    """
    if not words:
        return cases
    some = [(name, function) for name, function in cases
            if any(w in name or w == getattr(function, "__name__", "") for w in words)]
    if not some:
        sys.exit(f"no case is called {', '.join(words)}")
    return some


def attempt(function):
    """What went wrong in a case, in lines."""
    try:
        function()
    except Skip:
        raise
    except Exception as err:    # pylint: disable=broad-except
        return [str(err) or repr(err), *traceback.format_exc().splitlines()]
    return []


def _hung(number, name):
    """A call of C does not come back: signals do not reach Python there."""
    print(f"not ok {number} - {name}\n# took more than {CASE_SECONDS} seconds\n"
          "Bail out! hung", flush=True)
    os._exit(1)


class Watch:
    """Ends the test if a case takes more than CASE_SECONDS."""

    def __init__(self, number, name):
        self.timer = threading.Timer(CASE_SECONDS, _hung, (number, name))
        self.timer.daemon = True

    def __enter__(self):
        self.timer.start()

    def __exit__(self, *_):
        self.timer.cancel()


def tell(number, name, text, seconds):
    """One result. text: what went wrong, in lines."""
    print(f"{'not ok' if text else 'ok'} {number} - {name}  # {seconds:.1f} s")
    for line in "\n".join(text).splitlines():
        print(f"# {line}")
    sys.stdout.flush()


def run_cases(cases, how=attempt, impossible=(), setup=lambda: None):
    """The cases of a table, then the names and reasons of those that are impossible here.
    how() runs a case and says what went wrong. Returns the exit status.
    """
    print(f"TAP version 13\n1..{len(cases) + len(impossible)}", flush=True)
    setup()
    failures = 0
    for number, (name, function) in enumerate(cases, 1):
        began = time.monotonic()
        with Watch(number, name):
            try:
                text = how(function)
            except Skip as why:
                print(f"ok {number} - {name} # SKIP {why}", flush=True)
                continue
        failures += bool(text)
        tell(number, name, text, time.monotonic() - began)
    for number, (name, why) in enumerate(impossible, len(cases) + 1):
        print(f"ok {number} - {name} # SKIP {why}", flush=True)
    return 1 if failures else 0


def run():
    """All cases that were declared here, or those that the arguments choose."""
    sys.exit(run_cases([one for one in CASES
                        if not sys.argv[1:] or any(word in one[0] for word in sys.argv[1:])]))
