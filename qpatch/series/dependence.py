# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells which edits of a series build on others that missed: on a name, a file or a line that those would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.edit import AddOperation, CreateOperation, MoveOperation, RenameOperation
from qpatch.csource.lines import words_by_sign
from qpatch.csource.tokens import IDENTIFIER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.edit import Edit
    from qpatch.csource.source import SourceTree


def builds_on(edit: Edit, missed: Sequence[Edit], tree: SourceTree) -> tuple[Edit, ...]:
    """Return those of `missed`, edits before `edit`, that would bring what `edit` mentions and `tree` does not have.

    `tree` is the one before any edit of the series: what other edits mention of it is there for nothing.
    """
    mentioned = _mentioned(edit)
    return tuple(other for other in missed if _brings(other, tree) & mentioned or _is_moved_by(edit, other))


def stands_in_missed(edit: Edit, missed: Sequence[Edit], tree: SourceTree) -> bool:
    """Tell whether one of `missed` would bring the anchor of `edit` itself, so that no other place can be meant."""
    named = {edit.anchor.name, edit.anchor.path}
    return any(named & _brings(other, tree) or _is_moved_by(edit, other) for other in missed)


def _is_moved_by(edit: Edit, other: Edit) -> bool:
    """Tell whether `edit` expects its anchor in another file than the one that `other` moves it out of."""
    named, moved = edit.anchor, other.anchor
    is_same = isinstance(other.operation, MoveOperation) and named.name == moved.name != ""
    return is_same and named.path not in ("", moved.path)


def _brings(edit: Edit, tree: SourceTree) -> set[str]:
    """Return the words that an edit brings and the tree does not have: names, and paths of files."""
    added, others = words_by_sign(edit)
    words = {word for word in added - others if not tree.mentioning(word)}
    if isinstance(edit.operation, CreateOperation):
        words.add(edit.anchor.path)
    if isinstance(edit.operation, RenameOperation):
        words.add(edit.operation.target)
    return words


def _mentioned(edit: Edit) -> set[str]:
    added, others = words_by_sign(edit)
    words = added | others | {edit.anchor.name, edit.anchor.path}
    if isinstance(edit.operation, MoveOperation):
        words.add(edit.operation.target.name)
    if isinstance(edit.operation, AddOperation):
        words.update(IDENTIFIER.findall(edit.operation.beside))
    return words - {""}
