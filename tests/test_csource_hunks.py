# SPDX-License-Identifier: GPL-2.0-or-later
"""Semantic hunks on C: what matches, what is refused, what the result looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from csource_support import check_applied, code, hunk_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted
from qpatch.errors import Location

SAVE = """
int demo_save_state(File *f, void *opaque);

static int demo_save(File *f, void *opaque)
{
    Demo *demo = opaque;
    int ret;

    /* The state goes first. */
    ret = demo_save_state(f, opaque);
    if (ret) {
        return ret;
    }

    ret = demo_save_rest(f);   /* then the rest */
    demo_trace(demo);
    return ret;
}
"""


def test_removal_takes_its_comment_and_one_blank_line() -> None:
    check_applied(
        SAVE,
        hunk_edit(
            "function demo_save",
            """
        - ret = demo_save_state($f, $opaque);
        - if (ret) {
        -     return ret;
        - }
    """,
        ),
        SAVE.replace(
            """    /* The state goes first. */
    ret = demo_save_state(f, opaque);
    if (ret) {
        return ret;
    }

""",
            "",
        ),
    )


def test_addition_follows_the_trailing_comment_of_the_sibling_above() -> None:
    check_applied(
        SAVE,
        hunk_edit(
            "function demo_save",
            """
          ret = demo_save_rest(f);
        + demo_sync(f);
    """,
        ),
        SAVE.replace("/* then the rest */\n", "/* then the rest */\n    demo_sync(f);\n"),
    )


def test_addition_that_comes_first_precedes_the_comment_of_the_sibling_below() -> None:
    check_applied(
        SAVE,
        hunk_edit(
            "function demo_save",
            """
        + demo_begin(f);
          ret = demo_save_state(f, opaque);
    """,
        ),
        SAVE.replace("    /* The state", "    demo_begin(f);\n    /* The state"),
    )


def test_replacement_binds_metavariables_in_added_lines() -> None:
    check_applied(
        SAVE,
        hunk_edit(
            "function demo_save",
            """
        - ret = demo_save_rest($file);
        + ret = demo_save_all($file, &local);
    """,
        ),
        SAVE.replace("demo_save_rest(f);", "demo_save_all(f, &local);"),
    )


def test_condition_changes_while_the_body_stays() -> None:
    check_applied(
        SAVE,
        hunk_edit(
            "function demo_save",
            """
        - if (ret) {
        + if (ret && !demo->quiet) {
              ...
          }
          ret = demo_save_rest(...);
    """,
        ),
        SAVE.replace("if (ret) {", "if (ret && !demo->quiet) {"),
    )


def test_layout_and_comments_of_the_target_do_not_matter() -> None:
    check_applied(
        """
        int f(void)
        {
            call(a, /* why */
                 b );
            return 0;
        }
        """,
        hunk_edit(
            "function f",
            """
          call(a, b);
        + more();
        """,
        ),
        """
        int f(void)
        {
            call(a, /* why */
                 b );
            more();
            return 0;
        }
        """,
    )


def test_repeated_metavariable_must_be_the_same_code() -> None:
    source = """
        void f(void)
        {
            copy(a->x, b->x);
            copy(a->y, a->y);
        }
        """
    check_applied(
        source,
        hunk_edit("function f", "- copy($it, $it);\n+ keep($it);"),
        code(source).replace("copy(a->y, a->y)", "keep(a->y)"),
    )


def test_ellipsis_in_arguments_and_statements() -> None:
    check_applied(
        """
        void f(void)
        {
            first(1, 2, 3);
            second();
            third();
            last(x);
        }
        """,
        hunk_edit(
            "function f",
            """
          first(1, ...);
          ...
        - last($x);
        + final($x);
        """,
        ),
        """
        void f(void)
        {
            first(1, 2, 3);
            second();
            third();
            final(x);
        }
        """,
    )


SWITCH = """
int load(File *f)
{
    while (data != END) {
        switch (data) {
        case CONFIG:
        {
            ret = load_config(f);
            break;
        }
        case SETUP:
            ret = load_setup(f);
            break;
        default:
            return -1;
        }
        data = next(f);
    }
    return ret;
}
"""


def test_case_of_a_switch_is_reached_by_showing_the_blocks_around_it() -> None:
    check_applied(
        SWITCH,
        hunk_edit(
            "function load",
            """
          while (...) {
              switch (data) {
              ...
              case SETUP:
                  ...
        -         break;
        +         return ret;
              ...
              }
              ...
          }
    """,
        ),
        SWITCH.replace("load_setup(f);\n            break;", "load_setup(f);\n            return ret;"),
    )


def test_new_case_is_added_before_another() -> None:
    check_applied(
        SWITCH,
        hunk_edit(
            "function load",
            """
          while (...) {
              switch (data) {
              ...
        +     case EXTRA:
        +         break;
              default:
                  ...
              }
              ...
          }
    """,
        ),
        SWITCH.replace("        default:", "        case EXTRA:\n            break;\n        default:"),
    )


def test_match_deeper_than_the_hunk_shows_is_ambiguous_and_shown_how_to_write() -> None:
    result = outcome(
        """
        void f(void)
        {
            if (ready) {
                start(dev);
            }
        }
        """,
        hunk_edit("function f", "- start(dev);\n+ launch(dev);"),
    )
    assert isinstance(result, Ambiguous)
    assert "if (ready) {" in result.matches[0].snippet
    assert "- " in result.suggestion and "if (ready) {" in result.suggestion


def test_match_in_an_if_arm_of_the_preprocessor_is_ambiguous() -> None:
    source = """
        void f(void)
        {
        #ifdef CONFIG_KVM
            start(dev);
        #endif
            done();
        }
        """
    result = outcome(source, hunk_edit("function f", "- start(dev);\n+ launch(dev);"))
    assert isinstance(result, Ambiguous)
    check_applied(
        source,
        hunk_edit(
            "function f",
            """
          #ifdef CONFIG_KVM
        - start(dev);
        + launch(dev);
          #endif
        """,
        ),
        code(source).replace("start", "launch"),
    )


def test_more_places_than_expected_are_ambiguous_and_listed() -> None:
    source = "void f(void)\n{\n    go(1);\n    go(2);\n}\n"
    result = outcome(source, hunk_edit("function f", "- go($n);\n+ run($n);"))
    assert isinstance(result, Ambiguous)
    assert [place.line for place in result.matches] == [3, 4]
    assert "expect: 2" in result.advice
    check_applied(
        source,
        hunk_edit("function f", "- go($n);\n+ run($n);", expect=2),
        "void f(void)\n{\n    run(1);\n    run(2);\n}\n",
    )


def test_fewer_places_than_expected_drift() -> None:
    result = outcome("void f(void)\n{\n    go(1);\n}\n", hunk_edit("function f", "- go($n);\n+ run($n);", expect=2))
    assert isinstance(result, Drifted)
    assert "1 of 2" in result.message


def test_one_of_needs_exactly_one_that_fits() -> None:
    old, new = "- go($n);\n+ run($n);", "- go($n, 0);\n+ run($n);"
    assert isinstance(outcome("void f(void)\n{\n    go(1, 0);\n}\n", hunk_edit("function f", old, new)), Applied)
    both = outcome("void f(void)\n{\n    go(1, 0);\n    go(2);\n}\n", hunk_edit("function f", old, new))
    assert isinstance(both, Ambiguous)


def test_removal_of_code_that_was_changed_is_drift_not_already_there() -> None:
    result = outcome(
        "void f(void)\n{\n    demo_save_config_state(f, opaque);\n}\n",
        hunk_edit("function f", "- demo_save_configuration_state(f, opaque);"),
    )
    assert isinstance(result, Drifted)
    assert "demo_save_config_state" in result.candidates[0].differences[0]


def test_removal_of_code_that_is_gone_is_already_there() -> None:
    source = "int demo_save(int f, void *opaque);\n\nvoid f(void)\n{\n    other();\n}\n"
    result = outcome(source, hunk_edit("function f", "- demo_save(f, opaque);"))
    assert isinstance(result, AlreadyThere)


def test_entry_of_an_initializer_after_one_without_a_comma() -> None:
    check_applied(
        """
        static Ops ops = {
            .save = demo_save,
            .load = demo_load /* last */
        };
        """,
        hunk_edit(
            "initializer ops",
            """
          .load = ...,
        + .sync = demo_sync,
        """,
        ),
        """
        static Ops ops = {
            .save = demo_save,
            .load = demo_load, /* last */
            .sync = demo_sync,
        };
        """,
    )


def test_entry_after_an_entry_that_is_a_list_itself() -> None:
    check_applied(
        "static Step steps[] = {\n    { A, B },\n    { B, C },\n};\n",
        hunk_edit("initializer steps", "  { A, B },\n+ { A, D },"),
        "static Step steps[] = {\n    { A, B },\n    { A, D },\n    { B, C },\n};\n",
    )


def test_argument_on_a_line_of_its_own() -> None:
    check_applied(
        "void f(void)\n{\n    go(a,\n       c);\n}\n",
        hunk_edit("function f", "  go(a,\n+    b,\n     c);"),
        "void f(void)\n{\n    go(a,\n       b,\n       c);\n}\n",
    )


def test_members_of_a_struct_and_values_of_an_enum() -> None:
    check_applied(
        "struct Demo {\n    int a;\n    char *b;\n};\n",
        hunk_edit("struct Demo", "  int a;\n- char *b;\n+ const char *b;"),
        "struct Demo {\n    int a;\n    const char *b;\n};\n",
    )
    check_applied(
        "enum Kind {\n    ONE = 1,\n    TWO\n};\n",
        hunk_edit("enum Kind", "  TWO,\n+ THREE,"),
        "enum Kind {\n    ONE = 1,\n    TWO,\n    THREE,\n};\n",
    )


def test_macro_value() -> None:
    check_applied(
        "#define LIMIT 3\n#define OTHER 4\n",
        hunk_edit("macro LIMIT", "- #define LIMIT 3\n+ #define LIMIT 5"),
        "#define LIMIT 5\n#define OTHER 4\n",
    )


def test_tabs_are_kept_where_the_target_has_them() -> None:
    check_applied(
        "int f(void)\n{\n\tif (a) {\n\t\tgo();\n\t}\n\treturn 0;\n}\n",
        hunk_edit(
            "function f",
            """
          if (a) {
              go();
        +     if (b) {
        +         stop();
        +     }
          }
        """,
        ),
        "int f(void)\n{\n\tif (a) {\n\t\tgo();\n\t\tif (b) {\n\t\t\tstop();\n\t\t}\n\t}\n\treturn 0;\n}\n",
    )


def test_comments_are_exact_where_they_are_removed_or_added() -> None:
    source = "void f(void)\n{\n    /* old words */\n    go();\n}\n"
    check_applied(
        source, hunk_edit("function f", "- /* old words */\n+ /* new words */\n  go();"), source.replace("old", "new")
    )
    result = outcome(source, hunk_edit("function f", "- /* other words */\n+ /* new words */\n  go();"))
    assert isinstance(result, Drifted)
    assert "other words" in result.message


def test_edit_that_breaks_the_syntax_is_refused() -> None:
    result = outcome("void f(void)\n{\n    go(a->b);\n}\n", hunk_edit("function f", "- go($x);\n+ int $x;"))
    assert isinstance(result, Drifted)
    assert "would not parse" in result.message


@pytest.mark.parametrize(
    ("hunk", "words"),
    [
        ("  if (a) {\n+     b();", "not closed"),
        ("- } else if (b) {\n-     c();\n- }", "lone `} else`"),
        ("  #ifdef X\n+ a();", "no #endif"),
        ("+ a();\n  #endif", "belongs to no #if"),
        ("ret = f();\n+ a();", "no gutter"),
        ("  a();\n+ b($x);", "bound by no"),
        ("+ a();", "needs a line of context"),
        ("  /* Here. */\n+ a();", "needs a line of code"),
        ("- /* Here. */\n+ a();", "needs a line of code"),
        ("  // Here.\n+ a();\n  // And here.", "needs a line of code"),
    ],
)
def test_hunk_that_is_wrong_in_itself_says_so(hunk: str, words: str) -> None:
    with pytest.raises(HunkError, match=words) as caught:
        hunk_edit("function f", hunk)
    assert caught.value.line in range(1, 4)


def test_hunk_that_is_not_c_says_so_with_the_place_of_its_edit() -> None:
    edit = replace(hunk_edit("function f", "  a b c d;\n+ e();"), where=Location("demo.yaml", 7))
    with pytest.raises(HunkError, match="does not parse") as caught:
        apply_edit(edit, workspace("void f(void)\n{\n    a();\n}\n"))
    assert caught.value.where == Location("demo.yaml", 7)


def test_signature_is_edited_in_the_definition_and_every_prototype() -> None:
    space = workspace(
        **{
            "a.h": "int demo_save(File *f);\n",
            "b.c": "static int x;\n\nint demo_save(File *file)\n{\n    return 0;\n}\n",
        }
    )
    edit = hunk_edit(
        "signature demo_save", "- int demo_save(File *$f)\n+ int demo_save(File *$f, Error **errp)", path="b.c"
    )
    assert isinstance(apply_edit(edit, space), Applied)
    assert space.tree.changed["a.h"] == b"int demo_save(File *f, Error **errp);\n"
    assert b"int demo_save(File *file, Error **errp)\n{" in space.tree.changed["b.c"]
    assert isinstance(apply_edit(edit, space), AlreadyThere)
