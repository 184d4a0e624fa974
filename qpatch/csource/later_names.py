# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the edits of a series with the names that later edits of it give to what they mention.

On a tree that has the series, what an edit has brought stands there under these names, and so does its context.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.checks import is_in_text
from qpatch.csource.edit import AddOperation, Edit, EverywhereOperation, HunkOperation, VerbatimOperation
from qpatch.csource.lines import words_by_sign
from qpatch.csource.matching.verbatim import VerbatimHunk
from qpatch.csource.tokens import OPAQUE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.csource.matching.hunk import Hunk

_WORD = re.compile(rf"{OPAQUE}|[A-Za-z_]\w*", re.DOTALL)


def later_names(edits: Sequence[Edit]) -> dict[int, dict[str, str]]:
    """Return, by the `id` of each edit that later ones concern, the names that these give to what it mentions.

    What is renamed in one symbol alone does not count.
    """
    names: dict[str, str] = {}
    found: dict[int, dict[str, str]] = {}
    for edit in reversed(edits):
        operation = edit.operation
        if isinstance(operation, EverywhereOperation):
            if operation.rewriting.renames and not edit.anchor.name:
                old, new = operation.rewriting.old, operation.rewriting.new
                names[old] = names.get(new, new)
        elif names and not is_in_text(edit.anchor):
            words = {edit.anchor.name}.union(*words_by_sign(edit))
            concerned = {old: new for old, new in names.items() if old in words}
            if concerned:
                found[id(edit)] = concerned
    return found


def in_names(edit: Edit, names: Mapping[str, str]) -> Edit:
    """Return `edit` with `names` in its lines and its anchor; strings and comments stay as they are."""

    def named(text: str) -> str:
        return _WORD.sub(lambda found: names.get(found[0], found[0]), text)

    def with_names(hunk: Hunk) -> Hunk:
        return replace(hunk, lines=tuple(replace(line, code=named(line.code)) for line in hunk.lines))

    operation = edit.operation
    if isinstance(operation, HunkOperation):
        operation = HunkOperation(tuple(map(with_names, operation.hunks)))
    elif isinstance(operation, VerbatimOperation):
        lines = tuple(replace(line, text=named(line.text)) for line in operation.hunk.lines)
        operation = VerbatimOperation(VerbatimHunk(lines))
    elif isinstance(operation, AddOperation):
        operation = replace(operation, text=named(operation.text), beside=named(operation.beside))
    else:
        return edit
    anchor = replace(edit.anchor, name=named(edit.anchor.name))
    return replace(edit, anchor=anchor, operation=operation)
