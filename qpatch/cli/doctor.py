"""The verb `doctor`: what qpatch needs of the machine, what is missing, and the command to install it."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpatch.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from qpatch.cli.output import Output


@dataclass(frozen=True)
class Requirement:
    """Something needed: a file, a command that succeeds, or a program on PATH of at least some version."""

    name: str
    package: str
    purpose: str
    command: tuple[str, ...] = ()
    file: str = ""
    at_least: str = ""

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Requirement:
        """Return the requirement that an entry of doctor.yaml describes."""
        fields = {key.replace("-", "_"): value for key, value in entry.items()}
        return cls(**{**fields, "command": tuple(fields.get("command", ()))})

    def missing(self) -> str:
        """Return why the requirement is not met, '' where it is."""
        if self.file:
            return "" if Path(self.file).is_file() else f"{self.file} is not there"
        program = self.command[0] if self.command else self.name
        if shutil.which(program) is None:
            return f"{program} is not on PATH"
        if self.command and subprocess.run(self.command, capture_output=True, check=False).returncode:
            return f"'{' '.join(self.command)}' fails"
        return self._outdated(program) if self.at_least else ""

    def _outdated(self, program: str) -> str:
        output = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        found = re.search(r"\d+(\.\d+)+", output)
        if found is None or _numbers(found[0]) < _numbers(self.at_least):
            return f"{program} is {found[0] if found else 'of unknown version'}, {self.at_least} is needed"
        return ""


def register(_parser: argparse.ArgumentParser) -> None:
    """`qpatch doctor` has no arguments of its own."""


def run(_arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Check the machine; the exit code is 6 where something is missing."""
    results = [(requirement, requirement.missing()) for requirement in requirements()]
    packages = sorted({requirement.package for requirement, reason in results if reason})
    install = f"apt-get install --no-install-recommends {' '.join(packages)}" if packages else ""
    output.table("Needed from the machine", ["name", "state", "what it is for"],
                 [[requirement.name, reason or "ok", requirement.purpose] for requirement, reason in results])
    if install:
        output.message(f"To install what is missing, as root: {install}")
    output.document({"version": 1, "install": install, "requirements": [
        {"name": requirement.name, "package": requirement.package, "ok": not reason, "reason": reason}
        for requirement, reason in results]})
    return ExitCode.ENVIRONMENT if install else ExitCode.OK


def requirements() -> list[Requirement]:
    """Return the requirements listed in doctor.yaml."""
    import yaml

    text = resources.files(__package__).joinpath("doctor.yaml").read_text(encoding="utf-8")
    return [Requirement.from_entry(entry) for entry in yaml.load(text, yaml.CSafeLoader)]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
