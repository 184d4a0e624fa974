# SPDX-License-Identifier: GPL-2.0-or-later
"""The names of members, entries and cases: those that `beside:` may call them by, and those that none may have twice.

What a message calls a member can be written behind `beside:` as it is printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.matching.compare import cut_to_line, words
from qpatch.csource.syntax.term import CASE, CASE_LABEL, Term
from qpatch.csource.tokens import IDENTIFIER, c_tokens, without_comments
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

# What separates members, and parts of them: a parsed member has it or not, as its kind is.
_SEPARATORS = frozenset({",", ";", ":"})


def is_named(member: Term, name: str) -> bool:
    """Tell whether a member is called `name`: a field, an enumerator, `.field`, or an entry that has it.

    `name` may be the word or string alone, the whole of what stands before the `=`, or the whole member.
    """
    leading = _leading(member)
    if any(name in (token, token.strip('"')) for part in leading for token in part):
        return True
    wanted = _compared(name)
    joined = "".join(wanted)
    return any(
        "".join(token for token in part if token not in _SEPARATORS) == joined and _compared(" ".join(part)) == wanted
        for part in (*leading, member.tokens)
        if wanted
    )


def written_name(member: Term, members: Sequence[Term], source: bytes) -> str:
    """Return how `beside:` can call a member: by a name that none of the other `members` has, else all of it.

    An entry of a list is written whole where that is short. One that nothing short tells from the others is cut off.
    """
    fields = _declared_fields(member) if member.kind == "field_declaration" else []
    short = fields[0].text if fields else ""
    if member.kind in ("initializer_pair", "enumerator"):
        short = "".join(_leading(member)[0])
    elif member.kind == CASE:
        short = words(member.children[0].tokens).rstrip(" :")
    if short and _is_alone(short, members):
        return short
    lines = without_comments(source[member.start : member.end].decode(errors="replace")).split("\n")
    whole = " ".join(filter(None, map(str.strip, lines)))
    if len(whole) > thresholds().limits.shown_line:
        for token in (token for part in _leading(member) for token in part):
            if (IDENTIFIER.fullmatch(token) or token.startswith('"')) and _is_alone(token, members):
                return token
    return cut_to_line(whole)


def _is_alone(name: str, members: Sequence[Term]) -> bool:
    return sum(is_named(member, name) for member in members) == 1


def _leading(member: Term) -> list[tuple[str, ...]]:
    """Return the tokens that a member's names are among: those before its value; for a case, those of each label."""
    if member.kind == CASE:
        return [tuple(child.tokens) for child in member.children if child.kind == CASE_LABEL]
    tokens = tuple(member.tokens)
    return [tokens[: tokens.index("=")] if "=" in tokens else tokens]


def _compared(code: str) -> list[str]:
    """Return the tokens of code that are compared where it stands for a member."""
    return [token.text for token in c_tokens(code) if token.text not in _SEPARATORS]


def unique_names(member: Term) -> frozenset[str]:
    """Return the names that no second member of the block may have."""
    if member.kind == CASE:
        return frozenset({words(member.children[0].tokens).rstrip(" :")})
    if member.kind == "field_declaration":
        return frozenset(leaf.text for leaf in _declared_fields(member))
    if member.kind == "enumerator":
        return frozenset(member.tokens[:1])
    return frozenset({"".join(member.children[0].tokens)}) if member.kind == "initializer_pair" else frozenset()


def _declared_fields(member: Term) -> list[Term]:
    """Return the names of the fields that a declaration adds to its struct: those of an inner one if it has no name."""
    inner = [list(term.leaves()) for term in member.below() if term.kind == "field_declaration_list"]
    hidden = {leaf for leaves in inner for leaf in leaves}
    fields = [leaf for leaf in member.leaves() if leaf.kind == "field_identifier"]
    own = [leaf for leaf in fields if leaf not in hidden]
    return own or [leaf for term in _inner_members(member) for leaf in _declared_fields(term)]


def _inner_members(member: Term) -> list[Term]:
    """Return the declarations of the struct or union that a declaration defines."""
    body = next((term for term in member.below() if term.kind == "field_declaration_list"), None)
    return [term for term in body.items if term.kind == "field_declaration"] if body is not None else []
