# SPDX-License-Identifier: GPL-2.0-or-later
"""The three answers to a question about a tree: yes, no, cannot tell; and how they combine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qpatch.csource.results import SourcePlace


@dataclass(frozen=True)
class CannotTell:
    """The tree has evidence that can be read either way: what it is, and where it stands."""

    reason: str
    place: SourcePlace

    def __str__(self) -> str:
        return f"{self.reason} ({self.place})"


Answer: TypeAlias = bool | CannotTell
Value: TypeAlias = int | CannotTell
"""What is known of a capability: an answer, or a number where it is one (`qpatch.capabilities.numbers`)."""


def every(answers: Iterable[Answer]) -> Answer:
    """Return no where one answer is no, else the first doubt, else yes; looks no further than the first no."""
    doubt: Answer = True
    for answer in answers:
        if answer is False:
            return False
        if doubt is True:
            doubt = answer
    return doubt


def some(answers: Iterable[Answer]) -> Answer:
    """Return yes where one answer is yes, else the first doubt, else no; looks no further than the first yes."""
    doubt: Answer = False
    for answer in answers:
        if answer is True:
            return True
        if doubt is False:
            doubt = answer
    return doubt


def opposite(answer: Answer) -> Answer:
    """Return yes for no, no for yes; a doubt stays one."""
    return answer if isinstance(answer, CannotTell) else not answer
