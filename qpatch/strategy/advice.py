# SPDX-License-Identifier: GPL-2.0-or-later
"""What could be said better in a strategy that is right: notes of `qpatch strategy check`, which are no faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.edit import VerbatimOperation
from qpatch.csource.operations.as_semantic import would_do_as_semantic
from qpatch.csource.syntax.macros import macro_table
from qpatch.strategy.bind import Binding, TreeInfo
from qpatch.strategy.own import known_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qpatch.csource.edit import Edit
    from qpatch.errors import Location
    from qpatch.strategy.load import LoadedStrategy


@dataclass(frozen=True)
class Note:
    """A piece of advice, and the place that it is about."""

    where: Location
    message: str


def notes(loaded: LoadedStrategy, capabilities: Mapping[str, Iterable[str]]) -> list[Note]:
    """Return the notes on a strategy that passed its check; `capabilities` are the known names per kind of tree."""
    known = known_names(loaded, capabilities)
    found = (
        note
        for kind in loaded.components
        for truth in (True, False)
        for edit in _edits(loaded, kind, dict.fromkeys(known[kind], truth))
        for note in _on_edit(edit, kind)
    )
    return list(dict.fromkeys(found))


def _edits(loaded: LoadedStrategy, kind: str, capabilities: Mapping[str, int]) -> Iterator[Edit]:
    binding = Binding(loaded, TreeInfo(f"{kind}-0.0", "0.0", kind), capabilities)
    for patch in binding.patches():
        yield from patch.edits


def _on_edit(edit: Edit, kind: str) -> Iterator[Note]:
    operation = edit.operation
    if isinstance(operation, VerbatimOperation) and would_do_as_semantic(
        operation.hunk, edit.anchor, macro_table(kind)
    ):
        yield Note(
            edit.where,
            "this verbatim hunk changes complete code and nothing else: as `hunk:` (a space behind each sign) it says "
            "the same, and still fits where white space or comments have changed",
        )
