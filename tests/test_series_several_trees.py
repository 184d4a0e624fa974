# SPDX-License-Identifier: GPL-2.0-or-later
"""Suggestions where several trees are given: what mends one of them and breaks another is not shown as it is."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from cli_support import SOURCE, isolate, make_tree, use_capabilities
from strategy_support import STRATEGY, write_strategy

from qpatch import api
from qpatch.cells.base import Status

OPTIONS = api.RenderOptions(output=Path("series"), check=False, maintainers=False)
CALL = SOURCE.replace("old_call", "older_call")
ANCHOR = SOURCE.replace("start", "begin")
OWN = "hunk: |2\n              prepare();\n            - old_call();\n            + new_call(@{{ limit }});\n"


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    use_capabilities(monkeypatch)
    write_strategy(tmp_path)
    for name, source in {"old": SOURCE, "call": CALL, "same": CALL + "\n", "anchor": ANCHOR}.items():
        make_tree(tmp_path / name, demo=source)


def told(*trees: str) -> str:
    """Render on the trees and return what is explained of the last one, which misses."""
    *_, missed = api.render(api.load_strategies(["demo"]), [f"./{tree}" for tree in trees], OPTIONS)
    assert missed.status is Status.DRIFTED
    return missed.edits[0].explanation


def test_one_tree_alone_gets_the_hunk_that_fits_it() -> None:
    assert "write the hunk so" in told("call") and "one-of:" not in told("call")


def test_trees_that_need_the_same_get_it() -> None:
    assert "write the hunk so" in told("same", "call")


def test_one_of_is_suggested_where_each_tree_needs_its_own_hunk(tmp_path: Path) -> None:
    said = told("old", "call")
    assert "write the hunk so" not in said
    suggested = textwrap.dedent(said.partition("to mend the strategy:\n")[2])
    assert suggested.startswith("one-of:\n  - |2\n")
    assert "- old_call();" in suggested and "- older_call();" in suggested
    assert OWN in STRATEGY
    write_strategy(tmp_path, STRATEGY.replace(OWN, textwrap.indent(suggested, "          ").lstrip() + "\n"))
    results = api.render(api.load_strategies(["demo"]), ["./old", "./call"], OPTIONS)
    assert [result.status for result in results] == [Status.RENDERED, Status.RENDERED]


def test_an_anchor_that_would_be_missing_elsewhere_is_no_recipe() -> None:
    assert "in: function begin" in told("anchor").partition("to mend the strategy:\n")[2]
    said = told("old", "anchor")
    assert "to mend the strategy" not in said
    assert "what would mend it here breaks it on" in said and "renamed to begin" in said
