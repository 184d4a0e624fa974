# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks into the sources of a tree wherever they lie: `git grep` in its commit, files and symbols out of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING, Literal

from qpatch.csource.anchors.blocks import layout_of
from qpatch.csource.anchors.extents import extent_of
from qpatch.csource.source import is_binary
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.text.document import TextDocument
from qpatch.csource.text.outline import is_text_file
from qpatch.csource.text.resolve import section_spans
from qpatch.csource.tokens import IDENTIFIER
from qpatch.csource.workspace import LocatedAnchor
from qpatch.errors import UserError
from qpatch.suggest import did_you_mean
from qpatch.thresholds import thresholds
from qpatch.trees.commands import GitError
from qpatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.source import SourceTree
    from qpatch.csource.syntax.macros import TreeKind
    from qpatch.trees.git import Repository

LineKind = Literal["match", "function", "context"]

_SEPARATORS: dict[str, LineKind] = {":": "match", "=": "function", "-": "context"}
_LINE = re.compile(r"(?P<number>\d+)(?P<separator>[:=-])(?P<text>.*)", re.DOTALL)
_NOT_FOUND = 1
# What git says of a pattern or a path that it does not understand.
_REFUSED = re.compile(r"-e option|command line|pathspec|outside repository|\bmagic\b|empty string")


@dataclass(frozen=True)
class Query:
    """What to look for: `pattern`, an extended regular expression or (`fixed`) a string, in `paths` ((): everywhere).

    `context` is how many lines around a match are shown.
    """

    pattern: str
    paths: tuple[str, ...] = ()
    context: int = 0
    fixed: bool = False
    ignore_case: bool = False
    words: bool = False

    def arguments(self, commit: str) -> list[str]:
        """Return the words after `git grep`."""
        flags = [
            flag
            for flag, wanted in (("-i", self.ignore_case), ("-w", self.words), (f"-C{self.context}", self.context))
            if wanted
        ]
        kind = "--fixed-strings" if self.fixed else "--extended-regexp"
        shape = ("-n", "-I", "--show-function", "--heading", "--break", "--no-color", "--no-textconv", "--full-name")
        return [*shape, kind, *flags, "-e", self.pattern, commit, "--", *self.paths]


@dataclass(frozen=True)
class FoundLine:
    """A line that a search shows: a match, the function that a match stands in, or context.

    `leads` marks the first line after a gap in the same file.
    """

    path: str
    line: int
    kind: LineKind
    text: str
    leads: bool = False


@dataclass(frozen=True)
class Excerpt:
    """Some lines of a file: the number of the first, the text with its line ends, the symbol that they are."""

    first_line: int
    text: str
    symbol: str = ""


def search(repository: Repository, commit: str, query: Query) -> Iterator[FoundLine]:
    """Yield the lines that `git grep` shows of `commit`, as they are found; none where there is no match.

    Raises UserError `bad-search` for a pattern or a path that git refuses, GitError where it fails.
    """
    arguments = ("-c", "core.quotePath=off", "grep", *query.arguments(commit))
    process = repository.start(*arguments)
    assert process.stdout is not None and process.stderr is not None
    yield from _lines(process.stdout, f"{commit}:")
    stderr = process.stderr.read().decode(errors="replace").strip()
    if process.wait() > _NOT_FOUND:
        if _REFUSED.search(stderr):
            raise UserError("bad-search", stderr.removeprefix("fatal: "))
        raise GitError(arguments, stderr)


def whole_file(files: SourceTree, path: str, kind: TreeKind) -> Excerpt:
    """Return the text of a file. Raises UserError `no-such-file` where the tree has none, or none that is text.

    `kind` is what the tree is a tree of: a symbol in the place of a path is looked for in it.
    """
    if IDENTIFIER.fullmatch(path) and files.mode(path) is None and (places := _defining(files, path, kind)):
        hint = f"It is a symbol of {' and '.join(places)}: give the file, and `--symbol {path}`."
        raise UserError("no-such-file", f"the tree has no file {path}", hint=hint)
    return Excerpt(1, _content(files, path).decode(errors="replace"))


def excerpts(files: SourceTree, path: str, name: str, kind: TreeKind) -> tuple[Excerpt, ...]:
    """Return the symbols (in a text file the sections) of a file that are called `name`, with their comments.

    `kind` is what the tree is a tree of. Raises UserError `no-such-file`, and `no-such-symbol` where there is none.
    """
    content = _content(files, path)
    found = _sections(path, content, name) if is_text_file(path) else _symbols(path, content, name, kind)
    return tuple(sorted(set(found), key=lambda excerpt: excerpt.first_line))


def _defining(files: SourceTree, name: str, kind: TreeKind) -> list[str]:
    """Return files that define a symbol, of those that mention it, no more of either than are worth a hint."""
    cache, limits = ParseCache(macro_table(kind)), thresholds().limits
    mentioning = files.mentioning(name)[: limits.searched_files]
    named = ((path, cache.symbols(files.read(path) or b"", name)) for path in mentioning)
    found = (path for path, symbols in named if any(symbol.kind is not SymbolKind.PROTOTYPE for symbol in symbols))
    return list(islice(found, limits.candidates))


def _content(files: SourceTree, path: str) -> bytes:
    content = files.read(path)
    if content is None:
        below = files.paths(path.rstrip("/") + "/")
        if below:
            raise UserError("no-such-file", f"{path} is a folder, with {counted(len(below), 'file')} below it")
        neighbours = files.paths(path.rpartition("/")[0] + "/" if "/" in path else "")
        raise UserError("no-such-file", f"the tree has no file {path}", hint=did_you_mean(path, neighbours))
    if is_binary(content):
        raise UserError("no-such-file", f"{path} is not text")
    return content


def _lines(output: IO[bytes], prefix: str) -> Iterator[FoundLine]:
    """Read what `git grep --heading --break` prints: a path, its lines, an empty line; `--` between groups of lines."""
    path, leads = "", False
    for raw in output:
        line = raw.decode(errors="replace").removesuffix("\n")
        found = _LINE.fullmatch(line) if path else None
        if found:
            kind = _SEPARATORS[found["separator"]]
            yield FoundLine(path, int(found["number"]), kind, found["text"].rstrip("\r"), leads)
        path = path if line else ""
        if not found and line != "--":
            path = line.removeprefix(prefix)
        leads = line == "--"


def _symbols(path: str, content: bytes, name: str, kind: TreeKind) -> list[Excerpt]:
    cache = ParseCache(macro_table(kind))
    found = cache.symbols(content, name)
    if not found:
        known = [symbol.name for symbol in cache.outline(content)]
        raise UserError("no-such-symbol", f"{path} has no symbol {name!r}", hint=did_you_mean(name, known))
    parsed = cache.parse(content)
    made = []
    for symbol in found:
        located = LocatedAnchor(path, parsed, symbol)
        start, end = extent_of(located, layout_of(located))
        text = content[start:end].decode(errors="replace")
        made.append(Excerpt(content.count(b"\n", 0, start) + 1, text, f"{symbol.kind} {symbol.name}"))
    return made


def _sections(path: str, content: bytes, name: str) -> list[Excerpt]:
    document = TextDocument.read(path, content)
    found = section_spans(document, name)
    if not found:
        known = [section.name for section in document.outline.sections]
        raise UserError("no-such-symbol", f"{path} has no section {name!r}", hint=did_you_mean(name, known))
    lines = content.decode(errors="replace").splitlines(keepends=True)
    return [Excerpt(each.start + 1, "".join(lines[each.start : each.end]), f"section {each.name}") for each in found]
