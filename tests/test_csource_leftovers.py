# SPDX-License-Identifier: GPL-2.0-or-later
"""What an edit leaves behind: names that nothing declares (a warning), returns of the old type (drift)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from csource_support import PATH, code, hunk_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.results import Applied, Drifted, EditResult

if TYPE_CHECKING:
    from qpatch.csource.edit import Edit

DEMO = """
#include "demo.h"

enum kind { kind_one, kind_two };
static int counter;

static void demo(Demo *base, int n)
{
    bool ready = false;

    start(n);
    for (int i = 0; i < n; i++) {
        step(i);
    }
}
"""
HEADER = """
#define demo_debug 1
extern int demo_level;
enum {
    demo_first = 1,
};
void other(Demo *device, int extent);
struct Demo { int field; };
"""


def results(*edits: Edit, source: str = DEMO) -> list[EditResult]:
    files = {PATH: code(source), "hw/demo/demo.h": code(HEADER)}
    return apply_edits(edits, workspace(**files))


def warnings(*edits: Edit) -> list[str]:
    found = results(*edits)
    assert all(isinstance(result, Applied) for result in found), found
    return [warning for result in found if isinstance(result, Applied) for warning in result.warnings]


def test_the_words_of_comment_lines_are_no_names() -> None:
    source = DEMO.replace("    start(n);\n", "    /*\n     * Begin\n     * with teh first.\n     */\n    start(n);\n")
    hunk = "   * Begin\n-  * with teh first.\n+  * with the first.\n   */"
    (result,) = results(hunk_edit("function demo", hunk), source=source)
    assert isinstance(result, Applied) and not result.warnings


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("trace(device->name);", "device"),
        ("if (running) {\n+     stop(n);\n+ }", "running"),
        ("ready = !ret;", "ret"),
        ("set(&extent);", "extent"),
        ("int copy = original;", "original"),
    ],
)
def test_a_variable_that_nothing_declares_is_warned_about(line: str, name: str) -> None:
    found = warnings(hunk_edit("function demo", f"  start(n);\n+ {line}"))
    assert len(found) == 1 and found[0].startswith(f"`{name}` on an added line is declared neither in function demo")


@pytest.mark.parametrize(
    "line",
    [
        "trace(base->name, n, ready);",
        "counter++;",
        "n = kind_two + demo_first + demo_debug + demo_level;",
        "n = SOME_CONSTANT;",
        "call(demo, other);",
        "int copy = n;\n+ copy++;",
        "for (int k = 0; k < n; k++) {\n+     step(k);\n+ }",
        "LIST_FOREACH(entry, &base->list, next) {\n+     step(entry->n);\n+ }\n+ Entry *entry, *next;",
        "base->unknown = sizeof(Unknown);",
        "goto out;\n+ out:\n+ n++;",
    ],
)
def test_what_is_declared_anywhere_is_not(line: str) -> None:
    assert warnings(hunk_edit("function demo", f"  start(n);\n+ {line}")) == []


def test_another_edit_of_the_patch_may_declare_it() -> None:
    uses = hunk_edit("function demo", "  start(n);\n+ ret = 1;")
    assert len(warnings(uses)) == 1
    assert warnings(uses, hunk_edit("function demo", "  bool ready = false;\n+ int ret;")) == []


TYPED = """
static void demo(int n)
{
    if (n) {
        return;
    }
    start(n);
}
"""
TO_BOOL = "- static void demo(int n)\n+ static bool demo(int n)"


def test_a_return_without_a_value_is_left_in_a_function_made_bool() -> None:
    signature, end = hunk_edit("signature demo", TO_BOOL), hunk_edit("function demo", "  start(n);\n+ return true;")
    left, _ = results(signature, end, source=TYPED)
    assert isinstance(left, Drifted), left
    assert "returns a bool now, but 1 return in it did not follow" in left.message
    assert [candidate.place.line for candidate in left.candidates] == [4]
    followed = hunk_edit("function demo", "  if (n) {\n-     return;\n+     return false;\n  }")
    assert all(isinstance(result, Applied) for result in results(signature, end, followed, source=TYPED))


def test_a_return_with_a_value_is_left_in_a_function_made_void() -> None:
    source = TYPED.replace("void demo", "int demo").replace("return;", "return n;")
    left = results(hunk_edit("signature demo", "- static int demo(int n)\n+ static void demo(int n)"), source=source)[0]
    assert isinstance(left, Drifted) and "returns nothing now" in left.message


def test_returns_are_not_looked_at_where_the_type_stays() -> None:
    edit = hunk_edit("signature demo", "- static void demo(int n)\n+ static void demo(long n)")
    assert isinstance(results(edit, source=TYPED.replace("return;", "return start(n);"))[0], Applied)
    pointer = TYPED.replace("void demo", "void *demo").replace("return;", "return x;")
    edit = hunk_edit("signature demo", "- static void *demo(int n)\n+ static void *demo(long n)")
    assert isinstance(results(edit, source=pointer)[0], Applied)
