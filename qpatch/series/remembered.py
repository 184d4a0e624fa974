# SPDX-License-Identifier: GPL-2.0-or-later
"""Remembers what patches came to on a commit: the same edits, by the same qpatch, come to the same.

Their messages may be others, and the edits may stand elsewhere in the strategy, for another reason: what becomes of
them does not hang on that. Only what could be rendered is kept. Of a file that a patch changes, an entry has the lines
that differ from the file before it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qpatch.cells.base import Status
from qpatch.csource.edit import NOWHERE, MoveOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.results import AlreadyThere, Applied, Skipped, SourcePlace
from qpatch.csource.source import Overlay
from qpatch.csource.workspace import EditWorkspace
from qpatch.fingerprint import fingerprint, own_fingerprint
from qpatch.series.attempt import AttemptedPatches, attempt_patches
from qpatch.series.plan import Decision, EditOutcome, PatchOutcome
from qpatch.strategy.bind import SkippedEdit, UndecidedEdit
from qpatch.trees.memory import memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from qpatch.csource.edit import AnchorKind, Edit
    from qpatch.csource.results import EditResult
    from qpatch.csource.source import SourceTree
    from qpatch.series.open_tree import OpenTree
    from qpatch.strategy.bind import BoundPatch, Step

_KINDS: Mapping[str, type[Applied | AlreadyThere | Skipped]] = {
    kind.__name__: kind for kind in (Applied, AlreadyThere, Skipped)
}


def attempt_or_recall(patches: Sequence[BoundPatch], target: OpenTree) -> AttemptedPatches:
    """Return what `patches` come to on a tree: from the memory, else by carrying them out; see `attempt_patches`."""
    if _depends_on_more(patches):
        return attempt_patches(patches, _workspace(target))
    digest = _digest("attempt", _edits_of(patches), target)
    known = memory().recall(digest)
    if known is not None:
        return _restored(known, patches, target.source)
    tried = attempt_patches(patches, _workspace(target))
    if tried.decision.status is Status.RENDERED:
        memory().remember(digest, _stored(tried, target.source))
    return tried


def told_or_recalled(target: OpenTree, patches: Sequence[BoundPatch], ask: Callable[[], str]) -> str:
    """Return what `ask` says of `patches` on a tree, from the memory where it was asked before."""
    if _depends_on_more(patches):
        return ask()
    digest = _digest("told", [[patch.subject for patch in patches], _edits_of(patches)], target)
    known: str | None = memory().recall(digest)
    if known is None:
        known = ask()
        memory().remember(digest, known)
    return known


def _depends_on_more(patches: Sequence[BoundPatch]) -> bool:
    """Tell whether what becomes of `patches` hangs on more than a digest has: doubts, the user's kinds of anchors."""
    if any(isinstance(step, UndecidedEdit) for patch in patches for step in patch.steps):
        return True
    kinds = (kind for patch in patches for edit in patch.edits for kind in _kinds_of(edit))
    return any(ANCHOR_KINDS.get(kind.word) is not kind for kind in kinds)


def _kinds_of(edit: Edit) -> Iterator[AnchorKind]:
    yield edit.anchor.kind
    if isinstance(edit.operation, MoveOperation):
        yield edit.operation.target.kind


def _edits_of(patches: Sequence[BoundPatch]) -> list[object]:
    """Return of `patches` what becomes of them hangs on."""
    return [([_without_place(step) for step in patch.steps], patch.partial, patch.unwanted) for patch in patches]


def _without_place(step: Step) -> Step:
    if isinstance(step, SkippedEdit | UndecidedEdit):
        return replace(step, where=NOWHERE)
    return replace(step, where=NOWHERE, why="")


def _digest(question: str, patches: object, target: OpenTree) -> str:
    return fingerprint(own_fingerprint(), question, target.info.kind, target.source.commit, patches)


def _workspace(target: OpenTree) -> EditWorkspace:
    return EditWorkspace(Overlay(target.source), target.cache)


def _stored(tried: AttemptedPatches, tree: SourceTree) -> dict[str, Any]:
    files = _Files(tree)
    return {
        "kept": tried.decision.kept,
        "results": [[_stored_result(edit.result) for edit in patch.edits] for patch in tried.outcomes],
        "changes": [{path: files.difference(path, new) for path, new in changed.items()} for changed in tried.changes],
        "modes": tried.modes,
    }


def _stored_result(result: EditResult) -> list[Any]:
    """Return the kind of a result and its fields."""
    values = {**vars(result)}
    if isinstance(result, Applied):
        values["places"] = [vars(place) for place in result.places]
    values.pop("unproven", None)  # The other edits of the patch have proven it.
    return [type(result).__name__, values]


def _restored(known: Any, patches: Sequence[BoundPatch], tree: SourceTree) -> AttemptedPatches:
    files = _Files(tree)
    return AttemptedPatches(
        tuple(
            PatchOutcome(patch.subject, patch.partial, tuple(_outcomes(patch, results)), patch.unwanted)
            for patch, results in zip(patches, known["results"], strict=True)
        ),
        tuple(
            {path: files.with_difference(path, new) for path, new in changed.items()} for changed in known["changes"]
        ),
        tuple(known["modes"]),
        Decision(Status.RENDERED, kept=tuple(known["kept"])),
    )


def _outcomes(patch: BoundPatch, results: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[EditOutcome]:
    for step, (kind, values) in zip(patch.steps, results, strict=True):
        for name in ("places", "warnings"):
            if name in values:
                values[name] = tuple(SourcePlace(**item) if name == "places" else item for item in values[name])
        result = _KINDS[kind](**values)
        if isinstance(step, SkippedEdit | UndecidedEdit):
            yield EditOutcome(step.anchor, step.where, result)
        else:
            yield EditOutcome(str(step.anchor), step.where, result, step)


class _Files:
    """The files of a tree while the changes of one patch after the other are made to them."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._changed: dict[str, bytes | None] = {}

    def difference(self, path: str, new: bytes | None) -> list[Any] | None:
        """Note the new content of a file and return how it differs, None where the file goes away.

        It is how many bytes stay at the beginning and at the end, and the text between them.
        """
        old = self._content(path)
        self._changed[path] = new
        if new is None:
            return None
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
        head = _common(before, after)
        tail = _common(before[head:][::-1], after[head:][::-1])
        between = b"".join(after[head : len(after) - tail])
        return [_size(after[:head]), _size(after[len(after) - tail :]), between.decode("latin-1")]

    def with_difference(self, path: str, difference: Sequence[Any] | None) -> bytes | None:
        """Note the new content of a file and return it, None where the file goes away; see `difference`."""
        old = self._content(path)
        self._changed[path] = None
        if difference is not None:
            head, tail, between = difference
            self._changed[path] = old[:head] + between.encode("latin-1") + old[len(old) - tail :]
        return self._changed[path]

    def _content(self, path: str) -> bytes:
        return (self._changed[path] if path in self._changed else self._tree.read(path)) or b""


def _common(lines: Sequence[bytes], others: Sequence[bytes]) -> int:
    """Return how many lines at the beginning are the same."""
    pairs = enumerate(zip(lines, others, strict=False))
    return next((index for index, (line, other) in pairs if line != other), min(len(lines), len(others)))


def _size(lines: Sequence[bytes]) -> int:
    return sum(map(len, lines))
