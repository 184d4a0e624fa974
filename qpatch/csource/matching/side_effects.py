# SPDX-License-Identifier: GPL-2.0-or-later
"""Warns where a hunk writes code that may have a side effect more often than it stood there.

Whether a function has one is not known, so a call counts as code that may; a macro in capitals, a cast in QEMU, does
not. What stands in a `sizeof` is never carried out.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.csource.matching.placeholders import METAVARIABLE_KIND
from qpatch.csource.tokens import IDENTIFIER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qpatch.csource.syntax.term import Term

_CHANGING = frozenset({"++", "--", "=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})
_HARMLESS = frozenset({"sizeof", "typeof", "__typeof__", "offsetof", "container_of"})


def repeated_effects(old: Iterable[Term], new: Iterable[Term], bindings: Mapping[str, Term]) -> Iterator[str]:
    """Yield a warning for each metavariable that the terms `new` have more often than `old`, if it may do something."""
    before, after = (Counter(_metavariables(terms)) for terms in (old, new))
    for name, bound in bindings.items():
        if after[name] > before[name] and _may_act(bound.tokens):
            yield (
                f"${name} stands for `{' '.join(bound.tokens)}`, which is written {_times(after[name])} where it stood "
                f"{_times(before[name])}: if it has a side effect, that happens again"
            )


def _metavariables(terms: Iterable[Term]) -> Iterator[str]:
    """Yield the name of each metavariable whose code would be carried out."""
    pending = list(terms)
    while pending:
        term = pending.pop()
        if term.kind == METAVARIABLE_KIND:
            yield term.text[1:]
        elif term.kind != "sizeof_expression":
            pending += term.children


def _may_act(tokens: tuple[str, ...]) -> bool:
    if not _CHANGING.isdisjoint(tokens):
        return True
    called = (word for word, behind in pairwise(tokens) if behind == "(" and IDENTIFIER.fullmatch(word))
    return any(not word.isupper() and word not in _HARMLESS for word in called)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
