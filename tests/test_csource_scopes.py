# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that an edit takes out of the scope of their uses, and names that another scope has already."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, code, gutter, hunk_edit, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import Anchor, Edit, EverywhereOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.rewriting import read_rewriting
from qpatch.csource.results import AlreadyThere, Applied, Drifted, EditResult


def edited(body: str, hunk: str, head: str = "static int v;\n") -> EditResult:
    source = f"{head}\nvoid f(int n)\n{{\n{code(body)}}}\n"
    (result,) = apply_edits([hunk_edit("function f", hunk)], workspace(source))
    return result


WRAPPED = """
- int v = g();
- x(v);
+ if (enabled()) {
+     int v = g();
+     x(v);
+ }
"""
COUNTED = """
- int v;
- for (v = 0; v < 3; v++) {
+ for (int v = 0; v < 3; v++) {
      ...
  }
"""
LATER = """
- int v = g();
  x(v);
+ int v = g();
"""


@pytest.mark.parametrize("head", ["static int v;\n", ""])
@pytest.mark.parametrize(
    ("body", "hunk"),
    [
        ("int v = g();\nx(v);\nz(v);\n", WRAPPED),
        ("int v;\n\nfor (v = 0; v < 3; v++) {\n    x(v);\n}\nz(v);\n", COUNTED),
        ("int v = g();\nx(v);\nz(v);\n", LATER),
        ("int v = g();\nx(v);\nif (n) {\n    z(v);\n}\n", WRAPPED),
    ],
)
def test_use_outside_the_scope_of_its_declaration(head: str, body: str, hunk: str) -> None:
    result = edited(body, hunk, head)
    assert isinstance(result, Drifted) and "uses `v` where its declaration does not reach" in result.message, result


@pytest.mark.parametrize(
    ("body", "hunk"),
    [
        ("int v = g();\nx(v);\nz(n);\n", WRAPPED),
        ("int v;\n\nfor (v = 0; v < 3; v++) {\n    x(v);\n}\nz(n);\n", COUNTED),
        ("int v = g();\nx(v);\n{\n    int v = 1;\n    z(v);\n}\n", WRAPPED),
        ("int v = g();\nx(v);\nz(container_of(n, T, v));\nEACH(v, n) {\n    z(n);\n}\n", WRAPPED),
        ("int v = g();\nx(v);\nz(s->v);\ngoto v;\nv:\nz(n);\n", WRAPPED),
    ],
)
def test_other_uses_are_none_of_its_scope(body: str, hunk: str) -> None:
    result = edited(body, hunk, "")
    assert isinstance(result, Applied), result


def renamed(source: str, old: str, new: str, expect: int, where: str = "file") -> EditResult:
    anchor = Anchor(ANCHOR_KINDS[where], PATH if where == "file" else "f", PATH)
    operation = EverywhereOperation(read_rewriting(gutter(f"- {old}\n+ {new}")))
    return apply_edit(Edit(anchor, operation, expect), workspace(source))


@pytest.mark.parametrize(
    ("source", "expect"),
    [
        (
            "int f(void)\n{\n    int n = 1;\n\n    {\n        int level;\n        n = 1;\n    }\n    return n;\n}\n",
            3,
        ),
        ("int n;\n\nint f(int level)\n{\n    return n + level;\n}\n", 2),
        ("int level;\n\nint f(void)\n{\n    int n = 1;\n\n    return n + level;\n}\n", 2),
        ("int f(int n)\n{\n    for (int level = 0; level < 3; level++) {\n        n++;\n    }\n    return n;\n}\n", 3),
        (
            "int f(int level)\n{\n    if (level) {\n        int n;\n        return level;\n    }\n    return 0;\n}\n",
            1,
        ),
    ],
)
def test_new_name_that_a_scope_has_already_is_refused(source: str, expect: int) -> None:
    result = renamed(source, "n", "level", expect)
    assert isinstance(result, Drifted) and "would mean another `level`" in result.message, result


@pytest.mark.parametrize(
    ("source", "expect"),
    [
        ("int f(int n)\n{\n    return n;\n}\n\nint g(int level)\n{\n    return level;\n}\n", 2),
        ("int f(int n)\n{\n    return n + s->level;\n}\n", 2),
        (
            "int f(int n)\n{\n    if (n) {\n        int level;\n        return level;\n    }\n    return n;\n}\n",
            3,
        ),
    ],
)
def test_new_name_in_another_scope_is_free(source: str, expect: int) -> None:
    assert isinstance(renamed(source, "n", "level", expect), Applied)


def renamed_in_patch(source: str, old: str, new: str, expect: int) -> EditResult:
    edit = Edit(
        Anchor(ANCHOR_KINDS["file"], PATH, PATH), EverywhereOperation(read_rewriting(f"- {old}\n+ {new}")), expect
    )
    (result,) = apply_edits([edit], workspace(source))
    return result


@pytest.mark.parametrize(
    ("source", "expect", "what"),
    [
        ("int g(void)\n{\n    return 1;\n}\n\nint n(void)\n{\n    return 2;\n}\n", 1, "function g"),
        ("#define n 1\n#define g 2\nint f(void)\n{\n    return n + g;\n}\n", 2, "macro g"),
        ("struct n {\n    int a;\n};\n\nstruct g {\n    int a;\n};\n", 1, "struct g"),
    ],
)
def test_name_that_the_file_defines_already_is_refused(source: str, expect: int, what: str) -> None:
    result = renamed_in_patch(source, "n", "g", expect)
    assert isinstance(result, Drifted) and f"{what} would be there twice" in result.message, result


def test_variables_of_a_file_do_not_become_one() -> None:
    source = "static int n;\nstatic int level;\n\nint f(void)\n{\n    return n + level;\n}\n"
    result = renamed(source, "n", "level", 2)
    assert isinstance(result, Drifted) and "would mean another `level`" in result.message, result


@pytest.mark.parametrize(
    ("source", "expect"),
    [
        ("#ifdef A\nint n(void)\n{\n    return 1;\n}\n#else\nint g(void)\n{\n    return 2;\n}\n#endif\n", 1),
        ("#define n 1\n#undef g\n#define g 2\n", 1),
        ("int g(void);\n\nint n(void)\n{\n    return 1;\n}\n", 1),
        ("struct n {\n    int a;\n};\n\nint g(void)\n{\n    return 1;\n}\n", 1),
    ],
)
def test_names_that_may_stand_together_do(source: str, expect: int) -> None:
    assert isinstance(renamed_in_patch(source, "n", "g", expect), Applied)


@pytest.mark.parametrize(
    "declared", ["int first, v;", "int *first, v, *last;", "int first = 0, v = 1;", "int first[2], v;"]
)
def test_declarations_that_become_one_reach_as_far_as_before(declared: str) -> None:
    source = "void f(void)\n{\n    int first;\n    int v;\n\n    go(&first);\n    stop(&v);\n}\n"
    edit = hunk_edit("function f", f"- int first;\n- int v;\n+ {declared}")
    (result,) = apply_edits([edit], workspace(source))
    assert isinstance(result, Applied), result


@pytest.mark.parametrize("head", ["void HELPER({})(Cpu *cpu)", "int glue({}, _size)(Cpu *cpu, int a)"])
def test_functions_that_one_macro_names_are_not_the_same(head: str) -> None:
    function = head + "\n{{\n    go(cpu);\n}}\n"
    edit = Edit(
        Anchor(ANCHOR_KINDS["file"], PATH, PATH),
        EverywhereOperation(read_rewriting("- go\n+ stop")),
        1,
    )
    (result,) = apply_edits([edit], workspace(function.format("one")))
    assert isinstance(result, Applied), result
    text = function.format("two")
    (result,) = apply_edits([add_edit("file demo.c", text)], workspace(function.format("one")))
    assert isinstance(result, Applied), result
    (result,) = apply_edits([add_edit("file demo.c", text)], workspace(function.format("one") + "\n" + text))
    assert isinstance(result, AlreadyThere), result
    (result,) = apply_edits([add_edit("file demo.c", text.replace("go", "stop"))], workspace(text))
    assert isinstance(result, Drifted) and "exists already, with another content" in result.message, result
