# SPDX-License-Identifier: GPL-2.0-or-later
"""What a metavariable can stand for as the type of a declaration: `struct t`, `const struct t *`, `unsigned long`.

In C's grammar the parts of a type lie apart: qualifiers and specifiers are members of the declaration, the stars belong
to the declarator. Here they are put together as one term, with what is left of the declaration behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from qpatch.csource.syntax.term import Term

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SPECIFIERS = frozenset(
    {
        "enum_specifier",
        "macro_type_specifier",
        "primitive_type",
        "sized_type_specifier",
        "struct_specifier",
        "type_identifier",
        "type_qualifier",
        "union_specifier",
    }
)
_POINTERS = frozenset({"pointer_declarator", "abstract_pointer_declarator"})
_INITIALIZED = "init_declarator"


@dataclass(frozen=True)
class WrittenType:
    """A type as one term, and the members of the declaration behind it, its declarator without the type's stars."""

    term: Term
    behind: Sequence[Term]


def types_at(members: Sequence[Term], index: int) -> Iterator[WrittenType]:
    """Yield the types of more than one member that begin at `index`, and those with the stars of a lone declarator."""
    end = index
    while end < len(members) and members[end].kind in _SPECIFIERS:
        end += 1
    if end == index:
        return
    parts = list(members[index:end])
    if len(parts) > 1:
        yield WrittenType(_type(parts), members[end:])
    if any(member.text == "," for member in members[end:]):  # The star is that of the first declarator alone.
        return
    while end < len(members) and (split := _without_star(members[end])) is not None:
        stars, declarator = split
        parts += stars
        members = [*members[:end], declarator, *members[end + 1 :]]
        yield WrittenType(_type(parts), members[end:])


def _type(parts: Sequence[Term]) -> Term:
    tokens = tuple(chain.from_iterable(part.tokens for part in parts))
    return Term("type", parts[0].start, parts[-1].end, children=list(parts), tokens=tokens)


def _is_declarator(term: Term) -> bool:
    """Tell whether a part of a pointer is what it declares, perhaps without a name (`char *[]`), and no star."""
    return term.text != "*" and term.kind != "type_qualifier"


def _without_star(term: Term) -> tuple[list[Term], Term] | None:
    """Return a pointer's star with its qualifiers, and the declarator without them; None for what is no pointer."""
    if term.kind in _POINTERS and _is_declarator(term.children[-1]):
        return term.children[:-1], term.children[-1]
    inner = _without_star(term.children[0]) if term.kind == _INITIALIZED else None
    if inner is None:
        return None
    stars, declarator = inner
    children = [declarator, *term.children[1:]]
    tokens = tuple(chain.from_iterable(child.tokens for child in children))
    return stars, Term(_INITIALIZED, declarator.start, term.end, children=children, tokens=tokens)
