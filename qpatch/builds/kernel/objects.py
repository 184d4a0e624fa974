# SPDX-License-Identifier: GPL-2.0-or-later
"""Which objects a change concerns, from the dependencies that kbuild keeps beside each object."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# scripts/basic/fixdep.c writes them: `source_OBJECT := FILE`, then `deps_OBJECT := \` with one file on each line.
_SOURCE = re.compile(r"^source_\S+ := (?P<source>\S+)$", re.MULTILINE)
_ENDED = "modules.order"  # kbuild writes it after the last object
_COMPILED = (".c", ".S")


@dataclass(frozen=True)
class CompiledObject:
    """An object and the file that it was compiled from, both relative; `dependencies` as fixdep wrote them."""

    object: str
    source: str
    dependencies: str


@dataclass(frozen=True)
class ObjectTree:
    """The directory `objects` where kbuild works, on the sources in `sources`; the same directory for modules."""

    objects: Path
    sources: Path

    def concerned(self, files: Sequence[str], unbuilt: Sequence[str]) -> list[str]:
        """Return make's goals for `files` of the source: objects where they are known, else whole directories.

        For a header whose includers are not known yet, these are the directories `unbuilt`.
        """
        compiled = list(self.compiled())
        goals: set[str] = set()
        for file in files:
            if file.endswith(".h") and not (self.objects / _ENDED).exists():
                goals.update(f"{directory}/" for directory in unbuilt)
            known = [each.object for each in compiled if file == each.source or self._mentions(each, file)]
            goals.update(known or self._directory(file))
        whole = tuple(goal for goal in goals if goal.endswith("/"))
        return sorted(goal for goal in goals if not any(goal.startswith(other) for other in whole if other != goal))

    def not_compiled(self, files: Sequence[str]) -> list[str]:
        """Return the C files and headers among `files` that no object was made of or with."""
        compiled = list(self.compiled())
        return [
            file
            for file in files
            if file.endswith((*_COMPILED, ".h"))
            and not any(file == each.source or self._mentions(each, file) for each in compiled)
        ]

    def compiled(self) -> Iterator[CompiledObject]:
        """Yield what was compiled here."""
        for directory, _, names in os.walk(self.objects):
            for name in names:
                if name.startswith(".") and name.endswith(".o.cmd"):
                    yield from self._read(Path(directory, name))

    def _read(self, record: Path) -> Iterator[CompiledObject]:
        made = record.with_name(record.name[1:].removesuffix(".cmd"))
        text = record.read_text(encoding="utf-8", errors="replace")
        if (source := _SOURCE.search(text)) and made.exists():
            file = os.path.relpath(self.objects / source["source"], self.sources)
            yield CompiledObject(str(made.relative_to(self.objects)), file, text[source.end() :])

    def _mentions(self, each: CompiledObject, file: str) -> bool:
        return f"  {self.sources}/{file} \\\n" in each.dependencies or f"  {file} \\\n" in each.dependencies

    def _directory(self, file: str) -> Iterator[str]:
        """Yield the goal for a file that nothing is known of: the nearest directory that make enters."""
        if not file.endswith((*_COMPILED, "Makefile", "Kbuild")):
            return
        whole = (self.objects / _ENDED).exists()
        for parent in list(PurePosixPath(file).parents)[:-1]:
            has_makefile = any((self.sources / parent / name).is_file() for name in ("Makefile", "Kbuild"))
            if has_makefile and (not whole or (self.objects / parent).is_dir()):
                yield f"{parent}/"
                return
