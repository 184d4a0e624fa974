# SPDX-License-Identifier: GPL-2.0-or-later
"""How much work a hunk takes: counted in steps of the matcher, on large and hostile functions."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from csource_support import check_applied, code, gutter, hunk_edit, outcome

from qpatch.csource.matching.hunk import parse_hunk
from qpatch.csource.matching.match import Match, TooManyWaysError, matches_in
from qpatch.csource.matching.pattern import Context, compile_sides
from qpatch.csource.results import Ambiguous, Applied, Drifted
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.term import build
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from qpatch.csource.syntax.term import Term

SIZE = 1000
# In steps for each member of the block and line of the hunk: what a matcher may take that looks at each pair once.
GENEROUS = 3


def function(*statements: str) -> str:
    return code("static int demo(Demo *d)\n{\n" + "".join(f"    {line}\n" for line in statements) + "}\n")


@cache
def large(kinds: int) -> Term:
    """Return the block of a function with SIZE calls of as many kinds, in turn, and a return behind them."""
    source = function(*(f"step(d, {number % kinds});" for number in range(SIZE)), "return 0;")
    parsed = parse(source.encode(), None)
    return build(parsed, parsed.tree.root_node.children[0].child_by_field_name("body"))  # type: ignore[arg-type]


def found(hunk: str, block: Term, steps_per_pair: float = GENEROUS) -> list[Match]:
    """Match what a hunk expects, with a bound on the steps that grows with the lines and the members."""
    before, _ = compile_sides(parse_hunk(gutter(hunk)), Context.STATEMENTS, None)
    limits = replace(thresholds().limits, match_steps=int(steps_per_pair * SIZE * len(before.lines)))
    with patch("qpatch.csource.matching.match.thresholds", lambda: replace(thresholds(), limits=limits)):
        return matches_in(before, block, block.items)


@pytest.mark.parametrize("kinds", [7, SIZE])
@pytest.mark.parametrize("ellipses", range(1, 7))
def test_steps_grow_with_members_times_lines(kinds: int, ellipses: int) -> None:
    above = "".join(f"  step(d, {number % kinds});\n  ...\n" for number in range(ellipses))
    assert len(found(above + "- return 0;\n+ return 1;", large(kinds))) == 1
    assert found(above + "- nowhere(d);\n+ done(d);", large(kinds)) == []


@pytest.mark.parametrize("ellipses", range(1, 7))
def test_metavariables_that_occur_once_take_no_more(ellipses: int) -> None:
    above = "".join(f"  step($d{number}, ...);\n  ...\n" for number in range(ellipses))
    assert len(found(above + "- return 0;\n+ return 1;", large(7), 12)) == 1


def test_many_ellipses_in_a_row_are_one() -> None:
    edit = hunk_edit("function demo", "  ...\n" * 300 + "- two();\n+ three();")
    check_applied(function("one();", "two();", "four();"), edit, function("one();", "three();", "four();"))
    edit = hunk_edit("function demo", f"- one({'..., ' * 100}...);\n+ three();")
    check_applied(function("one(1, 2, 3);"), edit, function("three();"))


def test_an_ellipsis_in_arguments_that_repeat_is_one_edit() -> None:
    repeated = ", ".join(["d"] * 400)
    edit = hunk_edit("function demo", f"- one({'..., d, ' * 6}...);\n+ three();")
    check_applied(function(f"one({repeated});"), edit, function("three();"))


@pytest.mark.parametrize("after", [3, 200, 400])
def test_every_place_is_seen_however_far_an_ellipsis_can_stretch(after: int) -> None:
    source = function("begin();", "put(d);", "middle();", "put(d);", *["end(d);"] * after)
    result = outcome(source, hunk_edit("function demo", "  begin();\n  ...\n  put(d);\n+ flush(d);\n  ...\n  end(d);"))
    assert isinstance(result, Ambiguous), result
    assert "fits 2 places" in result.message


def test_every_binding_that_is_written_is_seen() -> None:
    source = function(*(f"open({number});" for number in range(300)), "end();")
    result = outcome(source, hunk_edit("function demo", "  open($n);\n  ...\n- end();\n+ close($n);"))
    assert isinstance(result, Ambiguous), result
    assert "fits 300 places" in result.message


def test_a_binding_that_is_not_written_is_no_edit_of_its_own() -> None:
    source = function(*(f"open({number});" for number in range(300)), "end();")
    result = outcome(source, hunk_edit("function demo", "  open($n);\n  ...\n- end();\n+ close();"))
    assert isinstance(result, Applied), result


def test_more_edits_than_are_told_apart_are_ambiguous() -> None:
    source = function(*["step(d);"] * (thresholds().limits.alternatives + 1))
    for expect in (1, thresholds().limits.alternatives + 1):
        result = outcome(source, hunk_edit("function demo", "- step(d);\n+ leap(d);", expect=expect))
        assert isinstance(result, Ambiguous), result
        assert "too many ways" in result.message
        assert "fewer `...`" in result.advice


def test_more_steps_than_are_taken_are_an_error() -> None:
    with pytest.raises(TooManyWaysError, match="too many ways"):
        found("  step($a, $b);\n  ...\n  step($a, $c);\n- return 0;\n+ return $c;", large(SIZE), 0.1)


def test_a_miss_in_a_large_function_is_explained() -> None:
    source = function(*(f"step(d, {number});" for number in range(300)), "return 0;")
    result = outcome(source, hunk_edit("function demo", "  step(d, 1);\n  ...\n- stop(d, 5);\n+ leap(d);"))
    assert isinstance(result, Drifted), result
    assert result.candidates[0].place.snippet.strip() == "step(d, 5);"
