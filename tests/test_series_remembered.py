# SPDX-License-Identifier: GPL-2.0-or-later
"""What edits came to is remembered by content: the second time is as the first, without the engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from series_support import commit_files, content_of, make_tree, target
from strategy_support import CAPABILITIES, write_strategy
from test_anchor_kinds import LOOP
from test_anchor_kinds import SOURCE as LOOP_SOURCE
from test_anchor_kinds import STRATEGY as LOOP_STRATEGY
from test_series_render import LATER, SOURCE, STRATEGY

from qpatch.capabilities import evaluate
from qpatch.cells.base import Status
from qpatch.csource import apply, apply_patch
from qpatch.series.facts import facts_for
from qpatch.series.model import RenderOptions
from qpatch.series.open_tree import opened_tree
from qpatch.series.render import attempt, render
from qpatch.strategy.load import load_strategy
from qpatch.trees.memory import memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qpatch.series.plan import SeriesAttempt
    from qpatch.trees.git import Repository

MANY = """\
name: demo
title: "demo: All kinds of changes"
summary: Changes files in all ways.
qemu:
  cover: Cover.
  patches:
    - subject: "demo: Call later"
      body: Body.
      edits:
        - in: function start
          path: hw/demo.c
          hunk: |2
            - old_call();
            + new_call();
        - in: function stop
          path: hw/demo.c
          when: has_extra
          hunk: |2
            - old_stop();
    - subject: "demo: Files"
      body: Body.
      edits:
        - create: hw/new.c
          text: "int fresh;\\n"
        - rename: hw/old.txt
          to: hw/moved.txt
        - delete: file hw/gone.txt
        - in: file hw/run.txt
          mode: 100755
        - in: function start
          path: hw/demo.c
          hunk: |2
              prepare();
            + check();
              new_call();
"""
FILES = {
    "hw/demo.c": SOURCE.encode(),
    "hw/old.txt": b"old \xff\xfe\n",
    "hw/gone.txt": b"gone\n",
    "hw/run.txt": b"#!/bin/sh\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_tree(tmp_path / "tree", FILES)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the anchor of each edit that is carried out."""
    made: list[str] = []
    real: Callable[..., object] = apply.apply_edit

    def noted(edit: object, *rest: object) -> object:
        made.append(str(getattr(edit, "anchor", "")))
        return real(edit, *rest)

    monkeypatch.setattr(apply, "apply_edit", noted)
    monkeypatch.setattr(apply_patch, "apply_edit", noted)
    return made


def tried(directory: Path, repository: Repository, text: str, **facts: bool) -> SeriesAttempt:
    strategy = load_strategy(write_strategy(directory / "mine", text))
    with target(repository, capabilities={**CAPABILITIES, **facts}) as tree:
        return attempt(strategy, tree, {})


@pytest.mark.parametrize("text", [STRATEGY, MANY])
def test_the_second_attempt_is_as_the_first(
    tmp_path: Path, repository: Repository, engine: list[str], text: str
) -> None:
    first = tried(tmp_path, repository, text)
    assert first.decision.status is Status.RENDERED, first.decision.reason
    made = len(engine)
    assert made
    second = tried(tmp_path, repository, text)
    assert len(engine) == made
    assert second.planned == first.planned
    assert second.decision == first.decision
    assert second.patches == first.patches


def test_the_same_bytes_are_written(tmp_path: Path, repository: Repository) -> None:
    written = []
    for name in ("first", "second"):
        strategy = load_strategy(write_strategy(tmp_path / "mine", STRATEGY))
        with target(repository) as tree:
            render(strategy, tree, RenderOptions(tmp_path / name, check=False, maintainers=False))
        written.append(content_of(tmp_path / name))
    assert written[0] == written[1]


def test_another_strategy_tree_or_fact_is_tried(tmp_path: Path, repository: Repository, engine: list[str]) -> None:
    tried(tmp_path, repository, STRATEGY)
    made = [len(engine)]
    tried(tmp_path, repository, STRATEGY.replace("new_call()", "newer_call()"))
    made.append(len(engine))
    tried(tmp_path, repository, STRATEGY, has_extra=True)
    made.append(len(engine))
    commit_files(repository.path, {"hw/other.c": b"int other;\n"}, "next")
    tried(tmp_path, repository, STRATEGY)
    made.append(len(engine))
    assert made == sorted(set(made))


def test_edits_are_not_made_again_for_another_message(
    tmp_path: Path, repository: Repository, engine: list[str]
) -> None:
    tried(tmp_path, repository, MANY)
    made = len(engine)
    again = tried(tmp_path, repository, MANY.replace("Call later", "Call sooner").replace("body: Body.", "body: New."))
    assert len(engine) == made
    assert again.planned is not None
    assert [(patch.subject, patch.body) for patch in again.planned.patches] == [
        ("demo: Call sooner", "New.\n"),
        ("demo: Files", "New.\n"),
    ]
    assert [patch.subject for patch in again.patches] == ["demo: Call sooner", "demo: Files"]


def test_edits_are_not_made_again_where_they_only_stand_elsewhere(
    tmp_path: Path, repository: Repository, engine: list[str]
) -> None:
    first = tried(tmp_path, repository, MANY)
    made = len(engine)
    moved = MANY.replace("title:", "# a comment\ntitle:").replace(
        "path: hw/demo.c\n", "path: hw/demo.c\n          why: new\n"
    )
    again = tried(tmp_path / "other", repository, moved)
    assert len(engine) == made
    assert again.planned == first.planned
    places = [[edit.where for patch in each.patches for edit in patch.edits] for each in (first, again)]
    assert places[0] != places[1]
    assert {edit.edit.why for patch in again.patches for edit in patch.edits if edit.edit} == {"new", ""}


def test_capabilities_are_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"VERSION": b"10.0.0\n", "include/qemu/osdep.h": b"/* */\n", "hw/vfio/migration.c": b"int nothing;\n"}
    repository = make_tree(tmp_path / "tree", files)
    with opened_tree(str(repository.path)) as tree:
        first = {name: tree.capabilities[name] for name in list(tree.capabilities)[:5]}
    monkeypatch.setattr(evaluate, "Sources", lambda *_: None)  # Whoever asks it gets an AttributeError.
    with opened_tree(str(repository.path)) as tree:
        assert {name: tree.capabilities[name] for name in first} == first
        with pytest.raises(AttributeError):
            [tree.capabilities[name] for name in tree.capabilities]


OWN = """\
  capabilities:
    starts:
      doc: The demo starts.
      query: {function: start, path: hw/demo.c, contains: old_call()}
  landed:"""


def test_a_strategy_s_own_capabilities_are_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {**FILES, "VERSION": b"10.0.0\n", "include/qemu/osdep.h": b"/* */\n"}
    place = str(make_tree(tmp_path / "tree", files).path)
    text = STRATEGY.replace("  landed:", OWN)

    def starts(text: str) -> bool:
        strategy = load_strategy(write_strategy(tmp_path / "mine", text))
        with opened_tree(place) as tree:
            return bool(facts_for(strategy, tree)["starts"])

    assert starts(text)
    monkeypatch.setattr(evaluate, "Sources", lambda *_: None)  # Whoever asks it gets an AttributeError.
    assert starts(text)
    with pytest.raises(AttributeError):
        starts(text.replace("old_call()}", "no_call()}"))


def test_a_miss_is_not_remembered(tmp_path: Path, repository: Repository, engine: list[str]) -> None:
    missed = STRATEGY.replace("- old_call();", "- no_call();")
    first = tried(tmp_path, repository, missed)
    assert first.decision.status is Status.DRIFTED
    made = len(engine)
    second = tried(tmp_path, repository, missed)
    assert len(engine) == 2 * made
    assert second.patches == first.patches


@pytest.mark.parametrize("done", [True, False])
def test_what_contradicts_a_rule_is_asked_once(tmp_path: Path, engine: list[str], *, done: bool) -> None:
    source = f"{LATER}\n{SOURCE.replace('old_call', 'later')}" if done else SOURCE
    repository = make_tree(tmp_path / "other", {**FILES, "hw/demo.c": source.encode()})
    first = tried(tmp_path, repository, STRATEGY, has_new=True)
    assert first.decision.status is (Status.LANDED if done else Status.DRIFTED)
    made = len(engine)
    assert replace(tried(tmp_path, repository, STRATEGY, has_new=True), target=first.target) == first
    assert len(engine) == made


def test_a_damaged_memory_is_no_harm(tmp_path: Path, repository: Repository) -> None:
    first = tried(tmp_path, repository, MANY)
    for file in memory().directory.iterdir():
        file.write_bytes(file.read_bytes()[:10])
    assert tried(tmp_path, repository, MANY).planned == first.planned


def test_what_a_kind_of_anchor_of_the_user_comes_to_is_not_remembered(tmp_path: Path, engine: list[str]) -> None:
    repository = make_tree(tmp_path / "tree", {"hw/demo.c": LOOP_SOURCE.encode()})
    strategy = load_strategy(write_strategy(tmp_path / "mine", LOOP_STRATEGY), (LOOP,))
    made = []
    for _ in range(2):
        with target(repository) as tree:
            assert attempt(strategy, tree, {}).decision.status is Status.RENDERED
        made.append(engine.count("loop start"))
    assert made[1] == 2 * made[0] > 0
