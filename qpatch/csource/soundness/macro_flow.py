# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds what an edit changes about the flow of control in the body of a macro, which the file's own parse has not.

The lines of the macro are read as those of a function, at their places in the file. What is no C by itself is left out.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import accumulate
from typing import TYPE_CHECKING

from qpatch.csource.soundness.control_flow import governed_otherwise
from qpatch.csource.soundness.versions import Versions
from qpatch.csource.syntax.continuation import is_continued, macro_around, without_continuation
from qpatch.csource.syntax.layout import Replacement
from qpatch.csource.syntax.parse import nodes_of, parse
from qpatch.csource.tokens import OPAQUE, blank_opaque

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.soundness.flow_change import FlowChange
    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.syntax.parse import ParsedFile

_HEAD = re.compile(rb"[ \t]*#[ \t]*define[ \t]+\w+(?:\([^()]*\))?")
_GOVERNS = re.compile(rb"\b(?:if|else|for|while)\b|foreach|FOREACH|for_each")
_OPENING, _CLOSING = b"int m(){", b";}"  # as long as the shortest `#define`
# The operators of the preprocessor, and what hides them.
_OPERATORS = re.compile(rf"(?P<opaque>{OPAQUE})|,\s*##|\s*##\s*|#", re.DOTALL)


def macro_changes(
    old: bytes, new: bytes, changes: Sequence[Replacement], shown: frozenset[int], table: MacroTable | None
) -> Iterator[tuple[Versions, FlowChange | None]]:
    """Yield both versions of each macro in which something comes under another `if`, `else` or loop, and what does.

    `old` and `new` are the source before and after `changes`, `shown` the places that the hunk shows. Where an `else`
    has lost its `if`, nothing can be told but that.
    """
    by_line = [part for change in changes for part in _by_line(old, change)] if _GOVERNS.search(old) else []
    seen: set[int] = set()
    shift = 0
    for change in sorted(by_line, key=lambda each: each.start):
        was, now = macro_around(old, change.start), macro_around(new, change.start + shift)
        shift += len(change.text) - (change.end - change.start)
        if was is None or now is None or was[0] in seen or not _GOVERNS.search(old, *was):
            continue
        seen.add(was[0])
        versions = Versions(_as_function(old, *was, table), _as_function(new, *now, table), by_line, shown)
        if _has_lone_else(versions.new) and not _has_lone_else(versions.old):
            yield versions, None
        if any(parsed.tree.root_node.has_error for parsed in (versions.old, versions.new)):
            continue
        found = governed_otherwise(versions)
        if found is not None:
            yield versions, found


def _by_line(source: bytes, change: Replacement) -> Iterator[Replacement]:
    """Yield what a change does to single lines: those of a macro are all written anew, for their backslashes."""
    if not is_continued(source, source.find(b"\n", change.start)) or b"\n" not in change.text:
        yield change
        return
    before, after = (text.splitlines(keepends=True) for text in (source[change.start : change.end], change.text))
    starts = list(accumulate(map(len, before), initial=change.start))
    old, new = (
        [without_continuation(line.decode("latin-1").rstrip("\r\n")) for line in side] for side in (before, after)
    )
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for operation, low, high, new_low, new_high in matcher.get_opcodes():
        if operation != "equal":
            yield Replacement(starts[low], starts[high], b"".join(after[new_low:new_high]))
            continue
        for index, other in zip(range(low, high), range(new_low, new_high), strict=True):
            kept = len(old[index])
            if before[index] != after[other]:
                yield Replacement(starts[index] + kept, starts[index + 1], after[other][kept:])


def _as_function(source: bytes, start: int, end: int, table: MacroTable | None) -> ParsedFile:
    """Parse the macro [start, end) of a source as a function at its place, all that is before it left blank."""
    head = _HEAD.match(source, start)
    value = head.end() if head is not None else start
    above = re.sub(rb"[^\n]", b" ", source[:start])
    body = _OPERATORS.sub(_plain, source[value:end].decode("latin-1")).encode("latin-1")
    return parse(above + _OPENING.ljust(value - start) + body + _CLOSING, table)


def _plain(found: re.Match[str]) -> str:
    """Return what stands for an operator of the preprocessor, as long as it: a part of a name, or nothing."""
    if found["opaque"]:
        return found[0]
    if found[0].startswith(","):
        return found[0].replace("#", " ")
    return "_" * len(found[0]) if "##" in found[0] and "\n" not in found[0] else found[0].replace("#", " ")


def _has_lone_else(parsed: ParsedFile) -> bool:
    """Tell whether an `else` is there that the parser could give to no `if`."""
    words = re.findall(r"\belse\b", blank_opaque(parsed.source.decode("latin-1")))
    return len(words) > sum(1 for _ in nodes_of(parsed.tree.root_node, "else_clause"))
