# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines of an edit by their signs, and the words on them, whatever the operation that has them."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from qpatch.csource.edit import AddOperation, CreateOperation, EverywhereOperation, HunkOperation, VerbatimOperation
from qpatch.csource.matching.hunk import Sign

if TYPE_CHECKING:
    from qpatch.csource.edit import Edit

_WORD = re.compile(r"(?<![$\w])[A-Za-z_]\w{2,}")


def lines_by_sign(edit: Edit) -> tuple[list[str], list[str]]:
    """Return the lines that an edit adds, and those that it expects: what it removes, and its context."""
    operation = edit.operation
    if isinstance(operation, AddOperation):
        return textwrap.dedent(operation.text).split("\n"), []
    if isinstance(operation, CreateOperation):
        return operation.content.decode("utf-8", "surrogateescape").split("\n"), []
    lines: list[tuple[Sign, str]] = []
    if isinstance(operation, HunkOperation):
        lines = [(line.sign, line.code) for hunk in operation.hunks for line in hunk.lines]
    elif isinstance(operation, VerbatimOperation):
        lines = [(line.sign, line.text.rstrip("\r\n")) for line in operation.hunk.lines]
    added = [text for sign, text in lines if sign is Sign.ADDED]
    return added, [text for sign, text in lines if sign is not Sign.ADDED]


def words_by_sign(edit: Edit) -> tuple[set[str], set[str]]:
    """Return the words on the lines that an edit adds, and on those that it expects, or of what a replacement names."""
    sides = lines_by_sign(edit)
    if isinstance(edit.operation, EverywhereOperation):
        sides = [edit.operation.rewriting.new], [edit.operation.rewriting.old]
    added, expected = ({word for line in lines for word in _WORD.findall(line)} for lines in sides)
    return added, expected
