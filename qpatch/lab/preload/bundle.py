# SPDX-License-Identifier: GPL-2.0-or-later
"""The reproducer bundle of a run: a directory from which it can be repeated without qpatch, wherever it is moved.

It holds `run.sh`, the script that repeats the run and compares (reproduce.py), a script with the command line of each
QEMU, the library, the guest, each QEMU's devices.conf, the actions, and the key events to expect.
"""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpatch.lab.preload import reproduce
from qpatch.lab.preload.devices import CONFIGURATION
from qpatch.lab.protocol import SCRIPT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.lab.model import Observation
    from qpatch.lab.plan import LabAction, QemuProgram, RunPlan, RunRecord
    from qpatch.lab.preload.artifacts import Artifacts

ACTIONS = "actions.json"
EXPECTED = "expected.txt"
_BINARIES = "bin"


@dataclass(frozen=True)
class Bundle:
    """A bundle to write: what was run, what came of it, and whether the QEMU binaries are copied as well.

    A distribution's binary, which is run with libraries of its own, is always referred to by its path.
    """

    plan: RunPlan
    artifacts: Artifacts
    record: RunRecord
    observation: Observation
    binaries: bool = False

    def write(self, place: Path) -> Path | None:
        """Make the directory `place`, or replace it; return it, None where no QEMU was started."""
        if not self._starts:
            return None
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}-") as scratch:
            new = Path(scratch) / "new"
            new.mkdir()
            self._fill(new)
            if place.exists():
                shutil.rmtree(place)
            new.rename(place)
        return place

    @property
    def _starts(self) -> list[LabAction]:
        return [action for action in self.record.actions if action.what == "start"]

    def _fill(self, place: Path) -> None:
        files = [self.artifacts.library, self.artifacts.guests[self.plan.machine.guest]]
        for file in (*files, Path(reproduce.__file__)):
            shutil.copy2(file, place)
        content = {
            "verdict": str(self.observation.verdict),
            "controllers": list(self.plan.machine.controllers),
            "files": [file.name for file in files],
            "actions": [self._action(action) for action in self.record.actions],
        }
        (place / ACTIONS).write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")
        for start in self._starts:
            (place / start.actor).mkdir()
            shutil.copy2(self.record.directory / start.actor / CONFIGURATION, place / start.actor)
            _write_script(place / f"{start.actor}.sh", self._command_script(place, start))
        logs = {actor: log.read_text(encoding="utf-8", errors="replace") for actor, log in self.record.logs.items()}
        expected = reproduce.events_by_actor(logs, self.plan.machine.controllers)
        (place / EXPECTED).write_text("\n".join(expected) + "\n", encoding="utf-8")
        _write_script(place / SCRIPT, self._run_script())

    def _action(self, action: LabAction) -> dict[str, object]:
        fields = {} if action.what == "start" else self._marked(dict(action.fields))
        return {"what": action.what, "actor": action.actor, "fields": fields}

    def _marked(self, value: Any) -> Any:
        """Return `value` with a mark in the place of the run's directories."""
        if isinstance(value, dict):
            return {key: self._marked(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._marked(item) for item in value]
        return self._with_marks(value) if isinstance(value, str) else value

    def _with_marks(self, word: str) -> str:
        """Put marks into a word; in options of QEMU a comma of a path is doubled."""
        short = Path(str(self._starts[0].fields["sockets"])).parent
        sockets = f"{reproduce.RUN}/{reproduce.SOCKETS}"
        places = {str(short): sockets, str(self.record.directory.resolve()): reproduce.RUN}
        for place, mark in places.items():
            word = word.replace(place, mark).replace(place.replace(",", ",,"), mark)
        return word

    def _command_script(self, place: Path, start: LabAction) -> str:
        words = _words(start)
        program = self._program(words)
        begin = next(number for number, word in enumerate(words) if word == program.command[0])
        arguments = words[begin + len(program.command) :]
        binary = self._binary(place, start.actor, program)
        lines = [
            *(_quoted(self._with_marks(word)) for word in words[1:begin]),
            binary,
            *_grouped([_quoted(self._with_marks(word)) for word in arguments]),
        ]
        title = f"{start.actor}: {program.strategy} on {program.tree} (QEMU {'.'.join(map(str, program.release))})"
        return (
            "\n".join(
                [
                    "#!/bin/sh",
                    f"# {title}, as the lab started it.",
                    "# RUN is the directory of the run, which reproduce.py makes.",
                    *([f"# {start.actor.upper()}=FILE runs another binary."] if len(program.command) == 1 else []),
                    'here=$(dirname "$0")' if self._is_copied(program) else ': "${RUN:?}"',
                    "exec env \\\n  " + " \\\n  ".join(lines),
                ]
            )
            + "\n"
        )

    def _program(self, words: Sequence[str]) -> QemuProgram:
        return next(program for program in (self.plan.source, self.plan.destination) if program.command[0] in words)

    def _binary(self, place: Path, actor: str, program: QemuProgram) -> str:
        """Return how a script names the program, copied if that is wanted."""
        if len(program.command) > 1:
            return shlex.join(program.command)
        file = Path(program.command[0])
        if not self._is_copied(program):
            return f'"${{{actor.upper()}:-{_in_quotes(str(file))}}}"'
        copy = place / _BINARIES / actor / file.name
        copy.parent.mkdir(parents=True)
        shutil.copy2(file, copy)
        return f'"${{{actor.upper()}:-$here/{_BINARIES}/{actor}/{_in_quotes(file.name)}}}"'

    def _is_copied(self, program: QemuProgram) -> bool:
        return self.binaries and len(program.command) == 1 and not program.environment

    def _run_script(self) -> str:
        plan, observation = self.plan, self.observation
        about = [
            f"{plan.source.strategy} on {plan.source.tree}, machine {plan.machine.name}, "
            f"profile {plan.profile.name}, scenario {plan.scenario.name}",
            f"verdict: {observation.verdict}: {observation.reason}",
        ]
        lines = [line for text in about for line in text.splitlines()]
        return (
            "\n".join(
                [
                    "#!/bin/sh",
                    *(f"# {line}" for line in lines),
                    "# Repeats the run and compares its key events with expected.txt; see --help.",
                    'exec python3 "$(dirname "$0")/reproduce.py" "$@"',
                ]
            )
            + "\n"
        )


def _words(start: LabAction) -> list[str]:
    command = start.fields["command"]
    assert isinstance(command, (list, tuple))
    return [str(word) for word in command]


def _write_script(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)


def _quoted(word: str) -> str:
    """Return `word` for a shell, in which the mark of the run's directory stands for $RUN."""
    return '"$RUN"'.join(shlex.quote(part) if part else "" for part in word.split(reproduce.RUN))


def _in_quotes(text: str) -> str:
    return "".join(f"\\{letter}" if letter in '\\"$`' else letter for letter in text)


def _grouped(words: Sequence[str]) -> list[str]:
    """Put each option and its value into one line."""
    lines: list[str] = []
    for word in words:
        if lines and lines[-1].startswith("-") and " " not in lines[-1] and not word.startswith("-"):
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
