# SPDX-License-Identifier: GPL-2.0
"""Which part of the placed tree comes with which patch of which series.

A series is a directory beside this file, and a patch is a file in it: its message, a
line "---", and what it brings. README.md has the format.
"""

import os
import re
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(HERE)

# A group of declarations, headed by the file that defines them. It ends where another
# comment or preprocessor line begins; a kernel-doc belongs to it.
GROUP = re.compile(r"/\* (?:in )?(\w+\.c)\b")
LISTED = re.compile(r" \*\t(\w+\.c)\t")
ASSIGNMENT = re.compile(r"^(\S+\s*[:+]?=|source)$")


class Refused(Exception):
    """What is wrong with the split, and what to do."""


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


class Patch:
    """One patch: its message and what it brings."""

    def __init__(self, path):
        self.path = os.path.relpath(path, TOP)
        head, mark, tail = read(path).partition("\n---\n")
        if not mark:
            raise Refused(f"{self.path} has no line '---': its files come below one")
        self.subject, _, self.body = head.partition("\n")
        self.body = self.body.strip("\n")
        self.whole, self.parts = [], []
        for line in tail.splitlines():
            name, colon, pattern = line.partition(": ")
            if colon:
                self.parts.append((name, pattern))
            elif line.strip():
                self.whole.append(line.strip())


def patches(series):
    """The patches of a series in order; the cover letter is none of them."""
    where = os.path.join(HERE, series)
    return [Patch(os.path.join(where, name)) for name in sorted(os.listdir(where))
            if re.match(r"(?!00)\d\d-", name)]


class Block:
    """Adjacent lines that we change in an upstream file."""

    def __init__(self, at, count, new):
        self.at, self.count, self.new = at, count, new
        self.owner = None

    def apply(self, lines):
        lines[self.at:self.at + self.count] = self.new


def blocks(old, new):
    """How the file old becomes new, without context, from top to bottom."""
    run = subprocess.run(["diff", "-U0", old, new], stdout=subprocess.PIPE, text=True,
                         check=False)
    found = []
    for line in run.stdout.splitlines(keepends=True)[2:]:
        head = re.match(r"@@ -(\d+)(?:,(\d+))? \+", line)
        if head:
            count = int(head[2] or 1)
            # A hunk that only adds comes after the line that it names.
            found.append(Block(int(head[1]) - (count > 0), count, []))
        elif line.startswith("+"):
            found[-1].new.append(line[1:])
    return found


class Changed:
    """An upstream file, and what we change in it."""

    def __init__(self, pristine, placed):
        self.old = read(pristine).splitlines(keepends=True)
        self.blocks = blocks(pristine, placed)

    def text(self, block):
        """What a pattern is compared with: what goes and what comes."""
        return "".join(self.old[block.at:block.at + block.count] + block.new)

    def upto(self, patch):
        """The file with the blocks of the patches up to this number."""
        lines = list(self.old)
        for block in reversed(self.blocks):
            if block.owner is not None and block.owner <= patch:
                block.apply(lines)
        return "".join(lines)


class Split:
    """The placed tree, and the patches that it becomes."""

    def __init__(self, pristine, placed, names, elsewhere, series):
        """names: files in the directory placed; elsewhere: does another base have it"""
        self.placed, self.elsewhere = placed, elsewhere
        self.patches = [p for s in series for p in patches(s)]
        self.new, self.changed = set(), {}
        for name in names:
            source = os.path.join(pristine, name)
            if os.path.exists(source):
                self.changed[name] = Changed(source, os.path.join(placed, name))
            else:
                self.new.add(name)
        self.owner = {}
        self.wrong = []
        for number, patch in enumerate(self.patches):
            self.take(number, patch)
        for number, patch in enumerate(self.patches):
            self.take_rest(number, patch)
        self.complete()
        if self.wrong:
            raise Refused("\n".join(self.wrong))

    def expand(self, name):
        """A directory is what lies below it."""
        if not name.endswith("/"):
            return [name]
        return [n for n in sorted({*self.new, *self.changed}) if n.startswith(name)] or [name]

    def take(self, number, patch):
        """New files, and the blocks that the patch names."""
        patch.whole = [n for name in patch.whole for n in self.expand(name)]
        for name in patch.whole:
            if name in self.owner and name in self.new:
                self.wrong.append(f"{patch.path}: {name} is in "
                                  f"{self.patches[self.owner[name]].path}, too")
            elif name in self.new:
                self.owner[name] = number
            elif name not in self.changed and not self.elsewhere(name):
                self.wrong.append(f"{patch.path}: there is no {name}")
        for name, pattern in patch.parts:
            self.take_blocks(number, patch, name, pattern)

    def take_blocks(self, number, patch, name, pattern):
        changed = self.changed.get(name)
        if not changed:
            if not self.elsewhere(name):
                self.wrong.append(f"{patch.path}: no patch of ours changes {name}")
            return
        found = [b for b in changed.blocks if re.search(pattern, changed.text(b), re.M)]
        if not found and not self.elsewhere(name):
            self.wrong.append(f"{patch.path}: nothing in {name} matches '{pattern}'")
        for block in found:
            if block.owner not in (None, number):
                self.wrong.append(
                    f"{patch.path}: what '{pattern}' matches in {name} is in "
                    f"{self.patches[block.owner].path}, too:\n{changed.text(block)}")
            block.owner = number

    def take_rest(self, number, patch):
        """An upstream file without a pattern: what no patch has asked for."""
        for name in patch.whole:
            if name not in self.changed:
                continue
            for block in self.changed[name].blocks:
                if block.owner is None:
                    block.owner = number

    def complete(self):
        for name in sorted(self.new - set(self.owner)):
            self.wrong.append(f"{name} is in no patch: name it in one of series/*/")
        for name, changed in sorted(self.changed.items()):
            for block in changed.blocks:
                if block.owner is None:
                    self.wrong.append(f"this part of {name} is in no patch: name it in "
                                      f"one of series/*/\n{changed.text(block)}")

    def touched(self, number):
        """The files that may differ after this patch: name -> content."""
        there = {n for n in self.new if self.owner[n] <= number}
        files = {}
        for name in there:
            text = read(os.path.join(self.placed, name))
            files[name] = self.known(name, text, there)
        for name, changed in self.changed.items():
            files[name] = self.known(name, changed.upto(number), there)
        return files

    def known(self, name, text, there):
        """text without what names files that come later."""
        where, base = os.path.split(name)
        missing = Missing(where, self.new - there, there)
        if base == "Makefile" or base.startswith("Kconfig"):
            less = missing.drop_words(text)
            return text if less == text else tidy(less)
        if base == "index.rst":
            return missing.drop_lines(text)
        if name in self.new and name.endswith(".h"):
            return missing.drop_groups(text)
        return text


def tidy(text):
    """No blank lines where something was dropped."""
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"


class Missing:
    """The files that come later, as those of a directory name them."""

    def __init__(self, where, later, there):
        self.where, self.later = where, later
        self.later_dirs = ({os.path.dirname(n) for n in later} -
                           {os.path.dirname(n) for n in there})

    def has(self, word):
        word = word.strip('"')
        stem = re.sub(r"(_m32)?(\.o)?$", "", word)
        path = os.path.join(self.where, word)
        return (word in self.later or path in self.later or
                os.path.join(self.where, stem + ".c") in self.later or
                (word.endswith("/") and path.rstrip("/") in self.later_dirs))

    def drop_words(self, text):
        """Makefile, Kconfig: objects, programs, directories, what is included."""
        lines = []
        for line in text.splitlines():
            words = line.split()
            late = [w for w in words if self.has(w)]
            for word in late:
                line = re.sub(r"\s+" + re.escape(word) + r"(?=\s|$)", "", line, count=1)
            if not late or not ASSIGNMENT.match(line.strip()):
                lines.append(line)
        return "\n".join(lines) + "\n"

    def drop_lines(self, text):
        """A toctree."""
        return "".join(line for line in text.splitlines(keepends=True)
                       if os.path.join(self.where, line.strip() + ".rst")
                       not in self.later)

    def drop_groups(self, text):
        """A header: the declarations of a file, and its line in the list of files."""
        lines, dropping = [], False
        for line in text.splitlines(keepends=True):
            listed = LISTED.match(line)
            if listed and self.has(listed[1]):
                continue
            if line.startswith(("/* ", "#")):
                group = GROUP.match(line)
                dropping = bool(group and self.has(group[1]))
            if not dropping:
                lines.append(line)
        return "".join(lines)
