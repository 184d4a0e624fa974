# SPDX-License-Identifier: GPL-2.0-or-later
"""How what is written is laid out: columns of labels and directives, tabs, long lines."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, check_applied, code, hunk_edit
from hypothesis import given
from hypothesis import strategies as st

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Position
from qpatch.csource.results import Applied
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.indentation import Indentation, indentation_of, relevelled
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.wrapping import wrapped
from qpatch.csource.tokens import c_tokens
from qpatch.csource.workspace import EditWorkspace

JUMPS = """
    static int demo(void)
    {
        if (one()) {
            goto out;
        }
        two();
    out:
        three();
        return 0;
    }
"""


def test_a_label_stands_in_the_column_of_the_others() -> None:
    hunk = "  two();\n+ out_free:\n+ release();\n  out:\n  three();"
    check_applied(
        JUMPS, hunk_edit("function demo", hunk), code(JUMPS).replace("out:", "out_free:\n    release();\nout:")
    )
    one_column = code(JUMPS).replace("\nout:", "\n out:")
    check_applied(
        one_column, hunk_edit("function demo", hunk), one_column.replace(" out:", " out_free:\n    release();\n out:")
    )
    first = code(JUMPS).replace("out:\n", "").replace("        goto out;\n", "        return 1;\n")
    hunk = "  two();\n+ out:\n  three();"
    check_applied(first, hunk_edit("function demo", hunk), first.replace("    three", "out:\n    three"))


@given(
    st.lists(st.tuples(st.sampled_from(["ONE", "call(x)", "-1"]), st.integers(1, 30)), min_size=1, max_size=3),
    st.booleans(),
)
def test_a_value_of_a_condition_is_no_label(values: list[tuple[str, int]], with_label: bool) -> None:
    chain = [line for value, columns in values for line in (" " * columns + value + " :", "    b ?")][:-1]
    lines = ["value = a ?", *chain, "    LAST;"]
    label = ["out_free:", "release();"] * with_label
    hunk = "  two();\n" + "".join(f"+ {line}\n" for line in [*lines, *label]) + "  out:\n  three();"
    written = [f"    {line}" for line in lines] + ["out_free:", "    release();"] * with_label
    expected = code(JUMPS).replace("out:", "\n".join([*written, "out:"]))
    check_applied(JUMPS, hunk_edit("function demo", hunk), expected)


@pytest.mark.parametrize("column", ["", "  "])
def test_directives_stand_in_their_own_column(column: str) -> None:
    hunk = f"  two();\n+ {column}#ifdef CONFIG_DEMO\n+ if (x) {{\n+     more();\n+ }}\n+ {column}#endif"
    written = "#ifdef CONFIG_DEMO\n    if (x) {\n        more();\n    }\n#endif\n"
    check_applied(JUMPS, hunk_edit("function demo", hunk), code(JUMPS).replace("two();\n", f"two();\n{written}"))


GUARDED = (
    "void demo(void)\n{\n    one();\n#ifdef CONFIG_DEMO\n    if (x) {\n        more();\n    }\n#endif\n    two();\n}\n"
)


@pytest.mark.parametrize("arms", ["", "- #else\n- less();\n"])
def test_code_in_the_place_of_an_ifdef_block_keeps_the_column_around(arms: str) -> None:
    source = GUARDED.replace("#endif", "#else\n    less();\n#endif") if arms else GUARDED
    hunk = f"- #ifdef CONFIG_DEMO\n- if (x) {{\n-     more();\n- }}\n{arms}- #endif\n+ if (y) {{\n+     more();\n+ }}"
    check_applied(
        source,
        hunk_edit("function demo", hunk),
        "void demo(void)\n{\n    one();\n    if (y) {\n        more();\n    }\n    two();\n}\n",
    )


KERNEL = "static int demo(struct dev *d)\n{\n\tint r;\n\n\tr = go(d);\n\treturn r;\n}\n"


@pytest.mark.parametrize(
    "added",
    [
        ["if (r) {", "    note(d, r,", "         1);", "    if (d)", "        return r;", "}"],
        ["if (r) {", "  note(d, r,", "       1);", "  if (d)", "    return r;", "}"],
        ["if (r) {", "\tnote(d, r,", "\t     1);", "\tif (d)", "\t\treturn r;", "}"],
        ["if (r) {", "        note(d, r,", "             1);", "        if (d)", "                return r;", "}"],
    ],
)
def test_files_in_tabs_get_tabs_whatever_the_hunk_is_written_in(added: list[str]) -> None:
    hunk = "  r = go(d);\n" + "".join(f"+ {line}\n" for line in added)
    written = "\tif (r) {\n\t\tnote(d, r,\n\t\t     1);\n\t\tif (d)\n\t\t\treturn r;\n\t}\n"
    check_applied(KERNEL, hunk_edit("function demo", hunk), KERNEL.replace("go(d);\n", f"go(d);\n{written}"))


def test_what_is_added_beside_and_inside_gets_tabs_too() -> None:
    added = "static int more(void)\n{\n    if (x)\n        return 1;\n    return 0;\n}"
    written = "\nstatic int more(void)\n{\n\tif (x)\n\t\treturn 1;\n\treturn 0;\n}\n"
    check_applied(KERNEL, add_edit("function demo", added, Position.AFTER, path=PATH), KERNEL + written)
    struct = "struct demo {\n\tint a;\n};\n"
    nested = "struct {\n    int c;\n} b;"
    check_applied(
        struct, add_edit("struct demo", nested), "struct demo {\n\tint a;\n\tstruct {\n\t\tint c;\n\t} b;\n};\n"
    )


def test_a_file_of_four_columns_with_tabs_for_eight_keeps_both() -> None:
    source = "void demo(void)\n{\n    if (a) {\n\tone();\n    }\n    while (b) {\n\ttwo();\n    }\n}\n"
    assert indentation_of(source.encode(), Indentation(8, tabs=True)) == Indentation(4, tabs=True)
    hunk = "  if (a) {\n      one();\n+     if (c) {\n+         more();\n+     }\n  }"
    check_applied(
        source,
        hunk_edit("function demo", hunk),
        source.replace("\tone();\n", "\tone();\n\tif (c) {\n\t    more();\n\t}\n"),
    )


LONG = "some_state_of_the_device->migration.config_space_of_it"


def rendered(source: str, where: str, hunk: str, kind: str = "qemu") -> str:
    """Apply a hunk on a tree of a kind, expect that nothing is left to do, and return the file."""
    space = EditWorkspace(Overlay(DictTree({PATH: source.encode()})), ParseCache(macro_table(kind)))
    edit = hunk_edit(where, hunk)
    assert isinstance(result := apply_edit(edit, space), Applied), result
    assert apply_edit(edit, space).status == "already there"
    return space.tree.changed[PATH].decode()


def test_a_line_that_an_edit_makes_too_long_is_broken_at_an_argument() -> None:
    source = f"void demo(void)\n{{\n    ret = save({LONG}, file);\n}}\n"
    after = rendered(source, "function demo", "- ret = save($d, $f);\n+ ret = save($d, $f, desc, &local_err);")
    assert after == source.replace("file);", "file,\n               desc, &local_err);")
    deeper = "void demo(void)\n{\n\tret = save(a, file);\n}\n"
    hunk = f"- ret = save(a, $f);\n+ ret = save({LONG}, $f, desc, extra, more, err);"
    assert rendered(deeper, "function demo", hunk, "linux") == deeper.replace(
        "a, file", f"{LONG}, file, desc, extra, more,\n\t\t   err"
    )


def test_a_condition_is_broken_at_its_operator() -> None:
    source = f"void demo(void)\n{{\n    if ({LONG} == NULL) {{\n        one();\n    }}\n}}\n"
    hunk = "- if ($c) {\n+ if ($c && !other_condition(a, b)) {\n      one();\n  }"
    assert rendered(source, "function demo", hunk) == source.replace(
        "NULL)", "NULL &&\n        !other_condition(a, b))"
    )


def test_a_signature_that_grows_too_long_is_broken() -> None:
    source = "int demo_save_the_config_space(DemoDeviceState *device, QEMUFile *file)\n{\n    return 0;\n}\n"
    hunk = "- int demo_save_the_config_space(DemoDeviceState *$d, QEMUFile *$f)\n"
    hunk += "+ int demo_save_the_config_space(DemoDeviceState *$d, QEMUFile *$f, Error **errp)"
    written = "QEMUFile *file,\n                               Error **errp)"
    assert rendered(source, "signature demo_save_the_config_space", hunk) == source.replace("QEMUFile *file)", written)


def test_a_line_that_is_written_too_long_stays() -> None:
    source = "void demo(void)\n{\n    one();\n}\n"
    line = f"ret = save({LONG}, {LONG}, file);"
    assert rendered(source, "function demo", f"  one();\n+ {line}") == source.replace(
        "one();\n", f"one();\n    {line}\n"
    )


def test_code_bound_over_several_lines_is_joined_or_broken_anew() -> None:
    source = "void demo(void)\n{\n    save(first(a,\n               b), file);\n}\n"
    hunk = "- save($x, $f);\n+ keep($x, $f);"
    assert rendered(source, "function demo", hunk) == source.replace(
        "save(first(a,\n               b)", "keep(first(a, b)"
    )
    long = source.replace("first(a,", f"first({LONG},")
    after = rendered(long, "function demo", "- save($x, $f);\n+ keep_it($x, $f, err);")
    assert all(len(line) <= 80 for line in after.split("\n"))


def test_comments_in_what_is_bound_hide_no_code() -> None:
    source = "void demo(void)\n{\n    save(first(a, // the first\n               b), file);\n}\n"
    after = rendered(source, "function demo", "- save($x, $f);\n+ keep($x, $f);")
    assert after == source.replace("save(", "keep(")


WORDS = st.sampled_from(["a", "long_name_of_it", "f(x, y)", '"text, of it"', "*p", "-1", "x->y.z", "(a + b)"])


@given(st.lists(WORDS, min_size=1, max_size=9), st.sampled_from([", ", " && ", " + "]), st.integers(0, 3))
def test_a_broken_line_has_the_same_tokens_in_lines_that_fit(words: list[str], joint: str, level: int) -> None:
    line = "    " * level + f"ret = call({joint.join(words)});"
    pieces = wrapped(line, 40, 4, tabs=False)
    assert [t.text for t in c_tokens("\n".join(pieces))] == [t.text for t in c_tokens(line)]
    assert all(len(piece) <= 40 or not piece.rstrip().removesuffix(joint.rstrip()).count(joint) for piece in pieces)
    if len(line) <= 40:
        assert pieces == [line]


@given(st.lists(st.sampled_from(["a();", "if (x) {", "}", "b(c,", "d);", ""]), max_size=6), st.integers(0, 8))
def test_lines_of_the_same_level_are_only_shifted(lines: list[str], column: int) -> None:
    style = Indentation(4, tabs=False)
    assert relevelled(lines, 0, " " * column, style) == [" " * column + line if line else "" for line in lines]


@pytest.mark.parametrize(
    ("where", "hunk", "before", "after"),
    [
        (
            f"includes {PATH}",
            "  #include <a.h>\n+ #include <b.h>\n  #include <c.h>",
            "#include <a.h>\n#include <c.h>\n",
            "#include <a.h>\n#include <b.h>\n#include <c.h>\n",
        ),
        (
            "macro M",
            "  #define M(x) \\\n      a(x); \\\n+     b(x); \\\n      c(x)",
            "#define M(x) \\\n    a(x); \\\n    c(x)\n",
            "#define M(x) \\\n    a(x); \\\n    b(x); \\\n    c(x)\n",
        ),
        (
            f"file {PATH}",
            "  #define A 1\n+ #define B 2",
            "#define A 1\n",
            "#define A 1\n#define B 2\n",
        ),
    ],
)
def test_lines_among_directives_end_as_the_others_do(where: str, hunk: str, before: str, after: str) -> None:
    check_applied(before.replace("\n", "\r\n"), hunk_edit(where, hunk), after.replace("\n", "\r\n"))


FLOW = """
static int feed(Feed *f)
{
    int ret = 0;

    if (!f->open) {
        goto out;
    }
    return 0;
stop:
    halt(f);
out:
    return ret;
}
"""


@pytest.mark.parametrize(
    ("hunk", "behind", "added"),
    [
        ("  return 0;\n+ shut:\n+     shut(f);\n  stop:\n  ...", "    return 0;\n", "shut:\n    shut(f);\n"),
        ("  return 0;\n+ shut:\n+ shut(f);\n  stop:\n  ...", "    return 0;\n", "shut:\n    shut(f);\n"),
        ("      return 0;\n+ shut:\n+     shut(f);\n  stop:\n  ...", "    return 0;\n", "shut:\n    shut(f);\n"),
        (
            "  return 0;\n+ shut:\n+     if (f) {\n+         shut(f,\n+              ret);\n+     }\n  stop:\n  ...",
            "    return 0;\n",
            "shut:\n    if (f) {\n        shut(f,\n             ret);\n    }\n",
        ),
        ("  return 0;\n  stop:\n+     shut(f);\n  ...", "stop:\n", "    shut(f);\n"),
        ("  return 0;\n- stop:\n+ stop:\n+     shut(f);\n      halt(f);", "stop:\n", "    shut(f);\n"),
        (
            "  return 0;\n+ shut:\n+     shut(f);\n+ lock:\n+     lock(f);\n  stop:\n  ...",
            "    return 0;\n",
            "shut:\n    shut(f);\nlock:\n    lock(f);\n",
        ),
    ],
)
@pytest.mark.parametrize("tabs", [False, True])
def test_statements_behind_a_label_stand_in_the_column_of_the_others(
    hunk: str, behind: str, added: str, tabs: bool
) -> None:
    source, expected = FLOW, FLOW.replace(behind, behind + added)
    if tabs:
        source = source.replace("    ", "\t")
        expected = expected.replace("    ", "\t").replace("\t\t\t ret", "\t\t     ret")
    check_applied(source, hunk_edit("function feed", hunk), expected)
