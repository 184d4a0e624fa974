# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings of mutation testing (bench/data/mutation.yaml) and the mutants known to be equivalent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
_DATA = ROOT / "bench" / "data"


@dataclass(frozen=True)
class Room:
    """A folder of code and the files of the tests that are to notice mutants in it, relative to the project's root."""

    name: str
    code: str
    tests: tuple[str, ...]

    def sources(self, root: Path) -> dict[str, str]:
        """Return the content of every Python file of the room by its path below `root`, the project."""
        files = sorted((root / self.code).rglob("*.py"))
        return {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files}


@dataclass(frozen=True)
class Settings:
    """How to test the project in `root`: see bench/data/mutation.yaml for the other values and their units."""

    root: Path
    seed: int
    sample: int
    aim: float
    factor: float
    seconds: float
    memory_mib: int
    rooms: tuple[Room, ...]


def load_settings() -> Settings:
    """Read bench/data/mutation.yaml."""
    content = _read("mutation.yaml")
    rooms = tuple(_room(name, entry) for name, entry in content["rooms"].items())
    allowed = content["timeout"]
    return Settings(
        ROOT,
        content["seed"],
        content["sample"],
        content["aim"],
        allowed["factor"],
        allowed["seconds"],
        content["memory_mib"],
        rooms,
    )


def load_equivalents() -> dict[tuple[str, str, str, str], str]:
    """Return the reason why a mutant behaves as the original does, by `Mutant.identity`."""
    return {
        (file, entry["in"], entry["line"], entry["mutant"]): entry["why"]
        for file, entries in (_read("equivalent-mutants.yaml") or {}).items()
        for entry in entries
    }


def _room(name: str, entry: Mapping[str, Any]) -> Room:
    files = [file for pattern in entry["tests"] for file in _files(pattern)]
    left_out = {file for pattern in entry.get("except", ()) for file in _files(pattern)}
    return Room(name, entry["code"], tuple(sorted(set(files) - left_out)))


def _files(pattern: str) -> list[str]:
    """Return the files of the project that `pattern` fits. Raises ValueError where there are none."""
    files = [file.relative_to(ROOT).as_posix() for file in ROOT.glob(pattern)]
    if not files:
        raise ValueError(f"bench/data/mutation.yaml: there is no {pattern}")
    return files


def _read(name: str) -> Any:  # YAML: anything
    return yaml.load((_DATA / name).read_text(encoding="utf-8"), yaml.CSafeLoader)
