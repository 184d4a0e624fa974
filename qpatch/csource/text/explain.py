# SPDX-License-Identifier: GPL-2.0-or-later
"""Explains why an edit of a text file does not match: the nearest lines or names, what differs, what to write."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.results import Candidate, Drifted
from qpatch.csource.text.hunk import is_ellipsis, match_side
from qpatch.csource.text.parts import TextSection, fold
from qpatch.csource.tokens import text_tokens
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qpatch.csource.matching.hunk import Hunk, HunkLine
    from qpatch.csource.text.document import TextDocument

# The name that a line begins with: of an event, a call, an assignment.
_SYMBOL = re.compile(r"\w{4,}(?=\s*[(=+.:])")


def likeness(expected: str, found: str) -> float:
    """Return how similar two lines are, from 0 to 1; beginning with the same symbol counts most."""
    # difflib takes 5 ms to import: only a miss pays for it.
    from difflib import SequenceMatcher

    ratio = SequenceMatcher(None, expected, found, autojunk=False).ratio()
    mine, other = _SYMBOL.match(expected), _SYMBOL.match(found)
    if not mine or not other:
        return ratio
    similarity = thresholds().similarity
    same = similarity.text_same_symbol
    return same + ratio * (1 - same) if mine[0] == other[0] else ratio * similarity.text_other_symbol


def differences(expected: str, found: str) -> tuple[str, ...]:
    """Return what differs between two lines, token by token, in reading order."""
    from difflib import SequenceMatcher

    old, new = text_tokens(fold(expected)), text_tokens(fold(found))
    phrases = []
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        wanted, present = "".join(old[first:last]), "".join(new[start:end])
        if kind == "replace":
            phrases.append(f"expected {wanted!r}, found {present!r}")
        elif kind == "delete":
            phrases.append(f"expected {wanted!r}, which is not there")
        elif kind == "insert":
            phrases.append(f"found {present!r}, which is not expected")
    return tuple(phrases)


def explain_hunk(hunk: Hunk, document: TextDocument, section: TextSection) -> Drifted:
    """Say why the lines that `hunk` expects are not in `section`."""
    missing = _first_unmatched(hunk, document, section)
    candidates = _nearest_windows(missing, document, section)
    message = f"{section.name}: the hunk's lines are not there as written; first {fold(missing[0].code)!r}"
    if not candidates:
        return Drifted(
            f"{message}, nor anything like it",
            document.path,
            suggestion="look for what became of it upstream, or guard the edit with `when:`",
        )
    return Drifted(message, document.path, candidates, suggestion=_suggestion(hunk, missing, candidates, document))


def nearest_deleted(hunk: Hunk, document: TextDocument, section: TextSection) -> Drifted | None:
    """Return a drift if `section` holds something like the lines that `hunk` removes, else None."""
    removed = [line for line in hunk.before() if line not in hunk.after() and line.code.strip()]
    candidates = _nearest_windows(removed, document, section) if removed else ()
    if not candidates:
        return None
    return Drifted(
        f"{section.name}: the lines to remove are not there as written",
        document.path,
        candidates,
        suggestion=_suggestion(hunk, removed, candidates, document),
    )


def explain_name(what: str, name: str, known: Iterable[tuple[str, int]], document: TextDocument) -> Drifted:
    """Say that `document` has no `what` of that name; `known` are the names that it has, with their lines."""
    rated = sorted(
        ((likeness(name.lower(), other.lower()), other, line) for other, line in known), key=lambda item: -item[0]
    )
    shown, least = thresholds().limits.candidates, thresholds().similarity.text_lines
    near = [item for item in rated[:shown] if item[0] >= least]
    candidates = tuple(
        Candidate(document.place(line), round(ratio, 2), differences(name, other)) for ratio, other, line in near
    )
    suggestion = f"name {near[0][1]!r} instead of {name!r}" if near else _what_there_is(rated, document)
    message = f"{document.path} has no {what} {name!r}"
    return Drifted(message, document.path, candidates, suggestion=suggestion, searched=document.path)


def _what_there_is(rated: Sequence[tuple[float, str, int]], document: TextDocument) -> str:
    """Say what a file has in the place of a name that is like none of its own, the most alike first."""
    limits = thresholds().limits
    names = list(dict.fromkeys(name for _, name, _ in rated if name))
    more = f" and {len(names) - limits.shown_members} more" if names[limits.shown_members :] else ""
    listed = ", ".join(repr(name[: limits.shown_name]) for name in names[: limits.shown_members])
    there = f"{document.path} has {listed}{more}\n" if names else ""
    return f"{there}name one that is there, or guard the edit with `when:`"


def _first_unmatched(hunk: Hunk, document: TextDocument, section: TextSection) -> list[HunkLine]:
    """Return the first run of lines between `...` that fits nowhere; all if each fits by itself."""
    runs: list[list[HunkLine]] = [[]]
    for line in hunk.before():
        if is_ellipsis(line):
            runs.append([])
        elif line.code.strip():
            runs[-1].append(line)
    missing = (run for run in runs if run and not match_side(run, document, section))
    return next(missing, [line for run in runs for line in run])


def _nearest_windows(lines: Sequence[HunkLine], document: TextDocument, section: TextSection) -> tuple[Candidate, ...]:
    """Return the runs of target lines that are most like `lines`, best first."""
    expected = [fold(line.code) for line in lines]
    filled = [index for index in range(section.start, section.end) if document.folded[index]]
    rated: list[tuple[float, list[int]]] = []
    for first in range(max(1, len(filled) - len(expected) + 1)):
        window = filled[first : first + len(expected)]
        pairs = zip(expected, window, strict=False)
        total = sum(likeness(want, document.folded[index]) for want, index in pairs)
        rated.append((total / len(expected), window))
    rated.sort(key=lambda item: -item[0])
    shown, least = thresholds().limits.candidates, thresholds().similarity.text_lines
    return tuple(
        _window_candidate(expected, window, ratio, document) for ratio, window in rated[:shown] if ratio >= least
    )


def _window_candidate(
    expected: Sequence[str], window: Sequence[int], ratio: float, document: TextDocument
) -> Candidate:
    phrases = [
        phrase
        for want, index in zip(expected, window, strict=False)
        for phrase in differences(want, document.folded[index])
    ]
    return Candidate(document.place(window[0]), round(ratio, 2), tuple(phrases))


def _suggestion(
    hunk: Hunk, missing: Sequence[HunkLine], candidates: Sequence[Candidate], document: TextDocument
) -> str:
    """Return the hunk with the missing lines as the best candidate has them; '' where another one is about as good."""
    best, least = candidates[0], thresholds().similarity.clearly_nearest
    if any(best.likeness - other.likeness < least for other in candidates[1:]):
        return ""
    start = best.place.line - 1
    filled = [index for index in range(start, len(document.lines)) if document.folded[index]]
    written = {
        line.number: document.lines[index].strip()
        for line, index in zip(missing, filled, strict=False)
        if fold(line.code) != document.folded[index]
    }
    if not written:
        return "the lines are there, but not in this order or not next to each other: put `...` between them"
    mended = [
        replace(line, code=_indentation(line.code) + written[line.number]) if line.number in written else line
        for line in hunk.lines
    ]
    return f"write the hunk so; its added lines may need the same change:\n{replace(hunk, lines=tuple(mended))}"


def _indentation(code: str) -> str:
    return code[: len(code) - len(code.lstrip())]
