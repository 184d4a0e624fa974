# SPDX-License-Identifier: GPL-2.0-or-later
"""The result of rendering a strategy on a tree, or of rendering it anew on a newer one."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import field_validator, model_validator

from qpatch.cells.base import MISSED, CellResult, PlainData, Status
from qpatch.cells.key import Stage
from qpatch.errors import ExitCode


class RenderedPatch(PlainData):
    """One patch of a rendered series: the mail's file name, the subject, the commit's id."""

    file: str
    subject: str
    commit: str


class Remark(PlainData):
    """What checkpatch says of a line of the mail `file`; `level` is ERROR, WARNING or CHECK."""

    file: str
    line: int
    level: str
    text: str
    source: str = ""

    def __str__(self) -> str:
        """Format as checkpatch --terse does."""
        return f"{self.file}:{self.line}: {self.level}: {self.text}"


class EditChange(PlainData):
    """An edit that ends differently: how it ended, and in which file, on the old and the new tree."""

    patch: str
    anchor: str
    old: str
    new: str
    message: str = ""


class EditRow(PlainData):
    """How one edit ended: its patch (a number in the strategy, from 1), the file, the anchor, one of five words.

    `count` is how often it was made. `explanation` is what `--explain` prints: the place in the strategy, and for a
    miss all that is needed to mend it. `warnings` are what may be wrong with the result of an edit that was made.
    """

    patch: int
    file: str
    anchor: str
    status: str
    count: int
    message: str
    explanation: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def missed(self) -> bool:
        """Whether the edit drifted or is ambiguous."""
        return self.status in MISSED


class TriedPatch(PlainData):
    """A patch of the strategy that was tried: its subject, whether it is in the series, why it is not wanted."""

    subject: str
    kept: bool = False
    unwanted: str = ""


class RenderedResult(CellResult):
    """What a strategy came to on a tree.

    `base` and `tip` are commits, `directory` holds the mails, `patches` are those of the series (none in a dry run);
    `edits` and `tried` tell of the strategy's patches. `remarks` is what checkpatch said, None
    where it was not run. `from_status` is None but in a rebase: what the strategy came to on the old tree, to which
    `range_diff` ('' where one of the trees has no series) and `changes` compare it.
    """

    stage: ClassVar = Stage.RENDERED
    layout: ClassVar[tuple[str, ...]] = (
        *("strategy", "tree", "component", "status", "reason", "base", "tip", "directory", "patches", "edits"),
        *("from_status", "range_diff", "cover_diff", "changes", "error", "stage", "tried", "remarks"),
    )
    left_out: ClassVar = frozenset({"error", "from_status"})
    successes: ClassVar = frozenset({Status.RENDERED})
    failure_code: ClassVar = ExitCode.USAGE  # the strategy is at fault

    status: Status
    base: str = ""
    tip: str = ""
    directory: str = ""
    patches: tuple[RenderedPatch, ...] = ()
    edits: tuple[EditRow, ...] = ()
    tried: tuple[TriedPatch, ...] = ()
    remarks: tuple[Remark, ...] | None = None
    from_status: Status | None = None
    range_diff: str = ""
    cover_diff: str = ""
    changes: tuple[EditChange, ...] = ()

    @field_validator("from_status")
    @classmethod
    def _check_from_status(cls, status: Status | None) -> Status | None:
        """Refuse what a series on the old tree cannot have come to."""
        if status is not None:
            cls._check_status(status)
        return status

    @model_validator(mode="after")
    def _check_rebase(self) -> Self:
        """Refuse a comparison with nothing."""
        if self.from_status is None and (self.range_diff or self.cover_diff or self.changes):
            raise ValueError("what is compared with an old tree has a from_status")
        return self

    def absent(self) -> set[str]:
        """Return the keys that this result leaves out: only a rebase compares with an old tree."""
        return super().absent() | ({"range_diff", "cover_diff", "changes"} if self.from_status is None else set())

    @property
    def patch_count(self) -> int:
        """How many patches the series has, also where a dry run has not written them."""
        return sum(patch.kept for patch in self.tried)
