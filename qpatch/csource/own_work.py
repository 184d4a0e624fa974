# SPDX-License-Identifier: GPL-2.0-or-later
"""Works out what the edits of a series bring, all together, so that they know their own result where they meet it.

On a tree that has the series, what one edit put into another file is not what a deletion is to take away, a file has
the name that a later edit gives it, and holds what later edits made of it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import layout_of
from qpatch.csource.anchors.extents import extent_of
from qpatch.csource.anchors.family import member_of_family
from qpatch.csource.apply import apply_edit
from qpatch.csource.checks import is_in_text
from qpatch.csource.edit import (
    AddOperation,
    Anchor,
    CreateOperation,
    DeleteOperation,
    EverywhereOperation,
    MoveOperation,
    RenameOperation,
)
from qpatch.csource.later_names import later_names
from qpatch.csource.lines import lines_by_sign, words_by_sign
from qpatch.csource.operations.files import is_renamed
from qpatch.csource.source import REGULAR
from qpatch.csource.syntax.term import TooDeepError
from qpatch.csource.workspace import LocatedAnchor, OwnWork

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qpatch.csource.edit import Edit
    from qpatch.csource.workspace import EditWorkspace


def workspace_of_series(edits: Sequence[Edit], workspace: EditWorkspace) -> EditWorkspace:
    """Return `workspace` with the work of `edits`, those of a series in their order; its tree is as before any of them.

    The tree then knows the files that have the names already which the series gives them.
    """
    told, tree, workspace = workspace, workspace.tree, replace(workspace, explains=False)
    for edit in reversed(edits):
        if isinstance(edit.operation, RenameOperation):
            old, new = edit.anchor.path, tree.current(edit.operation.target)
            if is_renamed(old, new, tree):
                tree.renamed[old] = new
    work = OwnWork(
        tuple(_added(edits, workspace)),
        _moved(edits, workspace),
        _renamed(edits),
        deleted=frozenset(str(edit.anchor) for edit in edits if isinstance(edit.operation, DeleteOperation)),
        later_names=later_names(edits),
    )
    return replace(told, own=replace(work, files=_files(edits, replace(workspace, own=work))))


def _added(edits: Sequence[Edit], workspace: EditWorkspace) -> Iterator[tuple[str, bytes]]:
    """Yield (path, text) of what the edits add."""
    for edit in edits:
        if isinstance(edit.operation, CreateOperation):
            yield edit.anchor.path, edit.operation.content
            continue
        added, _ = lines_by_sign(edit)
        if added:
            yield _path(edit.anchor, workspace), "\n".join([*added, ""]).encode("utf-8", "surrogateescape")


def _moved(edits: Sequence[Edit], workspace: EditWorkspace) -> dict[str, frozenset[str]]:
    moves = [edit for edit in edits if isinstance(edit.operation, MoveOperation)]
    targets: defaultdict[str, set[str]] = defaultdict(set)
    for edit in moves:
        assert isinstance(edit.operation, MoveOperation)
        targets[edit.anchor.name].add(_path(edit.operation.target, workspace))
    return {name: frozenset(paths) for name, paths in targets.items()}


def _renamed(edits: Sequence[Edit]) -> dict[str, tuple[str, ...]]:
    """Return the names that the edits write in the place of others, by these; also those that take their place."""
    names: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for edit in edits:
        operation = edit.operation
        if isinstance(operation, EverywhereOperation) and operation.rewriting.renames:
            names[operation.rewriting.old] += (operation.rewriting.new,)
        elif not isinstance(operation, AddOperation | CreateOperation):
            added, expected = words_by_sign(edit)
            if edit.anchor.name in expected - added:
                names[edit.anchor.name] += tuple(sorted(added - expected))
    return {old: tuple(_in_turn(old, names)) for old in list(names)}


def _in_turn(old: str, names: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the names that take the place of `old`, and of each other, the nearest first."""
    passed, pending = {old}, [*names[old]]
    while pending:
        name = pending.pop(0)
        if name not in passed:
            passed.add(name)
            yield name
            pending += names.get(name, ())


def _files(edits: Sequence[Edit], workspace: EditWorkspace) -> dict[str, frozenset[tuple[bytes, str]]]:
    """Return what the files that the edits create become, step by step, where the tree has other such files already."""
    files = {}
    for index, edit in enumerate(edits):
        if isinstance(edit.operation, CreateOperation):
            path, current = edit.anchor.path, workspace.tree.current(edit.anchor.path)
            present = workspace.tree.read(current), workspace.tree.mode(current)
            created = edit.operation.content, edit.operation.mode
            if present[0] is not None and (current != path or present != created):
                files[path] = frozenset(_states(edits[index:], path, workspace))
    return files


def _states(edits: Sequence[Edit], path: str, workspace: EditWorkspace) -> Iterator[tuple[bytes, str]]:
    """Yield content and mode of the file `path` after each of `edits`, the first of which creates it."""
    trial = workspace.for_trial()
    trial.tree.delete(path)
    for edit in edits:
        if not isinstance(edit.operation, RenameOperation):
            apply_edit(_as_if_first(edit, path, workspace, trial), trial)
            content, mode = trial.tree.read(path), trial.tree.mode(path)
            if content is not None and mode is not None:
                yield content, mode


def _as_if_first(edit: Edit, path: str, workspace: EditWorkspace, trial: EditWorkspace) -> Edit:
    """Return `edit` as it works on the file `path` that is made anew, while `trial` has its work in all other files.

    What it has moved into that file in `workspace` is put back, and what it has replaced elsewhere does not count.
    """
    operation = edit.operation
    if isinstance(operation, EverywhereOperation):
        return replace(edit, expect=1, operation=replace(operation, at_least=True))
    if isinstance(operation, MoveOperation) and path in workspace.own.moved.get(edit.anchor.name, ()):
        return _put_back(edit, path, workspace, trial)
    return edit


def _put_back(edit: Edit, path: str, workspace: EditWorkspace, trial: EditWorkspace) -> Edit:
    """Put a symbol that was moved to `path` back into its file in `trial`; return the move with its present name."""
    if is_in_text(edit.anchor) or isinstance(edit.anchor.locate(trial), LocatedAnchor):
        return edit
    for name in (edit.anchor.name, *workspace.own.renamed.get(edit.anchor.name, ())):
        located = replace(edit.anchor, name=name, path=path).locate(workspace)
        if isinstance(located, LocatedAnchor) and located.path == path:
            start, end = extent_of(located, layout_of(located))
            home = trial.tree.current(edit.anchor.path) or f"{path}.moved.c"
            text, mode = located.parsed.source[start:end], trial.tree.mode(home) or REGULAR
            before = trial.tree.read(home)
            trial.tree.create(home, text if before is None else before + b"\n" + text, mode)
            return replace(edit, anchor=replace(edit.anchor, name=name, path=home))
    return edit


def _path(anchor: Anchor, workspace: EditWorkspace) -> str:
    """Return the path of the file that `anchor` is in; the one where it is expected where that cannot be told yet."""
    if is_in_text(anchor) or not anchor.kind.name:
        return anchor.path
    try:
        known = member_of_family(anchor, workspace)
        located = known.locate(workspace) if isinstance(known, Anchor) else known
    except TooDeepError:
        return anchor.path
    return located.path if isinstance(located, LocatedAnchor) else anchor.path
