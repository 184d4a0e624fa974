# SPDX-License-Identifier: GPL-2.0-or-later
"""Conditions that the `if` around decides already."""

from __future__ import annotations

import pytest
from csource_support import code, hunk_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.results import Applied


def warnings(outer: list[str], hunk: str) -> tuple[str, ...]:
    body = "".join(f"    {line}\n" for line in outer)
    source = f"void sail(Boat *boat, bool windy, int n)\n{{\n{body}}}\n"
    (found,) = apply_edits([hunk_edit("function sail", hunk)], workspace(code(source)))
    assert isinstance(found, Applied), found
    return found.warnings


WRAPPED = "  if ({}) {{\n      ...\n+     if ({}) {{\n      hoist(boat);\n+     }}\n      ...\n  }}"


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("windy", "windy"),
        ("boat->ready", "boat->ready"),
        ("kvm_enabled()", "kvm_enabled()"),
        ("windy && n > 2", "windy"),
        ("windy && (n > 2) && boat", "n > 2 && windy"),
    ],
)
def test_a_condition_under_the_same(outer: str, inner: str) -> None:
    (warning,) = warnings(
        [f"if ({outer}) {{", "    hoist(boat);", "    steer(boat);", "}"], WRAPPED.format(outer, inner)
    )
    assert f"`if ({inner})` (hw/demo/demo.c:4) always holds: it stands under `if ({outer})` of line 3" in warning


def test_a_local_variable_that_nothing_in_between_changes() -> None:
    lines = ["if (windy) {", "    steer(boat);", "    hoist(boat);", "}"]
    assert len(warnings(lines, WRAPPED.format("windy", "windy"))) == 1
    assert (
        warnings([line.replace("steer(boat)", "windy = ask()") for line in lines], WRAPPED.format("windy", "windy"))
        == ()
    )
    assert (
        warnings([line.replace("windy", "boat->ready") for line in lines], WRAPPED.format(*["boat->ready"] * 2)) == ()
    )


def test_a_condition_in_the_else_of_the_same() -> None:
    lines = ["if (windy) {", "    steer(boat);", "} else {", "    hoist(boat);", "}"]
    hunk = "  if (windy) {\n      ...\n  } else {\n+     if (windy) {\n      hoist(boat);\n+     }\n  }"
    (warning,) = warnings(lines, hunk)
    assert "never holds: it stands in the `else` of `if (windy)`" in warning


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("windy", "n"),
        ("windy", "windy && n"),
        ("windy || n", "windy"),
        ("!windy", "windy"),
        ("n--", "n--"),
        ("(n = next())", "(n = next())"),
    ],
)
def test_a_condition_that_is_not_decided(outer: str, inner: str) -> None:
    lines = [f"if ({outer}) {{", "    hoist(boat);", "}"]
    assert warnings(lines, WRAPPED.format(outer, inner)) == ()


def test_control_that_may_come_back() -> None:
    loop = ["if (windy) {", "    while (n--) {", "        hoist(boat);", "        windy = ask();", "    }", "}"]
    hunk = (
        "  if (windy) {\n      while (n--) {\n+         if (windy) {\n          hoist(boat);\n+         }\n"
        "          ...\n      }\n  }"
    )
    assert warnings(loop, hunk) == ()
    label = ["if (windy) {", "again:", "    hoist(boat);", "    windy = ask();", "    goto again;", "}"]
    assert warnings(label, WRAPPED.format("windy", "windy")) == ()


def test_what_was_so_before_is_not_told() -> None:
    lines = ["if (windy) {", "    if (windy) {", "        hoist(boat);", "    }", "}", "steer(boat);"]
    assert warnings(lines, "- steer(boat);\n+ steer(boat, n);") == ()
