# SPDX-License-Identifier: GPL-2.0-or-later
"""Signatures of which only specifiers change, such as a function that becomes public; and what moves to a header."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, anchor, check_applied, hunk_edit, operation_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import AddOperation, DeleteOperation, Edit, Position
from qpatch.csource.results import Applied

HEADS = ("static int fill(int n)", "int fill(int n)", "static inline int fill(int n)", "inline int fill(int n)")


@pytest.mark.parametrize("old", HEADS)
@pytest.mark.parametrize("new", HEADS)
def test_specifiers_come_and_go(old: str, new: str) -> None:
    if old == new:
        return
    body = "\n{\n    return n;\n}\n"
    check_applied(old + body, hunk_edit("signature fill", f"- {old}\n+ {new}"), new + body)


def test_a_prototype_that_the_same_patch_adds_goes_with_a_function_made_public() -> None:
    header = "hw/demo/demo.h"
    space = workspace(**{PATH: "static int fill(int n)\n{\n    return n;\n}\n", header: "int drain(int n);\n"})
    public = hunk_edit("signature fill", "- static int fill(int n)\n+ int fill(int n)")
    added = add_edit("prototype drain", "int fill(int n);\n", Position.AFTER, path=header)
    assert [type(result) for result in apply_edits([public, added], space)] == [Applied, Applied]
    assert space.tree.changed[PATH].startswith(b"int fill")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("macro", "#define LEVEL 3\n"),
        ("function", "static inline int LEVEL(void)\n{\n    return 3;\n}\n"),
    ],
)
def test_what_moves_to_a_header_is_not_lost(kind: str, code: str) -> None:
    header = "hw/demo/demo.h"
    use = "int fill(void)\n{\n    return LEVEL" + ("()" if kind == "function" else "") + ";\n}\n"
    files = {PATH: f'#include "demo.h"\n\n{code}\n{use}', header: "int drain(int n);\n"}
    gone = operation_edit(f"{kind} LEVEL", DeleteOperation())
    brought = Edit(anchor("prototype drain", Position.AFTER, header), AddOperation(code))
    told = [
        result.warnings for result in apply_edits([gone, brought], workspace(**files)) if isinstance(result, Applied)
    ]
    assert told == [(), ()]
    (alone,) = apply_edits([gone], workspace(**files))
    assert isinstance(alone, Applied)
    assert "LEVEL" in alone.warnings[0]


def test_the_end_of_main_needs_no_return() -> None:
    source = "int main(void)\n{\n    work();\n    return 0;\n}\n"
    (result,) = apply_edits([hunk_edit("function main", "  work();\n- return 0;")], workspace(source))
    assert isinstance(result, Applied)


@pytest.mark.parametrize(
    "hunk",
    [
        "- QLIST_FOREACH(cur, head, zoo)\n-     feed(cur);\n+ QLIST_FOREACH(cur, head, zoo) {\n+     feed(cur);\n+ }",
        "  stop(pet);\n+ QLIST_FOREACH(cur, head, zoo) {\n+     feed(cur);\n+ }",
        "- stop(pet);\n+ stop(container_of(pet, struct Pet, inner));",
        "- stop(pet);\n+ stop(pet + offsetof(struct Pet, inner));",
    ],
)
def test_members_that_a_macro_is_given_are_no_variables(hunk: str) -> None:
    source = """
    static void start(struct Pet *pet, Head *head)
    {
        struct Pet *cur;

        QLIST_FOREACH(cur, head, zoo)
            feed(cur);
        stop(pet);
    }
    """
    (result,) = apply_edits([hunk_edit("function start", hunk)], workspace(source))
    assert isinstance(result, Applied)
    assert result.warnings == ()
