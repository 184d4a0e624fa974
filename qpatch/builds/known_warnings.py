# SPDX-License-Identifier: GPL-2.0-or-later
"""Which warnings the objects in a build directory have: ninja and make print them once, when they compile.

The ledger is kept in the build directory, an entry for each object, and is brought up to date with each run's output.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from qpatch.builds.diagnostics import warnings
from qpatch.trees.places import write_whole

if TYPE_CHECKING:
    from collections.abc import Collection

    from qpatch.builds.backend import BuildDirectories

# What begins the output of one compilation: ninja's line for meson's rule, make's quiet command of kbuild.
_COMPILES = re.compile(r"^(?:\[\d+/\d+\] Compiling C object|  CC (?:\[M\])?) +(\S+)$", re.MULTILINE)


class KnownWarnings:
    """The warnings of one build directory."""

    def __init__(self, place: BuildDirectories) -> None:
        self._place = place
        self._file = place.build / "qpatch-warnings.json"
        self._by_object: dict[str, list[str]] = self._read()

    def warnings(self, objects: Collection[str] | None) -> frozenset[str]:
        """Return those of `objects` (None: of all), as "file: message": line numbers change with every patch."""
        wanted = self._by_object if objects is None else self._by_object.keys() & set(objects)
        return frozenset(warning for name in wanted for warning in self._by_object[name])

    def note(self, output: str) -> None:
        """Take note of what a run printed: objects that it compiled have the warnings that stand below them."""
        places = list(_COMPILES.finditer(output))
        for number, match in enumerate(places):
            end = places[number + 1].start() if number + 1 < len(places) else len(output)
            found = warnings(output[match.start() : end], self._place.source, self._place.build)
            self._by_object[match[1]] = sorted({f"{warning.path}: {warning.message}" for warning in found})
        write_whole(self._file, json.dumps(self._by_object))

    def _read(self) -> dict[str, list[str]]:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}
