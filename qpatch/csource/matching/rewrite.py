# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns a match of a hunk into byte replacements that leave everything else as it was.

Each group of removed and added lines becomes one replacement: a removal takes its leading comment and one surplus
blank line with it, an addition attaches to the sibling above it (after its trailing comment) or, where it comes
first, to the one below (before its leading comment), and takes over the indentation of where it lands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import Hunk, HunkError, HunkGroup, HunkLine, Sign
from qpatch.csource.matching.pattern import ELLIPSIS_KIND, Pattern, bound
from qpatch.csource.syntax.layout import Layout, Replacement, column, fold, reindent
from qpatch.csource.syntax.term import BLOCKS, LABEL, Term
from qpatch.csource.tokens import comments_of, without_comments

if TYPE_CHECKING:
    from qpatch.csource.matching.match import Match

_COMMA_LISTS = frozenset({"initializer_list", "enumerator_list", "argument_list", "parameter_list"})


class CommentDiffersError(Exception):
    """A comment on a removed line is not in the target; the message is the comment."""


@dataclass(frozen=True)
class Rewriter:
    """Turns the groups of removed and added lines of one match into byte replacements."""

    hunk: Hunk
    before: Pattern
    match: Match
    layout: Layout

    def replacements(self) -> list[Replacement]:
        """Return one replacement per group. Raises CommentDiffersError; HunkError for a lone addition."""
        return [self._replacement(group) for group in self.hunk.groups()]

    def bindings(self) -> dict[str, str]:
        """Return what each metavariable stands for, as source text on one line."""
        source = self.layout.source
        return {
            name: " ".join(source[term.start : term.end].decode(errors="surrogateescape").split())
            for name, term in self.match.bindings.items()
        }

    def _replacement(self, group: HunkGroup) -> Replacement:
        numbers = {line.number for line in group.removed}
        removed = [leaf for leaf in self._leaves() if self.before.line_of(leaf).number in numbers]
        if removed:
            start, end = self._removed_extent(group, removed)
            if any(line.code for line in group.added):
                return self._replace(group, removed[0], start, end)
            return self._remove(start, end)
        if group.removed:
            return self._replace_comments(group)
        return self._insert(group)

    def _leaves(self) -> list[Term]:
        return [leaf for leaf in self.before.leaves() if leaf in self.match.extents]

    def _neighbours(self, group: HunkGroup) -> tuple[Term | None, Term | None]:
        """Return the matched leaves right above and right below the group."""
        above = [leaf for leaf in self._leaves() if self.before.line_of(leaf).number < group.first]
        below = [leaf for leaf in self._leaves() if self.before.line_of(leaf).number > group.last]
        return (above[-1] if above else None), (below[0] if below else None)

    def _gap(self, group: HunkGroup) -> tuple[int, int]:
        """Return the bytes between the neighbours of the group; with one neighbour, its own code with its comments."""
        above, below = self._neighbours(group)
        own = [leaf for leaf in self._leaves() if group.first <= self.before.line_of(leaf).number <= group.last]
        following = own[0] if own else below
        low = self.match.extents[above][1] if above else self.match.extents[following][0] if following else 0
        high = self.match.extents[below][0] if below else self.match.extents[own[-1]][1] if own else low
        return self.layout.with_adjacent_comments(low, high) if not above or not below else (low, high)

    def has_added_comments(self) -> bool:
        """Tell whether the comments on added lines stand where each group would put them."""
        return all(
            comment in {text for _, _, text in self.layout.comments_between(*self._gap(group))}
            for group in self.hunk.groups()
            for comment in _comments(group.added)
        )

    def ends_in_addition(self) -> bool:
        """Tell whether the hunk adds its last lines, after an ellipsis: they become the end of the block."""
        last = self.hunk.groups()[-1]
        return self.hunk.lines[-1].sign is Sign.ADDED and not last.removed and self._follows_ellipsis(last)

    def _removed_extent(self, group: HunkGroup, removed: list[Term]) -> tuple[int, int]:
        extents = [self.match.extents[leaf] for leaf in removed]
        start, end = min(low for low, _ in extents), max(high for _, high in extents)
        if without_comments(group.removed[-1].code).endswith(","):
            end = self._past_comma(end)
        around = self.layout.with_adjacent_comments(start, end)
        for comment in _comments(group.removed):
            low, high = self._find_comment(comment, *around)
            start, end = min(start, low), max(end, high)
        return start, end

    def _find_comment(self, comment: str, start: int, end: int) -> tuple[int, int]:
        for low, high, text in self.layout.comments_between(start, end):
            if text == comment:
                return low, high
        raise CommentDiffersError(comment)

    def _past_comma(self, end: int) -> int:
        rest = self.layout.source[end:]
        spaces = len(rest) - len(rest.lstrip())
        return end + spaces + 1 if rest[spaces : spaces + 1] == b"," else end

    def _remove(self, start: int, end: int) -> Replacement:
        lines = self.layout.whole_lines(start, end)
        if lines is None:
            trailing = 1 if self.layout.source[end : end + 1] == b" " else 0
            return Replacement(start, end + trailing, b"")
        first = self.layout.before_leading_comments(lines[0])
        return Replacement(*self.layout.without_surplus_blank(first, lines[1]), b"")

    def _replace(self, group: HunkGroup, first_removed: Term, start: int, end: int) -> Replacement:
        lines = self._added_lines(group, first_removed)
        if self.layout.starts_line(start):
            start = self.layout.line_start(start)
        else:
            lines[0] = lines[0].lstrip()
        return Replacement(start, end, _encode("\n".join(lines)))

    def _replace_comments(self, group: HunkGroup) -> Replacement:
        """Replace comments (or remove them with their line) where no code is removed."""
        gap = self._gap(group)
        extents = [self._find_comment(comment, *gap) for comment in _comments(group.removed)]
        if not extents and any(without_comments(line.code) for line in group.removed):  # An ellipsis, for nothing.
            return self._insert(group) if group.added else Replacement(gap[0], gap[0], b"")
        if not extents:
            raise HunkError("removing blank lines alone changes nothing that is matched", group.first)
        start, end = extents[0][0], extents[-1][1]
        above, below = self._neighbours(group)
        if not group.added:
            return Replacement(*(self.layout.whole_lines(start, end) or (start, end)), b"")
        lines = self._added_lines(group, above or below)
        if self.layout.starts_line(start):
            start = self.layout.line_start(start)
        else:
            lines[0] = lines[0].lstrip()
        return Replacement(start, end, _encode("\n".join(lines)))

    def _insert(self, group: HunkGroup) -> Replacement:
        above, below = self._neighbours(group)
        after_ellipsis = self._follows_ellipsis(group)
        if above is not None and not after_ellipsis:
            return self._insert_after(above, self._added_lines(group, above))
        if below is not None:
            return self._insert_before(below, self._added_lines(group, below), self.match.extents[below][0])
        if above is not None:
            return self._insert_at_end(self._added_lines(group, above))
        raise HunkError(
            "an added line needs a line of context to attach to",
            group.first,
            "show the statement above or below it, or use `add:`",
        )

    def _follows_ellipsis(self, group: HunkGroup) -> bool:
        """Tell whether the line above the group (comments and blanks aside) is an ellipsis."""
        above = [line for line in self.before.lines if line.number < group.first and without_comments(line.code)]
        last = [leaf for leaf in self.before.leaves() if above and self.before.line_of(leaf) is above[-1]]
        return (
            bool(last)
            and last[-1].kind == ELLIPSIS_KIND
            and (without_comments(above[-1].code) in ("...", "...,", "...;"))
        )

    def _insert_after(self, leaf: Term, lines: list[str]) -> Replacement:
        end = self.match.extents[leaf][1]
        comma = self._past_comma(end) if _in_comma_list(leaf) else end
        missing_comma = b"," if _in_comma_list(leaf) and comma == end else b""
        rest = self.layout.after_trailing_comments(comma)
        if _owner(leaf).is_directive:  # The parser does not see the comment behind one, as in `#endif /* CONFIG_X */`.
            rest = self.layout.line_end(rest)
        text = _encode("\n" + "\n".join(lines))
        if self.layout.is_blank(rest, self.layout.line_end(rest)):
            if missing_comma:
                return Replacement(end, rest, missing_comma + self.layout.source[end:rest] + text)
            return Replacement(rest, rest, text)
        indentation = self.layout.indentation(end).encode()
        skip = len(self.layout.source[rest:]) - len(self.layout.source[rest:].lstrip(b" \t"))
        return Replacement(end, rest + skip, missing_comma + self.layout.source[end:rest] + text + b"\n" + indentation)

    def _insert_before(self, leaf: Term, lines: list[str], start: int) -> Replacement:
        if not self.layout.starts_line(start):
            indentation = self.layout.indentation(start)
            return Replacement(start, start, _encode("\n".join(lines).lstrip() + "\n" + indentation))
        position = self.layout.line_start(start)
        if leaf.text != "}" and leaf.kind != "#endif":
            position = self.layout.before_leading_comments(position)
        return Replacement(position, position, _encode("\n".join(lines) + "\n"))

    def _insert_at_end(self, lines: list[str]) -> Replacement:
        """Insert before the bracket or `#endif` that closes the block; a file ends where its last item does."""
        closing = self.match.block.children[-1]
        if closing.text == "}" or closing.kind == "#endif":
            return self._insert_before(closing, lines, closing.start)
        position = self.layout.line_end(self.layout.after_trailing_comments(closing.end))
        return Replacement(position, position, _encode("\n" + "\n".join(lines)))

    def _added_lines(self, group: HunkGroup, attached: Term | None) -> list[str]:
        """Return the added lines with metavariables bound, indented for where they land."""
        bindings = self.bindings()
        lines = [bound(line.code, bindings) for line in group.added]
        if attached is None:
            return lines
        reference = self._reference(attached)
        target = self.layout.indentation(self.match.extents[reference][0])
        code = self.before.line_of(reference).code
        shift = column(target) - column(code[: len(code) - len(code.lstrip())])
        return reindent(lines, shift, tabs="\t" in target)

    def _reference(self, attached: Term) -> Term:
        """Return the matched leaf whose indentation says how deep the code beside `attached` is."""
        first = next(_owner(attached).leaves())
        if not _is_outdented(attached):
            return first if first in self.match.extents else attached
        line = self.before.line_of(attached).number
        others = [
            leaf
            for leaf in self._leaves()
            if not _is_outdented(leaf) and leaf.text != "}" and next(_owner(leaf).leaves()) is leaf
        ]
        return min(others, key=lambda leaf: abs(self.before.line_of(leaf).number - line), default=attached)


def _is_outdented(leaf: Term) -> bool:
    """Tell whether `leaf` belongs to a label or a directive, which are not indented as the code around them is."""
    owner = _owner(leaf)
    return owner.kind == LABEL or owner.is_directive or leaf.text.startswith("#")


def _owner(leaf: Term) -> Term:
    """Return the statement, member or entry that `leaf` ends or begins; a brace belongs to its block's owner."""
    term = leaf
    if term.text in ("{", "}") and term.parent is not None:
        term = term.parent
    while term.parent is not None and term.parent.kind not in BLOCKS:
        term = term.parent
    return term


def _in_comma_list(leaf: Term) -> bool:
    """Tell whether `leaf` ends an element of a list that is separated by commas."""
    term = leaf
    while term.parent is not None:
        # The bracket that closes a nested list ends that list, which may be an element of another.
        if term.parent.kind in _COMMA_LISTS and term.text not in ("}", ")"):
            return term.text not in ("{", "(")
        if term.parent.children[-1] is not term:
            return False
        term = term.parent
    return False


def _comments(lines: tuple[HunkLine, ...]) -> list[str]:
    return [fold(comment) for comment in comments_of("\n".join(line.code for line in lines))]


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
