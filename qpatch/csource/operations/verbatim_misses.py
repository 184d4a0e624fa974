# SPDX-License-Identifier: GPL-2.0-or-later
r"""Explains why the lines of a verbatim hunk are not there: the nearest lines, and what differs in them.

White space is shown as Python writes it in a string: `\t` is a tab, `\r` the first half of CR LF.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qpatch.csource.matching.verbatim import places
from qpatch.csource.results import Candidate, Drifted
from qpatch.csource.text.explain import likeness
from qpatch.csource.text.parts import fold
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.matching.verbatim import VerbatimHunk
    from qpatch.csource.text.document import Span, TextDocument


def explain_verbatim(name: str, hunk: VerbatimHunk, span: Span) -> Drifted:
    """Say why the lines that `hunk` shows stand nowhere in `span`, the extent of the anchor `name`."""
    document, wanted = span.document, [line.text for line in hunk.before()]
    if not wanted:
        return Drifted(
            f"{name}: the verbatim hunk shows no line of the file: it fits an empty file only", document.path
        )
    outside = places(hunk.before(), document.lines, 0, len(document.lines))
    if outside:
        return Drifted(
            f"{name}: the lines of the verbatim hunk stand outside of it",
            document.path,
            tuple(Candidate(document.place(place), 1.0) for place in outside[: thresholds().limits.candidates]),
            suggestion=f"in: file\npath: {document.path}" if len(outside) == 1 else "",
        )
    window = _nearest([fold(line) for line in wanted], span)
    if window is None:
        return Drifted(f"{name}: the lines of the verbatim hunk are not there, nor anything like them", document.path)
    return _near_miss(name, wanted, window, document)


def _near_miss(name: str, wanted: Sequence[str], window: range, document: TextDocument) -> Drifted:
    """Say what differs between the wanted lines and those in `window`."""
    found = [document.lines[index] for index in window]
    only_white = "".join(wanted).split() == "".join(found).split()
    what = ": only white space differs" if only_white else ""
    alike = sum(_ratios(wanted, found)) / len(wanted)
    phrases = tuple(_differences(wanted, found))[: thresholds().limits.differences]
    candidate = Candidate(document.place(window.start), round(alike, 2), phrases)
    return Drifted(
        f"{name}: the lines of the verbatim hunk are not there as written{what}", document.path, (candidate,)
    )


def _ratios(wanted: Sequence[str], found: Sequence[str]) -> Iterator[float]:
    for mine, other in zip(wanted, found, strict=False):
        yield 1.0 if mine == other else likeness(mine, other)


def _nearest(wanted: Sequence[str], span: Span) -> range | None:
    """Return the lines of the extent that are most like the wanted ones (white space folded), None where none are."""
    lines = span.document.folded[span.start : span.stop]
    start = _by_equal_lines(wanted, lines)
    if start is None:
        start = _by_similar_lines(wanted, lines)
    if start is None:
        return None
    first = span.start + max(0, start)
    return range(first, min(span.stop, first + len(wanted)))


def _by_equal_lines(wanted: Sequence[str], lines: Sequence[str]) -> int | None:
    """Return the place at which most of the wanted lines that are not blank stand in their line."""
    offsets: dict[str, list[int]] = {}
    for offset, text in enumerate(wanted):
        if text:
            offsets.setdefault(text, []).append(offset)
    votes = Counter(index - offset for index, text in enumerate(lines) for offset in offsets.get(text, ()))
    return max(votes, key=lambda place: (votes[place], -place), default=None)


def _by_similar_lines(wanted: Sequence[str], lines: Sequence[str]) -> int | None:
    """Return the place of the line most similar to the longest wanted one, None where none is similar."""
    from difflib import get_close_matches  # takes 5 ms to import: only a miss pays for it

    offset = max(range(len(wanted)), key=lambda index: len(wanted[index]))
    near = get_close_matches(wanted[offset], lines, 1, thresholds().similarity.text_lines)
    return lines.index(near[0]) - offset if near else None


def _differences(wanted: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    from difflib import SequenceMatcher

    for tag, first, last, start, end in SequenceMatcher(None, wanted, found, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        pairs = min(last - first, end - start)
        for index in range(pairs):
            yield f"expected {_shown(wanted[first + index])}, found {_shown(found[start + index])}"
        for line in wanted[first + pairs : last]:
            yield f"expected {_shown(line)}, which is not there"
        for line in found[start + pairs : end]:
            yield f"found {_shown(line)}, which is not expected"


def _shown(line: str) -> str:
    """Return a line so that its white space can be seen; one without a newline is the file's last."""
    text = repr(line.removesuffix("\n"))
    return text if line.endswith("\n") else f"{text} without a newline at the end of the file"
