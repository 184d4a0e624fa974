# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the anchor of an edit: first in the file where it is expected, then in the whole tree.

A symbol that moved whole to another file is found there and reported as moved; two candidates are ambiguous; a
symbol that is nowhere is drift, and the symbols with the most similar names are named.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from qpatch.csource.anchors.guards import same_guard, suggested, written
from qpatch.csource.anchors.macro_functions import functions_defined_by
from qpatch.csource.listing import nearest_first
from qpatch.csource.names import likeness_of_names, stems_of
from qpatch.csource.results import Ambiguous, Candidate, Drifted, SourcePlace
from qpatch.csource.source import C_SUFFIXES, FOLDER, LINK, SUBMODULE, mentions
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.tokens import COMMENT_PATTERN
from qpatch.csource.workspace import LocatedAnchor
from qpatch.thresholds import thresholds
from qpatch.wording import with_article

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from qpatch.csource.edit import Anchor
    from qpatch.csource.source import Overlay
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.syntax.unparsed import Unparsed
    from qpatch.csource.workspace import EditWorkspace

_GIVE_PATH = "give `path:`, a file or a folder/ where it should be: the names there are compared with it"
_NO_FILES = {LINK: "a symbolic link", SUBMODULE: "a submodule", FOLDER: "a folder"}


def locate_symbol(anchor: Anchor, kind: SymbolKind, workspace: EditWorkspace) -> LocatedAnchor | Drifted | Ambiguous:
    """Find the one symbol of `kind` that has the anchor's name."""
    expected = _expected_files(anchor, workspace)
    here, unread = _defined(anchor, kind, expected, workspace)
    found = here
    if not here and not unread:  # One that is here and cannot be read has not moved.
        found, unread = _defined(anchor, kind, workspace.tree.mentioning(anchor.name), workspace)
    if unread and not (found and anchor.guard):
        return _unreadable(anchor, found, unread)
    if not found:
        return _missing(anchor, kind, workspace)
    chosen = found if len(found) == 1 else [each for each in found if same_guard(anchor.guard, each[1].guards)]
    if len(chosen) != 1 or (len(found) > 1 and not anchor.guard):
        return _unclear(anchor, found)
    path, symbol = chosen[0]
    parsed = workspace.parse(path)
    assert parsed is not None
    return LocatedAnchor(path, parsed, symbol, "" if here else anchor.path)


def locate_file(anchor: Anchor, workspace: EditWorkspace) -> LocatedAnchor | Drifted:
    """Find the file at the anchor's path."""
    path = anchor.path
    parsed = workspace.parse(path)
    if parsed is not None:
        return LocatedAnchor(path, parsed, None)
    return missing_file(path, workspace.tree)


def missing_file(path: str, tree: Overlay) -> Drifted:
    """Say why there is no file to edit at `path`, and name the files that are called so elsewhere."""
    kind = _NO_FILES.get(tree.mode(path) or "")
    if kind:
        return unfit_file(path, f"is {kind}: edits are for regular files of text")
    alike = namesakes(path, tree)
    return Drifted(
        f"there is no file {path}",
        path,
        tuple(Candidate(SourcePlace(other, 1), 1.0) for other in alike[: thresholds().limits.candidates]),
        tuple(alike),
        f"path: {alike[0]}" if alike else "",
    )


def binary_file(path: str) -> Drifted:
    """Refuse to edit a file that is no text."""
    return unfit_file(path, "is binary: a mail of text cannot carry its change")


def unfit_file(path: str, reason: str) -> Drifted:
    """Refuse to edit what is there at `path`; `reason` completes the sentence."""
    return Drifted(f"file {path} {reason}", path, (Candidate(SourcePlace(path, 1), 1.0),), is_there=True)


def namesakes(path: str, tree: Overlay) -> list[str]:
    """Return the files in other folders that are called as the one at `path`."""
    name = posixpath.basename(path)
    return [other for other in tree.paths() if posixpath.basename(other) == name and other != path]


def locate_all(anchor: Anchor, workspace: EditWorkspace, kinds: Collection[str]) -> list[LocatedAnchor]:
    """Find every symbol of `kinds` with the anchor's name: a definition and all of its prototypes."""
    paths = {*workspace.tree.mentioning(anchor.name), *_expected_files(anchor, workspace)}
    return [located for path in sorted(paths) for located in symbols_in(path, anchor.name, workspace, kinds)]


def symbols_in(path: str, name: str, workspace: EditWorkspace, kinds: Collection[str]) -> list[LocatedAnchor]:
    """Return the symbols of `kinds` called `name` in one file."""
    found = [symbol for symbol in workspace.symbols(path, name) if symbol.kind in kinds]
    parsed = workspace.parse(path) if found else None
    return [LocatedAnchor(path, parsed, symbol) for symbol in found] if parsed is not None else []


def similar_symbols(anchor: Anchor, kind: SymbolKind, workspace: EditWorkspace) -> list[tuple[str, Symbol, float]]:
    """Return (path, symbol, likeness 0..1) of the symbols of `kind` with the names most similar to the anchor's.

    One that has the very name is none of them: it was found, and was not what was meant.
    """
    least, near = thresholds().similarity.symbol_name, []
    for path, symbol in _around(anchor, workspace) if anchor.path else _anywhere(anchor, workspace):
        if symbol.kind == kind and symbol.name != anchor.name:
            likeness = likeness_of_names(anchor.name, symbol.name)
            near.append((path, symbol, likeness))
    return sorted((entry for entry in near if entry[2] >= least), key=lambda entry: -entry[2])


def _expected_files(anchor: Anchor, workspace: EditWorkspace) -> list[str]:
    """Return the file of the hint, or, where the hint is a folder (`include/hw/vfio/`), those that name the symbol."""
    if not anchor.path.endswith("/"):
        return [anchor.path] if anchor.path else []
    return [
        path
        for path in workspace.tree.paths(anchor.path)
        if path.endswith(C_SUFFIXES) and mentions(workspace.tree.read(path) or b"", anchor.name)
    ]


def _around(anchor: Anchor, workspace: EditWorkspace) -> Iterator[tuple[str, Symbol]]:
    """Yield the symbols of the files where a renamed one most likely is."""
    return ((path, symbol) for path in _neighbourhood(anchor, workspace) for symbol in workspace.outline(path))


def _anywhere(anchor: Anchor, workspace: EditWorkspace) -> Iterator[tuple[str, Symbol]]:
    """Yield the symbols of the tree whose names have a stem of the anchor's, where no more files have one than a bound.

    To find them takes one search of the tree, as the anchor itself did.
    """
    stems = stems_of(anchor.name)
    paths = workspace.tree.containing(stems) if stems else ()
    for path in paths if len(paths) <= thresholds().limits.searched_files else ():
        words = set(re.findall(r"\w+", (workspace.tree.read(path) or b"").decode(errors="replace")))
        for word in sorted(word for word in words if any(stem in word for stem in stems)):
            yield from ((path, symbol) for symbol in workspace.symbols(path, word))


def _neighbourhood(anchor: Anchor, workspace: EditWorkspace) -> list[str]:
    """Return the expected file, then the C files in its folder: where a renamed symbol most likely is."""
    folder = posixpath.dirname(anchor.path)
    beside = [
        path
        for path in workspace.tree.paths(f"{folder}/" if folder else "")
        if posixpath.dirname(path) == folder and path.endswith(C_SUFFIXES) and path != anchor.path
    ]
    return [*([] if anchor.path.endswith("/") else [anchor.path]), *beside]


def _defined(
    anchor: Anchor, kind: SymbolKind, paths: Iterable[str], workspace: EditWorkspace
) -> tuple[list[tuple[str, Symbol]], list[tuple[str, Unparsed]]]:
    """Return the symbols of `kind` with the anchor's name, and the definitions like them that could not be parsed."""
    paths = list(paths)
    by_call = [(path, symbol) for path in paths for symbol in _by_call(anchor, kind, path, workspace)]
    return (
        [(path, symbol) for path in paths for symbol in workspace.symbols(path, anchor.name) if symbol.kind == kind]
        or by_call,
        [
            (path, unread)
            for path in paths
            for unread in workspace.unparsed(path, kind, anchor.name)
            if not _is_read(unread, workspace.symbols(path, anchor.name))
        ],
    )


def _is_read(unread: Unparsed, symbols: Sequence[Symbol]) -> bool:
    """Tell whether a definition that was taken for one of another kind was parsed, as what it is."""
    return any(symbol.body is not None and symbol.start_line <= unread.line <= symbol.end_line for symbol in symbols)


def _by_call(anchor: Anchor, kind: SymbolKind, path: str, workspace: EditWorkspace) -> list[Symbol]:
    """Return the functions that the anchor names by the macro call which defines them."""
    return functions_defined_by(anchor, path, workspace) if kind == SymbolKind.FUNCTION and anchor.parameters else []


def _unreadable(
    anchor: Anchor, found: list[tuple[str, Symbol]], unread: list[tuple[str, Unparsed]]
) -> Drifted | Ambiguous:
    """Say that the anchor is there but could not be parsed; where another was, that it is unclear which is meant."""
    path, first = unread[0]
    places = tuple(SourcePlace(path, each.line, f"{anchor}: could not be parsed") for path, each in unread)
    if found:
        return Ambiguous(
            f"{anchor} is defined {len(found) + len(unread)} times, and could not be parsed everywhere",
            path,
            (*(_place(path, symbol) for path, symbol in found), *places),
            "say which is meant by `path:` or `guard:`",
        )
    return Drifted(
        f"{anchor} is there (line {first.line}) but could not be parsed",
        path,
        tuple(
            Candidate(SourcePlace(path, each.broken_line, each.broken_code), 1.0, ("this could not be parsed",))
            for path, each in unread
        ),
        suggestion="edit this file by hand, or mend first what could not be parsed",
        is_there=True,
    )


def _unclear(anchor: Anchor, found: list[tuple[str, Symbol]]) -> Ambiguous:
    """Say that several symbols have the anchor's name, and what would tell them apart."""
    places = tuple(_place(path, symbol) for path, symbol in found)
    guards = {symbol.guards for _, symbol in found}
    if len({place.path for place in places}) > 1:
        suggestion = "give `path:` with the file that is meant"
    elif len(guards) == len(found) and all(guards):
        suggestion = "say which is meant:\n" + "\n# or\n".join(suggested(symbol.guards) for _, symbol in found)
    else:
        suggestion = "the definitions stand under the same #if: qpatch cannot tell which is meant"
    return Ambiguous(f"{anchor} is defined {len(found)} times", found[0][0], places, suggestion)


def _place(path: str, symbol: Symbol) -> SourcePlace:
    guard = f" (under #if {written(symbol.guards)})" if symbol.guards else ""
    return SourcePlace(path, symbol.start_line, f"{symbol.kind} {symbol.name}{guard}")


def _missing(anchor: Anchor, kind: SymbolKind, workspace: EditWorkspace) -> Drifted:
    if not workspace.explains:
        return Drifted(f"the tree has no {anchor}", anchor.path)
    near = similar_symbols(anchor, kind, workspace)[: thresholds().limits.candidates]
    candidates = tuple(
        Candidate(_place(path, symbol), likeness, (f"expected the name '{anchor.name}', found '{symbol.name}'",))
        for path, symbol, likeness in near
    )
    expected = f" (expected in {anchor.path})" if anchor.path else ""
    suggestion = f"{anchor.position}: {anchor.kind} {near[0][1].name}\npath: {near[0][0]}" if near else ""
    other = _of_other_kinds(anchor, _expected_files(anchor, workspace), workspace)
    told = f"; {anchor.name} is {with_article(other[0].place.snippet.split()[0])} there" if other else ""
    seen = other or _in_comments(anchor, workspace) or (() if near else _elsewhere(anchor, workspace))
    folder = posixpath.dirname(anchor.path)
    return Drifted(
        f"the tree has no {anchor}{expected}{told}",
        anchor.path,
        (*seen, *candidates),
        suggestion=suggestion,
        advice="" if anchor.path or near else _GIVE_PATH,
        searched=f"{folder}/" if folder else "",
    )


def _in_comments(anchor: Anchor, workspace: EditWorkspace) -> tuple[Candidate, ...]:
    """Return the comments of the expected files that hold code with the anchor's name: it may be commented out."""
    found = []
    for path in _expected_files(anchor, workspace):
        text = (workspace.tree.read(path) or b"").decode(errors="replace")
        for comment in COMMENT_PATTERN.finditer(text) if anchor.name in text else ():
            code = re.search(rf"^.*\b{re.escape(anchor.name)}\b.*[;{{](?=\s*(?:\*/)?$)", comment.group(), re.MULTILINE)
            if code is not None:
                line = text.count("\n", 0, comment.start() + code.start()) + 1
                found.append(Candidate(SourcePlace(path, line, code.group().strip()), 1.0, ("it is in a comment",)))
    return tuple(found[: thresholds().limits.candidates])


def _elsewhere(anchor: Anchor, workspace: EditWorkspace) -> tuple[Candidate, ...]:
    """Return what of another kind has the anchor's name in other files, where no more files have it than a bound."""
    limits, paths = thresholds().limits, workspace.tree.mentioning(anchor.name)
    found = _of_other_kinds(anchor, paths if len(paths) <= limits.searched_files else (), workspace)
    by_place = {(each.place.path, each.place.line): each for each in reversed(found)}
    nearest = nearest_first((each.place for each in found), anchor.path)
    return tuple(by_place[place.path, place.line] for place in nearest[: limits.candidates])


def _of_other_kinds(anchor: Anchor, paths: Iterable[str], workspace: EditWorkspace) -> tuple[Candidate, ...]:
    """Return what is defined under the anchor's name in some files, but is of another kind."""
    return tuple(
        Candidate(
            _place(path, symbol), 1.0, (f"it is {with_article(symbol.kind)}, not {with_article(str(anchor.kind))}",)
        )
        for path in paths
        for symbol in workspace.symbols(path, anchor.name)
        if symbol.body is not None
    )
