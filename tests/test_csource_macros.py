# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits inside macros of several lines, and of directives with comments behind them."""

from __future__ import annotations

import pytest
from csource_support import PATH, check_applied, hunk_edit, outcome, workspace
from hypothesis import given, settings
from hypothesis import strategies as st

from qpatch.csource.apply import apply_edit
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted
from qpatch.csource.syntax.continuation import with_continuations

WRAP = "#define WRAP(d) \\\n    first(d); \\\n    second(d); \\\n    third(d)\n\nint behind;\n"
HEAD = "  #define WRAP(d) \\\n      first(d); \\\n"


@pytest.mark.parametrize(
    ("hunk", "old", "new"),
    [
        (HEAD + "+     more(d); \\\n      second(d); \\\n      third(d)", "    second", "    more(d); \\\n    second"),
        (HEAD + "+     more(d);\n      second(d);\n      third(d)", "    second", "    more(d); \\\n    second"),
        (HEAD + "-     second(d); \\\n      third(d)", "    second(d); \\\n", ""),
        (HEAD + "-     second(d); \\\n+     other(d); \\\n      third(d)", "second", "other"),
        ("- #define WRAP(d) \\\n+ #define WRAP(e) \\\n      ... \\\n      third(d)", "WRAP(d)", "WRAP(e)"),
        (
            HEAD + "      ... \\\n-     third(d)\n+     third(d); \\\n+     last(d)",
            "third(d)",
            "third(d); \\\n    last(d)",
        ),
        (HEAD + "      ... \\\n      third(d)\n+     last(d)", "third(d)", "third(d) \\\n    last(d)"),
        (HEAD + "      second(d); \\\n-     third(d)", "second(d); \\\n    third(d)", "second(d);"),
        (
            "- #define WRAP(d) \\\n-     first(d); \\\n+ #define WRAP(d, e) \\\n      ...",
            "WRAP(d) \\\n    first(d);",
            "WRAP(d, e)",
        ),
        (
            "  #define WRAP(d) \\\n+     zeroth(d); \\\n      first(d); \\\n-     second(d); \\\n      third(d)",
            "    first(d); \\\n    second(d); \\\n",
            "    zeroth(d); \\\n    first(d); \\\n",
        ),
    ],
)
def test_lines_of_a_macro_are_lines_like_others(hunk: str, old: str, new: str) -> None:
    assert WRAP.count(old) == 1
    check_applied(WRAP, hunk_edit("macro WRAP", hunk), WRAP.replace(old, new))


ALIGNED = "#define WRAP(d)         \\\n    do {                \\\n        first(d);       \\\n    } while (0)\n"
TABS = "#define WRAP(d)\t\t\t\\\n\tdo {\t\t\t\\\n\t\tfirst(d);\t\\\n\t} while (0)\n"


@pytest.mark.parametrize(
    ("source", "added"),
    [
        (ALIGNED, "        more(d, 1);     \\\n"),
        (TABS, "\t\tmore(d, 1);\t\\\n"),
        (WRAP.replace("first(d)", "do { first(d)").replace("third(d)", "} while (0)"), None),
    ],
)
def test_backslashes_stay_in_their_column(source: str, added: str | None) -> None:
    hunk = "  #define WRAP(d) \\\n      do { \\\n          first(d); \\\n+         more(d, 1); \\\n      } while (0)"
    result = outcome(source, hunk_edit("macro WRAP", hunk))
    if added is None:
        assert isinstance(result, Drifted | Ambiguous), result
        return
    lines = source.splitlines(keepends=True)
    check_applied(source, hunk_edit("macro WRAP", hunk), "".join([*lines[:3], added, *lines[3:]]))


def test_a_macro_in_tabs_gets_tabs() -> None:
    source = "#define WRAP(d)\t\\\n\tdo {\t\\\n\t\tfirst(d);\t\\\n\t} while (0)\n"
    hunk = "  #define WRAP(d) \\\n      do { \\\n          first(d); \\\n"
    hunk += "+         if (d) \\\n+             more(d); \\\n      ..."
    written = "\t\tif (d)\t\\\n\t\t\tmore(d);\t\\\n"
    check_applied(source, hunk_edit("macro WRAP", hunk), source.replace("\t} while", f"{written}\t}} while"))


def test_a_macro_in_a_function_keeps_what_follows_it() -> None:
    source = "void f(void)\n{\n    one();\n#define TWICE(x) \\\n    do_it(x); \\\n    do_it(x)\n    TWICE(2);\n}\n"
    hunk = """
      one();
      #define TWICE(x) \\
          do_it(x); \\
    -     do_it(x)
    +     again(x)
      TWICE(2);
    """
    check_applied(source, hunk_edit("function f", hunk), source.replace("    do_it(x)\n", "    again(x)\n"))


def test_backslashes_are_aligned_where_the_hunk_does_nothing_else() -> None:
    hunk = "- #define WRAP(d) \\\n-     first(d); \\\n+ #define WRAP(d)   \\\n+     first(d);     \\\n      ...\n"
    check_applied(
        WRAP,
        hunk_edit("macro WRAP", hunk),
        WRAP.replace("(d) \\\n    first(d); \\", "(d)   \\\n    first(d);     \\"),
    )


def test_comments_in_a_macro_are_comments() -> None:
    source = "#define WRAP(d) \\\n    first(d); /* one */ \\\n    /* about second */ \\\n    second(d)\n"
    check_applied(
        source,
        hunk_edit(
            "macro WRAP", "  #define WRAP(d) \\\n      first(d); \\\n-     /* about second */ \\\n      second(d)"
        ),
        source.replace("    /* about second */ \\\n", ""),
    )
    check_applied(
        source,
        hunk_edit("macro WRAP", "  #define WRAP(d) \\\n      first(d); \\\n+     more(d); \\\n      second(d)"),
        source.replace("    /* about", "    more(d); \\\n    /* about"),
    )


def test_another_wrap_of_a_macro_still_matches() -> None:
    source = "#define WRAP(d) first(d); second(d)\n"
    edit = hunk_edit("macro WRAP", "  #define WRAP(d) \\\n      first(d); \\\n-     second(d)\n+     third(d)")
    check_applied(source, edit, "#define WRAP(d) first(d); third(d)\n")


def test_a_line_below_a_macro_that_may_belong_to_it_is_refused() -> None:
    hunk = "  #define WRAP(d) \\\n      first(d); \\\n      second(d)\n+     third(d)"
    with pytest.raises(HunkError, match="last line of a macro") as refused:
        hunk_edit("file here", hunk)
    assert refused.value.line == 4


def test_a_removed_head_leaves_no_lines_of_a_macro_behind() -> None:
    result = outcome(WRAP, hunk_edit("macro WRAP", "- #define WRAP(d) \\\n-     first(d); \\\n      ..."))
    assert not isinstance(result, Applied), result


def test_lines_end_in_a_macro_as_the_file_has_them() -> None:
    space = workspace(**{PATH: WRAP.replace("\n", "\r\n")})
    hunk = HEAD + "+     more(d); \\\n      second(d); \\\n      third(d)"
    assert isinstance(apply_edit(hunk_edit("macro WRAP", hunk), space), Applied)
    assert space.tree.changed[PATH].decode() == WRAP.replace("    second", "    more(d); \\\n    second").replace(
        "\n", "\r\n"
    )
    assert isinstance(apply_edit(hunk_edit("macro WRAP", hunk), space), AlreadyThere)


CODE = st.sampled_from(["a(x);", "b(x, y);", "if (x) \\\n        c(x);", 'text("a" #x);'])


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(" +-"), CODE), min_size=1, max_size=5), st.sampled_from([" ", "  ", "\t"]))
def test_a_diff_of_a_macro_does_what_it_says_and_back(lines: list[tuple[str, str]], gap: str) -> None:
    """Whatever lines are added and removed: the macro ends where it ended, and the reversed hunk restores it."""
    signed = [
        (" ", "#define M(x, y)"),
        *((sign, f"    {part}") for sign, line in lines for part in line.split(" \\\n")),
        (" ", "    end(x)"),
    ]
    before, after = (macro([line for sign, line in signed if sign != other], gap) for other in "+-")
    hunk = "\n".join(f"{sign} {line}{' ' + chr(92) if not line.startswith('    end') else ''}" for sign, line in signed)
    edit = hunk_edit("macro M", hunk)
    result = outcome(before, edit)
    if before == after:
        assert isinstance(result, AlreadyThere), result
        return
    assert isinstance(result, Applied), result
    check_applied(before, edit, after)
    flipped = "\n".join({"+": "-", "-": "+"}.get(line[0], line[0]) + line[1:] for line in hunk.split("\n"))
    check_applied(after, hunk_edit("macro M", flipped), before)


def macro(lines: list[str], gap: str) -> str:
    """Return a macro with one gap before all backslashes, and code behind it."""
    padded = [line.ljust(24) if gap == "  " else line for line in lines[:-1]]
    return f"{gap}\\\n".join([*padded, lines[-1]]) + "\n\nint behind;\n"


def test_an_overlong_line_does_not_move_the_backslashes_of_the_others() -> None:
    old = ["#define M   \\", "    a();    \\", "    b()"]
    new = ["#define M   \\", "    a();    \\", "    much_longer(x, y);", "    b()"]
    assert with_continuations(old, new)[1:3] == ["    a();    \\", "    much_longer(x, y); \\"]


DIRECTIVES = """\
#include "base.h"
#include "dev.h" /* for Dev */
#include <x.h> // for x
#define SIZE  16  /* bytes */
#define MODE 1 // fast
#define END 0
"""


@pytest.mark.parametrize(
    ("where", "hunk", "old", "new"),
    [
        ("macro SIZE", "- #define SIZE  16  /* bytes */\n+ #define SIZE  32  /* bytes */", "16", "32"),
        ("macro SIZE", "- #define SIZE 16\n+ #define SIZE 32", "SIZE  16", "SIZE 32"),
        (
            "macro SIZE",
            "- #define SIZE 16 /* bytes */\n+ #define SIZE 16 /* words */",
            "SIZE  16  /* bytes",
            "SIZE 16 /* words",
        ),
        ("macro MODE", "- #define MODE 1 // fast\n+ #define MODE 2 // slow", "1 // fast", "2 // slow"),
        ("file here", "  #include <x.h>\n- #define SIZE 16\n  #define MODE 1", "#define SIZE  16  /* bytes */\n", ""),
        ("file here", "  #define SIZE 16\n- #define MODE 1 // fast\n  #define END 0", "#define MODE 1 // fast\n", ""),
        (
            "file here",
            "  #include <x.h>\n- #define SIZE 16\n- #define MODE 1\n  #define END 0",
            "#define SIZE  16  /* bytes */\n#define MODE 1 // fast\n",
            "",
        ),
        (
            "includes here",
            '  #include "base.h"\n- #include "dev.h" /* for Dev */\n  #include <x.h>',
            '#include "dev.h" /* for Dev */\n',
            "",
        ),
        (
            "includes here",
            '  #include "base.h"\n- #include "dev.h"\n  #include <x.h>',
            '#include "dev.h" /* for Dev */\n',
            "",
        ),
        ("includes here", '  #include "dev.h"\n- #include <x.h>\n  #define SIZE 16', "#include <x.h> // for x\n", ""),
        (
            "includes here",
            "  #include <x.h> // for x\n+ #include <y.h> /* for y */",
            "// for x\n",
            "// for x\n#include <y.h> /* for y */\n",
        ),
        ("file here", "  #define SIZE 16\n+ #define MORE 2", "/* bytes */\n", "/* bytes */\n#define MORE 2\n"),
    ],
)
def test_directives_with_comments_behind_them(where: str, hunk: str, old: str, new: str) -> None:
    assert DIRECTIVES.count(old) == 1
    check_applied(DIRECTIVES, hunk_edit(where, hunk), DIRECTIVES.replace(old, new))


def test_a_comment_of_several_lines_behind_a_define_goes_with_it() -> None:
    source = "#define A 1\n#define B 2 /* first\n             * second */\n#define C 3\n"
    check_applied(
        source, hunk_edit("file here", "  #define A 1\n- #define B 2\n  #define C 3"), "#define A 1\n#define C 3\n"
    )


def test_a_macro_with_a_named_variadic_parameter_is_edited_and_hides_nothing() -> None:
    before = """
    #define tell(dev, fmt, args...) \\
        report((dev)->name, fmt, ##args)

    void start(struct Dev *dev)
    {
        tell(dev, "start");
    }
    """
    edited = hunk_edit(
        "macro tell",
        "- #define tell(dev, fmt, args...) report((dev)->name, fmt, ##args)\n"
        "+ #define tell(dev, fmt, args...) log(fmt, ##args)",
    )
    assert isinstance(outcome(before, edited), Applied)
    after = before.replace('tell(dev, "start");', 'tell(dev, "go");')
    check_applied(before, hunk_edit("function start", '- tell(dev, "start");\n+ tell(dev, "go");'), after)
