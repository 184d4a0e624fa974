# SPDX-License-Identifier: GPL-2.0-or-later
"""Creates, deletes and renames files, whatever they hold, and changes their modes.

Only regular files of text: what a mail cannot carry as text (binary files), and what is no file (symbolic links,
submodules, folders), is refused.
"""

from __future__ import annotations

import posixpath
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING

from qpatch.csource.anchors.locate import binary_file, missing_file, namesakes, unfit_file
from qpatch.csource.edit import CreateOperation, DeleteOperation, ModeOperation, RenameOperation, TextScope
from qpatch.csource.results import AlreadyThere, Applied, Candidate, Drifted, SourcePlace
from qpatch.csource.source import FOLDER, is_binary
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.edit import Edit
    from qpatch.csource.results import EditResult
    from qpatch.csource.source import Overlay
    from qpatch.csource.workspace import EditWorkspace


def concerns_whole_file(edit: Edit) -> bool:
    """Tell whether `edit` creates, deletes or renames a file, or changes its mode."""
    if isinstance(edit.operation, CreateOperation | RenameOperation | ModeOperation):
        return True
    return isinstance(edit.operation, DeleteOperation) and edit.anchor.kind.text_scope is TextScope.FILE


def apply_file_edit(edit: Edit, workspace: EditWorkspace) -> EditResult:
    """Carry out an edit that `concerns_whole_file`; the tree changes only where the result is Applied."""
    path, operation, tree = edit.anchor.path, edit.operation, workspace.tree
    if isinstance(operation, CreateOperation):
        return _create(path, operation, workspace)
    if isinstance(operation, RenameOperation):
        return _rename(path, operation.target, workspace)
    if isinstance(operation, ModeOperation):
        return _change_mode(path, operation.mode, tree)
    return _delete(path, workspace)


def is_renamed(old: str, new: str, tree: Overlay) -> bool:
    """Tell whether the file `old` is called `new` already; a folder may have taken its place."""
    became_folder = tree.mode(old) == FOLDER and new.startswith(f"{old}/")
    return (became_folder or tree.mode(old) is None) and tree.read(new) is not None


def _create(path: str, operation: CreateOperation, workspace: EditWorkspace) -> EditResult:
    tree = workspace.tree
    present, current = tree.read(path), tree.current(path)
    later = workspace.own.files.get(path, frozenset())
    if tree.read(current) in {content for content, _ in later}:
        if tree.mode(current) in {mode for _, mode in later}:
            return AlreadyThere(path, f"there is such a file {current}, as later edits leave it")
        return unfit_file(current, f"is there already, with the mode {tree.mode(current)} and not {operation.mode}")
    if present is None:
        obstacle = _obstacle(path, tree)
        if obstacle is not None:
            return obstacle
        tree.create(path, operation.content, operation.mode)
        return Applied(path)
    if present != operation.content:
        return Drifted(
            f"file {path} is there already, with another content",
            path,
            (_first_difference(path, operation.content, present),),
            suggestion="edit the file that is there, or create one of another name",
        )
    if tree.mode(path) != operation.mode:
        return unfit_file(path, f"is there already, with the mode {tree.mode(path)} and not {operation.mode}")
    return AlreadyThere(path, f"there is such a file {path}")


def _rename(old: str, new: str, workspace: EditWorkspace) -> EditResult:
    tree = workspace.tree
    refused = _refused(old, tree)
    if refused is None:
        if tree.read(new) is not None:
            if _is_own(old, workspace):
                return AlreadyThere(new, f"{old} is the file that another edit creates")
            return unfit_file(old, f"cannot become {new}: there are files of both names")
        obstacle = _obstacle(new, tree, leaving=old)
        if obstacle is not None:
            return obstacle
        tree.rename(old, new)
        return Applied(new, moved_from=old)
    now = tree.current(new)
    if is_renamed(old, now, tree):
        tree.renamed[old] = now
        return AlreadyThere(now, f"{old} is called {now}")
    return refused


def _is_own(path: str, workspace: EditWorkspace) -> bool:
    """Tell whether the file at `path` is one that the series creates."""
    created = {text for other, text in workspace.own.added if other == path}
    later = {content for content, _ in workspace.own.files.get(path, ())}
    return workspace.tree.read(path) in created | later


def _change_mode(path: str, mode: str, tree: Overlay) -> EditResult:
    content = tree.read(path)
    refused = _refused(path, tree)
    if refused is not None or content is None:
        return refused or missing_file(path, tree)
    if tree.mode(path) == mode:
        return AlreadyThere(path, f"{path} has the mode {mode}")
    tree.changed[path], tree.modes[path] = content, mode
    return Applied(path)


def _delete(path: str, workspace: EditWorkspace) -> EditResult:
    tree = workspace.tree
    refused = _refused(path, tree)
    if refused is None:
        tree.delete(path)
        return Applied(path)
    if tree.mode(path) is not None:
        return refused
    alike = [each for each in _may_be_renamed_to(path, tree) if not _is_own(each[0], workspace)]
    if not alike:
        return AlreadyThere(path, f"{path} is gone")
    return Drifted(
        f"there is no file {path}: it is gone, or renamed",
        path,
        tuple(Candidate(SourcePlace(other, 1), likeness) for other, likeness in alike),
        suggestion=f"delete: file {alike[0][0]}\nor, if that is another file, guard the edit with `when:`",
    )


def _may_be_renamed_to(path: str, tree: Overlay) -> list[tuple[str, float]]:
    """Return (path, likeness) of the files that a missing one may have become: a similar name, or the same elsewhere.

    A name that many folders have (Makefile, meson.build) tells nothing.
    """
    folder, name = posixpath.split(path)
    least, most = thresholds().similarity.symbol_renamed, thresholds().limits.candidates
    beside = [other for other in tree.paths(f"{folder}/" if folder else "") if posixpath.dirname(other) == folder]
    rated = [(other, SequenceMatcher(None, name, posixpath.basename(other)).ratio()) for other in beside]
    similar = sorted((entry for entry in rated if entry[1] >= least), key=lambda entry: -entry[1])
    elsewhere = namesakes(path, tree)
    return [*((other, 1.0) for other in elsewhere if len(elsewhere) <= most), *similar][:most]


def _refused(path: str, tree: Overlay) -> Drifted | None:
    """Say why the file at `path` cannot be edited: there is none, or it is no text."""
    content = tree.read(path)
    if content is None:
        return missing_file(path, tree)
    if is_binary(content):
        return binary_file(path)
    return None


def _obstacle(path: str, tree: Overlay, leaving: str = "") -> Drifted | None:
    """Say what stands where the file `path` is to be: something that is no file, or a file that its folder would be.

    The file `leaving` goes away at the same time: it is in nobody's way.
    """
    if tree.mode(path) is not None and list(tree.paths(f"{path}/")) != [leaving]:
        return missing_file(path, tree)
    folder = posixpath.dirname(path)
    while folder and folder != leaving:
        mode = tree.mode(folder)
        if mode is not None:
            return None if mode == FOLDER else unfit_file(folder, f"is no folder, so there can be no {path}")
        folder = posixpath.dirname(folder)
    return None


def _first_difference(path: str, wanted: bytes, present: bytes) -> Candidate:
    """Return the first line in which the file that is there differs from the one that is wanted."""
    pairs: Sequence[tuple[bytes | None, bytes | None]] = list(
        zip_longest(wanted.splitlines(keepends=True), present.splitlines(keepends=True))
    )
    number = next(index for index, (mine, other) in enumerate(pairs) if mine != other)
    expected, found = (_shown(line) for line in pairs[number])
    likeness = SequenceMatcher(None, wanted.splitlines(), present.splitlines(), autojunk=False).ratio()
    return Candidate(SourcePlace(path, number + 1), round(likeness, 2), (f"expected {expected}, found {found}",))


def _shown(line: bytes | None) -> str:
    return "the end of the file" if line is None else repr(line.decode(errors="backslashreplace"))
