# SPDX-License-Identifier: GPL-2.0-or-later
"""A source before and after an edit: which places of the one are which of the other, and what functions it touched."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from qpatch.csource.syntax.term import Term, build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node

    from qpatch.csource.syntax.layout import Replacement
    from qpatch.csource.syntax.parse import ParsedFile


# What a piece of an expression within a line has not: it can change no statement's place in the flow of control.
_NO_EXPRESSION = re.compile(rb"[;{}:#\n]|\b(?:break|case|continue|default|do|else|for|goto|if|return|switch|while)\b")


class Versions:
    """Both versions of a source, and the replacements between them.

    `shown` are the places of the old source that the hunk shows as context. Where a replacement writes anew what was
    there before, in front of it or behind, that part counts as kept.
    """

    def __init__(
        self, old: ParsedFile, new: ParsedFile, replacements: Sequence[Replacement], shown: frozenset[int] = frozenset()
    ) -> None:
        self.old = old
        self.new = new
        self.shown = shown
        self._changes: list[tuple[int, int, int, int]] = []
        shift = 0
        for change in sorted(replacements, key=lambda each: each.start):
            end, new_start = change.end, change.start + shift
            self._changes.append((change.start, end, new_start, new_start + len(change.text)))
            shift += len(change.text) - (end - change.start)

    def kept(self, place: int, *, new: bool) -> int | None:
        """Return the place in the old source of a place of either version; None where the edit has written it.

        A place of the old source that the edit has removed is None, too.
        """
        low, high = (2, 3) if new else (0, 1)
        index = bisect_right(self._changes, place, key=lambda change: change[low]) - 1
        if index < 0:
            return place
        change = self._changes[index]
        if place < change[high]:
            return None
        return place - change[3] + change[1] if new else place

    def old_line(self, place: int) -> int:
        """Return the line (from 1) of a place of the old source."""
        return self.old.source.count(b"\n", 0, place) + 1

    def may_change_flow(self) -> bool:
        """Tell whether a part that changed may be more than a piece of an expression or of a declaration's head."""
        return any(
            _NO_EXPRESSION.search(self.old.source, start, end)
            or _NO_EXPRESSION.search(self.new.source, new_start, new_end)
            for start, end, new_start, new_end in self._changes
        )

    def functions(self) -> tuple[list[Term], list[Term]]:
        """Return the bodies of the functions that the edit touched, of the old version and of the new one."""
        old = dict.fromkeys(_body_at(self.old, change[0]) for change in self._changes)
        new = dict.fromkeys(_body_at(self.new, change[2]) for change in self._changes)
        return [build(self.old, node) for node in old if node], [build(self.new, node) for node in new if node]


def _body_at(parsed: ParsedFile, place: int) -> Node | None:
    """Return the body of the outermost function around a place; the function where it has none."""
    found = None
    node = parsed.tree.root_node.descendant_for_byte_range(place, place)
    while node is not None:
        if node.type == "function_definition":
            found = node.child_by_field_name("body") or node
        node = node.parent
    return found
