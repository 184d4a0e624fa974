# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits that would change what governs kept code, what falls into what, or what is reached, and do not show it."""

from __future__ import annotations

import pytest
from csource_support import add_edit, check_applied, code, hunk_edit, outcome

from qpatch.csource.edit import Position
from qpatch.csource.results import Ambiguous, Applied, Drifted


def body(*lines: str) -> str:
    return code("static int demo(Demo *d, int n)\n{\n" + "".join(f"    {line}\n" for line in lines) + "}\n")


HEADS = ["if (d)", "for (n = 0; n < 3; n++)", "while (d->next)"]


@pytest.mark.parametrize("head", HEADS)
def test_a_statement_does_not_come_under_a_head_whose_own_is_removed(head: str) -> None:
    source = body(head, "    drop(d);", "", "next(d);")
    result = outcome(source, hunk_edit("function demo", f"  {head}\n-     drop(d);\n  next(d);"))
    assert isinstance(result, Drifted), result
    assert "`next ( d ) ;` would come under" in result.message and "no braces" in result.message


def test_the_hunk_with_braces_is_printed_and_applies() -> None:
    source = body("if (d)", "    drop(d);", "next(d);")
    result = outcome(source, hunk_edit("function demo", "  if (d)\n-     drop(d);\n  next(d);"))
    assert isinstance(result, Drifted), result
    lead, _, offered = result.suggestion.partition(":\n")
    assert lead == "write the hunk so"
    check_applied(source, hunk_edit("function demo", offered), body("if (d) {", "}", "next(d);"))


def test_a_statement_does_not_come_under_an_else() -> None:
    source = body("if (d) {", "    one();", "} else", "    two();", "next(d);")
    hunk = "  if (d) {\n      one();\n  } else\n-     two();\n  next(d);"
    result = outcome(source, hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted) and "the `else` of line" in result.message


def test_a_statement_does_not_lose_the_braces_around_it() -> None:
    source = body("if (d)", "{", "    one();", "    two();", "}", "next(d);")
    result = outcome(source, hunk_edit("function demo", "  if (d)\n- {\n      one();\n      two();\n- }"))
    assert isinstance(result, Drifted) and "`two ( ) ;` would no longer be under the `if` of line 3" in result.message


@pytest.mark.parametrize(
    ("lines", "hunk", "named"),
    [
        (
            ["QLIST_FOREACH(d, &all, next)", "    drop(d);", "next(d);"],
            "  QLIST_FOREACH(d, &all, next)\n-     drop(d);\n  next(d);",
            "the `QLIST_FOREACH` of line 3",
        ),
        (
            ["if (n) {", "    one();", "} else if (d)", "    two();", "next(d);"],
            "  if (n) {\n      ...\n  } else if (d)\n-     two();\n  next(d);",
            "the `if` of line 5",
        ),
    ],
)
def test_the_innermost_head_is_named_as_the_source_has_it(lines: list[str], hunk: str, named: str) -> None:
    result = outcome(body(*lines), hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted) and named in result.message, result


@pytest.mark.parametrize("head", HEADS)
def test_a_statement_is_not_pushed_out_from_under_a_head(head: str) -> None:
    source = body(head, "    drop(d);", "next(d);")
    result = outcome(source, hunk_edit("function demo", f"  {head}\n+     trace(d);\n      drop(d);"))
    assert isinstance(result, Drifted), result
    assert "`drop ( d ) ;` would no longer be under" in result.message


@pytest.mark.parametrize("head", HEADS)
def test_an_added_statement_is_not_indented_as_if_governed(head: str) -> None:
    source = body(head, "    drop(d);", "next(d);")
    result = outcome(source, hunk_edit("function demo", f"  {head}\n      drop(d);\n+     trace(d);"))
    assert isinstance(result, Drifted) and "is indented as if it were under" in result.message
    offered = result.suggestion.partition(":\n")[2]
    wanted = body(f"{head} {{", "    drop(d);", "    trace(d);", "}", "next(d);")
    check_applied(source, hunk_edit("function demo", offered), wanted)


@pytest.mark.parametrize(
    ("hunk", "lines"),
    [
        ("  if (d)\n-     drop(d);\n+     keep(d);\n  next(d);", ["if (d)", "    keep(d);", "next(d);"]),
        ("- if (d)\n-     drop(d);\n  next(d);", ["next(d);"]),
        ("- if (d)\n- drop(d);\n+ drop(d);\n  next(d);", ["drop(d);", "next(d);"]),
        ("  if (d)\n      drop(d);\n+ trace(d);", ["if (d)", "    drop(d);", "trace(d);", "next(d);"]),
        (
            "+ if (n)\n+     return 1;\n  if (d)\n      drop(d);",
            ["if (n)", "    return 1;", "if (d)", "    drop(d);", "next(d);"],
        ),
    ],
)
def test_what_the_hunk_shows_is_done(hunk: str, lines: list[str]) -> None:
    check_applied(body("if (d)", "    drop(d);", "next(d);"), hunk_edit("function demo", hunk), body(*lines))


def test_a_brace_that_is_moved_is_shown() -> None:
    source = body("if (d) {", "    one();", "    two();", "}")
    hunk = "  if (d) {\n      one();\n+ }\n-     two();\n- }\n+ two();"
    check_applied(source, hunk_edit("function demo", hunk), body("if (d) {", "    one();", "}", "two();"))


ENDS = {
    "if": ["if (d) {", "    break;", "}"],
    "block": ["{", "    one();", "}"],
    "loop": ["while (d) {", "    one();", "}"],
    "statement": ["one();"],
    "one of two": ["if (d) {", "    return 1;", "} else {", "    one();", "}"],
}
LEAVES = {
    "break": ["one();", "break;"],
    "block": ["{", "    one();", "    break;", "}"],
    "return in both": ["if (d) {", "    return 1;", "} else {", "    return 2;", "}"],
    "no return": ["g_assert_not_reached();"],
    "endless": ["for (;;) {", "    one();", "}"],
}
CASE = "case C:\n    three();\n    break;\n"


def switch(*case: str, last: str = "default:") -> str:
    return body("switch (n) {", "case A:", *(f"    {line}" for line in case), last, "    two();", "}")


@pytest.mark.parametrize("case", ENDS.values(), ids=ENDS)
def test_no_case_begins_to_fall_into_an_added_one(case: list[str]) -> None:
    assert isinstance(outcome(switch(*case), add_edit("switch demo", CASE)), Ambiguous | Drifted)
    beside = add_edit("switch demo", CASE, Position.IN, "A", Position.AFTER)
    assert isinstance(outcome(switch(*case, last="case B:"), beside), Ambiguous | Drifted)
    hunk = "  case A:\n      ...\n+ case C:\n+     three();\n+     break;\n  default:\n      two();"
    result = outcome(switch(*case), hunk_edit("switch demo", hunk))
    assert isinstance(result, Drifted) and "would fall into" in result.message, result


@pytest.mark.parametrize("case", LEAVES.values(), ids=LEAVES)
def test_a_case_is_added_behind_one_that_leaves(case: list[str]) -> None:
    source = switch(*case)
    wanted = source.replace("    default:", "    case C:\n        three();\n        break;\n    default:")
    check_applied(source, add_edit("switch demo", CASE), wanted)


def test_an_added_case_does_not_fall_into_one_that_the_edit_does_not_show() -> None:
    falls = "case C:\n    three();\n"
    assert isinstance(outcome(switch("one();", "break;"), add_edit("switch demo", falls)), Drifted)
    for said in ("case C:\n    three();\n    /* fall through */\n", "case C:\n    three();\n    fallthrough;\n"):
        assert isinstance(outcome(switch("one();", "break;"), add_edit("switch demo", said)), Applied), said
    label = add_edit("switch demo", "case C:", Position.IN, "default", Position.BEFORE)
    assert isinstance(outcome(switch("one();", "break;"), label), Applied)


def test_a_hunk_may_let_a_case_fall_into_what_it_shows() -> None:
    source = switch("one();", "break;", last="case B:")
    hunk = "  case A:\n      one();\n-     break;\n  case B:"
    check_applied(source, hunk_edit("switch demo", hunk + "\n      two();"), source.replace("        break;\n", ""))
    result = outcome(source, hunk_edit("switch demo", "  case A:\n      one();\n-     break;"))
    assert isinstance(result, Drifted) and "would fall into `case B :`" in result.message
    result = outcome(source, hunk_edit("switch demo", "  case A:\n-     one();\n-     break;"))
    assert isinstance(result, Drifted) and "would fall into `case B :`" in result.message


@pytest.mark.parametrize("jump", ["return n;", "goto out;"])
def test_what_follows_an_added_jump_does_not_become_dead(jump: str) -> None:
    source = body("trace(d);", "if (d) {", "    n = enable(d);", "}", "out:", "return n;")
    result = outcome(source, hunk_edit("function demo", f"  trace(d);\n+\n+ {jump}"))
    assert isinstance(result, Drifted) and "would become dead" in result.message, result
    ends = body("trace(d);", "out:", "return n;")
    assert isinstance(outcome(ends, hunk_edit("function demo", f"  trace(d);\n+ {jump}")), Applied)


def test_a_jump_in_a_loop_or_a_case_makes_no_dead_code() -> None:
    for jump in ("break;", "continue;"):
        source = body("while (d) {", "    trace(d);", "    drop(d);", "}")
        hunk = f"  while (d) {{\n      trace(d);\n+     {jump}\n      ...\n  }}"
        result = outcome(source, hunk_edit("function demo", hunk))
        assert isinstance(result, Drifted) and "would become dead" in result.message, result
        guarded = hunk.replace(f"+     {jump}", f"+     if (n) {{\n+         {jump}\n+     }}")
        assert isinstance(outcome(source, hunk_edit("function demo", guarded)), Applied)


def test_a_jump_may_replace_a_jump_and_stand_before_what_is_shown() -> None:
    source = body("trace(d);", "return n;", "drop(d);")
    edit = hunk_edit("function demo", "- return n;\n+ return 0;")
    check_applied(source, edit, source.replace("return n", "return 0"))
    shown = hunk_edit("function demo", "  trace(d);\n+ return 1;\n  return n;")
    check_applied(source, shown, source.replace("    return n", "    return 1;\n    return n"))


@pytest.mark.parametrize("head", [*HEADS, "QLIST_FOREACH(d, &all, next)"])
def test_a_statement_written_beside_a_head_does_not_come_under_it(head: str) -> None:
    source = body(head, "    drop(d);", "next(d);")
    result = outcome(source, hunk_edit("function demo", f"  {head}\n-     drop(d);\n+ keep(d);\n  next(d);"))
    assert isinstance(result, Drifted), result
    assert "`keep ( d ) ;` would come under the" in result.message and "indent it below" in result.advice
    edit = hunk_edit("function demo", f"  {head}\n-     drop(d);\n+     keep(d);\n  next(d);")
    check_applied(source, edit, body(head, "    keep(d);", "next(d);"))


def test_a_statement_written_beside_an_else_does_not_come_under_it() -> None:
    source = body("if (d)", "    one();", "else", "    two();", "next(d);")
    result = outcome(source, hunk_edit("function demo", "  if (d)\n      one();\n  else\n-     two();\n+ three();"))
    assert isinstance(result, Drifted) and "under the `else` above, but" in result.message


@pytest.mark.parametrize("below", ["drop(d);", "if (n)\n        drop(d);"])
def test_a_statement_does_not_look_as_if_it_were_in_the_loop_of_an_unknown_macro(below: str) -> None:
    source = body("EACH_ENTRY(d, n)", f"    {below}", "next(d);")
    hunk = "\n".join(f"  {line}" for line in ["EACH_ENTRY(d, n)", *f"    {below}".split("\n")])
    result = outcome(source, hunk_edit("function demo", f"{hunk}\n+     keep(d);\n  next(d);"))
    assert isinstance(result, Drifted) and "is indented as if it were under the `" in result.message
    check_applied(
        source,
        hunk_edit("function demo", f"{hunk}\n+ keep(d);\n  next(d);"),
        body("EACH_ENTRY(d, n)", f"    {below}", "keep(d);", "next(d);"),
    )
