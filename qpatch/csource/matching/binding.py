# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes added lines with their metavariables replaced by what these stand for, in the meaning that the hunk shows.

`!$x` with `n == 1` for `$x` is `!(n == 1)`: what binds weaker than the operators around it gets parentheses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.matching.placeholders import METAVARIABLE_KIND
from qpatch.csource.matching.precedence import joins_sign, tightness, wanted_at
from qpatch.csource.tokens import METAVARIABLE, blank_opaque

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qpatch.csource.matching.hunk import HunkLine
    from qpatch.csource.matching.pattern import Pattern
    from qpatch.csource.syntax.term import Term


def with_bindings(line: HunkLine, after: Pattern, texts: Mapping[str, str], terms: Mapping[str, Term]) -> str:
    """Return an added line with its metavariables replaced; one that is bound to nothing stays.

    `after` is the side of the hunk that the line is of; `texts` and `terms` are what the metavariables stand for.
    """
    code, parts, last = line.code, [], 0
    names = list(METAVARIABLE.finditer(blank_opaque(code)))
    leaves = [
        leaf for leaf in after.leaves() if leaf.kind == METAVARIABLE_KIND and after.line_of(leaf).number == line.number
    ]
    for index, name in enumerate(names):
        if name[1] not in texts:
            continue
        text = texts[name[1]]
        if len(leaves) == len(names) and needs_parentheses(leaves[index], terms[name[1]]):
            text = f"({text})"
        parts += [code[last : name.start()], text]
        last = name.end()
        if text.endswith("*") and code.startswith(" ", last):  # The star of a type stands at what is declared.
            last += 1
    return "".join(parts) + code[last:]


def needs_parentheses(leaf: Term, bound: Term) -> bool:
    """Tell whether `bound` would mean something else in the place of the metavariable `leaf`."""
    if leaf.parent is None:  # It is all that the line has.
        return False
    return joins_sign(bound, leaf) or tightness(bound) < wanted_at(leaf)
