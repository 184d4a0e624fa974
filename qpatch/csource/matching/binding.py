# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes added lines with their metavariables replaced by what these stand for, in the meaning that the hunk shows.

`!$x` with `n == 1` for `$x` is `!(n == 1)`: what binds weaker than the operators around it gets parentheses. So does
an operator that would make another token, or a comment, with what stands before it (`x/$p` with `*p` is `x/(*p)`);
anything else gets a blank there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.matching.placeholders import METAVARIABLE_KIND
from qpatch.csource.matching.precedence import fitted, wanted_at, wanted_between
from qpatch.csource.matching.program import DECLARING
from qpatch.csource.tokens import METAVARIABLE, blank_opaque, c_tokens, put_together

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

    from qpatch.csource.matching.hunk import HunkLine
    from qpatch.csource.matching.pattern import Pattern
    from qpatch.csource.syntax.term import Term


def with_bindings(line: HunkLine, after: Pattern, texts: Mapping[str, str], terms: Mapping[str, Term]) -> str:
    """Return an added line with its metavariables replaced; one that is bound to nothing stays.

    `after` is the side of the hunk that the line is of; `texts` and `terms` are what the metavariables stand for.
    Raises HunkError where the stars of a type would be those of the first declarator alone.
    """
    code, pieces, last = line.code, [], 0
    names = list(METAVARIABLE.finditer(blank_opaque(code)))
    for name, leaf in zip(names, _leaves(line, after, len(names)), strict=True):
        if name[1] not in texts:
            continue
        text, bound = texts[name[1]], terms[name[1]]
        if leaf is not None and _loses_stars(leaf, bound):
            raise HunkError(
                f"${name[1]} in line {line.number} stands for `{text}`, whose star would be that of one name alone",
                line.number,
                "declare each name by itself, each behind the metavariable",
            )
        wanted = wanted_at(leaf) if leaf is not None else _wanted_by_text(code, name)
        pieces.append(code[last : name.start()])
        pieces.append(fitted(text, bound, wanted, "".join(pieces)))
        last = name.end()
        if text.endswith("*") and code.startswith(" ", last):  # The star of a type stands at what is declared.
            last += 1
    return put_together([*pieces, code[last:]])


def _leaves(line: HunkLine, after: Pattern, count: int) -> Sequence[Term | None]:
    """Return where the metavariables of a line stand in the pattern; None for each where these are not `count`."""
    leaves = [
        leaf for leaf in after.leaves() if leaf.kind == METAVARIABLE_KIND and after.line_of(leaf).number == line.number
    ]
    return leaves if len(leaves) == count else [None] * count


def _wanted_by_text(code: str, name: re.Match[str]) -> int:
    """Return what a metavariable's place wants where the pattern does not have it: it is a part of a macro's use."""
    before, after = c_tokens(code[: name.start()]), c_tokens(code[name.end() :])
    return wanted_between(before[-1].text if before else "", after[0].text if after else "")


def _loses_stars(leaf: Term, bound: Term) -> bool:
    """Tell whether `bound` is a type with a star that is to declare several names."""
    if leaf.parent is None or leaf.parent.kind not in DECLARING or "*" not in [part.text for part in bound.children]:
        return False
    return any(sibling.text == "," for sibling in leaf.parent.children)
