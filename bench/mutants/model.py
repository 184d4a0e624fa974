# SPDX-License-Identifier: GPL-2.0-or-later
"""What a mutant is, what is right for it, and what can become of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.mutants.cases import Case, Tree


class Outcome(enum.StrEnum):
    """What became of a mutant."""

    RIGHT = "right"
    LOUD_AND_RIGHT = "loud, right cause"
    LOUD_BUT_POOR = "loud but poor"
    FALSE_ALARM = "false alarm"
    BROKEN = "broken"
    SILENT_WRONG = "silent wrong"
    CRASH = "crash"
    HANG = "hang"


@dataclass(frozen=True)
class Expected:
    """What is right: the edit comes to exactly `result`, or (`loud`) it is refused, or either of them.

    An explanation is right if it has a word of each of `causes`; `place` is (path, line) of what it should name first.
    """

    result: Tree | None = None
    loud: bool = False
    causes: tuple[tuple[str, ...], ...] = ()
    place: tuple[str, int] | None = None


@dataclass(frozen=True)
class Mutant:
    """A case on a mutated tree; `kind` groups, `variety` is how it was mutated, `detail` tells it from others."""

    kind: str
    variety: str
    case: Case
    tree: Tree
    expected: Expected
    detail: str = ""

    @property
    def identity(self) -> str:
        """The name by which it is drawn again from the same seed."""
        return " / ".join(part for part in (self.variety, self.case.name, self.detail) if part)


@dataclass(frozen=True)
class Trial:
    """What became of a mutant, and what qpatch said; `first` tells whether the candidate named first was right."""

    mutant: Mutant
    outcome: Outcome
    said: str = ""
    first: bool | None = None


def refused(*causes: str | tuple[str, ...], place: tuple[str, int] | None = None) -> Expected:
    """Return that the edit must be refused, for `causes`: each a word, or some of which one will do."""
    return Expected(None, True, tuple((cause,) if isinstance(cause, str) else cause for cause in causes), place)
