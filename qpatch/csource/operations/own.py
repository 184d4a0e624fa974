# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells what a deletion was written for from what other edits of its series put elsewhere under the same name.

A series that makes a definition public deletes it here and adds it there. On a tree that has the series, the one that
is left is its own work: it has not moved there, and must not be deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.changes import place_of
from qpatch.csource.matching.hunk import Sign
from qpatch.csource.results import AlreadyThere, Ambiguous, Candidate, Drifted
from qpatch.csource.syntax.parse import leaves_called
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.workspace import LocatedAnchor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.edit import Anchor, Edit
    from qpatch.csource.matching.hunk import Hunk
    from qpatch.csource.syntax.term import Term
    from qpatch.csource.workspace import EditWorkspace


def done_or_brought(
    edit: Edit, located: LocatedAnchor | Drifted | Ambiguous, workspace: EditWorkspace
) -> AlreadyThere | Drifted | None:
    """Return what a deletion ends as whose anchor, not where it is expected, is what other edits put elsewhere.

    It is done where the tree had their work before any edit was made; it has drifted where they have just brought the
    only one that was `located`. None where no edit of the series puts such a symbol anywhere.
    """
    anchor, tree = edit.anchor, workspace.tree
    if not _is_elsewhere(anchor, located, workspace):
        return None
    places = list(_own_places(anchor, workspace))
    for path in places:
        before = tree.base.read(tree.original(path)) or b""
        if _defines(before, anchor, workspace):
            return AlreadyThere(path, f"{anchor} is in {path}, where another edit of the series puts it")
    if not isinstance(located, LocatedAnchor) or located.path not in places:
        return None
    return Drifted(
        f"{anchor} is not in {located.moved_from}; the only one is what another edit has put into {located.path}",
        located.moved_from,
        (Candidate(place_of(located), 1.0, ("it has the name, and an edit of the series has written it",)),),
        advice="find out what became of it in this tree: it may have another name, or be gone",
    )


def without_own_work(items: Sequence[Term], hunk: Hunk, path: str, workspace: EditWorkspace) -> list[Term]:
    """Return the members of a block but those that other edits of the series than the one of `hunk` add to the file.

    None at all where they add none of them, or where the tree did not have them before any edit was made.
    """
    own = _bare("".join(line.code for line in hunk.lines if line.sign is Sign.ADDED))
    texts = {_bare(text.decode(errors="replace")) for other, text in workspace.own.added if other == path} - {own}
    if not texts:
        return []
    before = _bare((workspace.tree.base.read(workspace.tree.original(path)) or b"").decode(errors="replace"))
    added = "\n".join(text for text in texts if text in before)
    codes = [(item, _bare("".join(item.tokens))) for item in items]
    left = [item for item, code in codes if code in own or code not in added]
    return left if len(left) < len(items) else []


def _bare(text: str) -> str:
    """Return `text` without what the terms of code leave out: white space, and the commas of lists."""
    return "".join(text.replace(",", " ").split())


def _is_elsewhere(anchor: Anchor, located: LocatedAnchor | Drifted | Ambiguous, workspace: EditWorkspace) -> bool:
    """Tell whether no file that the anchor names has what is to be deleted."""
    if isinstance(located, LocatedAnchor):
        return bool(located.moved_from)
    if isinstance(located, Drifted):
        return not located.is_there
    return bool(anchor.path) and not anchor.path.endswith("/") and not workspace.symbols(anchor.path, anchor.name)


def _own_places(anchor: Anchor, workspace: EditWorkspace) -> Iterator[str]:
    """Yield the paths of the files that an edit of the series puts a definition of the anchor's name into."""
    tree, own = workspace.tree, workspace.own
    yield from map(tree.current, own.moved.get(anchor.name, ()))
    for path, text in own.added:
        if _defines(text, anchor, workspace):
            yield tree.current(path)


def _defines(source: bytes, anchor: Anchor, workspace: EditWorkspace) -> bool:
    """Tell whether `source` defines the anchor's name, as whatever it may be: a symbol, or a value of an enum.

    A prototype defines nothing but a prototype.
    """
    kinds = {symbol.kind for symbol in workspace.cache.symbols(source, anchor.name)}
    if anchor.kind.word == SymbolKind.PROTOTYPE:
        return SymbolKind.PROTOTYPE in kinds
    if kinds - {SymbolKind.PROTOTYPE}:
        return True
    if anchor.name.encode() not in source:
        return False
    leaves = leaves_called(workspace.cache.parse(source), anchor.name)
    return any(leaf.parent is not None and leaf.parent.type == "enumerator" for leaf in leaves)
