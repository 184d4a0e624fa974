# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits that are only tried: the tree stays as it is, and nothing is looked for that would explain a miss."""

from __future__ import annotations

import pytest
from csource_support import PATH, hunk_edit, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.results import Applied, Drifted
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.term import build

SOURCE = """
    int start(struct Dev *dev)
    {
        enable(dev, 1);
        return 0;
    }
"""


def test_a_trial_leaves_the_tree_as_it_is() -> None:
    space = workspace(SOURCE)
    trial = space.for_trial()
    assert isinstance(apply_edit(hunk_edit("function start", "- enable(dev, 1);\n+ enable(dev, 2);"), trial), Applied)
    assert PATH not in space.tree.changed


@pytest.mark.parametrize(
    ("where", "hunk"),
    [
        ("function start", "- enable(dev, 3);\n+ enable(dev, 2);"),
        ("function begin", "- enable(dev, 1);\n+ enable(dev, 2);"),
        ("signature start", "- int start(struct Dev *card)\n+ int start(struct Dev *dev, int how)"),
    ],
)
def test_a_miss_of_a_trial_is_not_explained(where: str, hunk: str) -> None:
    edit = hunk_edit(where, hunk)
    explained, tried = apply_edit(edit, workspace(SOURCE)), apply_edit(edit, workspace(SOURCE).for_trial())
    assert isinstance(explained, Drifted)
    assert isinstance(tried, Drifted)
    assert explained.suggestion
    assert not tried.suggestion


def test_a_node_is_reduced_once() -> None:
    parsed = parse(b"int f(void) { return g(1); }\n")
    function = parsed.tree.root_node.children[0]
    assert build(parsed, function) is build(parsed, function)
    assert build(parsed, function) is not build(parsed, parsed.tree.root_node)
