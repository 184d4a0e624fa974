# SPDX-License-Identifier: GPL-2.0-or-later
"""Every line of a series is the tree's own or some edit's, and the replay of the edits is the series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from blame_support import DEMO, FILES, HEADER, STRATEGY, demo_authorship, demo_target, line_of
from hypothesis import given
from hypothesis import strategies as some
from strategy_support import write_strategy

from qpatch.cells.base import Status
from qpatch.errors import Location
from qpatch.series.blame import AttributedLine, Authorship, SeriesEdit, attribute, authorship, split_lines
from qpatch.series.open_tree import OpenTree, opened_tree
from qpatch.series.render import attempt
from qpatch.strategy.library import StrategyLibrary
from qpatch.strategy.load import load_strategy

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.series.plan import SeriesAttempt


@pytest.fixture
def written(tmp_path: Path) -> Authorship:
    return demo_authorship(tmp_path)


def owners(written: Authorship, patch: int, path: str) -> list[tuple[str, str]]:
    return [
        (line.text.strip(), f"{line.edit.patch} {line.edit.position} {line.edit.anchor}")
        for line in written.lines(patch, path)
        if line.edit
    ]


def where_of(anchor: str, which: int = 0) -> int:
    lines = [number for number, line in enumerate(STRATEGY.splitlines(), 1) if line.endswith(anchor)]
    return lines[which]


def check_replay(tried: SeriesAttempt, written: Authorship) -> None:
    """Check that the replayed lines are those of the series, and that no other file was changed."""
    assert tried.planned is not None
    so_far: dict[str, bytes] = {}
    for number, patch in enumerate(tried.planned.patches, start=1):
        so_far |= {path: content for path, content in patch.changes.items() if content is not None}
        assert {path: split_lines(content) for path, content in so_far.items()} == {
            path: [line.text for line in lines] for path, lines in written.files[number - 1].items() if path in so_far
        }
        for path in written.files[number - 1].keys() - so_far.keys():
            assert not any(line.edit for line in written.lines(number, path))


def test_each_line_has_its_edit(written: Authorship) -> None:
    assert written.subjects == ("demo: Add later()", "demo: Call later()")
    assert owners(written, 1, DEMO) == [
        (text, "1 after function start") for text in ("static void later(void)", "{", "new_call();", "}", "")
    ]
    assert owners(written, 2, DEMO) == [
        ("later();", "2 in function start"),
        *((text, "1 after function start") for text in ("static void later(void)", "{")),
        ("newest_call();", "2 in function later"),
        ("}", "1 after function start"),
        ("", "1 after function start"),
        ("int helper(int a, int b)", "2 in signature helper"),
    ]
    assert owners(written, 1, HEADER) == [("int fresh;", "1 in struct Dev")]
    assert owners(written, 2, HEADER)[1] == ("int helper(int a, int b);", "2 in signature helper")


def test_edit_of_a_line(written: Authorship) -> None:
    line = line_of(written, 2, "newest_call();")
    edit = written.of(2, DEMO, line)
    assert edit is not None
    assert (edit.patch, edit.subject, edit.anchor) == (2, "demo: Call later()", "function later")
    assert edit.where.line == where_of("in: function later")
    added = written.of(2, DEMO, line - 1)
    assert added is not None
    assert (added.patch, added.why, added.where.line) == (1, "somebody has to do it", where_of("function start"))
    assert str(added).endswith("(after function start)")


def test_lines_of_the_tree_have_no_edit(written: Authorship) -> None:
    assert written.of(2, DEMO, line_of(written, 2, "demo();")) is None
    assert [
        written.of(*place) for place in ((0, DEMO, 1), (3, DEMO, 1), (2, DEMO, 0), (2, DEMO, 999), (2, "hw/other.c", 1))
    ] == [None] * 5


def test_what_edits_took_away(written: Authorship) -> None:
    changes = {change.edit.anchor: change for change in written.changes}
    assert changes["struct Dev"].removed == ((2, "    int old;"),)
    assert changes["struct Dev"].written == ((2, "    int fresh;"),)
    assert [changes["struct Dev"].balance(name) for name in ("old", "fresh", "int", "ol")] == [-1, 1, 0, 0]
    assert changes["section demo.c"].removed == ((2, 'demo_start(int a) "a %d"'),)
    assert {change.edit.patch for change in written.changes_until(1)} == {1}
    assert len(written.edits()) == 6


def test_replay_is_the_series(tmp_path: Path) -> None:
    loaded = load_strategy(write_strategy(tmp_path / "mine", STRATEGY))
    with demo_target(tmp_path) as target:
        tried = attempt(loaded, target, {})
        check_replay(tried, authorship(loaded, target, {}))
    assert tried.decision.kept == (1, 2)


def test_no_series_no_authors(tmp_path: Path) -> None:
    drifted = STRATEGY.replace("- old_call();", "- other_call();")
    assert demo_authorship(tmp_path, drifted) == Authorship()


TEXTS = some.lists(some.sampled_from(["{", "}", "", "a();", "b();", "c();"]), max_size=12)
EDITS = [SeriesEdit(1, "s", f"function f{number}", "in", Location("x.yaml", number)) for number in range(6)]


@given(TEXTS, some.lists(TEXTS, max_size=6))
def test_lines_are_attributed_to_the_edit_that_brought_them(base: list[str], contents: list[list[str]]) -> None:
    lines: tuple[AttributedLine, ...] = tuple(AttributedLine(text) for text in base)
    for edit, content in zip(EDITS, contents, strict=False):
        before = lines
        lines, change = attribute(before, content, edit, "a.c")
        assert [line.text for line in lines] == content
        assert change.written == tuple((number, line.text) for number, line in enumerate(lines, 1) if line.edit is edit)
        # What is not the edit's are the old lines, in their order, without those taken away.
        gone = {number for number, _ in change.removed}
        assert [line for line in lines if line.edit is not edit] == [
            line for number, line in enumerate(before, 1) if number not in gone
        ]
        assert all(before[number - 1].text == text for number, text in change.removed)


def test_lines_end_as_for_compilers() -> None:
    assert split_lines(b"a\r\nb\x0cc\n\n") == ["a", "b\x0cc", ""]
    assert (split_lines(b""), split_lines(b"a")) == ([], ["a"])
    assert split_lines(FILES[HEADER])[-1] == "int helper(int a);"


@pytest.mark.tree
@pytest.mark.parametrize("tree", ["qemu-5.2", "qemu-10.2"])
@pytest.mark.parametrize("strategy", StrategyLibrary().names())
def test_replay_is_the_series_on_real_trees(strategy: str, tree: str) -> None:
    loaded = StrategyLibrary().get(strategy)
    with opened_tree(tree) as target:
        tried = attempt(loaded, target, {})
        again = authorship(loaded, OpenTree(target.info, target.source, target.capabilities, target.cache), {})
    if tried.decision.status is not Status.RENDERED:
        assert again == Authorship()
        return
    check_replay(tried, again)
    assert {change.edit.patch for change in again.changes} == set(range(1, len(tried.decision.kept) + 1))
