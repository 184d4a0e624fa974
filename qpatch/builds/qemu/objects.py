# SPDX-License-Identifier: GPL-2.0-or-later
"""Which objects a change concerns: those of its files themselves, and of what includes a header, however indirectly."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from qpatch.trees.git import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qpatch.builds.backend import BuildDirectories

# `#include "..."`, and `<...>` for the kernel's headers, which QEMU has copies of.
_INCLUDE = r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]'
_KERNEL_HEADERS = "linux-headers"
_COMPILATION = re.compile(r" -o (?P<object>\S+\.o) -c (?P<source>\S+)")
# QEMU's qapi/meson.build: what is generated of each schema file.
_QAPI_PARTS = ("types", "visit", "commands", "events")
_SCHEMA = "qapi"
_EVENTS = "trace-events"
_COMPILED = (".c", ".S")
_CODE = (*_COMPILED, ".h", ".inc", ".hx")


def compiled_sources(place: BuildDirectories, commands: str) -> dict[str, list[str]]:
    """Return the objects made of each C file, by its path in the source, as `commands` (ninja -t commands) say.

    A generated file goes by its path in the build directory.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for match in _COMPILATION.finditer(commands):
        file = Path(os.path.normpath(place.build / match["source"]))
        root = place.source if file.is_relative_to(place.source) else place.build
        found[os.path.relpath(file, root)].append(match["object"])
    return found


def concerned_objects(
    place: BuildDirectories, files: Iterable[str], compiled: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    """Return, for each of `files` of the source, the objects to compile again where it has changed."""
    reached = {file: {file, *generated_from(file)} for file in files}
    included = any(not name.endswith(_COMPILED) for names in reached.values() for name in names)
    includers = _includers(place) if included else {}
    return {
        file: sorted({made for name in _closure(names, includers) for made in compiled.get(name, ())})
        for file, names in reached.items()
    }


def is_code(file: str) -> bool:
    """Tell whether objects should depend on `file`."""
    path = PurePosixPath(file)
    return path.suffix in _CODE or path.name == _EVENTS or (path.suffix == ".json" and path.parts[0] == _SCHEMA)


def generated_from(file: str) -> Iterator[str]:
    """Yield the files that QEMU generates from `file`, by their paths in the build directory.

    Sources: trace/meson.build (the events of a folder a/b become trace/trace-a_b.c), qapi/meson.build, and the
    meson.build at the top (hmp-commands.hx becomes hmp-commands.h, qemu-options.hx qemu-options.def).
    """
    path = PurePosixPath(file)
    if path.name == _EVENTS:
        name = str(path.parent).replace("/", "_") if path.parent.name else "root"
        yield from (f"trace/trace-{name}.c", f"trace/trace-{name}.h")
    if path.suffix == ".hx":
        yield from (f"{path.stem}.h", f"{path.stem}.def")
    if path.parts[0] == _SCHEMA and path.suffix == ".json":
        yield from (f"qapi/qapi-{part}-{path.stem}{suffix}" for part in _QAPI_PARTS for suffix in (".c", ".h"))


def _closure(names: Iterable[str], includers: Mapping[str, frozenset[str]]) -> set[str]:
    found = set(names)
    waiting = list(found)
    while waiting:
        new = includers.get(waiting.pop(), frozenset()) - found
        found |= new
        waiting += new
    return found


def _includers(place: BuildDirectories) -> Mapping[str, frozenset[str]]:
    """Return, for every file that others include, who does."""
    arguments = ("grep", "--no-index", "-E", "--no-color", "-e", _INCLUDE, "--", "*.c", "*.h", "*.inc")
    lines = Repository(place.source).text(*arguments).splitlines()
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        file, _, text = line.partition(":")
        include = re.match(_INCLUDE, text)
        for header in _meant(file, include[1]) if include else ():
            found[header].add(file)
    return {header: frozenset(files) for header, files in found.items()}


def _meant(file: str, include: str) -> Iterable[str]:
    """Return what `#include` of that name in `file` may mean: headers are sought in these places."""
    beside = os.path.normpath(PurePosixPath(file).parent / include)
    return {beside, include, f"include/{include}", f"{_KERNEL_HEADERS}/{include}"}
