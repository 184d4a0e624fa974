# SPDX-License-Identifier: GPL-2.0-or-later
"""Words of messages that depend on a number, and messages that have them."""

from __future__ import annotations

import pytest
from csource_support import hunk_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.results import Drifted
from qpatch.wording import counted


@pytest.mark.parametrize(
    ("count", "words", "told"),
    [
        (1, ("use",), "1 use"),
        (2, ("use",), "2 uses"),
        (0, ("use",), "0 uses"),
        (1, ("patch", "patches"), "1 patch"),
        (3, ("strategy", "strategies"), "3 strategies"),
    ],
)
def test_the_noun_goes_with_its_number(count: int, words: tuple[str, ...], told: str) -> None:
    assert counted(count, *words) == told


@pytest.mark.parametrize(("calls", "told"), [(1, "but 1 use of it did not"), (2, "but 2 uses of it did not")])
def test_uses_that_did_not_follow(calls: int, told: str) -> None:
    source = "int add(int a, int b)\n{\n    return a + b;\n}\nvoid f(void)\n{\n" + "    add(1, 2);\n" * calls + "}\n"
    edit = hunk_edit("signature add", "- int add(int a, int b)\n+ int add(int a)")
    (result,) = apply_edits([edit], workspace(source))
    assert isinstance(result, Drifted) and f"takes 1 parameter now, {told}" in result.message, result
    assert all("passes 2 arguments" in candidate.differences[0] for candidate in result.candidates)
