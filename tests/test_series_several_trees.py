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


def told_of_all(*trees: str) -> list[str]:
    """Render on the trees, on each of which the edit misses, and return what is explained."""
    results = api.render(api.load_strategies(["demo"]), [f"./{tree}" for tree in trees], OPTIONS)
    assert not any(result.status is Status.RENDERED for result in results)
    return [result.edits[0].explanation for result in results]


NEITHER = STRATEGY.replace("old_call", "oldest_call")
LIST = "static const int codes[] = {\n    first_code,\n    %s\n};\n"
IN_LIST = """\
        - in: initializer codes
          path: hw/demo.c
          hunk: |2
              first_code,
            + new_code,
              last_code
"""


def strategy_with(edit: str) -> str:
    """Return the strategy with `edit` in the place of its first one."""
    start, end = STRATEGY.index("        - in: function"), STRATEGY.index("        - after:")
    return STRATEGY[:start] + edit + STRATEGY[end:]


def test_two_hunks_that_exclude_each_other_are_alternatives(tmp_path: Path) -> None:
    write_strategy(tmp_path, NEITHER)
    for said in told_of_all("old", "call"):
        suggested = textwrap.dedent(said.partition("to mend the strategy:\n")[2])
        assert suggested.startswith("one-of:\n  - |2\n") and "oldest_call" not in suggested
        own = OWN.replace("old_call", "oldest_call")
        mended = NEITHER.replace(own, textwrap.indent(suggested, "          ").lstrip() + "\n")
        write_strategy(tmp_path, mended)
        results = api.render(api.load_strategies(["demo"]), ["./old", "./call"], OPTIONS)
        assert [result.status for result in results] == [Status.RENDERED, Status.RENDERED]
        write_strategy(tmp_path, NEITHER)


def test_one_hunk_that_mends_both_trees_is_no_alternative(tmp_path: Path) -> None:
    write_strategy(tmp_path, NEITHER)
    assert all("write the hunk so" in said and "one-of" not in said for said in told_of_all("call", "same"))


def test_two_anchors_that_exclude_each_other_are_told_apart(tmp_path: Path) -> None:
    make_tree(tmp_path / "other", demo=SOURCE.replace("start", "started"))
    for said in told_of_all("anchor", "other"):
        assert "tell the trees apart with `when:`" in said


def test_a_suggested_block_has_no_ellipsis_where_nothing_else_stands(tmp_path: Path) -> None:
    write_strategy(tmp_path, strategy_with(IN_LIST))
    for name, last in {"few": "final_code", "more": "very_last_code"}.items():
        make_tree(tmp_path / name, demo=SOURCE + LIST % last)
    for said in told_of_all("few", "more"):
        assert "..." not in said.partition("to mend the strategy:\n")[2]


EVERYWHERE = """\
        - in: files hw/
          {key}
          everywhere: |2
            - old_call()
            + new_call()
"""


@pytest.mark.parametrize("key", ["expect: 7", "at-least: 7", "expect: 1"])
def test_other_numbers_on_each_tree_come_with_the_number_that_goes_with_all(tmp_path: Path, key: str) -> None:
    for name, count in {"two": 2, "three": 3, "one": 1}.items():
        make_tree(tmp_path / name, demo=SOURCE.replace("    old_call();\n", "    old_call();\n" * count))
    write_strategy(tmp_path, strategy_with(EVERYWHERE.format(key=key)))
    *_, said = told_of_all("two", "three")
    assert "2 on two" in said and "3 on three" in said and "`at-least: 2`" in said and "`expect:" not in said
    if key == "expect: 1":
        results = api.render(api.load_strategies(["demo"]), ["./one", "./two"], OPTIONS)
        assert "`at-least: 1`" in results[1].edits[0].explanation


def test_a_hunk_that_fits_another_number_of_places_on_each_tree_has_no_number_suggested(tmp_path: Path) -> None:
    for name, count in {"two": 2, "three": 3}.items():
        body = "    if (x) {\n        prepare();\n        old_call();\n    }\n" * count
        make_tree(tmp_path / name, demo=SOURCE.replace("    prepare();\n    old_call();\n", body))
    write_strategy(tmp_path, strategy_with(IN_IF))
    for said in told_of_all("two", "three"):
        assert "as many places on each tree" in said and "`expect:" not in said


IN_IF = """\
        - in: function start
          path: hw/demo.c
          hunk: |2
              if (x) {
                  prepare();
            -     old_call();
            +     new_call();
              }
"""
