# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a strategy is wanted on a tree: what cannot be told, and what contradicts a rule, is drift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest
from series_support import make_tree, target
from strategy_support import write_strategy
from test_series_render import SOURCE, STRATEGY

from qpatch.cells.base import Status
from qpatch.errors import UndecidedError
from qpatch.series.render import attempt
from qpatch.strategy.load import load_strategy

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.series.plan import SeriesAttempt

LATER = "static void later(void)\n{\n    new_call();\n}\n\n"
DONE = LATER + SOURCE.replace("old_call", "later")
FACTS = {"has_new": False, "has_old": True, "has_extra": False}


class Untold(Mapping[str, bool]):
    """Capabilities of which some cannot be told."""

    def __init__(self, *untold: str, **facts: bool) -> None:
        self._facts = {**FACTS, **facts}
        self._untold = untold

    def __getitem__(self, name: str) -> bool:
        if name in self._untold:
            raise UndecidedError(name, "it could be either (hw/demo.c:4)", "hw/demo.c", 4)
        return self._facts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)


def attempted(
    directory: Path, capabilities: Mapping[str, bool], *changes: tuple[str, str], source: str = SOURCE
) -> SeriesAttempt:
    """Try the small strategy, some of its text replaced, on a tree of one source."""
    text = STRATEGY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    repository = make_tree(directory / "tree", {"hw/demo.c": source.encode()})
    with target(repository, capabilities=capabilities) as tree:
        return attempt(load_strategy(write_strategy(directory / "mine", text)), tree, {})


@pytest.mark.parametrize("untold", ["has_new", "has_old"])
def test_a_rule_that_cannot_be_decided_is_drift(tmp_path: Path, untold: str) -> None:
    decision = attempted(tmp_path, Untold(untold)).decision
    assert decision.status is Status.DRIFTED
    assert f"it cannot be told whether the tree has `{untold}`: it could be either (hw/demo.c:4)" in decision.reason


def test_a_condition_of_an_edit_that_cannot_be_decided_is_drift_of_that_edit(tmp_path: Path) -> None:
    tried = attempted(tmp_path, Untold("has_extra"), ("body: demo/01-call.j2", "body: Calls it."))
    assert tried.decision.status is Status.DRIFTED
    assert [edit.result.status for edit in tried.patches[1].edits] == ["applied", "drifted"]
    assert "`has_extra`: it could be either" in tried.patches[1].edits[1].message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("body: Nothing calls it yet.", "body: \"@{{ 'More' if has_extra else 'Less' }}.\""),
        ("body: Nothing calls it yet.", "body: Nothing calls it yet.\n      when: has_extra"),
    ],
)
def test_a_patch_that_depends_on_what_cannot_be_told_is_drift(tmp_path: Path, old: str, new: str) -> None:
    tried = attempted(tmp_path, Untold("has_extra"), (old, new))
    assert tried.decision.status is Status.DRIFTED
    assert tried.decision.reason.startswith("patch 1 (demo: Add later()): the patch: it cannot be told")


def test_a_hunk_and_a_cover_letter_that_cannot_be_written_are_drift(tmp_path: Path) -> None:
    plain = ("body: demo/01-call.j2", "body: Calls it."), ("when: has_extra", "when: false")
    hunk = ("+ later();", "+ later(@{{ 1 if has_extra else '' }});")
    tried = attempted(tmp_path / "hunk", Untold("has_extra"), *plain, hunk)
    assert [edit.result.status for edit in tried.patches[1].edits] == ["drifted", "skipped"]
    cover = ("cover: demo/cover.j2", 'cover: "@{{ has_extra }}"')
    tried = attempted(tmp_path / "cover", Untold("has_extra"), *plain, cover)
    assert tried.decision.status is Status.DRIFTED
    assert tried.decision.reason.startswith("the cover letter: it cannot be told")


@pytest.mark.parametrize("condition", ["has_extra and has_new", "has_new or not (has_extra and not has_old)"])
def test_what_cannot_be_told_matters_only_where_it_decides(tmp_path: Path, condition: str) -> None:
    plain = ("body: demo/01-call.j2", "body: Calls it."), ("function stop", "function start")
    hunk = ("- old_stop();\n            + new_stop();", "+ again();\n              later();")
    when = ("when: has_extra", f"when: {condition}")
    tried = attempted(tmp_path, Untold("has_extra"), *plain, when, hunk)
    assert tried.decision.status is Status.RENDERED, tried.decision


def test_landed_needs_that_nothing_of_what_is_removed_is_left(tmp_path: Path) -> None:
    both = LATER + SOURCE.replace("    old_call();", "    later();\n    old_call();")
    for number, source in enumerate((SOURCE, both)):
        decision = attempted(tmp_path / str(number), Untold(has_new=True), source=source).decision
        assert decision.status is Status.DRIFTED
        assert "a part of the change only: `landed` is met (Upstream has it.), but patch" in decision.reason
        assert "what the edit of function start removes is still there (hw/demo.c:" in decision.reason


def test_landed_needs_all_of_a_patch(tmp_path: Path) -> None:
    added = (
        (
            "- old_call();\n            + later();",
            "  prepare();\n            + later();",
        ),
        (
            "when: has_extra\n          hunk: |2\n            - old_stop();\n            + new_stop();",
            "hunk: |2\n              old_stop();\n            + later_stop();",
        ),
    )
    half = SOURCE.replace("    prepare();", "    prepare();\n    later();")
    decision = attempted(tmp_path / "half", Untold(has_new=True), *added, source=half).decision
    assert decision.status is Status.DRIFTED
    assert "the edit of function start is there, and that of function stop is not" in decision.reason
    whole = LATER + half.replace("    old_stop();", "    old_stop();\n    later_stop();")
    assert attempted(tmp_path / "whole", Untold(has_new=True), *added, source=whole).decision.status is Status.LANDED


@pytest.mark.parametrize("source", [DONE, SOURCE.replace("old_call", "upstreams_own_way")])
def test_landed_stands_where_no_edit_contradicts_it(tmp_path: Path, source: str) -> None:
    tried = attempted(tmp_path, Untold(has_new=True), source=source)
    assert (tried.decision.status, tried.decision.reason) == (Status.LANDED, "Upstream has it.")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (LATER + SOURCE, "patch 1 (demo: Add later()) is there, and nothing of patch 2 (demo: Call later()) is"),
        (
            SOURCE.replace("    prepare();", "    prepare();\n    later();"),
            "patch 2 (demo: Call later()) is there, and nothing of patch 1 (demo: Add later()) is",
        ),
    ],
)
def test_landed_needs_all_patches_where_one_is_there(tmp_path: Path, source: str, said: str) -> None:
    added = ("- old_call();\n            + later();", "  prepare();\n            + later();")
    decision = attempted(tmp_path / "half", Untold(has_new=True), added, source=source).decision
    assert decision.status is Status.DRIFTED and said in decision.reason
    whole = (LATER if LATER not in source else "") + source.replace("    prepare();\n    later();", "    prepare();")
    whole = whole.replace("    prepare();", "    prepare();\n    later();")
    assert attempted(tmp_path / "whole", Untold(has_new=True), added, source=whole).decision.status is Status.LANDED
    other = SOURCE.replace("prepare()", "upstreams_own_way()")
    assert attempted(tmp_path / "other", Untold(has_new=True), added, source=other).decision.status is Status.LANDED


@pytest.mark.parametrize(
    ("path", "hunk"),
    [
        ("hw/demo.c", "  prepare();\n            + /* The rest comes later. */"),
        ("hw/notes.txt", "  Start.\n            + Later."),
    ],
)
def test_a_tree_that_landed_it_may_be_documented_otherwise(tmp_path: Path, path: str, hunk: str) -> None:
    changes = (
        ("- old_call();\n            + later();", hunk),
        (
            "in: function start\n          path: hw/demo.c",
            f"in: {'file' if 'notes' in path else 'function start'}\n          path: {path}",
        ),
    )
    repository = make_tree(tmp_path / "tree", {"hw/demo.c": (LATER + SOURCE).encode(), "hw/notes.txt": b"Start.\n"})
    text = STRATEGY
    for old, new in changes:
        text = text.replace(old, new)
    with target(repository, capabilities=Untold(has_new=True)) as tree:
        tried = attempt(load_strategy(write_strategy(tmp_path / "mine", text)), tree, {})
    assert tried.decision.status is Status.LANDED, tried.decision
