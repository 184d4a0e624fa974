# SPDX-License-Identifier: GPL-2.0-or-later
"""What qpatch needs of the machine: whether it is there, and the one command that installs what is not.

requirements.yaml lists it in groups by what it is needed for. `require` is asked before a build is configured, and
`require_programs`, which starts no process, before every other one.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import override

from qpatch.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

# Checks wait for other processes, so more of them at once than there are processors.
CHECKS_AT_ONCE = 8


class RequirementCheck(Protocol):
    """A way to look for something."""

    def missing(self) -> str:
        """Return why it is not there, as a clause; '' where it is."""


@dataclass(frozen=True)
class ProgramCheck(RequirementCheck):
    """A program on PATH, of the version `at_least` if that is given."""

    name: str
    at_least: str = ""

    @override
    def missing(self) -> str:
        if shutil.which(self.name) is None:
            return f"{self.name} is not on PATH"
        return _outdated(self.name, _run(self.name, "--version").stdout, self.at_least) if self.at_least else ""


@dataclass(frozen=True)
class CommandCheck(RequirementCheck):
    """A command that succeeds."""

    words: tuple[str, ...]

    @override
    def missing(self) -> str:
        return ProgramCheck(self.words[0]).missing() or (
            "" if _succeeds(*self.words) else f"'{' '.join(self.words)}' fails"
        )


@dataclass(frozen=True)
class FileCheck(RequirementCheck):
    """A file."""

    path: str

    @override
    def missing(self) -> str:
        return "" if Path(self.path).is_file() else f"{self.path} is not there"


@dataclass(frozen=True)
class LibraryCheck(RequirementCheck):
    """A module of pkg-config, of the version `at_least` if that is given."""

    name: str
    at_least: str = ""

    @override
    def missing(self) -> str:
        if unable := ProgramCheck("pkg-config").missing():
            return f"{self.name} cannot be looked for: {unable}"
        found = _run("pkg-config", "--modversion", self.name)
        if found.returncode:
            return f"pkg-config does not know {self.name}"
        return _outdated(self.name, found.stdout, self.at_least) if self.at_least else ""


@dataclass(frozen=True)
class HeaderCheck(RequirementCheck):
    """A header that the C compiler finds, together with all that it includes."""

    name: str

    @override
    def missing(self) -> str:
        if unable := ProgramCheck("cc").missing():
            return f"{self.name} cannot be looked for: {unable}"
        found = _succeeds("cc", "-E", "-include", self.name, "-x", "c", os.devnull, "-o", os.devnull)
        return "" if found else f"the C compiler does not find {self.name}"


@dataclass(frozen=True)
class PythonModuleCheck(RequirementCheck):
    """A module of the Python that runs qpatch."""

    name: str

    @override
    def missing(self) -> str:
        return "" if importlib.util.find_spec(self.name) else f"Python has no module {self.name}"


@dataclass(frozen=True)
class Requirement:
    """An entry of requirements.yaml; where it is only `recommended`, qpatch works without it."""

    name: str
    check: RequirementCheck
    package: str
    purpose: str
    groups: tuple[str, ...]
    recommended: bool = False


@dataclass(frozen=True)
class Finding:
    """What became of looking for a requirement: `reason` says why it is not met, '' where it is."""

    requirement: Requirement
    reason: str

    @property
    def is_fault(self) -> bool:
        """Whether something is missing that qpatch does not work without."""
        return bool(self.reason) and not self.requirement.recommended


def groups() -> Mapping[str, str]:
    """Return what things may be required for: the groups' names, and each as a phrase."""
    purposes: dict[str, str] = _content()["groups"]
    return purposes


def requirements(wanted: Collection[str] = ()) -> list[Requirement]:
    """Return what the groups `wanted` need, in the order of the list; all of it where `wanted` is empty."""
    known = [_requirement(entry) for entry in _content()["requirements"]]
    return [requirement for requirement in known if not wanted or not set(wanted).isdisjoint(requirement.groups)]


def examine(needed: Sequence[Requirement]) -> list[Finding]:
    """Look for each of `needed`, several at once."""
    with ThreadPoolExecutor(CHECKS_AT_ONCE) as pool:
        reasons = pool.map(lambda requirement: requirement.check.missing(), needed)
        return [Finding(requirement, reason) for requirement, reason in zip(needed, reasons, strict=True)]


def missing_packages(findings: Iterable[Finding]) -> list[str]:
    """Return the Debian packages of what is missing, recommended ones among them, sorted."""
    return sorted({finding.requirement.package for finding in findings if finding.reason})


def install_command(packages: Sequence[str]) -> str:
    """Return the command, one for root, that installs `packages`; '' for none.

    It reads the package lists first: an image of a bare Debian has none.
    """
    return f"apt-get update && apt-get install --no-install-recommends {' '.join(packages)}" if packages else ""


def require(group: str) -> None:
    """Raise EnvironmentFault `requirements-missing` where something is missing that `group` needs."""
    _require_all(group, examine(requirements([group])))


def require_programs(group: str) -> None:
    """Do as `require`, for programs on PATH alone and whatever their versions: that costs next to nothing."""
    _require_all(
        group,
        [
            Finding(requirement, ProgramCheck(requirement.check.name).missing())
            for requirement in requirements([group])
            if isinstance(requirement.check, ProgramCheck)
        ],
    )


def missing_program(name: str) -> EnvironmentFault:
    """Return the error for a program that is not on PATH, with the command that installs it where it is known."""
    packages = sorted({known.package for known in requirements() if known.name == name})
    return EnvironmentFault(
        "program-missing", ProgramCheck(name).missing() or f"{name} cannot be run", hint=_as_root(packages)
    )


def _require_all(group: str, findings: Sequence[Finding]) -> None:
    reasons = [finding.reason for finding in findings if finding.is_fault]
    if reasons:
        raise EnvironmentFault(
            "requirements-missing",
            f"{groups()[group]} is impossible here: {'; '.join(reasons)}",
            hint=_as_root(missing_packages(findings)),
        )


def _as_root(packages: Sequence[str]) -> str:
    return f"as root: {install_command(packages)}" if packages else ""


@lru_cache(maxsize=1)
def _content() -> Mapping[str, Any]:
    import yaml

    text = resources.files(__package__).joinpath("requirements.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return content


def _requirement(entry: Mapping[str, Any]) -> Requirement:
    target, check = _check(entry)
    return Requirement(
        entry.get("name", target),
        check,
        entry["package"],
        entry["purpose"],
        tuple(entry["for"]),
        entry.get("recommended", False),
    )


def _check(entry: Mapping[str, Any]) -> tuple[str, RequirementCheck]:
    """Return what an entry looks for, in a word, and how."""
    match entry:
        case {"program": name}:
            return name, ProgramCheck(name, entry.get("at-least", ""))
        case {"library": name}:
            return name, LibraryCheck(name, entry.get("at-least", ""))
        case {"command": words}:
            return words[0], CommandCheck(tuple(words))
        case {"file": path}:
            return path, FileCheck(path)
        case {"header": name}:
            return name, HeaderCheck(name)
        case {"python-module": name}:
            return name, PythonModuleCheck(name)
    raise ValueError(f"requirements.yaml does not say how to look for {dict(entry)}")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def _succeeds(*command: str) -> bool:
    return _run(*command).returncode == 0


def _outdated(name: str, printed: str, at_least: str) -> str:
    """Return what is wrong with the first version number that was printed, '' where it is no less than `at_least`."""
    found = re.search(r"\d+(\.\d+)+", printed)
    if found is None or _numbers(found[0]) < _numbers(at_least):
        return f"{name} is {found[0] if found else 'of unknown version'}, {at_least} is needed"
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
