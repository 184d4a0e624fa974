# SPDX-License-Identifier: GPL-2.0-or-later
"""Anchors that name one of a family of symbols by its place in the file: the newest, the first, the last."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, hunk_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.results import Ambiguous, Applied, Drifted
from qpatch.errors import UserError


def arrays(*names: str) -> str:
    return "\n".join(f'Property {name}[] = {{\n    {{ "old", "{name}" }},\n}};\n' for name in names)


def added_to(where: str, source: str) -> str:
    """Add an entry to the anchor and return the name of the array that has got it."""
    space = workspace(source)
    result = apply_edit(add_edit(where, '{ "new", "on" },'), space)
    assert isinstance(result, Applied), result
    lines = space.tree.changed[PATH].decode().split("\n")
    heads = [line for line in lines[: lines.index('    { "new", "on" },')] if line.startswith("Property")]
    return heads[-1].split()[1].removesuffix("[]")


@pytest.mark.parametrize(
    ("names", "newest"),
    [
        (("compat_10_1", "compat_10_0", "compat_9_2", "compat_9_1"), "compat_10_1"),
        (("compat_9_1", "compat_9_2", "compat_10_0", "compat_10_1"), "compat_10_1"),
        (("compat_9_2", "compat_99_vendor", "compat_9_1", "compat_9_0"), "compat_9_2"),
        (("compat_7",), "compat_7"),
        (("compat_next_10", "compat_9", "other_99"), "compat_next_10"),
    ],
)
def test_the_newest_is_at_the_end_with_the_greater_numbers(names: tuple[str, ...], newest: str) -> None:
    assert added_to("initializer newest compat_*", arrays(*names)) == newest


def test_the_first_and_the_last_are_those_of_the_file() -> None:
    source = arrays("compat_a", "compat_c", "compat_b") + "#if 0\n" + arrays("compat_d") + "#endif\n"
    assert added_to("initializer first compat_*", source) == "compat_a"
    assert added_to("initializer last compat_*", source) == "compat_b"


@pytest.mark.parametrize("names", [("compat_a", "compat_b"), ("compat_1", "compat_3", "compat_2", "compat_1_9")])
def test_an_order_that_does_not_tell_is_ambiguous(names: tuple[str, ...]) -> None:
    result = outcome(arrays(*names), add_edit("initializer newest compat_*", '{ "new", "on" },'))
    assert isinstance(result, Ambiguous)
    assert "does not tell which" in result.message and "initializer first compat_*" in result.advice


def test_a_family_that_is_not_there_is_drift() -> None:
    edit = add_edit("initializer newest compat_*", '{ "new", "on" },')
    assert isinstance(outcome(arrays("other_1"), edit), Drifted)
    assert isinstance(apply_edit(edit, workspace(**{"hw/other.c": arrays("compat_1")})), Drifted)


def test_other_kinds_have_families_too() -> None:
    source = "int pump_v1(void)\n{\n    stop();\n}\n\nint pump_v2(void)\n{\n    stop();\n}\n"
    result = outcome(source, hunk_edit("function newest pump_v*", "+ check();\n  stop();"))
    assert isinstance(result, Applied) and result.places[0].line == 8


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("initializer newest compat", PATH),
        ("initializer oldest compat_*", PATH),
        ("initializer compat_*", PATH),
        ("initializer newest compat_*", ""),
        ("initializer newest compat_*", "hw/"),
    ],
)
def test_what_is_no_family_is_an_error(where: str, path: str) -> None:
    with pytest.raises(UserError) as caught:
        apply_edit(hunk_edit(where, "- a();", path=path), workspace("int x;\n"))
    assert caught.value.code == "bad-anchor"
