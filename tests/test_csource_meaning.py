# SPDX-License-Identifier: GPL-2.0-or-later
"""What a metavariable stands for means the same where it is written, and an edit knows its own result again."""

from __future__ import annotations

import pytest
from csource_support import check_applied, hunk_edit, operation_edit, outcome

from qpatch.csource.edit import EverywhereOperation
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.matching.rewriting import read_rewriting
from qpatch.csource.results import Applied
from qpatch.csource.tokens import fuses


def function(*statements: str) -> str:
    """Return the source of a function that holds `statements`."""
    lines = "".join(f"    {statement}\n" for statement in statements)
    return f"static int level(Gauge *g, int *p, int n)\n{{\n{lines}    done(g);\n}}\n"


@pytest.mark.parametrize(
    ("left", "right", "fused"),
    [
        ("x/", "*p", True),
        ("x/", "/ y", True),
        ("x-", "-1", True),
        ("x+", "++y", True),
        ("x&", "&y", True),
        ("x<", "<y", True),
        ("return", "y", True),
        ("0x1e", "+1", True),
        ("u", '"text"', True),
        ("L", "'c'", True),
        ("a.", ".b", False),
        ("x-", ">y", True),
        ("#", "#x", True),
        ("x/ ", "*p", False),
        ("x", "->y", False),
        ("0x1f", "+1", False),
        ("x++", "+1", False),
        ('"a"', '"b"', False),
        ("PRIu", '"b"', False),
        ('"x/"', "*p", False),
    ],
)
def test_two_pieces_of_code_fuse_where_they_make_another_token_or_a_comment(left: str, right: str, fused: bool) -> None:
    assert fuses(left, right) is fused


@pytest.mark.parametrize(
    ("bound", "removed", "added", "written"),
    [
        ("*p", "v = ratio($e);", "v = n/$e;", "v = n/(*p);"),
        ("*p++", "v = ratio($e);", "v = n/$e + 1;", "v = n/(*p++) + 1;"),
        ("-n", "v = ratio($e);", "v = 5-$e;", "v = 5-(-n);"),
        ("--n", "v = ratio($e);", "v = -$e;", "v = -(--n);"),
        ("&n", "v = ratio($e);", "v = n&$e;", "v = n&(&n);"),
        ("0x1e", "v = ratio($e);", "v = $e+1;", "v = 0x1e +1;"),
        ("*p", "v = ratio($e);", 'v = say("a/$e", $e);', 'v = say("a/$e", *p);'),
        ("(long)-n", "v = ratio($e);", "v = sizeof $e;", "v = sizeof ((long)-n);"),
        ("(long)n", "v = ratio($e);", "v = sizeof $e * 2;", "v = sizeof ((long)n) * 2;"),
        ("(long)n", "v = ratio($e);", "v = -$e;", "v = -(long)n;"),
        ("(Box *)g", "v = ratio($e);", "v = $e->top;", "v = ((Box *)g)->top;"),
        ("(long)n", "v = ratio($e);", "$e++;", "((long)n)++;"),
        ("sizeof n", "v = ratio($e);", "v = (int)$e;", "v = (int)sizeof n;"),
    ],
)
def test_what_is_written_for_a_metavariable_keeps_its_meaning(
    bound: str, removed: str, added: str, written: str
) -> None:
    edit = hunk_edit("function level", f"- {removed}\n+ {added}\n  done(g);")
    check_applied(function(removed.replace("$e", bound)), edit, function(written))


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ("ratio($e)", "total/$e", "v = ratio(*p);", "v = total/(*p);"),
        ("at($e)", "*(base + $e)", "v = n/at(p);", "v = n/(*(base + p));"),
        ("less($e)", "-(base + $e)", "v = n-less(p[1]);", "v = n-(-(base + p[1]));"),
        ("size($e)", "sizeof $e + base", "v = size((long)-n);", "v = sizeof ((long)-n) + base;"),
        ("say($s)", 'tell("x" $s)', 'say("a" "b");', 'tell("x" "a" "b");'),
        ("both($a, $b)", "sum($a, $a + $b)", "both(n ? 1 : 2, 3);", "sum(n ? 1 : 2, (n ? 1 : 2) + 3);"),
    ],
)
def test_everywhere_keeps_the_meaning_and_knows_its_result(old: str, new: str, before: str, after: str) -> None:
    edit = operation_edit("function level", EverywhereOperation(read_rewriting(f"- {old}\n+ {new}")))
    check_applied(function(before), edit, function(after))


@pytest.mark.parametrize(
    ("removed", "added", "before", "after"),
    [
        ("both($a, $b);", "both($a, $a + $b);", "both(n ? 1 : 2, 3);", "both(n ? 1 : 2, (n ? 1 : 2) + 3);"),
        ("set($e);", "set($e - $e);", "set(n - 1);", "set(n - 1 - (n - 1));"),
        ("set($e);", "keep($e, -$e);", "set(n - 1);", "keep(n - 1, -(n - 1));"),
        ("set(2 * $e);", "set($e, 2 * $e);", "set(2 * (n - 1));", "set((n - 1), 2 * (n - 1));"),
        ("say($s);", 'say("x" $s);', 'say("a" "b");', 'say("x" "a" "b");'),
        ("say($s);", 'say($s "x");', 'say("a" TAIL "b");', 'say("a" TAIL "b" "x");'),
    ],
)
def test_parentheses_and_strings_in_a_row_make_no_other_code(removed: str, added: str, before: str, after: str) -> None:
    edit = hunk_edit("function level", f"- {removed}\n+ {added}\n  done(g);")
    check_applied(function(before), edit, function(after))


@pytest.mark.parametrize(
    ("removed", "added", "before", "after"),
    [
        ("$e", "(2 * $e)", "(a) + (b)", "(2 * ((a) + (b)))"),
        ("$e", "(2 * $e)", "count(a, b)", "(2 * count(a, b))"),
        ("$e", "twice($e)", "(a) + (b)", "twice((a) + (b))"),
        ("$e", "!$e", "(a) == (b)", "!((a) == (b))"),
        ("$e", "(5-$e)", "-(a)", "(5-(-(a)))"),
        ("$t", "sizeof($t)", "struct box *", "sizeof(struct box *)"),
    ],
)
def test_the_value_of_a_macro_keeps_its_meaning(removed: str, added: str, before: str, after: str) -> None:
    edit = hunk_edit("macro SIZE", f"- #define SIZE(a, b) {removed}\n+ #define SIZE(a, b) {added}")
    check_applied(f"#define SIZE(a, b) {before}\n", edit, f"#define SIZE(a, b) {after}\n")


@pytest.mark.parametrize(
    ("removed", "added", "before", "after"),
    [
        ("set($e);", "set($e * 2);", "set(a + 1);", "set((a + 1) * 2);"),
        ("set($e);", "set(1, $e);", "set(a + 1);", "set(1, a + 1);"),
        ("set($x, $y);", "put($y, $x);", "set(a->n[1], -(a));", "put(-(a), a->n[1]);"),
        ("$x = get(a);", "set(&$x, a);", "a->top = get(a);", "set(&a->top, a);"),
    ],
)
def test_a_metavariable_in_a_line_of_a_macro_stands_for_an_expression(
    removed: str, added: str, before: str, after: str
) -> None:
    shape = "#define RESET(a) do {{ \\\n    {}{} \\\n    last(a); \\\n}} while (0)\n"
    edit = hunk_edit(
        "macro RESET",
        f"  #define RESET(a) do {{ \\\n-     {removed} \\\n+     {added} \\\n      last(a); \\\n  }} while (0)",
    )
    check_applied(shape.format("", before), edit, shape.format("", after))


@pytest.mark.parametrize(("value", "shown"), [("a + b * 2", "$e * 2"), ("a; b", "$e")])
def test_a_metavariable_in_a_line_of_a_macro_takes_no_operator_apart(value: str, shown: str) -> None:
    before = f"#define SIZE(a, b) do {{ \\\n    set({value}); \\\n}} while (0)\n"
    hunk = f"  #define SIZE(a, b) do {{ \\\n-     set({shown}); \\\n+     put($e); \\\n  }} while (0)"
    assert outcome(before, hunk_edit("macro SIZE", hunk)).status == "drifted"


@pytest.mark.parametrize("added", ["$t first, second;", "static $t first = 0, second;"])
def test_a_star_is_not_written_for_several_names(added: str) -> None:
    edit = hunk_edit("function level", f"- $t first;\n+ {added}\n  done(g);")
    with pytest.raises(HunkError, match="star would be that of one name alone"):
        outcome(function("Box *first;"), edit)
    check_applied(function("Box first;"), edit, function(added.replace("$t", "Box")))


def test_a_star_is_not_taken_for_that_of_all_names() -> None:
    edit = hunk_edit("function level", "- $t first, second;\n+ $t first;\n+ $t second;\n  done(g);")
    assert outcome(function("Box *first, second;"), edit).status == "drifted"
    check_applied(function("Box first, second;"), edit, function("Box first;", "Box second;"))


@pytest.mark.parametrize("code", ["gauge_$name(g);", "return$name;", "set($a$name);"])
def test_a_metavariable_is_no_part_of_a_word(code: str) -> None:
    edit = hunk_edit("function level", f"- set($a, $name);\n+ {code}")
    with pytest.raises(HunkError, match="is a part of a word"):
        outcome(function("set(n, n);"), edit)


@pytest.mark.parametrize(
    ("bound", "added", "warned"),
    [
        ("*p++", "set($e, $e);", True),
        ("g->next(n)", "set($e ? $e : 0);", True),
        ("n = 1", "set($e, $e);", True),
        ("*p++", "set($e);", False),
        ("GAUGE(p)", "set($e, $e);", False),
        ("p->level[n]", "set($e, $e);", False),
        ("take(p)", "set($e, sizeof $e);", False),
    ],
)
def test_a_side_effect_that_is_written_again_is_a_warning(bound: str, added: str, warned: bool) -> None:
    source = function(f"put({bound});")
    for edit in (
        hunk_edit("function level", f"- put($e);\n+ {added}\n  done(g);"),
        operation_edit("function level", EverywhereOperation(read_rewriting(f"- put($e);\n+ {added}"))),
    ):
        result = outcome(source, edit)
        assert isinstance(result, Applied), result
        assert any("is written twice where it stood once" in warning for warning in result.warnings) is warned
