# SPDX-License-Identifier: GPL-2.0-or-later
"""The query language of capabilities: questions about a tree's structure, answered yes, no or cannot tell.

Each class is one form of question; docs/capabilities.md describes them with the keys that the data files use.
Patterns are fragments of C (`qpatch.csource.matching.fragment`): they match as hunks do. A no is looked at twice
(`qpatch.capabilities.doubts`): an edit that is left out in silence is the worst that a wrong answer can do.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

from qpatch.capabilities.answer import Answer, CannotTell, every, opposite, some
from qpatch.capabilities.details import Details, evidence
from qpatch.capabilities.doubts import doubt_of_absence, is_renamed, words_of, wrapped
from qpatch.capabilities.sources import Scope
from qpatch.csource.names import are_alike
from qpatch.csource.results import SourcePlace
from qpatch.csource.source import mentions
from qpatch.csource.text.outline import outline
from qpatch.csource.tokens import comments_of
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.capabilities.sources import Definition, Sources
    from qpatch.csource.matching.fragment import Fragment
    from qpatch.csource.syntax.symbols import SymbolKind

_COMMENT_FRAME = re.compile(r"^\s*/?\*+/?|\*+/$|^\s*//", re.MULTILINE)


class Query(Protocol):
    """A question about a tree."""

    def answer(self, sources: Sources) -> Answer:
        """Return yes, no, or why neither can be told."""


@dataclass(frozen=True)
class AllOf(Query):
    """Every one of the queries holds."""

    queries: tuple[Query, ...]

    @override
    def answer(self, sources: Sources) -> Answer:
        return every(query.answer(sources) for query in self.queries)


@dataclass(frozen=True)
class AnyOf(Query):
    """At least one of the queries holds."""

    queries: tuple[Query, ...]

    @override
    def answer(self, sources: Sources) -> Answer:
        return some(query.answer(sources) for query in self.queries)


@dataclass(frozen=True)
class Not(Query):
    """The query does not hold."""

    query: Query

    @override
    def answer(self, sources: Sources) -> Answer:
        return opposite(self.query.answer(sources))


@dataclass(frozen=True)
class FileQuery(Query):
    """There is a file at `path`; it may have moved where the only other file of its name is."""

    path: str

    @override
    def answer(self, sources: Sources) -> Answer:
        if sources.read(self.path) is not None:
            return True
        top, _, _ = self.path.rpartition("/")
        name = posixpath.basename(self.path)
        others = sources.files(tuple(top.split("/")[:1]), (f"/{name}",))
        if len(others) != 1:
            return False
        return CannotTell(f"there is no {self.path}, but a file of its name", SourcePlace(others[0], 1))


@dataclass(frozen=True)
class SymbolQuery(Query):
    """There is a symbol of this kind under one of `names`, and the details fit it; those in `unlike` are others."""

    kind: SymbolKind
    names: tuple[str, ...]
    scope: Scope
    details: Details
    unlike: tuple[str, ...] = ()

    @override
    def answer(self, sources: Sources) -> Answer:
        found = [symbol for name in self.names for symbol in sources.definitions(self.kind, name, self.scope)]
        if found:
            return some(self.details.answer(symbol, sources, self.scope) for symbol in found)
        return doubt_of_absence(self.names, self.kind, sources, self.scope) or self._renamed(sources)

    def _renamed(self, sources: Sources) -> Answer:
        """Tell whether a symbol of a similar name is there; where details tell more, the name may differ more."""
        for other in sources.outline(self.scope.path):
            symbol = other.symbol
            if symbol.kind == self.kind and symbol.name not in self.unlike and self._may_be(other, sources):
                return CannotTell(
                    f"there is no {self.kind} {self.names[0]}; it may have been renamed to {symbol.name}",
                    other.place,
                )
        return False

    def _may_be(self, other: Definition, sources: Sources) -> bool:
        name = other.symbol.name
        if not self.details:
            return any(is_renamed(old, name) for old in self.names)
        least = thresholds().similarity.symbol_name
        return any(are_alike(old, name, least) for old in self.names) and (
            self.details.answer(other, sources, self.scope) is True
        )


@dataclass(frozen=True)
class CodeQuery(Query):
    """The code of the expected file, or of a file in the area, contains `pattern`, which has a word to look for."""

    pattern: Fragment
    scope: Scope

    @override
    def answer(self, sources: Sources) -> Answer:
        path, word = self.scope.path, self.pattern.word
        if not path and not sources.is_gone(self.scope):
            return self._in_files(sources.mentioning(word, self.scope.area), sources)
        source = sources.read(path) if path else None
        if source is None:
            return self._in_moved_file(sources)
        here = self._in_files([path] if mentions(source, word) else [], sources)
        return here or wrapped(self.pattern, words_of(source), path, path, sources, self.scope)

    def _in_files(self, paths: Sequence[str], sources: Sources) -> Answer:
        return some(
            evidence(parsed, path, self.pattern.places_in_file(parsed, sources.table), sources)
            for path in paths
            if (parsed := sources.parsed(path)) is not None
        )

    def _in_moved_file(self, sources: Sources) -> Answer:
        """Tell whether the code is elsewhere, now that the file where it is expected is gone."""
        for path in sources.mentioning(self.pattern.word, ()):
            parsed = sources.parsed(path)
            for position in () if parsed is None else self.pattern.places_in_file(parsed, sources.table):
                gone = self.scope.path or ", nor ".join(self.scope.area)
                return CannotTell(
                    f"there is no {gone}, but `{self.pattern.text}` elsewhere", sources.place(path, position)
                )
        return False


@dataclass(frozen=True)
class CommentQuery(Query):
    """A comment of the file at `path` has `text`, whatever its line breaks and the `*` before each line."""

    text: str
    path: str

    @override
    def answer(self, sources: Sources) -> Answer:
        if sources.read(self.path) is not None:
            return self._is_in(self.path, sources)
        for path in sources.files((), (f"/{posixpath.basename(self.path)}",)):
            if self._is_in(path, sources):
                return CannotTell(f"there is no {self.path}, but a comment with its text", SourcePlace(path, 1))
        return False

    def _is_in(self, path: str, sources: Sources) -> bool:
        source = (sources.read(path) or b"").decode(errors="replace")
        return any(self.text in _comment_text(comment) for comment in comments_of(source))


@dataclass(frozen=True)
class TraceEventQuery(Query):
    """The trace-events file at `path` declares the event `name`."""

    name: str
    path: str

    @override
    def answer(self, sources: Sources) -> Answer:
        lines = (sources.read(self.path) or b"").decode(errors="replace").splitlines()
        if any(entry.name == self.name for entry in outline(self.path, lines).entries()):
            return True
        use = sources.use_of(f"trace_{self.name}", Scope(area=(posixpath.dirname(self.path),)))
        return False if use is None else CannotTell(f"{self.path} declares no {self.name}, but it is traced", use)


def _comment_text(comment: str) -> str:
    return " ".join(_COMMENT_FRAME.sub(" ", comment).split())
