# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of a series once every edit has been tried: rule 8 of the edit language.

A patch whose edits are all there already is dropped and the series renumbered; a partly applied one is drift
unless its strategy says `partial: ok`; one miss fails the whole series; a series without patches has landed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.cells.base import Status
from qpatch.csource.listing import told_places
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted, EditResult, Skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.edit import Edit
    from qpatch.errors import Location
    from qpatch.series.model import PlannedSeries
    from qpatch.series.open_tree import OpenTree


@dataclass(frozen=True)
class EditOutcome:
    """What an edit, named by its anchor and its place, ended as; `edit` is None where it was skipped.

    `builds_on` are the places of the earlier edits that missed and would have brought what this one mentions.
    """

    anchor: str
    where: Location
    result: EditResult
    edit: Edit | None = None
    builds_on: tuple[Location, ...] = ()

    @property
    def missed(self) -> bool:
        """Whether the edit drifted or is ambiguous."""
        return isinstance(self.result, Drifted | Ambiguous)

    @property
    def message(self) -> str:
        """One line for the table of edits, with the places that an ambiguous one fits."""
        result = self.result
        if not isinstance(result, Ambiguous) or not result.matches:
            return result.message
        return f"{result.message} ({told_places(result.matches, result.path)})"


@dataclass(frozen=True)
class PatchOutcome:
    """A patch's subject, whether it may apply in part, its edits' outcomes, why it is not wanted."""

    subject: str
    partial: bool
    edits: tuple[EditOutcome, ...]
    unwanted: str = ""

    @property
    def missed(self) -> bool:
        """Whether an edit drifted or is ambiguous."""
        return any(outcome.missed for outcome in self.edits)

    @property
    def is_there(self) -> bool:
        """Whether the tree has all that the patch would bring."""
        return self._has(AlreadyThere) and not self._has(Applied)

    @property
    def half_there(self) -> bool:
        """Whether the tree has a part of what the patch would bring, and the strategy does not allow that."""
        return self._has(AlreadyThere) and self._has(Applied) and not self.partial

    @property
    def applies(self) -> bool:
        """Whether the patch changes the tree."""
        return self._has(Applied)

    def _has(self, kind: type[Applied | AlreadyThere | Skipped]) -> bool:
        return any(isinstance(outcome.result, kind) for outcome in self.edits)


@dataclass(frozen=True)
class Decision:
    """What becomes of the series: the status, the reason in words, the indices of kept patches."""

    status: Status
    reason: str = ""
    kept: tuple[int, ...] = ()


@dataclass(frozen=True)
class SeriesAttempt:
    """What a strategy comes to on a tree, nothing written; `planned` is set where it can be rendered."""

    strategy: str
    target: OpenTree
    decision: Decision
    patches: tuple[PatchOutcome, ...] = ()
    planned: PlannedSeries | None = None

    @property
    def missed(self) -> bool:
        """Whether an edit of it drifted or is ambiguous."""
        return any(patch.missed for patch in self.patches)


def decide(patches: Sequence[PatchOutcome]) -> Decision:
    """Decide over `patches` by rule 8; the first that misses gives the reason."""
    for number, patch in enumerate(patches, start=1):
        where = f"patch {number} ({patch.subject})"
        if patch.missed:
            return _miss(patch, where, patches[number:])
        if patch.half_there:
            there = ", ".join(outcome.anchor for outcome in patch.edits if isinstance(outcome.result, AlreadyThere))
            return Decision(
                Status.DRIFTED,
                f"{where}: the tree has a part of it already ({there}); `partial: ok` in the strategy would allow that",
            )
    kept = tuple(index for index, patch in enumerate(patches) if patch.applies)
    if kept:
        return Decision(Status.RENDERED, kept=kept)
    if any(patch.is_there for patch in patches):
        return Decision(Status.LANDED, "the tree has every edit of every patch already")
    return Decision(Status.VOID, "no edit of the strategy concerns this tree")


def _miss(patch: PatchOutcome, where: str, later: Sequence[PatchOutcome]) -> Decision:
    missed = [outcome for outcome in patch.edits if outcome.missed]
    first = missed[0]
    others = len(missed) - 1 + sum(outcome.missed for other in later for outcome in other.edits)
    more = f" (and {others} more)" if others else ""
    named = "" if first.anchor in first.message else f"{first.anchor}: "
    reason = f"{where}: {named}{first.message}{more}"
    drifted = any(isinstance(outcome.result, Drifted) for outcome in missed)
    return Decision(Status.DRIFTED if drifted else Status.AMBIGUOUS, reason)
