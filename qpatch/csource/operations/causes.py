# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds out what became of the statements of a hunk that fits nowhere: deeper, elsewhere, a comment, or gone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import block_of
from qpatch.csource.matching.compare import cut_to_line
from qpatch.csource.matching.match import fits_whole
from qpatch.csource.matching.pattern import ELLIPSIS_KIND
from qpatch.csource.operations.nesting import owner_of
from qpatch.csource.operations.places import place_in_tree
from qpatch.csource.results import Candidate, SourcePlace
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.term import BLOCKS
from qpatch.csource.tokens import COMMENT_PATTERN, IDENTIFIER
from qpatch.csource.workspace import LocatedAnchor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.edit import Anchor
    from qpatch.csource.matching.pattern import Pattern
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.syntax.term import Term
    from qpatch.csource.workspace import EditWorkspace


@dataclass(frozen=True)
class Cause:
    """What became of a statement, in words, and where it can be seen, if anywhere."""

    told: str
    candidate: Candidate | None = None


def causes_of(
    anchor: Anchor, before: Pattern, chunks: Sequence[Sequence[Term]], located: LocatedAnchor, workspace: EditWorkspace
) -> list[Cause]:
    """Return what became of each statement of `chunks`, parts of `before`, that is not at the anchor as shown."""
    search = _Search(anchor, before, located, workspace)
    statements = [(leaf, _owners(leaf, item.parent)) for chunk in chunks for item in chunk for leaf in _leaves(item)]
    found = [cause for statement, shown in statements if (cause := search.cause(statement, shown)) is not None]
    return list({cause.told: cause for cause in found}.values())


def _leaves(item: Term) -> Iterator[Term]:
    """Yield the statements, members or entries of a part of a hunk that have no block inside."""
    blocks = [term for term in item.below() if term.kind in BLOCKS]
    if not blocks and item.kind != ELLIPSIS_KIND:
        yield item
    for inner in blocks:
        yield from (each for each in inner.items if each.kind != ELLIPSIS_KIND and not _has_block(each))


def _has_block(term: Term) -> bool:
    return any(inner.kind in BLOCKS for inner in term.below())


def _owners(term: Term, root: Term | None) -> list[Term]:
    """Return the blocks and statements around `term` below `root`, the innermost first."""
    owners = []
    while term.parent is not None and term.parent is not root:
        term = term.parent
        if term.kind in BLOCKS or term.kind.endswith("_statement"):
            owners.append(term)
    return owners


def _unshown(place: Term, root: Term, shown: Sequence[Term]) -> Term:
    """Return the innermost of what `place` stands in that is not among `shown`, what the hunk shows around it."""
    around = _owners(place, root)
    return next(
        (owner for at, owner in enumerate(around) if at >= len(shown) or owner.kind != shown[at].kind), around[-1]
    )


class _Search:
    """Looks for statements of a hunk around one anchor."""

    def __init__(self, anchor: Anchor, before: Pattern, located: LocatedAnchor, workspace: EditWorkspace) -> None:
        self._anchor = anchor
        self._before = before
        self._block = block_of(located)
        self._located = located
        self._workspace = workspace
        self._source = located.parsed.source

    def cause(self, statement: Term, shown: Sequence[Term]) -> Cause | None:
        """Return what became of a statement that the hunk shows inside `shown`; None where nothing is known."""
        here = _places(statement, self._block)
        if here:
            return self._deeper(statement, shown, here)
        return self._commented(statement) or self._elsewhere(statement) or self._gone(statement)

    def _deeper(self, statement: Term, shown: Sequence[Term], here: Sequence[Term]) -> Cause | None:
        """Tell of a statement all of whose places are deeper than the hunk shows it."""
        if any(len(_owners(place, self._block)) <= len(shown) for place in here):
            return None
        place = here[0]
        owner = self._first_line(_unshown(place, self._block, shown))
        return Cause(
            f"'{self._written(statement)}' stands inside `{owner}`, which the hunk does not show",
            Candidate(self._place(place), 1.0, (f"it stands inside `{owner}`",)),
        )

    def _first_line(self, inside: Term) -> str:
        owner = owner_of(inside) if inside.kind in BLOCKS else inside
        line = self._source[owner.start : self._source.find(b"\n", owner.start)]
        return " ".join(line.decode(errors="replace").split())

    def _elsewhere(self, statement: Term) -> Cause | None:
        """Tell of a statement that another function of the file has, or of a macro that has its words."""
        names = _names(statement)
        for symbol in self._workspace.outline(self._located.path) if names else ():
            text = self._source[symbol.node.start_byte : symbol.node.end_byte].decode(errors="replace")
            if symbol.name == self._anchor.name or max(names, key=len) not in text:
                continue
            cause = self._in_symbol(statement, symbol, set(IDENTIFIER.findall(text)) >= names)
            if cause is not None:
                return cause
        return None

    def _in_symbol(self, statement: Term, symbol: Symbol, has_all_words: bool) -> Cause | None:
        called = f", which {self._anchor} uses" if symbol.name in self._block.tokens else ""
        if symbol.kind == SymbolKind.MACRO and called and has_all_words:
            line = SourcePlace(self._located.path, symbol.start_line, f"macro {symbol.name}")
            return Cause(
                f"'{self._written(statement)}' is in macro {symbol.name}{called}",
                Candidate(line, 1.0, ("it is in this macro",)),
            )
        if symbol.kind != SymbolKind.FUNCTION:
            return None
        block = block_of(LocatedAnchor(self._located.path, self._located.parsed, symbol))
        places = [self._place(place) for place in _places(statement, block)]
        places = [place for place in places if not place_in_tree(place, self._workspace).edited]
        if not places:  # What an earlier edit has written says nothing of what became of the tree's code.
            return None
        return Cause(
            f"'{self._written(statement)}' is not there; it stands in function {symbol.name}{called}",
            Candidate(places[0], 1.0, (f"it stands in function {symbol.name}",)),
        )

    def _commented(self, statement: Term) -> Cause | None:
        wanted = re.sub(r"[*,]", "", "".join(statement.tokens))
        text = self._source[self._block.start : self._block.end].decode(errors="replace")
        for comment in COMMENT_PATTERN.finditer(text):
            if wanted in "".join(re.sub(r"[*,]", " ", comment.group()).split()):
                line = self._source.count(b"\n", 0, self._block.start) + text.count("\n", 0, comment.start()) + 1
                return Cause(
                    f"'{self._written(statement)}' is in a comment",
                    Candidate(SourcePlace(self._located.path, line, comment.group()), 1.0, ("it is in a comment",)),
                )
        return None

    def _gone(self, statement: Term) -> Cause | None:
        here = set(self._block.tokens)
        gone = [name for name in dict.fromkeys(IDENTIFIER.findall(" ".join(statement.tokens))) if name not in here]
        gone = [name for name in gone if name in _names(statement)]
        if not gone:
            return None
        return Cause(f"`{gone[0]}` is not there any more, in '{self._written(statement)}'")

    def _written(self, statement: Term) -> str:
        """Return a statement as the hunk has it, on one line."""
        lines = {line.number: line.code.strip() for leaf in statement.leaves() for line in [self._before.line_of(leaf)]}
        return cut_to_line(" ".join(lines.values()))

    def _place(self, term: Term) -> SourcePlace:
        start = self._source.rfind(b"\n", 0, term.start) + 1
        snippet = self._source[start : term.end].decode(errors="replace")
        return SourcePlace(self._located.path, self._source.count(b"\n", 0, term.start) + 1, snippet)


def _places(statement: Term, block: Term) -> list[Term]:
    return [term for term in block.below() if term.kind == statement.kind and fits_whole(statement, term)]


def _names(term: Term) -> set[str]:
    """Return the identifiers of a pattern, without its metavariables."""
    return {leaf.text for leaf in term.leaves() if IDENTIFIER.fullmatch(leaf.text) and "identifier" in leaf.kind}
