# SPDX-License-Identifier: GPL-2.0-or-later
"""Capabilities that a strategy brings with it, in its own file or in one beside its templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from series_support import make_tree, target
from strategy_support import CAPABILITIES, STRATEGY, TEMPLATES, line_of, load, write_strategy

from qpatch.series.facts import own_problems
from qpatch.series.render import attempt
from qpatch.strategy.check import check_file
from qpatch.strategy.load import load_strategy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qpatch.errors import UserError

SOURCE = "static void start(void)\n{\n    prepare();\n    old_call();\n}\n"
OWN = """\
  areas:
    demo: [hw]
  capabilities:
    starts:
      doc: The demo starts.
      query: {function: start, path: hw/demo.c, area: demo, contains: CALL}
  landed:"""
BESIDE = "areas: {demo: [hw]}\ncapabilities:\n  starts: {doc: It starts., query: {function: start, area: demo}}\n"
SHIPPED = {"qemu": CAPABILITIES, "linux": ()}


def write(directory: Path, query: str = "old_call()", templates: Mapping[str, str] = TEMPLATES) -> Path:
    """Write the small strategy whose second edit depends on a capability of its own."""
    text = STRATEGY.replace("  landed:", OWN.replace("CALL", query)).replace("when: has_extra", "when: starts")
    return write_strategy(directory, text, templates)


def write_beside(directory: Path, content: str) -> Path:
    text = STRATEGY.replace("  landed:", "  capabilities-from: demo/own.yaml\n  landed:")
    text = text.replace("when: has_extra", "when: starts")
    return write_strategy(directory, text, {**TEMPLATES, "demo/own.yaml": content})


def statuses(file: Path, source: str = SOURCE) -> list[str]:
    repository = make_tree(file.parent / f"tree{len(list(file.parent.iterdir()))}", {"hw/demo.c": source.encode()})
    with target(repository, capabilities=CAPABILITIES) as tree:
        tried = attempt(load_strategy(file), tree, {})
    return [edit.result.status for patch in tried.patches for edit in patch.edits]


def test_a_capability_of_its_own_decides(tmp_path: Path) -> None:
    assert statuses(write(tmp_path / "yes")) == ["applied", "applied"]
    assert statuses(write(tmp_path / "no", "never_called()")) == ["applied", "skipped"]
    assert statuses(write_beside(tmp_path / "beside", BESIDE)) == ["applied", "applied"]


def test_what_cannot_be_told_of_it_is_drift(tmp_path: Path) -> None:
    helper = "static void help(void)\n{\n    called();\n}\n"
    source = helper + SOURCE.replace("old_call();", "old_call();\n    help();")
    assert statuses(write(tmp_path, "called()"), source) == ["applied", "drifted"]


def test_the_check_knows_its_names(tmp_path: Path) -> None:
    for file in (write(tmp_path / "in"), write_beside(tmp_path / "beside", BESIDE)):
        assert check_file(file, SHIPPED) == []
        assert own_problems(file) == []


def problem(file: Path) -> UserError:
    (found,) = check_file(file, SHIPPED) or own_problems(file)
    return found


def test_mistakes_are_named_with_their_line(tmp_path: Path) -> None:
    file = write(tmp_path / "pattern", "'if (x) {'")
    found = problem(file)
    assert (found.code, found.where and found.where.line) == (
        "capability-invalid",
        line_of(file.read_text(), "  capabilities:"),
    )
    assert "capability starts: the pattern" in found.message
    file = write(tmp_path / "hides")
    file.write_text(file.read_text().replace("starts", "has_new"), encoding="utf-8")
    assert "hides one of this name" in problem(file).message
    file = write(tmp_path / "parameter")
    file.write_text(file.read_text().replace("limit", "starts"), encoding="utf-8")
    assert "the parameter 'starts' hides a capability" in problem(file).message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("- a\n", "has the mappings `areas` and `capabilities`"),
        ("area: {}\n", "has the mappings `areas` and `capabilities`"),
        (BESIDE.replace("function", "method"), "no query begins with 'method'"),
        (BESIDE.replace("area: demo", "area: moon"), "moon"),
    ],
)
def test_mistakes_of_a_file_beside_it_are_named(tmp_path: Path, content: str, said: str) -> None:
    assert said in problem(write_beside(tmp_path, content)).message


def test_a_file_that_is_not_there_or_has_the_name_again(tmp_path: Path) -> None:
    load(tmp_path, ("  landed:", "  capabilities-from: demo/none.yaml\n  landed:"))
    assert "there is no file 'demo/none.yaml'" in problem(tmp_path / "strategies" / "demo.yaml").message
    both = OWN.replace("  capabilities:", "  capabilities-from: demo/own.yaml\n  capabilities:").replace("CALL", "f()")
    load(tmp_path, ("  landed:", both), templates={**TEMPLATES, "demo/own.yaml": BESIDE})
    assert "is in demo/own.yaml, too" in problem(tmp_path / "strategies" / "demo.yaml").message
