# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds which file of the source a path in a build's output means."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

# What the linker writes for a place: `file.c:12`, `file.c:(.text+0x1c)`, `b.o:file.c:(.text+0x1c)`, `b.o:(.data+0x8)`.
_WITH_LINE = re.compile(r"(?:[^:]+\.o\)?:)?(?P<file>[^:]+):(?P<line>\d+)")
_WITH_OFFSET = re.compile(r"(?:(?P<object>[^:]+\.o\)?):)?(?:(?P<file>[^:()]+):)?\(")
_IN_ARCHIVE = re.compile(r".*\((?P<member>[^()]+)\)")
_NAMES_OBJECT = re.compile(r"[^:]+\.o\)?:")


def names_object(place: str) -> bool:
    """Tell whether the linker's `place` names the object: then it is no part of the function spoken of before."""
    return _NAMES_OBJECT.match(place) is not None


class TreePaths:
    """Paths of one build: `source` is the checkout, `build` the directory that the commands ran in."""

    def __init__(self, source: Path, build: Path) -> None:
        self._source = source.absolute()
        self._build = build.absolute()
        self._directories: list[str] = []

    def enter(self, directory: str) -> None:
        """Take note that make works in `directory`, until it leaves it."""
        self._directories.append(directory)

    def leave(self) -> None:
        """Take note that make has left the directory that it entered last."""
        if self._directories:
            self._directories.pop()

    def in_source(self, path: str) -> str:
        """Return `path` relative to the source where it is a file of it, and not generated; else as it is."""
        if not path:
            return ""
        for directory in reversed([str(self._build), *self._directories]):
            found = self._relative(os.path.normpath(Path(directory, path)))
            if found:
                return found
        return path

    def linked(self, place: str, linked_object: str) -> tuple[str, int]:
        """Return file and line (0: unknown) of what the linker complains about in `linked_object`."""
        if match := _WITH_LINE.fullmatch(place):
            return self.in_source(match["file"]), int(match["line"])
        match = _WITH_OFFSET.match(place)
        of_object = self._source_of((match and match["object"]) or linked_object)
        return of_object or (match and match["file"]) or linked_object, 0

    def _relative(self, path: str) -> str:
        for source in (self._source, self._source.resolve()):
            if not Path(path).is_relative_to(source):
                continue
            build = self._build if source == self._source else self._build.resolve()
            generated = build != source and build.is_relative_to(source) and Path(path).is_relative_to(build)
            return "" if generated else str(Path(path).relative_to(source))
        return ""

    def _source_of(self, linked_object: str) -> str:
        """Return the source of an object: kbuild puts it in the same folder, meson flattens its path into one name."""
        match = _IN_ARCHIVE.fullmatch(linked_object)
        name = (match["member"] if match else linked_object).removesuffix(".o")
        if name.endswith((".c", ".S")):
            return _unflattened(self._source, PurePosixPath(name).name)
        return f"{name}.c" if (self._source / f"{name}.c").is_file() else ""


def _unflattened(folder: Path, name: str) -> str:
    """Return the path below `folder` that `name` is made of by writing '_' for '/'; '' if there is none."""
    if (folder / name).is_file():
        return name
    for index, letter in enumerate(name):
        if letter == "_" and index and (folder / name[:index]).is_dir():
            rest = _unflattened(folder / name[:index], name[index + 1 :])
            if rest:
                return f"{name[:index]}/{rest}"
    return ""
