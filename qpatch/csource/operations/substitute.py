# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries out a semantic hunk at a located anchor: find, count, replace, check; all or nothing.

A hunk is matched against the anchor's own block. Matches deeper down (a nesting level or an `#if` arm that the hunk
does not show) are never edited: where the block itself does not hold the expected number, they are reported.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import block_of, head_of_macro, layout_of
from qpatch.csource.listing import told_places
from qpatch.csource.matching.hunk import Hunk, Sign
from qpatch.csource.matching.match import Match, matches_in, nested_blocks
from qpatch.csource.matching.matched import TriviaDiffersError
from qpatch.csource.matching.pattern import ELLIPSIS_KIND, Pattern, compile_sides
from qpatch.csource.matching.rewrite import Rewriter
from qpatch.csource.matching.side_effects import repeated_effects
from qpatch.csource.operations.apart import apart, tried
from qpatch.csource.operations.arms import arm_around, unclear_comma
from qpatch.csource.operations.comment_lines import CommentAttempt
from qpatch.csource.operations.done import has_result, is_bracketed, shows_code
from qpatch.csource.operations.explain import explain_miss
from qpatch.csource.operations.fit import HunkFit, Outcome
from qpatch.csource.operations.left_beside import left_beside
from qpatch.csource.operations.neighbours import matches_beside
from qpatch.csource.operations.nesting import enclosed, owner_of
from qpatch.csource.operations.own import without_own_work
from qpatch.csource.operations.removed import RemovedCode, helpers, is_changed, through_pointer, with_names_left_open
from qpatch.csource.results import AlreadyThere, Ambiguous, Candidate, Drifted, SourcePlace
from qpatch.csource.syntax.commas import UnclearCommaError

if TYPE_CHECKING:
    from qpatch.csource.edit import Edit
    from qpatch.csource.syntax.layout import Layout
    from qpatch.csource.syntax.term import Term
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor


def substitute(edit: Edit, hunks: tuple[Hunk, ...], located: LocatedAnchor, workspace: EditWorkspace) -> Outcome:
    """Try the alternatives of an edit, of which exactly one must fit (`one-of:`), at the anchor's block."""
    block = block_of(located)
    attempts = [
        CommentAttempt(edit, hunk, located) if hunk.is_comment else _BlockAttempt(edit, hunk, located, workspace, block)
        for hunk in hunks
    ]
    outcomes = [attempt.outcome() for attempt in attempts]
    done = [
        attempt
        for attempt, outcome in zip(attempts, outcomes, strict=True)
        if isinstance(outcome, AlreadyThere) and attempt.adds_code()
    ]
    fitting_ones = [outcome for outcome in outcomes if isinstance(outcome, HunkFit)]
    if done and fitting_ones:
        return Ambiguous(
            "one of the alternatives under one-of is there already, and another one fits",
            located.path,
            tuple(place for outcome in fitting_ones for place in outcome.places),
            "make the alternatives exclude each other, by context or with `when:`",
        )
    crowded = [outcome for outcome in outcomes if isinstance(outcome, Ambiguous) and outcome.fits_too_often]
    if crowded and fitting_ones:
        return replace(crowded[0], message=f"{crowded[0].message}; another alternative under one-of fits as well")
    for kind in (HunkFit, Ambiguous):
        fitting = [outcome for outcome in outcomes if isinstance(outcome, kind)]
        if len(fitting) > 1:
            return Ambiguous(
                f"{len(fitting)} of the alternatives under one-of fit",
                located.path,
                tuple(place for outcome in fitting for place in _places(outcome)),
                "make the alternatives exclude each other, by context or with `when:`",
            )
        if fitting:
            return fitting[0]
    there = [outcome for outcome in outcomes if isinstance(outcome, AlreadyThere)]
    if there:
        return there[0]
    if not workspace.explains:
        return Drifted(f"{edit.anchor}: the hunk fits nowhere", located.path)
    missed = [
        attempt.explanation() if outcome is None else outcome
        for attempt, outcome in zip(attempts, outcomes, strict=True)
    ]
    return max(
        (outcome for outcome in missed if isinstance(outcome, Drifted)),
        key=lambda drifted: max((candidate.likeness for candidate in drifted.candidates), default=0.0),
    )


def _places(outcome: Outcome) -> tuple[SourcePlace, ...]:
    if isinstance(outcome, HunkFit):
        return outcome.places
    return outcome.matches if isinstance(outcome, Ambiguous) else ()


class _BlockAttempt:
    """One hunk against one block."""

    def __init__(self, edit: Edit, hunk: Hunk, located: LocatedAnchor, workspace: EditWorkspace, block: Term) -> None:
        context = edit.anchor.kind.context
        self._edit = edit
        self._hunk = hunk.under(head_of_macro(located)) if hunk.is_body else hunk
        self._located = located
        self._workspace = workspace
        self._block = block
        self._before, self._after = compile_sides(self._hunk, context, workspace.table)

    def outcome(self) -> Outcome | None:
        """Return what becomes of the hunk; None where it fits nowhere, which `explanation` then explains."""
        try:
            pending, there = self._split(self._matches(self._before, self._block), self._present())
        except TriviaDiffersError as differs:
            return Drifted(
                f"{self._edit.anchor}: {differs}",
                self._located.path,
                suggestion="write comments and blank lines on changed lines as they are, or leave them out",
            )
        except UnclearCommaError as unclear:
            return unclear_comma(self._edit, self._located, unclear)
        if not (pending or self._before_equals_after() or self.adds_code() or is_bracketed(self._hunk)):
            return self._miscount([], []) or self._gone()
        if len(pending) == self._edit.expect:
            return self._overlapping(pending) or self._beside_result(pending, there) or self._found(pending)
        if not pending and len(there) >= self._edit.expect:
            return (
                self._elsewhere()
                or self._half_done(there)
                or AlreadyThere(self._located.path, bindings=self._rewriter(there[0], self._after).bindings())
            )
        return self._miscount(pending, there)

    def explanation(self) -> Drifted:
        """Say why the hunk fits nowhere; this takes long, so it is asked for only where no alternative fits."""
        return explain_miss(self._edit, self._hunk, self._before, self._block, self._located, self._workspace)

    def _split(self, candidates: list[Match], present: list[Match]) -> tuple[list[Match], list[Match]]:
        """Tell the places still to edit from those that have the result already.

        Raises TriviaDiffersError where there are neither, but would be were it not for comments and blank lines.
        """
        if self._before_equals_after():
            return self._split_by_text(candidates)
        sides = self._before, self._after
        left = [
            match for match in candidates if not any(has_result(self._hunk, sides, match, other) for other in present)
        ]
        pending, _ = self._split_by_text(left if self.adds_code() else candidates)
        if pending:
            return pending, apart(present) if self.adds_code() else []
        return [], [match for match, _ in tried(apart(present), self._check_added_comments)]

    def _split_by_text(self, candidates: list[Match]) -> tuple[list[Match], list[Match]]:
        """Tell matches where the hunk changes the text from those where it does not; others are not meant."""
        pending: list[Match] = []
        done: list[Match] = []
        for match, changes in tried(candidates, lambda match: self._rewriter(match).replacements()):
            (pending if changes else done).append(match)
        return self._distinct(pending), done

    def _check_added_comments(self, present: Match) -> None:
        """Raise TriviaDiffersError where a match of the result has not the comments that the hunk adds."""
        Rewriter(self._hunk.reversed(), self._after, self._before, present, self._text_around).check_comments()

    def _matches(self, pattern: Pattern, block: Term, *, in_arms: bool = False) -> list[Match]:
        if not pattern.items or (pattern.groups is None and all(item.kind == ELLIPSIS_KIND for item in pattern.items)):
            return []
        return matches_in(pattern, block, block.items, in_arms=in_arms)

    def _present(self) -> list[Match]:
        """Return where the result is; what the hunk adds to the end of a block has to stand there."""
        beside = matches_beside(self._after, self._block, self._located)
        if beside:
            return beside
        present = self._matches(self._after, self._block) or self._between_own_work()
        if (
            any(line.sign is Sign.ADDED for line in self._hunk.lines[-1:])
            and present
            and (self._rewriter(present[0]).ends_in_addition())
        ):
            return [match for match in present if match.items[-1] is self._block.items[-1]]
        return present

    def _between_own_work(self) -> list[Match]:
        """Return where the result is with nothing in between but what other edits of the series add there."""
        items = without_own_work(self._block.items, self._hunk, self._located.path, self._workspace)
        return matches_in(self._after, self._block, items) if self.adds_code() and self._after.items and items else []

    def _in_hidden_arms(self) -> list[Match]:
        """Return the matches that hold entries of an `#if` arm (in an initialiser) that the hunk does not show."""
        shown = {match.extent for match in self._matches(self._before, self._block)}
        anywhere = self._matches(self._before, self._block, in_arms=True)
        return [match for match in anywhere if match.extent not in shown]

    def _overlapping(self, matches: list[Match]) -> Ambiguous | None:
        """Refuse to edit two places of which one holds a part of the other."""
        if len(apart(matches)) == len(matches):
            return None
        return Ambiguous(
            f"{self._edit.anchor}: the hunk fits {len(matches)} places, which overlap",
            self._located.path,
            tuple(self._place(match) for match in matches),
            "add lines of context, and write an edit for each place",
            fits_too_often=True,
        )

    def _beside_result(self, pending: list[Match], there: list[Match]) -> Ambiguous | None:
        """Refuse to edit as many places as expected where the result stands at another one, with the same context."""
        if not there or self._before_equals_after() or not (self.adds_code() and shows_code(self._hunk)):
            return None  # Comments and blank lines tell the places apart.
        return Ambiguous(
            f"{self._edit.anchor}: the hunk fits {len(pending)} of {len(pending) + len(there)} places; "
            "the others have its result already",
            self._located.path,
            tuple(self._place(match) for match in [*pending, *there]),
            advice="add lines of context that only the wanted place has",
        )

    def _distinct(self, matches: list[Match]) -> list[Match]:
        """Keep one match of those that lead to the same edit."""
        seen, kept = set(), []
        for match in matches:
            key = tuple((change.start, change.end, change.text) for change in self._rewriter(match).replacements())
            if key not in seen:
                seen.add(key)
                kept.append(match)
        return kept

    def _rewriter(self, match: Match, side: Pattern | None = None) -> Rewriter:
        return Rewriter(self._hunk, side or self._before, self._after, match, self._text_around)

    @cached_property
    def _text_around(self) -> Layout:
        return layout_of(self._located)

    def _found(self, matches: list[Match]) -> HunkFit:
        rewriters = [self._rewriter(match) for match in matches]
        replacements = [change for rewriter in rewriters for change in rewriter.replacements()]
        shown = {start for match in matches for leaf, (start, _) in match.extents.items() if leaf.kind != ELLIPSIS_KIND}
        places = tuple(self._place(match) for match in matches)
        return HunkFit(replacements, places, rewriters[0].bindings(), frozenset(shown), self._warnings(matches))

    def _warnings(self, matches: list[Match]) -> tuple[str, ...]:
        sides = self._before.items, self._after.items
        return tuple(dict.fromkeys(each for match in matches for each in repeated_effects(*sides, match.bindings)))

    def _miscount(self, pending: list[Match], there: list[Match]) -> Drifted | Ambiguous | None:
        anchor, expect, path = self._edit.anchor, self._edit.expect, self._located.path
        places = tuple(self._place(match) for match in pending)
        if len(pending) > expect:
            if len(apart(pending)) < len(pending):
                return self._overlapping(pending)
            return Ambiguous(
                f"{anchor}: the hunk fits {len(pending)} places, {expect} expected",
                path,
                places,
                f"add lines of context that only the wanted place has, or write `expect: {len(pending)}`",
                fits_too_often=True,
                fits=len(pending),
            )
        if pending:
            done = f", {len(there)} already changed" if there else ""
            return Drifted(
                f"{anchor}: the hunk fits {len(pending)} of {expect} expected places{done} "
                f"({told_places(places, path)})",
                path,
                suggestion=f"expect: {len(pending)}",
                fits=None if there else len(pending),
            )
        in_arms = self._in_hidden_arms()
        if in_arms:
            return Ambiguous(
                f"{anchor}: the hunk fits only inside an #if arm that it does not show",
                path,
                tuple(self._place(match) for match in in_arms),
                f"write {arm_around(self._located.parsed, in_arms[0].items[0].start)} around the hunk's lines, with "
                "`...` for the rest",
            )
        nested = [match for block in nested_blocks(self._block) for match in self._matches(self._before, block)]
        if nested:
            return self._nested(nested)
        return None

    def _nested(self, matches: list[Match]) -> Ambiguous:
        places = tuple(
            self._place(match, f"inside {self._owner(match.block)}, which the hunk does not show") for match in matches
        )
        whole = enclosed(self._hunk, matches[0], self._block, self._located.parsed.source)
        return Ambiguous(
            f"{self._edit.anchor}: the hunk fits only inside a block that it does not show",
            self._located.path,
            places,
            f"write the enclosing block whole around the hunk's lines, with `...` for the rest of it:\n{whole}"
            if whole is not None
            else "write what encloses the hunk's lines around them, with `...` for the rest of it",
        )

    def _owner(self, block: Term) -> str:
        """Return the first line of the statement or directive that owns `block`."""
        owner, source = owner_of(block), self._located.parsed.source
        end = source.find(b"\n", owner.start)
        return " ".join(source[owner.start : end].decode(errors="replace").split())

    def _place(self, match: Match, note: str = "") -> SourcePlace:
        return self._place_of(match.items[0] if match.items else match.block, note)

    def _place_of(self, term: Term, note: str = "") -> SourcePlace:
        source, line_end = self._located.parsed.source, self._located.parsed.source.find(b"\n", term.start)
        snippet = note or source[term.start : line_end].decode(errors="replace").strip()
        return SourcePlace(self._located.path, source.count(b"\n", 0, term.start) + 1, snippet)

    def adds_code(self) -> bool:
        """Tell whether the hunk has added lines that are not blank."""
        return any(line.sign is Sign.ADDED and line.code.strip() for line in self._hunk.lines)

    def _before_equals_after(self) -> bool:
        return [item.tokens for item in self._before.items] == [item.tokens for item in self._after.items]

    def _elsewhere(self) -> Drifted | None:
        """Return the drift of a removal whose surroundings stand together while what it removes stands elsewhere."""
        removed = tuple(
            item
            for item in self._before.items
            if all(self._before.line_of(leaf).sign is Sign.REMOVED for leaf in item.leaves())
        )
        if self.adds_code() or not removed:
            return None
        names = RemovedCode.of(self._hunk, self._before)
        lines = [line for line in self._hunk.lines if line.sign is Sign.REMOVED]
        renamed = with_names_left_open(names, lines, self._before, self._block)
        blocks = [self._block, *nested_blocks(self._block)]
        for pattern, where in ((self._before.part(removed), "elsewhere"), (renamed, "elsewhere, in other names")):
            found = [match for block in blocks for match in self._matches(pattern, block)] if pattern else []
            if found:
                return self._not_between(where, [self._place(match) for match in found])
        called = [self._place_of(term) for term in through_pointer(names, self._block)]
        return self._not_between("elsewhere, through a pointer", called) if called else None

    def _not_between(self, where: str, places: list[SourcePlace]) -> Drifted:
        return Drifted(
            f"{self._edit.anchor}: what the hunk removes is not between its context, but {where}",
            self._located.path,
            tuple(Candidate(place, 1.0) for place in places),
            advice="if it is meant, show the context that it has now; if not, remove the edit",
        )

    def _half_done(self, there: list[Match]) -> Drifted | None:
        """Return the drift of a replacement whose result is there while what it replaces is there, too."""
        left = [match for result in there for match in left_beside((self._before, self._after), result)]
        if not left or self._before_equals_after():
            return None
        return Drifted(
            f"{self._edit.anchor}: the result of the hunk is there, but what it removes is there, too",
            self._located.path,
            tuple(Candidate(self._place(match), 1.0) for match in left),
            advice="if what is named above has to go, write a hunk that removes it; if it may stay, remove the edit",
        )

    def _gone(self) -> AlreadyThere | Drifted | None:
        """Return what a removal that finds nothing ends as; None where what it removes was changed."""
        removed, explanation = RemovedCode.of(self._hunk, self._before), self.explanation()
        if is_changed(removed, self._block, explanation, self._workspace):
            return None
        path = self._located.path
        through = tuple(helpers(removed, self._block, path, self._workspace))
        if through:
            return Drifted(
                f"{self._edit.anchor}: what the hunk removes may be in {through[0].place.snippet} now",
                path,
                through,
                advice="look at what is named above, and edit that, or remove the edit",
            )
        return AlreadyThere(
            path,
            unproven=Drifted(
                f"{self._edit.anchor}: what the hunk removes is not there, and nothing shows that it ever was",
                path,
                explanation.candidates,
                advice="show a line of context on both sides of the removal, or remove the edit",
            ),
        )
