# SPDX-License-Identifier: GPL-2.0-or-later
"""What an edit changes about the flow of control without showing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qpatch.csource.syntax.term import Term

_SHOWN_TOKENS = 8


@dataclass(frozen=True)
class FlowChange:
    """A change of the flow of control: what it is, the statement of the new source that it happens to, and a remedy."""

    what: str
    statement: Term
    remedy: str
    lacks_braces: bool = False


def opening_words(term: Term) -> str:
    """Return the beginning of a statement, for a message."""
    return f"`{' '.join(term.tokens[:_SHOWN_TOKENS])}{' ...' if len(term.tokens) > _SHOWN_TOKENS else ''}`"
