# SPDX-License-Identifier: GPL-2.0-or-later
"""Adds members inside a struct, a union, an enum or an initialiser, and cases inside a switch."""

from __future__ import annotations

import textwrap
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import block_of, layout_of
from qpatch.csource.changes import Outcome, PlannedChanges, place_of
from qpatch.csource.checks import added_members
from qpatch.csource.edit import AddOperation, Edit, Position
from qpatch.csource.matching.compare import differences, words
from qpatch.csource.matching.match import same_code
from qpatch.csource.matching.pattern import Context
from qpatch.csource.operations.arms import unclear_comma
from qpatch.csource.operations.member_names import is_named, unique_names, written_name
from qpatch.csource.results import AlreadyThere, Ambiguous, Candidate, Drifted, SourcePlace
from qpatch.csource.soundness.flexible import is_flexible
from qpatch.csource.soundness.jumps import leaves
from qpatch.csource.syntax.coding_style import coding_style
from qpatch.csource.syntax.commas import UnclearCommaError, separated, with_comma
from qpatch.csource.syntax.directives import is_directive, with_gaps
from qpatch.csource.syntax.indentation import relevelled
from qpatch.csource.syntax.layout import DIRECTIVE_LINE, Replacement
from qpatch.csource.syntax.ownership import own_comments
from qpatch.csource.syntax.term import CASE, Term, hidden_arms
from qpatch.thresholds import thresholds
from qpatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.syntax.indentation import Indentation
    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor

_COMMA_LISTS = frozenset({Context.ENUMERATORS, Context.ENTRIES})


def add_inside(edit: Edit, operation: AddOperation, located: LocatedAnchor, workspace: EditWorkspace) -> Outcome:
    """Add the operation's text to the anchor's members, at their end or beside the one that it names.

    Raises UserError for an addition of nothing but comments, or of what is no C.
    """
    return _Inside(edit, operation, located, workspace.table).outcome()


class _Inside:
    """An addition to the members of a struct, union, enum or initialiser."""

    def __init__(self, edit: Edit, operation: AddOperation, located: LocatedAnchor, table: MacroTable | None) -> None:
        self._table = table
        self._edit = edit
        self._operation = operation
        self._located = located
        self._block = block_of(located)
        self._layout = layout_of(located)
        self._source = located.parsed.source

    def outcome(self) -> Outcome:
        members = self._edit.anchor.handler.members(self._block.items)
        present = self._present(members)
        if present is not None:
            return present
        if not self._operation.beside:
            return self._unclear_end(members) or self._changes(self._at_end(members))
        named = [member for member in members if is_named(member, self._operation.beside)]
        if len(named) != 1:
            return self._no_neighbour(members, named)
        if named[0] not in self._outside_arms(members):
            return Ambiguous(
                f"{self._operation.beside} stands in an #if arm of {self._edit.anchor}",
                self._located.path,
                (self._place(named[0]),),
                "name a member that is under no #if, or write a hunk that shows the arm",
            )
        after = self._operation.beside_position is Position.AFTER
        above = members.index(named[0]) - (not after)
        if above >= 0 and _falls_through(members[above]):
            return self._falls_into_addition(members[above])
        if after:
            return self._changes(self._after(named[0]), named[0].start)
        return self._changes(self._before(named[0]))  # Nothing shows that what is added falls into the named case.

    def _changes(self, change: Replacement, *shown: int) -> PlannedChanges | Ambiguous:
        if self._is_comma_list:
            try:
                change = separated(change, self._block, self._layout)
            except UnclearCommaError as unclear:
                return unclear_comma(self._edit, self._located, unclear)
        changes, place = {self._located.path: [change]}, place_of(self._located)
        return PlannedChanges(changes, (place,), self._located.moved_from, shown=frozenset(shown))

    def _outside_arms(self, members: Sequence[Term]) -> list[Term]:
        """Return the members that stand in no `#if` arm."""
        arms = hidden_arms(self._block)
        return [
            member
            for member in members
            if not member.is_directive and not any(start <= member.start < end for start, end in arms)
        ]

    def _unclear_end(self, members: Sequence[Term]) -> Ambiguous | None:
        """Refuse an end where nothing can be put: behind a case that falls through, or in an `#if` arm."""
        last = members[-1] if members else None
        above = members[-2:-1] if last is not None and _stays_last(last) else members[-1:]
        if above and _falls_through(above[0]):
            return self._falls_into_addition(above[0])
        if last is None or last.is_directive or last in self._outside_arms(members):
            return None
        return unclear_comma(self._edit, self._located, UnclearCommaError(last.end))

    def _falls_into_addition(self, case: Term) -> Ambiguous:
        name = min(unique_names(case), default="")
        return Ambiguous(
            f"{name} of {self._edit.anchor} ends in no jump: it would fall into what is added",
            self._located.path,
            (self._place(case),),
            "write a hunk that shows the cases around",
        )

    def _place(self, member: Term) -> SourcePlace:
        return SourcePlace(self._located.path, self._source.count(b"\n", 0, member.start) + 1, words(member.tokens))

    def _present(self, members: Sequence[Term]) -> AlreadyThere | Drifted | None:
        """Tell whether the added members are there: all of them alike, or one with another content."""
        added = added_members(self._operation.text, self._edit.anchor, self._table)
        if all(any(same_code(new, member) for member in self._outside_arms(members)) for new in added):
            return AlreadyThere(self._located.path)
        if any(new.is_directive for new in added) and _stand_together(added, members):
            return AlreadyThere(self._located.path)
        for new in added:
            other = next((member for member in members if unique_names(member) & unique_names(new)), None)
            if other is not None:
                near = Candidate(self._place(other), 1.0, differences(new.tokens, other.tokens))
                name = min(unique_names(other) & unique_names(new))
                return Drifted(
                    f"{self._edit.anchor} has a {name} already, with another content",
                    self._located.path,
                    (near,),
                    suggestion="give what is added another name, or edit what is there",
                )
        return None

    def _no_neighbour(self, members: Sequence[Term], named: Sequence[Term]) -> Drifted | Ambiguous:
        found = counted(len(named), "member") if named else "no member"
        message = f"{self._edit.anchor} has {found} named {self._operation.beside}"
        if named:
            places = tuple(map(self._place, named))
            return Ambiguous(
                message, self._located.path, places, "write the whole entry, or name one that is there once"
            )
        known = [member for member in members if not member.is_directive]
        shown = thresholds().limits.shown_members
        told = [f"a member: {written_name(member, known, self._source)}" for member in known[:shown]]
        if known[shown:]:
            told.append(f"and {counted(len(known[shown:]), 'more member')}")
        return Drifted(
            message,
            self._located.path,
            (Candidate(place_of(self._located), thresholds().similarity.not_compared, tuple(told)),),
            suggestion="beside: after <one of the members above>" if known else "",
        )

    def _at_end(self, members: Sequence[Term]) -> Replacement:
        if not members:
            return self._into_empty_block()
        if _stays_last(members[-1]):
            return self._before(members[-1])
        return self._after(members[-1])

    def _into_empty_block(self) -> Replacement:
        """Put the lines between the braces of a block, each brace on a line of its own, behind comments in it."""
        around = self._layout.indentation(self._block.start)
        lines = self._lines(around + ("\t" if self._style.tabs else " " * self._style.unit))
        closing = self._block.end - 1
        if self._layout.starts_line(closing):
            start = self._layout.line_start(closing)
            return Replacement(start, start, lines + b"\n")
        start = len(self._source[:closing].rstrip())
        return Replacement(start, closing, b"\n" + lines + b"\n" + around.encode())

    def _after(self, member: Term) -> Replacement:
        if member.is_directive:
            position = self._layout.next_line(member.end - 1)
            return Replacement(position, position, self._lines(self._indentation(member)) + b"\n")
        end = member.end
        if self._is_comma_list and self._source[end:].lstrip().startswith(b","):
            end += self._source[end:].index(b",") + 1
        behind = [other for other in self._block.items if other.start >= end and not other.is_directive]
        if not self._layout.starts_line(member.start):  # The block stands on one line.
            return Replacement(end, end, b" " + self._lines("", ends=bool(behind)))
        trailing = self._layout.after_trailing_comments(end)
        lines = self._lines(self._layout.indentation(member.start), ends=bool(behind))
        return Replacement(trailing, trailing, b"\n" + lines)

    def _before(self, member: Term) -> Replacement:
        if not self._layout.starts_line(member.start):  # The block stands on one line.
            return Replacement(member.start, member.start, self._lines("", ends=True) + b" ")
        position = own_comments(self._layout, next(member.leaves()), self._layout.line_start(member.start))
        return Replacement(position, position, self._lines(self._layout.indentation(member.start), ends=True) + b"\n")

    def _indentation(self, member: Term) -> str:
        """Return how the members are indented; a directive, which is not, takes it from another member."""
        others = [other for other in self._block.items if not other.is_directive] or [member]
        return self._layout.indentation(others[-1].start)

    @property
    def _style(self) -> Indentation:
        return coding_style(self._table).indentation_in(self._source)

    @property
    def _is_comma_list(self) -> bool:
        return self._edit.anchor.kind.context in _COMMA_LISTS

    def _lines(self, indentation: str, *, ends: bool = False) -> bytes:
        """Return the lines of the addition with `indentation`, its directives in the column of those around.

        `ends`: an entry follows, so the last one that is added ends in a comma where the list has them.
        """
        lines = self._operation.text.strip("\n").split("\n")
        code = "\n".join(line for line in lines if not is_directive(line))
        placed = iter(relevelled(textwrap.dedent(code).split("\n"), 0, indentation, self._style))
        first = self._layout.usual_indentation(DIRECTIVE_LINE, self._block.start, self._block.end)
        written = [first + line.strip() if is_directive(line) else next(placed) for line in lines]
        if ends and self._is_comma_list and not is_directive(written[-1]):
            written[-1] = with_comma(written[-1])
        return "\n".join(with_gaps(written, self._source, self._block.end - 1)).encode(errors="surrogateescape")


def _stand_together(added: Sequence[Term], members: Sequence[Term]) -> bool:
    """Tell whether what is added, its directives included, stands among the members in one piece."""
    wanted, found = [new.tokens for new in added], [member.tokens for member in members]
    return any(found[at : at + len(wanted)] == wanted for at in range(len(found) - len(wanted) + 1))


def _stays_last(member: Term) -> bool:
    """Tell whether a member ends the list that it is in: a sentinel, a flexible array, the `default` of a switch."""
    return member.tokens in _sentinels() or member.tokens[0] == "default" or is_flexible(member)


@cache
def _sentinels() -> frozenset[tuple[str, ...]]:
    import yaml

    text = resources.files(__package__).joinpath("sentinels.yaml").read_text(encoding="utf-8")
    return frozenset(tuple(entry.split()) for entry in yaml.load(text, Loader=yaml.CSafeLoader))


def _falls_through(member: Term) -> bool:
    """Tell whether control can get from the end of a case into the next one."""
    return member.kind == CASE and not leaves(member.children)
