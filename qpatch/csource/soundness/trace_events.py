# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds trace events that a patch takes away while code still uses them.

Names made of a name that an edit changes (`NAME_init`) mean nothing by themselves. A trace event is the exception: NAME
in a `trace-events` file of QEMU, or in a `TRACE_EVENT()` of Linux, is all that defines `trace_NAME()`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from qpatch.csource.matching.replace import words_of_code
from qpatch.csource.results import Applied, SourcePlace
from qpatch.csource.source import CODE_SUFFIXES
from qpatch.csource.text.document import TextDocument
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.results import EditResult
    from qpatch.csource.source import Overlay

_FILE = "trace-events"
_HEADER = ".h"
_IN_HEADER = re.compile(rb"\b(?:TRACE_EVENT\w*\s*\(|DEFINE_EVENT\w*\s*\(\s*\w+\s*,)\s*(\w+)")


def lost_trace_events(results: Sequence[EditResult], before: Overlay, after: Overlay) -> list[tuple[str, ...]]:
    """Return, for each of the results of a patch's edits, a warning for each event that it took away and code uses.

    `before` and `after` are the tree before and after the patch: a later edit of it may have changed the uses, too.
    """
    told: set[str] = set()
    warnings: list[tuple[str, ...]] = []
    for result in results:
        lost = sorted(_lost(result, before, after) - told) if isinstance(result, Applied) else []
        told.update(lost)
        warnings.append(tuple(filter(None, (_warning(event, after) for event in lost))))
    return warnings


def _lost(result: Applied, before: Overlay, after: Overlay) -> set[str]:
    """Return the events of the files that an edit has changed that are defined nowhere any more."""
    paths = {result.path, *(place.path for place in result.places)}
    gone = {event for path in paths for event in _events(path, before) - _events(path, after)}
    return {event for event in gone if not _is_defined(event, after)}


def _is_defined(event: str, tree: Overlay) -> bool:
    return any(event in _events(path, tree) for path in tree.mentioning(event, (_FILE, _HEADER)))


def _events(path: str, tree: Overlay) -> set[str]:
    """Return the events that a file defines."""
    if posixpath.basename(path) == _FILE:
        outline = TextDocument.read(path, tree.read(path) or b"").outline
        return {entry.name for entry in outline.entries()}
    if path.endswith(_HEADER):
        return {found[1].decode(errors="replace") for found in _IN_HEADER.finditer(tree.read(path) or b"")}
    return set()


def _warning(event: str, tree: Overlay) -> str:
    places = list(_uses(event, tree))
    if not places:
        return ""
    shown = thresholds().limits.candidates
    more = f" and {len(places) - shown} more" if places[shown:] else ""
    return (
        f"the trace event `{event}` is gone, but code uses `trace_{event}`: "
        f"{', '.join(map(str, places[:shown]))}{more}; change it there, too, or keep the event"
    )


def _uses(event: str, tree: Overlay) -> Iterator[SourcePlace]:
    word = f"trace_{event}"
    for path in tree.mentioning(word, CODE_SUFFIXES):
        source = tree.read(path) or b""
        for start, _ in words_of_code(source, word, ((0, len(source)),)):
            yield SourcePlace(path, source.count(b"\n", 0, start) + 1)
