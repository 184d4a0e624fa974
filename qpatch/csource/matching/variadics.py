# SPDX-License-Identifier: GPL-2.0-or-later
"""Refuses a `...` on an added line, where it can only be C's own, that is meant as that on a removed line: any code.

Which of the two a removed `...` at the end of a parameter list is, only the target tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import HunkError, Sign
from qpatch.csource.matching.pattern import ELLIPSIS_KIND, Pattern
from qpatch.csource.tokens import ELLIPSIS

if TYPE_CHECKING:
    from qpatch.csource.matching.match import Match
    from qpatch.csource.syntax.term import Term


def check_added_variadics(before: Pattern, after: Pattern, match: Match, source: bytes) -> None:
    """Raise HunkError where a hunk adds a `...` to a list and the one that it removes is none of C's in `source`."""
    added = next((leaf for leaf in _of_lists(after, Sign.ADDED) if leaf.kind != ELLIPSIS_KIND), None)
    if added is None:
        return
    for leaf in _of_lists(before, Sign.REMOVED):
        start, end = match.extents.get(leaf, (0, 0))
        code = source[start:end].decode(errors="replace")
        if leaf.kind == ELLIPSIS_KIND and code != ELLIPSIS:
            stands_for = f"`{' '.join(code.split())}`" if code else "nothing"
            raise HunkError(
                f"`...` in line {after.line_of(added).number} would be written as C's own, for any number of "
                f"arguments, but the `...` in line {before.line_of(leaf).number}, which is removed, stands for "
                f"{stands_for}",
                after.line_of(added).number,
                "show the `...` on a line of context, with what is added on a line above or below it, or write out on "
                "both sides what it stands for (`$type $name` for a parameter)",
            )


def _of_lists(side: Pattern, sign: Sign) -> list[Term]:
    """Return each `...` between parentheses on lines of one sign."""
    return [
        leaf
        for leaf in side.leaves()
        if leaf.text == ELLIPSIS and side.line_of(leaf).sign is sign and _is_in_parentheses(leaf)
    ]


def _is_in_parentheses(leaf: Term) -> bool:
    inner = leaf.parent if leaf.parent is None or leaf.parent.children != [leaf] else leaf.parent.parent
    return inner is not None and bool(inner.children) and inner.children[0].text == "("
