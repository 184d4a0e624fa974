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


def concerns_whole_file(edit: Edit) -> bool:
    """Tell whether `edit` creates, deletes or renames a file, or changes its mode."""
    if isinstance(edit.operation, CreateOperation | RenameOperation | ModeOperation):
        return True
    return isinstance(edit.operation, DeleteOperation) and edit.anchor.kind.text_scope is TextScope.FILE


def apply_file_edit(edit: Edit, tree: Overlay) -> EditResult:
    """Carry out an edit that `concerns_whole_file`; the tree changes only where the result is Applied."""
    path, operation = edit.anchor.path, edit.operation
    if isinstance(operation, CreateOperation):
        return _create(path, operation, tree)
    if isinstance(operation, RenameOperation):
        return _rename(path, operation.target, tree)
    if isinstance(operation, ModeOperation):
        return _change_mode(path, operation.mode, tree)
    return _delete(path, tree)


def _create(path: str, operation: CreateOperation, tree: Overlay) -> EditResult:
    present = tree.read(path)
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


def _rename(old: str, new: str, tree: Overlay) -> EditResult:
    refused = _refused(old, tree)
    if refused is None:
        if tree.read(new) is not None:
            return unfit_file(old, f"cannot become {new}: there are files of both names")
        obstacle = _obstacle(new, tree, leaving=old)
        if obstacle is not None:
            return obstacle
        tree.rename(old, new)
        return Applied(new, moved_from=old)
    became_folder = tree.mode(old) == FOLDER and new.startswith(f"{old}/")
    if (became_folder or tree.mode(old) is None) and tree.read(new) is not None:
        tree.renamed[old] = new
        return AlreadyThere(new, f"{old} is called {new}")
    return refused


def _change_mode(path: str, mode: str, tree: Overlay) -> EditResult:
    content = tree.read(path)
    refused = _refused(path, tree)
    if refused is not None or content is None:
        return refused or missing_file(path, tree)
    if tree.mode(path) == mode:
        return AlreadyThere(path, f"{path} has the mode {mode}")
    tree.changed[path], tree.modes[path] = content, mode
    return Applied(path)


def _delete(path: str, tree: Overlay) -> EditResult:
    refused = _refused(path, tree)
    if refused is None:
        tree.delete(path)
        return Applied(path)
    if tree.mode(path) is not None:
        return refused
    alike = _may_be_renamed_to(path, tree)
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
