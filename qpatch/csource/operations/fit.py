# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of a hunk at a place where it was tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.results import AlreadyThere, Ambiguous, Drifted

if TYPE_CHECKING:
    from qpatch.csource.results import SourcePlace
    from qpatch.csource.syntax.layout import Replacement


@dataclass(frozen=True)
class HunkFit:
    """A hunk that fits: the replacements that carry it out, where, and what its metavariables stand for.

    `shown` are the places in the source of what the hunk shows, `warnings` what may be wrong with the result.
    """

    replacements: list[Replacement]
    places: tuple[SourcePlace, ...]
    bindings: dict[str, str]
    shown: frozenset[int] = frozenset()
    warnings: tuple[str, ...] = ()


Outcome = HunkFit | AlreadyThere | Drifted | Ambiguous
