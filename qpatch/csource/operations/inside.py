"""Adds members inside a struct, a union, an enum or an initialiser, and cases inside a switch."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import block_of, context_of, layout_of
from qpatch.csource.edit import AddOperation, AnchorKind, Edit, Position
from qpatch.csource.matching.compare import differences, words
from qpatch.csource.matching.hunk import HunkLine, Sign
from qpatch.csource.matching.match import same_code
from qpatch.csource.matching.pattern import compile_pattern
from qpatch.csource.operations.changes import Changes, Outcome, place_of
from qpatch.csource.results import AlreadyThere, Ambiguous, Candidate, Drifted, Place
from qpatch.csource.syntax.layout import Replacement, column, reindent
from qpatch.csource.syntax.term import CASE, CASE_LABEL, Term, cases
from qpatch.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.anchors.locate import Located, Workspace
    from qpatch.csource.syntax.macros import MacroTable

_BLOCK_KINDS = frozenset({AnchorKind.STRUCT, AnchorKind.UNION, AnchorKind.ENUM, AnchorKind.INITIALIZER,
                          AnchorKind.SWITCH})
# What ends an array of entries, and stays its end.
_SENTINELS = frozenset({("{", "}"), ("{", "0", "}"), ("{", "NULL", "}"), ("NULL",),
                        ("DEFINE_PROP_END_OF_LIST", "(", ")"), ("VMSTATE_END_OF_LIST", "(", ")")})


def add_inside(edit: Edit, operation: AddOperation, located: Located, workspace: Workspace) -> Outcome:
    """Add the operation's text to the anchor's members, at their end or beside the one that it names.

    Raises UserError for an anchor that takes no members (a function: it is changed by a hunk).
    """
    if edit.anchor.kind not in _BLOCK_KINDS:
        raise UserError("add-needs-block", f"cannot add inside {edit.anchor}: only structs, unions, enums, "
                        "initializers, switches and files take additions at their end", where=edit.where,
                        hint="use a hunk, or `after:`/`before:` to add beside the symbol")
    return _Inside(edit, operation, located, workspace.table).outcome()


class _Inside:
    """An addition to the members of a struct, union, enum or initialiser."""

    def __init__(self, edit: Edit, operation: AddOperation, located: Located, table: MacroTable | None) -> None:
        self._table = table
        self._edit = edit
        self._operation = operation
        self._located = located
        self._block = block_of(located)
        self._layout = layout_of(located)
        self._source = located.parsed.source

    def outcome(self) -> Outcome:
        members = self._grouped(self._block.items)
        present = self._present(members)
        if present is not None:
            return present
        if self._operation.beside:
            named = [member for member in members if _is_named(member, self._operation.beside)]
            if len(named) != 1:
                return self._no_neighbour(members, len(named))
            after = self._operation.beside_position is Position.AFTER
            change = self._after(named[0]) if after else self._before(named[0])
        else:
            change = self._at_end(members)
        return Changes({self._located.path: [change]}, (place_of(self._located),))

    def _grouped(self, items: Sequence[Term]) -> Sequence[Term]:
        return cases(items) if self._edit.anchor.kind is AnchorKind.SWITCH else items

    def _present(self, members: Sequence[Term]) -> AlreadyThere | Drifted | None:
        """Tell whether the added members are there: all of them alike, or one with another content."""
        lines = tuple(HunkLine(Sign.CONTEXT, line, number)
                      for number, line in enumerate(self._operation.text.splitlines(), 1))
        added = self._grouped(compile_pattern(lines, context_of(self._edit.anchor.kind), self._table).items)
        if all(any(same_code(new, member) for member in members) for new in added):
            return AlreadyThere(self._located.path)
        for new in added:
            other = next((member for member in members if _name(member) == _name(new) != ""), None)
            if other is not None:
                place = Place(self._located.path, self._source.count(b"\n", 0, other.start) + 1, words(other.tokens))
                return Drifted(f"{self._edit.anchor} has a {_name(new)} already, with another content",
                               self._located.path, (Candidate(place, 1.0, differences(new.tokens, other.tokens)),),
                               suggestion="give what is added another name, or edit what is there")
        return None

    def _no_neighbour(self, members: Sequence[Term], count: int) -> Drifted | Ambiguous:
        place = place_of(self._located)
        message = f"{self._edit.anchor} has {count or 'no'} member{'s' * (count > 1)} named {self._operation.beside}"
        if count:
            return Ambiguous(message, self._located.path, (place,), "name a member that is there once")
        names = ", ".join(" ".join(member.tokens[:6]) for member in members[:12])
        return Drifted(message, self._located.path, (Candidate(place, 0.5, (f"its members begin: {names}",)),),
                       suggestion="beside: after <one of the members above>")

    def _at_end(self, members: Sequence[Term]) -> Replacement:
        if not members:
            position = self._block.start + 1
            return Replacement(position, position, b"\n" + self._lines("    ", 0))
        if members[-1].tokens in _SENTINELS or members[-1].tokens[0] == "default":
            return self._before(members[-1])
        return self._after(members[-1])

    def _after(self, member: Term) -> Replacement:
        end = member.end
        comma = b""
        if self._located.symbol is not None and self._located.symbol.kind in (AnchorKind.ENUM, AnchorKind.INITIALIZER):
            rest = self._source[end:].lstrip()
            comma = b"" if rest.startswith(b",") else b","
            end = end + self._source[end:].index(b",") + 1 if not comma else end
        trailing = self._layout.after_trailing_comments(end)
        text = comma + self._source[end:trailing] + b"\n" + self._lines(self._layout.indentation(member.start), 0)
        return Replacement(end, trailing, text)

    def _before(self, member: Term) -> Replacement:
        position = self._layout.before_leading_comments(self._layout.line_start(member.start))
        return Replacement(position, position, self._lines(self._layout.indentation(member.start), 0) + b"\n")

    def _lines(self, indentation: str, shift: int) -> bytes:
        lines = textwrap.dedent(self._operation.text).strip("\n").split("\n")
        shifted = reindent(lines, column(indentation) + shift, tabs="\t" in indentation)
        return "\n".join(shifted).encode(errors="surrogateescape")


def _is_named(member: Term, name: str) -> bool:
    """Tell whether a member is called `name`: a field, an enumerator, `.field`, or an entry that begins with it."""
    if member.kind == CASE:
        leading = tuple(token for child in member.children if child.kind == CASE_LABEL for token in child.tokens)
    else:
        leading = member.tokens[:member.tokens.index("=")] if "=" in member.tokens else member.tokens
    return any(token.strip('"') == name for token in leading)


def _name(member: Term) -> str:
    """Return the name that no second member of the block may have, '' for a member without one."""
    if member.kind == CASE:
        return words(member.children[0].tokens).rstrip(" :")
    if member.kind == "field_declaration":
        names = [leaf.text for leaf in member.leaves() if leaf.kind == "field_identifier"]
        return names[0] if names else ""
    if member.kind == "enumerator":
        return member.tokens[0]
    return "".join(member.children[0].tokens) if member.kind == "initializer_pair" else ""
