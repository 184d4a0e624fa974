# SPDX-License-Identifier: GPL-2.0-or-later
"""Works out which lines of a text file an edit changes: hunks, deletions, moves (`add.py` does additions).

`plan_edit` answers with a list of line changes to make, or with the result that says why none is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from qpatch.csource.edit import AddOperation, Edit, HunkOperation, MoveOperation, Position
from qpatch.csource.matching.hunk import Hunk, Sign
from qpatch.csource.results import AlreadyThere, Ambiguous, Candidate, Drifted
from qpatch.csource.text.add import declared_already, gap_beside, least_gap, plan_addition
from qpatch.csource.text.conditions import conditions_at
from qpatch.csource.text.document import LineChange, TextDocument
from qpatch.csource.text.hunk import LineMatch, change_for, is_ellipsis, match_side, substituted
from qpatch.csource.text.parts import TextSection
from qpatch.csource.text.resolve import one_section, resolve_anchor
from qpatch.thresholds import thresholds

Refusal = AlreadyThere | Drifted | Ambiguous


def plan_edit(edit: Edit, document: TextDocument) -> list[LineChange] | Refusal:
    """Return the changes of lines that `edit` makes to `document` (at least one), or why it makes none."""
    operation = edit.operation
    if isinstance(operation, AddOperation):
        return plan_addition(edit.anchor, operation, document)
    if isinstance(operation, HunkOperation):
        section = resolve_anchor(edit.anchor, document)
        if not isinstance(section, TextSection):
            return section
        attempts = [_SectionAttempt.make(hunk, document, section, edit.expect) for hunk in operation.hunks]
        return _choose(attempts, document)
    if isinstance(operation, MoveOperation):
        return _plan_move(edit, operation, document)
    return _plan_deletion(edit, document)


@dataclass(frozen=True)
class _SectionAttempt:
    """One hunk tried: `outcome`, and whether an 'already there' rests on added lines that were found."""

    outcome: list[LineChange] | Refusal
    certain: bool

    @classmethod
    def make(cls, hunk: Hunk, document: TextDocument, section: TextSection, expect: int) -> _SectionAttempt:
        """Try `hunk` on `section`, where it must fit `expect` places."""
        adds = any(line.sign is Sign.ADDED and line.code.strip() for line in hunk.lines)
        outcome = _try_hunk(hunk, document, section, expect)
        return cls(outcome, adds and isinstance(outcome, AlreadyThere))


def _choose(attempts: list[_SectionAttempt], document: TextDocument) -> list[LineChange] | Refusal:
    """Return the outcome of the one hunk that fits.

    Added lines that are found count before a hunk that could still be applied: its alternative was applied
    earlier. A deletion that finds nothing to delete says least.
    """
    certain = [attempt.outcome for attempt in attempts if attempt.certain]
    fitting = [attempt.outcome for attempt in attempts if isinstance(attempt.outcome, list)]
    if certain:
        return certain[0]
    if len(fitting) > 1:
        return Ambiguous(
            f"{len(fitting)} of the alternative hunks match",
            document.path,
            tuple(document.place(change.shown) for changes in fitting for change in changes),
            "make all but one of them show what the others do not have",
        )
    if fitting:
        return fitting[0]
    order = (Ambiguous, AlreadyThere, Drifted)
    rest = [attempt.outcome for attempt in attempts if not isinstance(attempt.outcome, list)]
    return min(rest, key=lambda outcome: (order.index(type(outcome)), -_likeness(outcome)))


def _likeness(outcome: Refusal) -> float:
    return outcome.candidates[0].likeness if isinstance(outcome, Drifted) and outcome.candidates else 0.0


def _try_hunk(hunk: Hunk, document: TextDocument, section: TextSection, expect: int) -> list[LineChange] | Refusal:
    changes: dict[LineChange, LineMatch] = {}
    for match in match_side(hunk.before(), document, section):
        changes.setdefault(change_for(hunk, match, document, section), match)
    after = match_side(hunk.after(), document, section)
    open_changes = [change for change, match in changes.items() if not _satisfied(hunk, match, after)]
    done = len(changes) - len(open_changes)
    if not changes:
        return _without_match(hunk, document, section, after)
    if not open_changes:
        return AlreadyThere(document.path, "the added lines are there", dict(after[0].bindings))
    if done + len(open_changes) != expect or _overlapping(open_changes):
        return _wrong_count(open_changes, done, expect, document, section)
    return _declared(hunk, open_changes, document) or open_changes


def _satisfied(hunk: Hunk, match: LineMatch, after: list[LineMatch]) -> bool:
    """Tell whether the lines that a purely adding `hunk` would bring already stand at `match`."""
    if any(line.sign is Sign.REMOVED for line in hunk.lines):
        return False
    return any(all(other.lines[number] == line for number, line in match.lines.items()) for other in after)


def _without_match(hunk: Hunk, document: TextDocument, section: TextSection, after: list[LineMatch]) -> Refusal:
    """Decide between 'already there' and drift for a hunk whose context or removed lines are not there."""
    from qpatch.csource.text.explain import explain_hunk, nearest_deleted

    if any(line.sign is Sign.ADDED for line in hunk.lines):
        if after:
            return AlreadyThere(document.path, "the added lines are there", dict(after[0].bindings))
        return explain_hunk(hunk, document, section)
    if not after and any(line.sign is Sign.CONTEXT and line.code.strip() for line in hunk.lines):
        return explain_hunk(hunk, document, section)
    if _encloses(hunk):
        return AlreadyThere(document.path, "the lines around them stand together", dict(after[0].bindings))
    return nearest_deleted(hunk, document, section) or _gone(section.name, "the lines are not there any more", document)


def _gone(name: str, message: str, document: TextDocument) -> AlreadyThere:
    """Return what the removal of what is nowhere ends as; nothing shows that it ever was there."""
    unproven = Drifted(
        f"{name}: {message}, and nothing shows that they ever were",
        document.path,
        advice="show a line of context on both sides of the removal, or remove the edit",
    )
    return AlreadyThere(document.path, message, unproven=unproven)


def _encloses(hunk: Hunk) -> bool:
    """Tell whether context stands directly above and below each run of removed lines."""
    lines = [line for line in hunk.lines if line.code.strip() or line.sign is Sign.REMOVED]
    edges = [(line, other) for line, other in pairwise(lines) if line.sign is not other.sign]
    ends_in_context = lines[0].sign is Sign.CONTEXT and lines[-1].sign is Sign.CONTEXT
    return ends_in_context and not any(is_ellipsis(line) for edge in edges for line in edge)


def _overlapping(changes: list[LineChange]) -> bool:
    return any(change.overlaps(other) for index, change in enumerate(changes) for other in changes[:index])


def _wrong_count(
    changes: list[LineChange], done: int, expect: int, document: TextDocument, section: TextSection
) -> Refusal:
    found = len(changes) + done
    places = tuple(document.place(change.shown) for change in changes)
    message = f"{section.name}: the hunk matches {found} places, {expect} expected"
    if found < expect:
        suggestion = f"find out what became of the others, or say `expect: {found}`"
        return Drifted(message, document.path, suggestion=suggestion)
    overlap = ", which overlap" if found == expect else ""
    return Ambiguous(message + overlap, document.path, places, "show more context in the hunk")


def _declared(hunk: Hunk, changes: list[LineChange], document: TextDocument) -> Refusal | None:
    """Return a refusal if what the hunk adds (an event, a config) is declared elsewhere in the file."""
    added = [substituted(line.code, changes[0].bindings) for line in hunk.lines if line.sign is Sign.ADDED]
    removed = frozenset(line for change in changes for line in change.deleted)
    return declared_already("\n".join(added), document, removed)


def _plan_deletion(edit: Edit, document: TextDocument) -> list[LineChange] | Refusal:
    section = one_section(document, edit.anchor.name)
    if isinstance(section, Drifted):
        least = thresholds().similarity.text_name_renamed
        alike = section.candidates and section.candidates[0].likeness >= least
        return (
            section if alike else _gone(edit.anchor.name, f"the lines of {edit.anchor.name!r} are not there", document)
        )
    if isinstance(section, Ambiguous):
        return section
    start = _with_comment(document, section.start)
    return [LineChange(document.with_surplus(range(start, section.end)), (), start)]


def _plan_move(edit: Edit, operation: MoveOperation, document: TextDocument) -> list[LineChange] | Refusal:
    """Move the anchor's lines, byte for byte, with the blank lines that its new neighbours keep."""
    block = one_section(document, edit.anchor.name)
    target = one_section(document, operation.target.name)
    if not isinstance(block, TextSection):
        return block
    if not isinstance(target, TextSection):
        return target
    start, first = _with_comment(document, block.start), _with_comment(document, target.start)
    if start <= target.start < block.end:
        return Drifted(
            f"{document.path}: {target.name!r} is part of {block.name!r}, which cannot be moved beside it",
            document.path,
            (Candidate(document.place(target.start), 1.0),),
            suggestion="move it beside a section outside",
        )
    if _neighbours(document, (start, block.end), (first, target.end), operation.target.position):
        return AlreadyThere(document.path, f"{block.name!r} is there already")
    before = operation.target.position is Position.BEFORE
    here, there = (conditions_at(document, line) for line in (start, first if before else target.end))
    if here != there:
        return _under_another_condition(block, target, here, there, document)
    gap = ("",) * gap_beside(document, first, target.end, least_gap(document, block.end - start))
    lines = tuple(line.rstrip("\r\n") for line in document.lines[start : block.end])
    inserted = (first, (*lines, *gap)) if before else (target.end, (*gap, *lines))
    return [LineChange(document.with_surplus(range(start, block.end)), (inserted,), start)]


def _under_another_condition(
    block: TextSection, target: TextSection, here: tuple[str, ...], there: tuple[str, ...], document: TextDocument
) -> Ambiguous:
    """Refuse a move that changes under which conditions the lines stand."""
    was, now = (
        f"under `{' / '.join(conditions)}`" if conditions else "under no condition" for conditions in (here, there)
    )
    return Ambiguous(
        f"{block.name} stands {was}, and beside {target.name} it would stand {now}",
        document.path,
        (document.place(block.start), document.place(target.start)),
        "where that is meant, delete it here and add it there",
    )


def _with_comment(document: TextDocument, start: int) -> int:
    """Return `start`, or the first of the comment lines directly above it that head no section."""
    heads = {section.start for section in document.outline.sections}
    while start > 0 and document.folded[start - 1].startswith("#") and start - 1 not in heads:
        start -= 1
    return start


def _neighbours(document: TextDocument, block: tuple[int, int], target: tuple[int, int], position: Position) -> bool:
    """Tell whether only blank lines lie between `block` and the side of `target` where it should be."""
    upper, lower = (block, target) if position is Position.BEFORE else (target, block)
    return upper[1] <= lower[0] and not any(document.folded[upper[1] : lower[0]])
