# SPDX-License-Identifier: GPL-2.0-or-later
"""Metavariables that stand for a parameter of a macro, which may be any argument."""

from __future__ import annotations

import pytest
from csource_support import PATH, gutter, hunk_edit, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Anchor, Edit, EverywhereOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.rewriting import read_rewriting
from qpatch.csource.results import Applied


@pytest.mark.parametrize(
    ("source", "hunk", "after"),
    [
        ("#define TWICE(a) old(a)\n", "- old($v)\n+ $v * 2", "#define TWICE(a) ((a) * 2)\n"),
        ("#define SET(a) do { int y = old(a); } while (0)\n", "- old($v)\n+ $v->x", None),
        ("#define TWICE(a) old((a))\n", "- old($v)\n+ $v * 2", "#define TWICE(a) ((a) * 2)\n"),
        ("#define TWICE(a) old(b)\n", "- old($v)\n+ $v * 2", "#define TWICE(a) (b * 2)\n"),
        ("#define CALL(a) old(a)\n", "- old($v)\n+ new($v, 1)", "#define CALL(a) new(a, 1)\n"),
        ("#define CALL(a) old(f(a))\n", "- old($v)\n+ -$v", "#define CALL(a) (-f(a))\n"),
        ("#define CALL(p, q) old(q)\n", "- old($v)\n+ !$v", "#define CALL(p, q) (!(q))\n"),
    ],
)
def test_parameter_gets_parentheses_everywhere(source: str, hunk: str, after: str | None) -> None:
    space = workspace(source)
    operation = EverywhereOperation(read_rewriting(gutter(hunk)))
    result = apply_edit(Edit(Anchor(ANCHOR_KINDS["file"], PATH, PATH), operation), space)
    assert isinstance(result, Applied), result
    wanted = after if after is not None else source.replace("old(a)", "(a)->x")
    assert space.tree.changed[PATH].decode() == wanted


def test_parameter_gets_parentheses_in_a_hunk() -> None:
    source = "#define STEP(a, b) do { \\\n        old(a); \\\n        more(b); \\\n    } while (0)\n"
    space = workspace(source)
    assert isinstance(apply_edit(hunk_edit("macro STEP", "- old($v);\n+ new($v * 2);"), space), Applied)
    assert space.tree.changed[PATH].decode() == source.replace("old(a)", "new((a) * 2)")
