# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in for the QEMU of the vm lab: a script that writes what a kernel and a work would, from the initial files.

The kernel's image says what happens: a line `TEST WORD` for each test that does not pass. Each test is begun, prints
KTAP and ends, unless its word is `dies` (an oops, and the end), `warns`, `fails`, or `hangs`.
"""

from __future__ import annotations

import stat
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SCRIPT = r"""
import gzip, re, sys, time
words = sys.argv[1:]
kernel, output = (open(word.removeprefix("file:"), "a", buffering=1) for word in words if word.startswith("file:"))
archive = gzip.open(words[words.index("-initrd") + 1]).read().decode(errors="replace")
what = dict(line.split() for line in open(words[words.index("-kernel") + 1]) if line.strip())
say = lambda text: print(f"[    1.000000] {text}", file=kernel)
say("Linux version 6.12")
if "silent" in what:
    sys.exit()
if "boot" in what:
    say("Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)")
    sys.exit()
for program, test in re.findall(r"^run (\S+) (\S+)$", archive, re.MULTILINE):
    say(f"qpatch: begins {program} {test}")
    print(f"qpatch: started {program} {test}", file=output)
    word = what.get(test, "passes")
    if word == "dies":
        say("BUG: kernel NULL pointer dereference, address: 0000000000000008")
        say("Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI")
        say("Kernel panic - not syncing: Fatal exception")
        sys.exit()
    if word == "hangs":
        time.sleep(60)
    if word == "warns":
        say("WARNING: CPU: 0 PID: 70 at drivers/vfio/vfio_main.c:1 vfio_x+0x1/0x2 [vfio]")
    result = "not ok" if word == "fails" else "ok"
    print(f"KTAP version 1\n1..1\n{result} 1 {test}", file=output)
    print(f"\nqpatch: {int(word == 'fails')} ended {program} {test}", file=output)
say("qpatch: done")
"""


@dataclass(frozen=True)
class FakeEmulator:
    command: tuple[str, ...] = (sys.executable, "-c", _SCRIPT)
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def listing(directory: Path, name: str, tests: Sequence[str]) -> Path:
    """Write a program that lists `tests`."""
    program = directory / name
    program.write_text("#!/bin/sh\n" + "".join(f"echo {test}\n" for test in tests))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program
