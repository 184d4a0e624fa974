# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether code that a hunk removes is gone, or there in other words.

A removal that finds nothing leaves no result to look for. It has drifted where something resembles what it removes,
where its names are all there, or where a function or a macro in between has it.
"""

from __future__ import annotations

import difflib
import posixpath
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import Hunk, HunkError, Sign
from qpatch.csource.results import Candidate, SourcePlace
from qpatch.csource.syntax.symbols import symbols_holding
from qpatch.csource.syntax.wrappers import is_wrapper
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.matching.hunk import HunkLine
    from qpatch.csource.matching.pattern import Pattern
    from qpatch.csource.results import Drifted
    from qpatch.csource.syntax.term import Term
    from qpatch.csource.workspace import EditWorkspace

_ADDRESS = 2  # tokens of `f` or `&f`


@dataclass(frozen=True)
class RemovedCode:
    """The names on the removed lines of a hunk, and those of them that are called there."""

    names: tuple[str, ...]
    called: tuple[str, ...]

    @classmethod
    def of(cls, hunk: Hunk, before: Pattern) -> RemovedCode:
        """Return what `hunk`, whose before side is `before`, removes."""
        numbers = {line.number for line in hunk.lines if line.sign is Sign.REMOVED}
        leaves = [leaf for leaf in before.leaves() if before.line_of(leaf).number in numbers]
        called = {leaf for leaf, following in pairwise(leaves) if following.text == "("}
        named = [leaf for leaf in leaves if leaf.kind.endswith("identifier")]
        return cls(
            tuple(leaf.text for leaf in named),
            tuple(dict.fromkeys(leaf.text for leaf in named if leaf in called)),
        )


def is_changed(removed: RemovedCode, block: Term, explanation: Drifted, workspace: EditWorkspace) -> bool:
    """Tell whether code that is nowhere in `block` was changed rather than removed.

    Code that is gone leaves a function behind that its block no longer calls while the tree still has it, or nothing
    that looks like it, as `explanation`, of why the removal fits nowhere, shows.
    """
    here, similarity = set(block.tokens), thresholds().similarity
    gone = [name for name in removed.names if name not in here]
    if not gone:
        return True
    if any(name in gone and workspace.tree.mentioning(name) for name in removed.called):
        return False
    if any(difflib.get_close_matches(name, here, 1, similarity.removed_name) for name in gone):
        return True
    return any(candidate.likeness >= similarity.removed_statements for candidate in explanation.candidates)


def with_names_left_open(
    removed: RemovedCode, lines: Sequence[HunkLine], before: Pattern, block: Term
) -> Pattern | None:
    """Return the removed `lines` with metavariables for variables that `block` does not have: they may be renamed.

    None where all its names are there, or too few to recognise the code by.
    """
    here = set(block.tokens)
    kept = {name for name in removed.names if name in here}
    gone = {name for name in removed.names if name not in here and name not in removed.called}
    if not gone or len(kept) < thresholds().limits.recognised_names:
        return None
    word = re.compile(rf"(?<![\w$.>])({'|'.join(map(re.escape, sorted(gone)))})\b")
    opened = (replace(line, sign=Sign.CONTEXT, code=word.sub(r"$\1", line.code)) for line in lines)
    try:
        return before.of_lines(tuple(opened))
    except HunkError:
        return None


def through_pointer(removed: RemovedCode, block: Term) -> Iterator[Term]:
    """Yield where a removed call is made through a pointer: where a variable that is called gets the function."""
    called = {term.children[0].text for term in block.below() if term.kind == "call_expression"}
    for term in block.below():
        if term.kind in ("init_declarator", "assignment_expression") and term.children[-1].tokens[-1] in removed.called:
            variable = next((leaf.text for leaf in term.leaves() if leaf.kind == "identifier"), "")
            if len(term.children[-1].tokens) <= _ADDRESS and variable in called:
                yield term


def helpers(removed: RemovedCode, block: Term, path: str, workspace: EditWorkspace) -> Iterator[Candidate]:
    """Yield the small functions and macros of the folder of `path` that the block uses and that call what is removed.

    Headers of the folder are below `include` in QEMU.
    """
    here = set(block.tokens)
    for name in removed.called:
        paths = [other for other in workspace.tree.mentioning(name) if _folder(other) == _folder(path)]
        for other in paths if name not in here else ():
            parsed = workspace.parse(other)
            for symbol in () if parsed is None else symbols_holding(parsed, name):
                if symbol.name in here and symbol.name != name and is_wrapper(symbol):
                    place = SourcePlace(other, symbol.start_line, f"{symbol.kind} {symbol.name}")
                    yield Candidate(place, 1.0, (f"it has '{name}', and is used where the hunk expects that",))


def _folder(path: str) -> str:
    return posixpath.dirname(path).removeprefix("include/")
