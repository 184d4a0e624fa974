# SPDX-License-Identifier: GPL-2.0-or-later
"""How the QEMUs of a bundle are started: for each kind of launch a script, and the devices that this QEMU has.

Three kinds there are: the source, a destination, and the source's build as a destination of a migration back.
"""

from __future__ import annotations

import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.lab.preload.bundled.repeat import BACK, CONFIGURATION, DESTINATION, LAUNCH, SOURCE
from qpatch.lab.runtime.commandline import VmPaths, command_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qpatch.lab.plan import QemuProgram, RunPlan
    from qpatch.lab.preload.devices import PreloadedDevices

HERE = "@here@"  # stands for the bundle's own directory in the words of a program
_VARIABLES = ("RUN", "SOCKETS", "FILES", "here")
_VARIABLES_EXPLAINED = (
    "# `reproduce` sets RUN, the directory of devices.conf and of the devices in sysfs; SOCKETS, that of its sockets;",
    "# FILES, that of the library and the guest; PAUSED, which may be -S; and QEMU, where another one is to run.",
)
_SIDE = {SOURCE: SOURCE, BACK: SOURCE, DESTINATION: DESTINATION}


@dataclass(frozen=True)
class Launch:
    """One kind of launch: its name, and whether the QEMU `program` is a destination."""

    name: str
    program: QemuProgram
    incoming: bool


def launches(plan: RunPlan) -> tuple[Launch, ...]:
    """Return the kinds of launches that a run of `plan` has."""
    forth = (Launch(SOURCE, plan.source, False), Launch(DESTINATION, plan.destination, True))
    return forth if plan.source is plan.destination else (*forth, Launch(BACK, plan.source, True))


def write_launches(
    plan: RunPlan, devices: PreloadedDevices, place: Path, kept: Callable[[QemuProgram], QemuProgram]
) -> None:
    """Write a directory below `place` for each launch; `kept` says where the bundle has a program."""
    for launch in launches(plan):
        with tempfile.TemporaryDirectory(prefix="qpatch-launch-") as scratch:
            directory = Path(scratch)
            words = _words(plan, devices, launch, directory)
            (place / launch.name).mkdir()
            (place / launch.name / CONFIGURATION).write_bytes((directory / CONFIGURATION).read_bytes())
            script = place / launch.name / LAUNCH
            script.write_text(_script(launch, kept(launch.program), words), encoding="utf-8")
            script.chmod(0o755)


@dataclass(frozen=True)
class _LaunchWords:
    """Variables that are set for QEMU, and its arguments, with marks in the place of directories."""

    environment: tuple[str, ...]
    arguments: tuple[str, ...]


def _words(plan: RunPlan, devices: PreloadedDevices, launch: Launch, directory: Path) -> _LaunchWords:
    files = {file: Path(_mark("FILES"), file.name) for file in (*devices.files, devices.guest)}
    given = plan.profile.faults, plan.scenario.faults
    faults = tuple(fault for one in given for fault in (one.destination if launch.incoming else one.source))
    attached = devices.attach(launch.program, directory, files, faults)
    paths = VmPaths(Path(_mark("SOCKETS")), files[devices.guest])
    line = command_line(plan, launch.program, attached, paths, incoming=launch.incoming, paused=False)
    own = len(launch.program.command) + len(launch.program.arguments)
    variables = (f"{name}={value}" for name, value in attached.environment.items())
    return _LaunchWords(
        tuple(_marked(word, directory) for word in variables),
        tuple(_marked(word, directory) for word in line.program[own:]),
    )


def _mark(variable: str) -> str:
    return f"@{variable}@"


def _marked(word: str, directory: Path) -> str:
    """Put the mark of the run's directory into a word; in options of QEMU a comma of a path is doubled."""
    for written in (str(directory), str(directory).replace(",", ",,")):
        word = word.replace(written, _mark("RUN"))
    return word


def _script(launch: Launch, program: QemuProgram, words: _LaunchWords) -> str:
    side = _SIDE[launch.name]
    release = ".".join(map(str, program.release))
    own = [
        *(_quoted(f"{name}={value}") for name, value in program.environment.items()),
        *map(_quoted, (*program.command, *program.arguments)),
    ]
    return "\n".join(
        [
            "#!/bin/sh",
            f"# The {side}: {program.strategy} on {program.tree} (QEMU {release}), as the lab started it.",
            *_VARIABLES_EXPLAINED,
            'here=$(dirname "$0")/..',
            'if [ -z "${QEMU:-}" ]; then',
            f"  set -- {' '.join(own)}",
            "else",
            '  set -- "$QEMU"',
            "fi",
            "exec env \\",
            *(f"  {_quoted(word)} \\" for word in words.environment),
            '  "$@" \\',
            *(f"  {line} \\" for line in _grouped([_quoted(word) for word in words.arguments])),
            "  $PAUSED",
            "",
        ]
    )


def _quoted(word: str) -> str:
    """Return `word` for a shell, with variables in the place of their marks."""
    for variable in _VARIABLES:
        if _mark(variable) in word:
            return f'"${variable}"'.join(_quoted(part) if part else "" for part in word.split(_mark(variable)))
    return shlex.quote(word)


def _grouped(words: Sequence[str]) -> Iterator[str]:
    """Put each option and its value into one line."""
    line = ""
    for word in words:
        if line.startswith("-") and " " not in line and not word.startswith("-"):
            yield f"{line} {word}"
            line = ""
            continue
        if line:
            yield line
        line = word
    if line:
        yield line
