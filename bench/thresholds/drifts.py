# SPDX-License-Identifier: GPL-2.0-or-later
"""Collects real drifts: what became of symbols, statements and lines from one QEMU release to the next.

What is true is told without the score that is measured. A function was *renamed* to the one whose body is nearly the
same (names are not compared), and is *gone* where no new body is half the same. A statement or a line was *changed*
into the one that stands between the same neighbours (contents are not compared), and is *gone* where the neighbours
stand together now.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from qpatch.csource.source import C_SUFFIXES
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.term import Term, build
from qpatch.csource.text.document import TextDocument
from qpatch.csource.text.outline import TextFormat, text_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.source import SourceTree

FOLDERS = ("hw/vfio/", "include/hw/vfio/", "hw/pci/", "include/hw/pci/", "migration/", "include/migration/")
TEXT_FORMATS = frozenset({TextFormat.TRACE_EVENTS, TextFormat.MESON, TextFormat.KCONFIG})
# Bodies as similar as the first are one function under two names, less similar than the second are two functions. What
# lies between is left out, and so are bodies so short that many functions share them.
SAME_BODY, OTHER_BODY, LEAST_TOKENS = 0.9, 0.5, 30


@dataclass(frozen=True)
class Function:
    """A function of a release: where it is, the terms of its body, and the source text that they lie in."""

    name: str
    path: str
    body: Term
    source: bytes

    @cached_property
    def words(self) -> Counter[str]:
        """How often each token stands in the body."""
        return Counter(self.body.tokens)


class ParsedRelease:
    """The parts of a release that are compared."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        cache = ParseCache(macro_table("qemu"))
        self.functions: dict[str, Function] = {}
        self.sources: dict[str, bytes] = {}
        for path in (path for folder in FOLDERS for path in tree.paths(folder) if path.endswith(C_SUFFIXES)):
            source = self.sources[path] = tree.read(path) or b""
            for symbol in cache.outline(source):
                if symbol.kind is SymbolKind.FUNCTION and symbol.body is not None:
                    body = build(cache.parse(source), symbol.body)
                    self.functions.setdefault(symbol.name, Function(symbol.name, path, body, source))
        self.words = {token for function in self.functions.values() for token in function.body.tokens}

    def beside(self, function: Function) -> list[str]:
        """Return the names of the functions in the folder of `function`: where a renamed one is looked for."""
        folder = posixpath.dirname(function.path)
        return [name for name, other in self.functions.items() if posixpath.dirname(other.path) == folder]

    def documents(self) -> dict[str, TextDocument]:
        """Return the text files whose lines are compared, by path."""
        paths = [path for path in self._tree.paths() if text_format(path) in TEXT_FORMATS]
        return {path: TextDocument.read(path, self._tree.read(path) or b"") for path in paths}


class Rename(NamedTuple):
    """A function that is nowhere under its old name: what it is called now ('' where it is gone)."""

    old: Function
    new: str
    beside: Sequence[str]


class StatementDrift(NamedTuple):
    """A statement of the old release: what it became (None where it is gone), in which body of the new one."""

    old: Term
    old_source: bytes
    new: Term | None
    function: Function


class LineDrift(NamedTuple):
    """A line of a text file: what it became ('' where it is gone), and the other lines of the new file."""

    old: str
    new: str
    others: Sequence[str]


def renames(old: ParsedRelease, new: ParsedRelease) -> Iterator[Rename]:
    """Yield the functions that were renamed or are gone."""
    appeared = [function for name, function in new.functions.items() if name not in old.functions]
    taken: set[str] = set()
    for function in old.functions.values():
        if function.name in new.functions or len(function.body.tokens) < LEAST_TOKENS:
            continue
        rated = sorted(((_body_similarity(function, other), other) for other in appeared), key=lambda pair: -pair[0])
        if not rated or rated[0][0] < OTHER_BODY:
            yield Rename(function, "", new.beside(function))
            continue
        best, found = rated[0]
        unique = len(rated) == 1 or rated[1][0] < best - 0.1
        same_folder = posixpath.dirname(found.path) == posixpath.dirname(function.path)
        if best >= SAME_BODY and unique and same_folder and found.name not in taken:
            taken.add(found.name)
            yield Rename(function, found.name, new.beside(function))


def _body_similarity(function: Function, other: Function) -> float:
    """Return how alike two bodies are; the order of tokens is compared only where their numbers are alike."""
    common = (function.words & other.words).total()
    rough = 2 * common / (len(function.body.tokens) + len(other.body.tokens))
    if rough < OTHER_BODY:
        return rough
    return SequenceMatcher(None, function.body.tokens, other.body.tokens, autojunk=False).ratio()


def statement_drifts(old: ParsedRelease, new: ParsedRelease) -> Iterator[StatementDrift]:
    """Yield the statements that were changed or are gone in functions that are in both releases."""
    for name, function in old.functions.items():
        after = new.functions.get(name)
        if after is not None and after.body.tokens != function.body.tokens:
            yield from _in_block(function, function.body, after, after.body)


def _in_block(old: Function, block: Term, new: Function, other: Term) -> Iterator[StatementDrift]:
    left, right = block.items, other.items
    for kind, low, high, first, last in _aligned([item.tokens for item in left], [item.tokens for item in right]):
        if high - low != 1:
            continue
        if kind == "delete":
            yield StatementDrift(left[low], old.source, None, new)
        elif kind == "replace" and last - first == 1 and left[low].kind == right[first].kind:
            yield StatementDrift(left[low], old.source, right[first], new)
            inner, outer = _blocks(left[low]), _blocks(right[first])
            if len(inner) == len(outer):
                for mine, theirs in zip(inner, outer, strict=True):
                    yield from _in_block(old, mine, new, theirs)


def growth(old: ParsedRelease, new: ParsedRelease) -> Counter[int]:
    """Count, for single statements that others stand in the place of, how many stand there now."""
    counts: Counter[int] = Counter()
    for name, function in old.functions.items():
        after = new.functions.get(name)
        if after is not None and after.body.tokens != function.body.tokens:
            sides = [[item.tokens for item in body.items] for body in (function.body, after.body)]
            counts += Counter(
                last - first
                for kind, low, high, first, last in _aligned(*sides)
                if kind == "replace" and high - low == 1
            )
    return counts


def _blocks(term: Term) -> list[Term]:
    """Return the blocks of a statement that are not inside another of its blocks."""
    if term.kind == "compound_statement":
        return [term]
    return [block for child in term.children for block in _blocks(child)]


def line_drifts(old: ParsedRelease, new: ParsedRelease) -> Iterator[LineDrift]:
    """Yield the lines of text files that were changed or are gone."""
    after = new.documents()
    for path, document in old.documents().items():
        if path not in after or after[path].lines == document.lines:
            continue
        left = [line for line in document.folded if line]
        right = [line for line in after[path].folded if line]
        for kind, low, high, first, last in _aligned(left, right):
            if high - low != 1:
                continue
            if kind == "delete":
                yield LineDrift(left[low], "", right)
            elif kind == "replace" and last - first == 1:
                yield LineDrift(left[low], right[first], [line for at, line in enumerate(right) if at != first])


def _aligned(
    left: Sequence[str] | Sequence[tuple[str, ...]], right: Sequence[str] | Sequence[tuple[str, ...]]
) -> list[tuple[str, int, int, int, int]]:
    return list(SequenceMatcher[object](None, left, right, autojunk=False).get_opcodes())
