# SPDX-License-Identifier: GPL-2.0-or-later
"""What `--explain` prints of an edit: what it did; for a miss, what is needed to correct the strategy.

Written as compilers write: the place in the strategy file first, then the message, then notes below it.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from qpatch.csource.listing import nearest_first
from qpatch.csource.results import Ambiguous, Applied, Drifted
from qpatch.thresholds import thresholds
from qpatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.results import Candidate, EditResult, SourcePlace
    from qpatch.series.plan import EditOutcome

# Lines of the target shown for a candidate; where it is longer, its place says where to read on.
_LONGEST_SNIPPET = 16


def explain_edit(outcome: EditOutcome) -> Iterator[str]:
    """Yield the lines about one edit."""
    result = outcome.result
    yield f"{outcome.where}: {result.status}: {_headline(outcome)}"
    if outcome.edit is not None and outcome.edit.why and isinstance(result, Drifted | Ambiguous):
        yield f"  the edit is there because: {outcome.edit.why}"
    for place in outcome.builds_on:
        yield f"  note: it builds on the edit at {place}, which missed"
    if isinstance(result, Drifted):
        yield from _drifted(result)
    elif isinstance(result, Ambiguous):
        yield from _ambiguous(result)
    elif isinstance(result, Applied):
        yield from (f"  warning: {warning}" for warning in result.warnings)


def _headline(outcome: EditOutcome) -> str:
    message = outcome.result.message
    if outcome.anchor in message:
        return message
    told = f": {message}" if message else ""
    return f"{outcome.anchor}{_extent(outcome.result)}{told}"


def _extent(result: EditResult) -> str:
    if not isinstance(result, Applied):
        return f" in {result.path}" if result.path else ""
    times = f", {result.count} times" if result.count > 1 else ""
    lines: dict[str, list[str]] = {result.path: []}
    for place in result.places:
        lines.setdefault(place.path, []).append(str(place.line))
    return " in " + "; ".join(path + ":" * bool(at) + ", ".join(at) for path, at in lines.items()) + times


def _drifted(result: Drifted) -> Iterator[str]:
    for path in result.moved_to:
        yield f"  note: the symbol is in {path} now"
    shown = thresholds().limits.listed_places
    by_place = {(candidate.place.path, candidate.place.line): candidate for candidate in reversed(result.candidates)}
    listed = list(result.candidates)
    if listed[shown:]:
        near = nearest_first((candidate.place for candidate in listed), result.path)
        listed = [by_place[place.path, place.line] for place in near]
    for candidate in listed[:shown]:
        yield from _candidate(candidate)
    yield from _rest([candidate.place for candidate in listed[shown:]])
    if result.searched and not result.candidates:
        yield f"  note: nothing in {result.searched} resembles it"
    yield from _what_to_do(result)


def _candidate(candidate: Candidate) -> Iterator[str]:
    alike = f" near miss, {candidate.likeness:.0%} alike" if candidate.likeness < 1 else ""
    yield f"  {candidate.place}:{alike}"
    yield from _snippet(candidate.place)
    for difference in candidate.differences:
        yield f"    - {difference}"


def _ambiguous(result: Ambiguous) -> Iterator[str]:
    shown = thresholds().limits.listed_places
    matches = nearest_first(result.matches, result.path) if result.matches[shown:] else list(result.matches)
    for place in matches[:shown]:
        yield f"  {place}: a match"
        yield from _snippet(place)
    yield from _rest(matches[shown:])
    yield from _what_to_do(result)


def _rest(places: Sequence[SourcePlace]) -> Iterator[str]:
    """Yield how many places are not listed, and in how many files."""
    if places:
        files = counted(len({place.path for place in places}), "file")
        yield f"  and {counted(len(places), 'more place')}, in {files}"


def _snippet(place: SourcePlace) -> Iterator[str]:
    lines = [line for line in textwrap.dedent(place.snippet.expandtabs()).split("\n") if line.strip()]
    for line in lines[:_LONGEST_SNIPPET]:
        yield f"    | {line}"
    if lines[_LONGEST_SNIPPET:]:
        yield f"    | ... ({len(lines) - _LONGEST_SNIPPET} more lines)"


def _what_to_do(result: Drifted | Ambiguous) -> Iterator[str]:
    """Yield the change that was tried and mends the edit; where there is none, what is known."""
    if result.advice:
        first, *rest = result.advice.strip("\n").split("\n")
        yield f"  note: {first}"
        yield from (f"    {line}".rstrip() for line in rest)
    if result.suggestion:
        yield "  to mend the strategy:"
        yield textwrap.indent(result.suggestion.strip("\n"), "    ")
