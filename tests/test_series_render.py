# SPDX-License-Identifier: GPL-2.0-or-later
"""From a strategy file to a series, and onto another tree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from series_support import applied_tree, commit_files, content_of, git, make_tree, target
from strategy_support import CAPABILITIES, write_strategy

from qpatch.cells.base import Status
from qpatch.cells.rendered import EditChange
from qpatch.cli.series_table import explain_misses
from qpatch.series.model import RenderOptions
from qpatch.series.outputs.branch import BranchOutput
from qpatch.series.rebase import rebase
from qpatch.series.render import attempt, render
from qpatch.strategy.bind import TreeInfo
from qpatch.strategy.load import LoadedStrategy, load_strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qpatch.trees.git import Repository


STRATEGY = """\
name: demo
title: "demo: Defer the call"
summary: Calls later.
qemu:
  landed: {when: has_new, reason: Upstream has it.}
  void:
    - {when: not has_old, reason: There is nothing to replace.}
  cover: demo/cover.j2
  patches:
    - subject: "demo: Add later()"
      body: Nothing calls it yet.
      edits:
        - after: function start
          path: hw/demo.c
          add: |
            static void later(void)
            {
                new_call();
            }
    - subject: "demo: Call later()"
      body: demo/01-call.j2
      trailers: ["Suggested-by: Jane Doe <jane@example.org>"]
      edits:
        - in: function start
          path: hw/demo.c
          hunk: |2
            - old_call();
            + later();
        - in: function stop
          path: hw/demo.c
          when: has_extra
          hunk: |2
            - old_stop();
            + new_stop();
"""
SOURCE = """\
#include "demo.h"

static void start(void)
{
    prepare();
    old_call();
}

static void stop(void)
{
    old_stop();
}
"""
LATER = "\nstatic void later(void)\n{\n    new_call();\n}\n"


@pytest.fixture
def strategy(tmp_path: Path) -> LoadedStrategy:
    return load_strategy(write_strategy(tmp_path / "mine", STRATEGY))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_tree(tmp_path / "tree", {"hw/demo.c": SOURCE.encode()})


@pytest.fixture
def options(tmp_path: Path) -> RenderOptions:
    return RenderOptions(tmp_path / "out", check=False, maintainers=False)


def with_source(repository: Repository, text: str) -> str:
    return commit_files(repository.path, {"hw/demo.c": text.encode()}, "next")


def test_strategy_becomes_a_series(
    strategy: LoadedStrategy, repository: Repository, options: RenderOptions, tmp_path: Path
) -> None:
    options = replace(options, outputs=(BranchOutput("topic"),))
    with target(repository) as tree:
        result = render(strategy, tree, options)
    assert (result.status, result.reason) == (Status.RENDERED, "")
    assert [patch.subject for patch in result.patches] == ["demo: Add later()", "demo: Call later()"]
    assert (
        git(repository.path, "show", "topic:hw/demo.c")
        == SOURCE.replace("    old_call();\n}\n", "    later();\n}\n" + LATER).strip()
    )
    assert applied_tree(repository, result, tmp_path / "am") == git(repository.path, "rev-parse", "topic^{tree}")
    letter = Path(result.directory, "0000-cover-letter.patch").read_text()
    assert "Subject: [PATCH RFC 0/2] demo: Defer the call\n" in letter
    assert "On qemu-1.0: Calls later.\n - demo: Add later()\n - demo: Call later()\n" in letter
    mail = Path(result.directory, result.patches[1].file).read_text()
    assert "The old function is wrong.\n\nSuggested-by: Jane Doe <jane@example.org>\n---\n" in mail


def test_a_component_has_its_own_title(tmp_path: Path, repository: Repository, options: RenderOptions) -> None:
    text = STRATEGY.replace("\nqemu:\n", '\nqemu:\n  title: "hw/demo: Defer it here"\n')
    with target(repository) as tree:
        result = render(load_strategy(write_strategy(tmp_path / "titled", text)), tree, options)
    letter = Path(result.directory, "0000-cover-letter.patch").read_text()
    assert "Subject: [PATCH RFC 0/2] hw/demo: Defer it here\n" in letter


def test_json_is_as_designed(strategy: LoadedStrategy, repository: Repository, options: RenderOptions) -> None:
    with target(repository) as tree:
        document = render(strategy, tree, options).as_json()
    assert document.keys() >= {"strategy", "tree", "component", "status", "reason", "base", "tip", "patches", "edits"}
    assert all(row["warnings"] == [] for row in document["edits"])
    said = ("explanation", "warnings")
    assert [{name: row[name] for name in row if name not in said} for row in document["edits"]] == [
        {"patch": 1, "file": "hw/demo.c", "anchor": "function start", "status": "applied", "count": 1, "message": ""},
        {"patch": 2, "file": "hw/demo.c", "anchor": "function start", "status": "applied", "count": 1, "message": ""},
        {
            "patch": 2,
            "file": "",
            "anchor": "function stop",
            "status": "skipped",
            "count": 0,
            "message": "`has_extra` is false on qemu-1.0",
        },
    ]
    assert [row["explanation"].partition(": ")[2] for row in document["edits"]] == [
        "applied: function start in hw/demo.c:3",
        "applied: function start in hw/demo.c:6",
        "skipped: function stop: `has_extra` is false on qemu-1.0",
    ]
    assert document["tried"] == [
        {"subject": "demo: Add later()", "kept": True, "unwanted": ""},
        {"subject": "demo: Call later()", "kept": True, "unwanted": ""},
    ]
    assert document["remarks"] is None, "checkpatch was not run"


def test_a_warning_is_in_the_result_and_told(
    strategy: LoadedStrategy, repository: Repository, options: RenderOptions, tmp_path: Path
) -> None:
    text = STRATEGY.replace("+ later();", "+ later(left_over);")
    assert text != STRATEGY
    with target(repository) as tree:
        result = render(load_strategy(write_strategy(tmp_path / "other", text)), tree, options)
    assert result.status is Status.RENDERED
    (edit,) = (edit for edit in result.edits if edit.warnings)
    assert edit.warnings[0].startswith("`left_over` on an added line is declared neither in function start")
    assert edit.explanation.endswith(f"\n  warning: {edit.warnings[0]}")
    assert explain_misses(result.edits) == [edit.explanation]


def test_file_anchor_is_named_by_its_path(tmp_path: Path, repository: Repository) -> None:
    text = STRATEGY.replace("after: function start", "in: file")
    with target(repository) as tree:
        tried = attempt(load_strategy(write_strategy(tmp_path / "mine", text)), tree, {})
    assert tried.patches[0].edits[0].anchor == "file hw/demo.c"


@pytest.mark.parametrize(
    ("capabilities", "call", "status", "reason"),
    [
        ({**CAPABILITIES, "has_new": True}, "new_call", Status.LANDED, "Upstream has it."),
        ({**CAPABILITIES, "has_old": False}, "never_call", Status.VOID, "There is nothing to replace."),
    ],
)
def test_landed_and_void_write_nothing(
    strategy: LoadedStrategy,
    repository: Repository,
    options: RenderOptions,
    capabilities: Mapping[str, bool],
    call: str,
    status: Status,
    reason: str,
) -> None:
    with_source(repository, SOURCE.replace("old_call", call))
    with target(repository, capabilities=capabilities) as tree:
        result = render(strategy, tree, options)
    assert (result.status, result.reason) == (status, reason)
    assert not options.output.exists()


def test_strategy_without_this_component_is_void(
    strategy: LoadedStrategy, repository: Repository, options: RenderOptions
) -> None:
    with target(repository) as tree:
        result = render(strategy, replace(tree, info=TreeInfo("linux-6.12", "6.12", "linux")), options)
    assert (result.status, result.key.component) == (Status.VOID, "linux")


def test_drift_writes_nothing_and_keeps_the_outcomes(
    strategy: LoadedStrategy, repository: Repository, options: RenderOptions
) -> None:
    with_source(repository, SOURCE.replace("old_call", "other_call"))
    with target(repository) as tree:
        result = render(strategy, tree, options)
    assert result.status is Status.DRIFTED
    assert result.reason.startswith("patch 2 (demo: Call later()): function start: ")
    assert [edit.status for edit in result.edits] == [
        "applied",
        "drifted",
        "skipped",
    ]
    assert not options.output.exists()


def test_patch_that_is_there_is_dropped_and_the_rest_renumbered(
    strategy: LoadedStrategy, repository: Repository, options: RenderOptions
) -> None:
    with_source(repository, SOURCE.replace("    old_call();\n}\n", "    old_call();\n}\n" + LATER))
    with target(repository) as tree:
        result = render(strategy, tree, options)
    assert [patch.file for patch in result.patches] == ["0001-demo-Call-later.patch"]


def test_all_there_has_landed(strategy: LoadedStrategy, repository: Repository, options: RenderOptions) -> None:
    with_source(repository, SOURCE.replace("    old_call();\n}\n", "    later();\n}\n" + LATER))
    with target(repository) as tree:
        result = render(strategy, tree, options)
    assert result.status is Status.LANDED
    assert not options.output.exists()


def test_half_a_patch_is_drift_unless_allowed(tmp_path: Path, repository: Repository, options: RenderOptions) -> None:
    with_source(repository, SOURCE.replace("old_stop", "new_stop"))
    capabilities = {**CAPABILITIES, "has_extra": True}
    strict = load_strategy(write_strategy(tmp_path / "strict", STRATEGY))
    text = STRATEGY.replace("      trailers:", "      partial: ok\n      trailers:")
    lenient = load_strategy(write_strategy(tmp_path / "lenient", text))
    with target(repository, capabilities=capabilities) as tree:
        assert attempt(strict, tree, {}).decision.status is Status.DRIFTED
        assert render(lenient, tree, options).status is Status.RENDERED


def test_attempt_writes_nothing(strategy: LoadedStrategy, repository: Repository, options: RenderOptions) -> None:
    before = content_of(repository.path)
    with target(repository) as tree:
        tried = attempt(strategy, tree, {})
    assert tried.planned is not None
    assert [patch.changes.keys() for patch in tried.planned.patches] == [{"hw/demo.c"}, {"hw/demo.c"}]
    assert content_of(repository.path) == before


def test_a_patch_that_changes_nothing_is_left_out(
    tmp_path: Path, repository: Repository, options: RenderOptions
) -> None:
    there = "            - old_call();\n            + later();\n"
    back = there.replace("- old_call", "- later").replace("+ later", "+ old_call")
    again = f"        - in: function start\n          path: hw/demo.c\n          hunk: |2\n{back}"
    text = STRATEGY.replace(there, there + again)
    strategy = load_strategy(write_strategy(tmp_path / "mine", text))
    with target(repository) as tree:
        result = render(strategy, tree, options)
    assert result.status is Status.RENDERED
    assert "demo: Call later()" not in [patch.subject for patch in result.patches]
    assert [edit.status for edit in result.edits].count("already there") == 2


def test_rebase_compares_with_the_old_tree(
    strategy: LoadedStrategy, repository: Repository, options: RenderOptions
) -> None:
    old = git(repository.path, "rev-parse", "HEAD")
    git(repository.path, "mv", "hw/demo.c", "hw/moved.c")
    text = SOURCE.replace("prepare();", "prepare(1);")
    commit_files(repository.path, {"hw/moved.c": text.encode()}, "next")
    with target(repository, "qemu-1.0", old) as before, target(repository, "qemu-2.0") as after:
        result = rebase(strategy, before, after, options)
    assert result.status is Status.RENDERED
    assert content_of(options.output).keys() == {
        f"demo/qemu-2.0/{name}"
        for name in (
            "0000-cover-letter.patch",
            "0001-demo-Add-later.patch",
            "0002-demo-Call-later.patch",
            "series.json",
        )
    }
    assert "1:  " in result.range_diff
    assert "moved.c" in result.range_diff
    assert result.changes[0] == EditChange(
        patch="demo: Add later()",
        anchor="function start",
        old="applied in hw/demo.c",
        new="applied in hw/moved.c",
        message="moved from hw/demo.c to hw/moved.c",
    )


def test_a_rebase_tells_what_the_letter_says_otherwise(
    repository: Repository, options: RenderOptions, tmp_path: Path
) -> None:
    file = write_strategy(tmp_path / "mine", STRATEGY)
    (tmp_path / "mine/templates/demo/cover.j2").write_text(
        "The same.\n\n@{% if has_extra %}\nWith threads.\n@{% endif %}\nOn @{{ tree.name }}.\n"
    )
    without, threads = ({**CAPABILITIES, "has_extra": value} for value in (False, True))
    with (
        target(repository, "qemu-1.0", capabilities=without) as before,
        target(repository, "qemu-2.0", capabilities=threads) as after,
    ):
        result = rebase(load_strategy(file), before, after, options)
        same = rebase(load_strategy(file), before, before, options)
    assert result.cover_diff.splitlines() == ["-On qemu-1.0.", "+With threads.", "+On qemu-2.0."]
    assert same.cover_diff == ""


def test_rebase_over_two_repositories(
    strategy: LoadedStrategy, repository: Repository, options: RenderOptions, tmp_path: Path
) -> None:
    text = SOURCE.replace("prepare();", "prepare(1);")
    other = make_tree(tmp_path / "other", {"hw/demo.c": text.encode()})
    with target(repository) as before, target(other, "qemu-2.0") as after:
        result = rebase(strategy, before, after, options)
    assert "prepare" in result.range_diff
    assert result.changes == ()


def test_rebase_onto_a_tree_that_drifted(
    strategy: LoadedStrategy, repository: Repository, options: RenderOptions
) -> None:
    old = git(repository.path, "rev-parse", "HEAD")
    with_source(repository, SOURCE.replace("old_call", "other_call"))
    with target(repository, "qemu-1.0", old) as before, target(repository, "qemu-2.0") as after:
        result = rebase(strategy, before, after, options)
    assert (result.status, result.range_diff) == (Status.DRIFTED, "")
    assert [change.new.split()[0] for change in result.changes] == ["drifted"]
    assert not options.output.exists()
