# SPDX-License-Identifier: GPL-2.0-or-later
"""What is told of edits: the place in the strategy first, then everything needed to mend it."""

from __future__ import annotations

import pytest

from qpatch.csource.results import (
    AlreadyThere,
    Ambiguous,
    Applied,
    Candidate,
    Drifted,
    EditResult,
    Skipped,
    SourcePlace,
)
from qpatch.errors import Location
from qpatch.series.explain import explain_edit
from qpatch.series.plan import EditOutcome

WHERE = Location("strategies/demo.yaml", 24, 11)


def outcome(result: EditResult, anchor: str = "function start") -> EditOutcome:
    return EditOutcome(anchor, WHERE, result)


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (Applied("a.c", places=(SourcePlace("a.c", 7),)), "applied: function start in a.c:7"),
        (
            Applied("b.c", 2, moved_from="a.c", places=(SourcePlace("b.c", 7), SourcePlace("b.c", 9))),
            "applied: function start in b.c:7, 9, 2 times: moved from a.c to b.c",
        ),
        (AlreadyThere("a.c"), "already there: function start in a.c"),
        (Skipped("`x` is false on qemu-1.0"), "skipped: function start: `x` is false on qemu-1.0"),
    ],
)
def test_one_line_for_what_needs_no_mending(result: EditResult, line: str) -> None:
    assert list(explain_edit(outcome(result))) == [f"strategies/demo.yaml:24:11: {line}"]


def test_drift_shows_candidates_differences_and_the_mend() -> None:
    near = Candidate(SourcePlace("a.c", 7, "    start(a,\n          b);"), 0.9, ("expected 'x', found 'y'",))
    result = Drifted("the hunk fits nowhere", "a.c", (near,), ("c.c",), "in: function begin\npath: c.c")
    assert list(explain_edit(outcome(result))) == [
        "strategies/demo.yaml:24:11: drifted: function start in a.c: the hunk fits nowhere",
        "  note: the symbol is in c.c now",
        "  a.c:7: near miss, 90% alike",
        "    | start(a,",
        "    |       b);",
        "    - expected 'x', found 'y'",
        "  to mend the strategy:",
        "    in: function begin\n    path: c.c",
    ]


def test_a_message_that_names_the_anchor_is_not_doubled() -> None:
    (line, *_) = explain_edit(outcome(Drifted("the tree has no function start", "a.c")))
    assert line == "strategies/demo.yaml:24:11: drifted: the tree has no function start"


def test_ambiguity_shows_every_match() -> None:
    places = (SourcePlace("a.c", 7), SourcePlace("a.c", 9))
    result = Ambiguous("2 places match, 1 is expected", "a.c", places, "expect: 2")
    lines = list(explain_edit(outcome(result)))
    assert lines[1:3] == ["  a.c:7: a match", "  a.c:9: a match"] and lines[-1] == "    expect: 2"


def test_an_ambiguous_edit_names_its_places_in_one_line() -> None:
    places = tuple(SourcePlace("a.c", line) for line in (3, 5, 7, 9))
    result = Ambiguous("function start: the hunk fits 4 places, 1 expected", "a.c", places)
    assert outcome(result).message.endswith("1 expected (a.c:3, a.c:5, a.c:7 and 1 more)")


def test_of_very_many_places_the_nearest_are_listed() -> None:
    far = [SourcePlace(f"drivers/x{number}.c", 1) for number in range(500)]
    near = SourcePlace("hw/vfio/pci.c", 9)
    ambiguous = Ambiguous("`dev` stands in 501 places, 1 expected", "hw/vfio/pci.c", (*far, near))
    lines = list(explain_edit(outcome(ambiguous)))
    assert lines[1] == "  hw/vfio/pci.c:9: a match" and lines[-1] == "  and 481 more places, in 481 files"
    drifted = Drifted("uses did not follow", "hw/vfio/pci.c", tuple(Candidate(place, 1.0) for place in (*far, near)))
    lines = list(explain_edit(outcome(drifted)))
    assert lines[1] == "  hw/vfio/pci.c:9:" and lines[-1] == "  and 481 more places, in 481 files"
    assert len(lines) == 22
