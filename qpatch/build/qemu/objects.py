"""Which objects a change concerns: those of the files themselves, and of what includes a header, however indirectly."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from qpatch.trees.git import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qpatch.build.backend import Place

_INCLUDE = r'^[ \t]*#[ \t]*include[ \t]*"'
# QEMU's qapi/meson.build: what is generated of each schema file.
_QAPI_PARTS = ("types", "visit", "commands", "events")


def compiled_sources(place: Place) -> dict[str, list[str]]:
    """Return the objects that the configured build makes of each C file, by its path in the source.

    A generated file goes by its path in the build directory.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    commands = json.loads((place.build / "compile_commands.json").read_text(encoding="utf-8"))
    for command in commands:
        file = Path(os.path.normpath(Path(command["directory"]) / command["file"]))
        root = place.source if file.is_relative_to(place.source) else place.build
        found[os.path.relpath(file, root)].append(command["output"])
    return found


def concerned_sources(place: Place, files: Sequence[str]) -> list[str]:
    """Return the C files to compile again where `files` of the source have changed; generated ones included."""
    changed = {*files, *(made for file in files for made in generated_from(file))}
    includers = _includers(place) if any(file.endswith((".h", ".inc")) for file in changed) else {}
    found = set(changed)
    waiting = list(changed)
    while waiting:
        new = includers.get(waiting.pop(), frozenset()) - found
        found |= new
        waiting += new
    return sorted(file for file in found if file.endswith(".c"))


def generated_from(file: str) -> list[str]:
    """Return the files that QEMU generates from `file`, by their paths in the build directory.

    Sources: trace/meson.build (the events of a folder a/b become trace/trace-a_b.c) and qapi/meson.build.
    """
    path = PurePosixPath(file)
    if path.name == "trace-events":
        name = str(path.parent).replace("/", "_")
        return [f"trace/trace-{name}.c", f"trace/trace-{name}.h"]
    if path.parts[0] == "qapi" and path.suffix == ".json":
        return [f"qapi/qapi-{part}-{path.stem}{suffix}" for part in _QAPI_PARTS for suffix in (".c", ".h")]
    return []


def _includers(place: Place) -> Mapping[str, frozenset[str]]:
    """Return, for every file that others include, who does."""
    arguments = ("grep", "--no-index", "-E", "--no-color", "-e", _INCLUDE, "--", "*.c", "*.h", "*.inc")
    lines = Repository(place.source).text(*arguments).splitlines()
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        file, _, text = line.partition(":")
        for header in _meant(file, text.split('"')[1]):
            found[header].add(file)
    return {header: frozenset(files) for header, files in found.items()}


def _meant(file: str, include: str) -> Iterable[str]:
    """Return what `#include "include"` in `file` may mean: quoted headers are sought in these places."""
    beside = os.path.normpath(PurePosixPath(file).parent / include)
    return {beside, include, f"include/{include}"}
