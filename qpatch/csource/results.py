# SPDX-License-Identifier: GPL-2.0-or-later
"""What an edit ended as: one of five types.

`Applied`, `AlreadyThere`, `Drifted`, `Ambiguous` and `Skipped` are told apart by type; `status` is the word that
the command line prints.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SourcePlace:
    """A place in the target tree: path, line (from 1), and the source text there.

    `edited` marks a line that an earlier edit has written: it is counted in the file as edited so far.
    """

    path: str
    line: int
    snippet: str = ""
    edited: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}{' (as edited so far)' if self.edited else ''}"


@dataclass(frozen=True)
class Candidate:
    """A near miss: where it is, how alike (0..1), what differs token by token, in reading order.

    `differences` are phrases such as "expected 'QLIST_FOREACH', found 'QLIST_FOREACH_SAFE'".
    """

    place: SourcePlace
    likeness: float
    differences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Applied:
    """The edit was made `count` times in `path`; `moved_from` names the hinted path where the anchor was not.

    `warnings` are what may be wrong with the result.
    """

    path: str
    count: int = 1
    moved_from: str = ""
    places: tuple[SourcePlace, ...] = ()
    bindings: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    status = "applied"

    @property
    def message(self) -> str:
        """One line for the table of edits."""
        return f"moved from {self.moved_from} to {self.path}" if self.moved_from else ""


@dataclass(frozen=True)
class AlreadyThere:
    """The tree already has what the edit would bring.

    An edit that only takes away leaves nothing to be seen: it is `unproven` then, which is what it ends as unless
    another edit of its patch shows that the tree has the change.
    """

    path: str
    message: str = ""
    bindings: dict[str, str] = field(default_factory=dict)
    unproven: Drifted | None = None
    status = "already there"


@dataclass(frozen=True)
class Drifted:
    """The anchor or the hunk no longer matches.

    `suggestion` is a change to the strategy that makes the edit succeed: it was tried. `advice` is what else is known.
    `is_there` says of an anchor that could not be used that the tree has it: it is neither gone nor renamed. `searched`
    is what was looked through for candidates; '' where nothing was. `fits` is the number of places that the edit fits,
    where nothing but their number is wrong.
    """

    message: str
    path: str = ""
    candidates: tuple[Candidate, ...] = ()
    moved_to: tuple[str, ...] = ()
    suggestion: str = ""
    advice: str = ""
    is_there: bool = False
    searched: str = ""
    fits: int | None = None
    status = "drifted"


@dataclass(frozen=True)
class Ambiguous:
    """More places fit than the edit expects, or one inside a nesting that the hunk does not show.

    `suggestion`, `advice` and `fits` are as in `Drifted`; `fits_too_often` tells the first from the second.
    """

    message: str
    path: str = ""
    matches: tuple[SourcePlace, ...] = ()
    suggestion: str = ""
    advice: str = ""
    fits_too_often: bool = False
    fits: int | None = None
    status = "ambiguous"


@dataclass(frozen=True)
class Skipped:
    """The edit does not concern this tree, for a reason that the strategy gives."""

    message: str
    path: str = ""
    status = "skipped"


EditResult = Applied | AlreadyThere | Drifted | Ambiguous | Skipped
