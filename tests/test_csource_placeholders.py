# SPDX-License-Identifier: GPL-2.0-or-later
"""`...` and `$name`: in initialisers and `#if` arms, on added lines, for types, beside operators."""

from __future__ import annotations

import pytest
from csource_support import check_applied, code, hunk_edit, outcome

from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.results import Ambiguous, Drifted

STATE = code("""
    static const State state_demo = {
        .name = "demo",
        .fields = (const Field[]) {
            FIELD_BYTE(one, Demo),
            FIELD_BYTE(two, Demo),
        #ifdef CONFIG_WIDE
            FIELD_LONG(wide, Demo),
        #else
            FIELD_BYTE(narrow, Demo),
        #endif
            FIELD_END()
        },
        .parts = (const State * const [])
        {
            &state_part,
            NULL
        },
    };
""").replace("    #", "#")

ROWS = code("""
    static const Row rows[] = {
        { .id = 1, .read = read_one },
        { .id = 2, .read = read_two },
        [WIDE] = { .id = 3, .read = read_three, },
        [4 ... 7] = { .id = 4 },
        [8 ... 9] = { .id = 4 },
    };
""")


@pytest.mark.parametrize(
    ("hunk", "old", "new"),
    [
        (
            "  .fields = (const Field[]) {\n      ...\n      FIELD_BYTE(two, Demo),\n+     FIELD_BOOL(on, Demo),\n"
            "      ...\n  },",
            "FIELD_BYTE(two, Demo),\n",
            "FIELD_BYTE(two, Demo),\n        FIELD_BOOL(on, Demo),\n",
        ),
        (
            "  .parts = (const State * const [])\n  {\n      ...\n+     &state_more,\n      NULL\n  },",
            "&state_part,\n",
            "&state_part,\n        &state_more,\n",
        ),
        (
            "  .fields = (const Field[]) {\n      ...\n  #ifdef CONFIG_WIDE\n      ...\n"
            "+     FIELD_LONG(wider, Demo),\n  #else\n      ...\n  #endif\n      ...\n  },",
            "FIELD_LONG(wide, Demo),\n",
            "FIELD_LONG(wide, Demo),\n        FIELD_LONG(wider, Demo),\n",
        ),
    ],
)
def test_an_ellipsis_is_the_rest_of_a_nested_list(hunk: str, old: str, new: str) -> None:
    check_applied(STATE, hunk_edit("initializer state_demo", hunk), STATE.replace(old, new))


@pytest.mark.parametrize(
    ("hunk", "old", "new"),
    [
        ("  { .id = 2, ... },\n+ { .id = 5 },", "read_two },\n", "read_two },\n    { .id = 5 },\n"),
        (
            "  [WIDE] = {\n      ...\n-     .read = read_three,\n+     .read = read_wide,\n  },",
            "read_three",
            "read_wide",
        ),
        ("- [4 ... 7] = { .id = 4 },\n+ [4 ... 6] = { .id = 4 },", "[4 ... 7]", "[4 ... 6]"),
    ],
)
def test_entries_that_are_structs_are_reached_by_what_they_show(hunk: str, old: str, new: str) -> None:
    check_applied(ROWS, hunk_edit("initializer rows", hunk), ROWS.replace(old, new))


def test_an_ellipsis_does_not_end_inside_an_arm() -> None:
    hunk = (
        "  .fields = (const Field[]) {\n      FIELD_BYTE(one, Demo),\n      ...\n"
        "-     FIELD_LONG(wide, Demo),\n      ...\n  },"
    )
    assert isinstance(outcome(STATE, hunk_edit("initializer state_demo", hunk)), Drifted)


@pytest.mark.parametrize(
    "hunk", ["+ FIELD_BOOL(on, Demo),\n  FIELD_END()", "  FIELD_BYTE(one, Demo),\n+ FIELD_BOOL(on, Demo),"]
)
def test_the_block_to_show_around_an_entry_is_a_hunk_that_fits(hunk: str) -> None:
    result = outcome(STATE, hunk_edit("initializer state_demo", hunk))
    assert isinstance(result, Ambiguous), result
    lead, _, offered = result.suggestion.partition(":\n")
    assert lead.startswith("write the enclosing block whole")
    added = "        FIELD_BOOL(on, Demo),\n"
    neighbour = "        FIELD_END()\n" if hunk.startswith("+") else "        FIELD_BYTE(one, Demo),\n"
    both = added + neighbour if hunk.startswith("+") else neighbour + added
    check_applied(STATE, hunk_edit("initializer state_demo", offered), STATE.replace(neighbour, both))


def body(*lines: str) -> str:
    return code("static int demo(Demo *d, int n)\n{\n" + "".join(f"    {line}\n" for line in lines) + "}\n")


def test_an_ellipsis_does_not_cross_a_case_label_under_an_ifdef() -> None:
    hidden = ("#ifdef WIDE", "    break;", "case B:", "#endif")
    lines = ["switch (n) {", "case A:", "    one(d);", *hidden, "    two(d);", "    break;", "}"]
    source = body(*lines).replace("    #", "#")
    hunk = "  switch (n) {\n  case A:\n      ...\n+     three(d);\n      break;\n  ...\n  }"
    assert isinstance(outcome(source, hunk_edit("function demo", hunk)), Drifted)
    inside = body(*lines[:3], "#ifdef WIDE", "    more(d);", "#endif", *lines[7:]).replace("    #", "#")
    check_applied(
        inside, hunk_edit("function demo", hunk), inside.replace("    two(d);\n", "    two(d);\n        three(d);\n")
    )


@pytest.mark.parametrize(
    "hunk",
    [
        "- call(..., n);\n+ call(..., d);",
        "  call(1);\n+ call(a, ...);",
        "  one();\n+ ...",
        "  one();\n+ if (d) {\n+     ...\n+ }",
        "- int v[] = { 1 };\n+ int v[] = { ..., 2 };",
    ],
)
def test_an_ellipsis_on_an_added_line_is_an_error(hunk: str) -> None:
    with pytest.raises(HunkError, match=r"`\.\.\.` in line \d stands on an added line"):
        hunk_edit("function demo", hunk)


@pytest.mark.parametrize(
    ("where", "hunk"),
    [
        ("function demo", "  one();\n+ int report(const char *format, ...);"),
        ("function demo", "  case 1:\n+ case 2 ... 5:\n      one();"),
        ("function demo", "  one();\n+ int v[] = { [0 ... 7] = 1 };"),
        ("file x", "  int a;\n+ #define REPORT(format, ...) report(format, __VA_ARGS__)"),
    ],
)
def test_an_ellipsis_of_the_language_may_be_added(where: str, hunk: str) -> None:
    hunk_edit(where, hunk)


@pytest.mark.parametrize(
    ("old", "before", "after", "new"),
    [
        ("b = get(sizeof(struct t), n);", "b = get(sizeof($t), $n);", "b = put(sizeof($t), $n);", "put"),
        ("b = get(sizeof(const char *));", "b = get(sizeof($t));", "b = put(sizeof($t));", "put"),
        ("b = get(sizeof(*p));", "b = get(sizeof($t));", "b = put(sizeof($t));", "put"),
        ("b = (struct t *)get(n);", "b = ($t)get(n);", "b = ($t)put(n);", "put"),
        ("b = (const struct t *)get;", "b = ($t)get;", "b = ($t)put;", "put"),
        ("const struct t *b = get(n);", "const $t *b = get(n);", "const $t *b = put(n);", "put"),
        ("const struct t *b = get(n);", "$t *b = get(n);", "$t *b = put(n);", "put"),
        ("const struct t *b = get(n);", "$t b = get(n);", "$t b = put(n);", "put"),
        ("unsigned long get;", "$t get;", "$t put;", "put"),
        ("char **get;", "$t *get;", "$t *put;", "put"),
        ("char **get;", "$t get;", "$t put;", "put"),
        ("b = get((const struct t *[]) { n });", "b = get(($t []) { $n });", "b = put(($t []) { $n });", "put"),
        ("b = get((struct t * const []) { n });", "b = get(($t []) { $n });", "b = put(($t []) { $n });", "put"),
        ("b = get((struct t *[]) { n });", "b = get(($t *[]) { $n });", "b = put(($t *[]) { $n });", "put"),
        ("b = (const struct t **)get(n);", "b = ($t *)get(n);", "b = ($t *)put(n);", "put"),
        ("b = new(struct t, get(n));", "b = new($t, get(n));", "b = new($t, put(n));", "put"),
    ],
)
def test_a_metavariable_stands_for_a_type(old: str, before: str, after: str, new: str) -> None:
    edit = hunk_edit("function demo", f"- {before}\n+ {after}")
    check_applied(body("one();", old, "two();"), edit, body("one();", old.replace("get", new), "two();"))


def test_a_metavariable_for_a_type_is_the_same_type_again() -> None:
    edit = hunk_edit("function demo", "  $t *b;\n- c = get(sizeof($t));\n+ c = put(sizeof($t));")
    source = body("const struct t *b;", "c = get(sizeof(const struct t));")
    check_applied(source, edit, source.replace("get", "put"))
    assert isinstance(outcome(body("struct s *b;", "c = get(sizeof(struct t));"), edit), Drifted)


def test_a_storage_class_is_no_part_of_a_type() -> None:
    edit = hunk_edit("function demo", "- $t get;\n+ $t put;")
    assert isinstance(outcome(body("static int get;"), edit), Drifted)


@pytest.mark.parametrize(
    ("bound", "before", "after", "written"),
    [
        ("n == 1", "if ($x) {", "if (!$x) {", "if (!(n == 1)) {"),
        ("ready", "if ($x) {", "if (!$x) {", "if (!ready) {"),
        ("get(n)->ready[1]", "if ($x) {", "if (!$x) {", "if (!get(n)->ready[1]) {"),
        ("(n == 1)", "if ($x) {", "if (!$x) {", "if (!(n == 1)) {"),
        ("a || b", "if ($x) {", "if ($x && c) {", "if ((a || b) && c) {"),
        ("a && b", "if ($x) {", "if ($x && c) {", "if (a && b && c) {"),
        ("a && b", "if ($x) {", "if ($x || c) {", "if (a && b || c) {"),
        ("a ? b : c", "if ($x) {", "if ($x ? d : e) {", "if ((a ? b : c) ? d : e) {"),
        ("a ? b : c", "if ($x) {", "if (call($x)) {", "if (call(a ? b : c)) {"),
        ("a = b", "if ($x) {", "if (c == $x) {", "if (c == (a = b)) {"),
        ("a - b", "if ($x) {", "if (c - $x) {", "if (c - (a - b)) {"),
        ("a - b", "if ($x) {", "if ($x - c) {", "if (a - b - c) {"),
        ("a + 1", "if ($x) {", "if ($x * 2) {", "if ((a + 1) * 2) {"),
        ("a + 1", "if ($x) {", "if ((long)$x) {", "if ((long)(a + 1)) {"),
        ("-1", "if ($x) {", "if (-$x) {", "if (-(-1)) {"),
        ("a + 1", "if ($x) {", "if ($x->ready) {", "if ((a + 1)->ready) {"),
        ("&a", "if ($x) {", "if ($x->ready) {", "if ((&a)->ready) {"),
        ("*a", "if ($x) {", "if ($x[1]) {", "if ((*a)[1]) {"),
        ("a | b", "if ($x) {", "if ($x & c) {", "if ((a | b) & c) {"),
    ],
)
def test_a_metavariable_gets_the_parentheses_that_its_place_asks_for(
    bound: str, before: str, after: str, written: str
) -> None:
    edit = hunk_edit("function demo", f"- {before}\n-     one();\n- }}\n+ {after}\n+     two();\n+ }}")
    source = body(before.replace("$x", bound), "    one();", "}")
    check_applied(source, edit, body(written, "    two();", "}"))


def test_an_alternative_that_fits_too_often_is_not_hidden_by_another() -> None:
    source = body("one(d);", "one(d);", "two(d);")
    for hunks in (
        ("  one(d);\n+ three(d);", "  two(d);\n+ three(d);"),
        ("  two(d);\n+ three(d);", "- one(d);\n+ three(d);"),
    ):
        result = outcome(source, hunk_edit("function demo", *hunks))
        assert isinstance(result, Ambiguous), result
        assert "fits 2 places" in result.message and "another alternative" in result.message
