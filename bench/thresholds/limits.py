# SPDX-License-Identifier: GPL-2.0-or-later
"""What limits and search windows cut off: how large real things are, and what half and double the value change."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from qpatch.csource.matching.fragment import Fragment
from qpatch.csource.matching.hunk import Hunk, HunkError, HunkLine, Sign
from qpatch.csource.matching.match import matches_in, nested_blocks
from qpatch.csource.matching.pattern import Context, compile_sides
from qpatch.csource.matching.suggestion import suggested_hunk
from qpatch.csource.operations.removed import RemovedCode, with_names_left_open
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.parse import parse
from qpatch.csource.tokens import IDENTIFIER
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.thresholds.drifts import ParsedRelease, StatementDrift

_REPAIR = ("repaired_places", "repair_trials", "repair_before")
_WINDOWS = (
    "open_braces",
    "tag_keyword",
    "last_character",
    "macro_word",
    "call_name",
    "call_parenthesis",
    "entry_before",
)
PARSER_LIMITS = (*(("limits", name) for name in _REPAIR), *(("windows", name) for name in _WINDOWS))
# Of the changed statements one in four is aligned with each of the costs: all take too long.
_EVERY = 4
COSTS = {
    "leave_out": (0.5, 1.0, 2.0),
    "put_in": (0.5, 1.0, 2.0),
    "other_word": (1.0, 1.2, 1.5, 1.9),
    "other_token": (1.5, 2.0, 2.5, 4.0),
    "metavariable": (0.0, 0.1, 0.3, 0.5, 0.9, 1.0),
}


RECOGNISED = (1, 2, 3, 4)


@contextmanager
def changed(group: str, name: str, value: float) -> Iterator[None]:
    """Let qpatch work with another value of one threshold."""
    values = thresholds()
    other = replace(values, **{group: replace(getattr(values, group), **{name: value})})
    with patch("qpatch.thresholds._load", lambda: other):
        yield


def sizes(release: ParsedRelease, drifts: Sequence[StatementDrift]) -> dict[str, int]:
    """Return how large the largest real things are that limits are about."""
    blocks = [
        len(term.items)
        for function in release.functions.values()
        for term in function.body.below()
        if term.kind == "compound_statement"
    ]
    pairs = [len(drift.old.tokens) * len(drift.new.tokens) for drift in drifts if drift.new]
    most = thresholds().limits.aligned_pairs
    return {
        "members of a block": max(blocks),
        f"changed statements, of {len(pairs)}, with more than {most} pairs of tokens": sum(p > most for p in pairs),
        "lines of a section of a text file": max(
            section.end - section.start
            for document in release.documents().values()
            for section in document.outline.sections
        ),
    }


def masks(release: ParsedRelease) -> dict[str, dict[str, int]]:
    """Count the files whose masked source half and double the value of each limit of the parser would change."""
    expected = _masked(release)
    found = {}
    for group, name in PARSER_LIMITS:
        value = getattr(getattr(thresholds(), group), name)
        found[f"{group}.{name}"] = {"files": len(expected)}
        for label, factor in (("half", 0.5), ("double", 2)):
            with changed(group, name, int(value * factor)):
                other = _masked(release)
            found[f"{group}.{name}"][label] = sum(other[path] != expected[path] for path in expected)
    return found


def _masked(release: ParsedRelease) -> dict[str, bytes]:
    return {path: parse(source, macro_table("qemu")).masked for path, source in release.sources.items()}


def suggestions(drifts: Sequence[StatementDrift]) -> dict[str, Any]:
    """Count the changed statements for which a suggestion is made that matches and keeps its metavariable.

    The hunk removes the old statement, with a metavariable in the place of its first name that recurs. `short`: that
    stands for the name; `long`: the new statement has an expression of several tokens in the name's place.
    """
    chosen = [drift for drift in drifts[::_EVERY] if drift.new is not None]
    short, long = ([pair for drift in chosen if (pair := _pair(drift, form))] for form in ("{}", "PART({}->of)"))
    document: dict[str, Any] = {"statements": len(short), "values": {}}
    for name, values in COSTS.items():
        for value in values:
            with changed("costs", name, value):
                counts = {"short": _suggested(short), "long": _suggested(long)}
                document["values"][f"{name} {value}"] = counts
    return document


def recognised(drifts: Sequence[StatementDrift]) -> dict[int, dict[str, int]]:
    """Count what is found where names that a function does not have any more stand for anything, by how many must stay.

    `true`: the statement that a changed one has become; `false`: another one in its place; `gone`: one in the place of
    a statement that is gone.
    """
    counts = {}
    for least in RECOGNISED:
        with changed("limits", "recognised_names", least):
            found = [(drift, place) for drift in drifts if (place := _recognised(drift)) is not None]
        starts = [(drift.new.start if drift.new else None, place) for drift, place in found]
        counts[least] = {
            "true": sum(start == place for start, place in starts),
            "false": sum(start is not None and start != place for start, place in starts),
            "gone": sum(start is None for start, _ in starts),
        }
    return counts


def _recognised(drift: StatementDrift) -> int | None:
    """Return where the old statement is recognised in its function, names that this has not left open."""
    text = drift.old_source[drift.old.start : drift.old.end].decode(errors="replace")
    lines = tuple(HunkLine(Sign.REMOVED, line, number) for number, line in enumerate(text.split("\n"), 1))
    hunk = Hunk(lines)
    try:
        before, _ = compile_sides(hunk, Context.STATEMENTS, macro_table("qemu"))
    except HunkError:
        return None
    body = drift.function.body
    pattern = with_names_left_open(RemovedCode.of(hunk, before), lines, before, body)
    blocks = [body, *nested_blocks(body)] if pattern is not None else []
    matches = [match for block in blocks for match in matches_in(pattern, block, block.items)] if pattern else []
    return matches[0].extent[0] if matches else None


def _pair(drift: StatementDrift, form: str) -> tuple[Hunk, str] | None:
    """Return the hunk and the new statement's text, in which the recurring name is written as `form`."""
    assert drift.new is not None
    names = [token for token in drift.old.tokens if IDENTIFIER.fullmatch(token) and token.islower()]
    recurring = next((name for name in names if names.count(name) > 1), "")
    old = drift.old_source[drift.old.start : drift.old.end].decode(errors="replace").split("\n")
    new = drift.function.source[drift.new.start : drift.new.end].decode(errors="replace")
    if not recurring or "#" in new:
        return None
    lines = (
        HunkLine(Sign.REMOVED, _renamed(line, recurring, "$variable"), number) for number, line in enumerate(old, 1)
    )
    return Hunk(tuple(lines)), _renamed(new, recurring, form.format(recurring))


def _renamed(code: str, name: str, other: str) -> str:
    return IDENTIFIER.sub(lambda word: other if word[0] == name else word[0], code)


def _suggested(pairs: Sequence[tuple[Hunk, str]]) -> int:
    """Count the suggestions that match the new statement and keep the metavariable."""
    kept = 0
    for hunk, new in pairs:
        found = suggested_hunk(hunk, range(1, len(hunk.lines) + 1), new)
        text = "\n".join(line.code for line in found.lines) if found else ""
        kept += "$variable" in text and _matches(text, new)
    return kept


def _matches(text: str, new: str) -> bool:
    table = macro_table("qemu")
    parsed = parse(f"void f(void)\n{{\n{new}\n}}\n".encode(), table)
    try:
        return Fragment(text).occurs_in(parsed, parsed.tree.root_node, table)
    except ValueError:  # what was suggested is not C
        return False
