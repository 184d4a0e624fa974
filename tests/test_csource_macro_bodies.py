# SPDX-License-Identifier: GPL-2.0-or-later
"""Hunks at a macro that leave out the backslashes, or the `#define` as well."""

from __future__ import annotations

import pytest
from csource_support import PATH, anchor, check_applied, hunk_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.checks import check_hunk, read_hunk
from qpatch.csource.edit import HunkOperation
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.results import Ambiguous, Applied, Drifted
from qpatch.csource.syntax.macros import macro_table

LOOP = """\
#define EACH_RING(r, n)         \\
    do {                        \\
        int last = (n);         \\
        /* one after another */ \\
        start(r, last);         \\
        note("ring " #r, ## n); \\
    } while (0)

int behind;
"""
VALUE = """\
#define PEEK(q) ({                       \\
    typeof(*(q)->head) *__h = (q)->head; \\
    __h ? __h->value : 0;                \\
})
"""
NAMES = """\
#define REG_NAMES \\
    "ctrl", \\
    "status"
int names_behind;
"""
CODES = "#define CODES(X) \\\n    X(first) \\\n    X(second)\n"
PASTE = "#define SHOW(x) \\\n    text( \\\n        #x, \\\n        x)\n"


@pytest.mark.parametrize(
    ("source", "name", "hunk", "old", "new"),
    [
        (
            LOOP,
            "EACH_RING",
            "  #define EACH_RING(r, n)\n      do {\n-     int last = (n);\n+     int last = (n) - 1;\n      ...",
            "int last = (n);         \\",
            "int last = (n) - 1;     \\",
        ),
        (
            LOOP,
            "EACH_RING",
            "  do {\n      ...\n      start(r, last);\n+     kick(r);\n      ...\n  } while (0)",
            "start(r, last);         \\\n",
            "start(r, last);         \\\n        kick(r);                \\\n",
        ),
        (
            LOOP,
            "EACH_RING",
            '  start(r, last);\n- note("ring " #r, ## n);\n+ note("ring " #r);',
            'note("ring " #r, ## n); \\',
            'note("ring " #r);       \\',
        ),
        (
            LOOP,
            "EACH_RING",
            "  int last = (n);\n  /* one after another */\n- start(r, last);\n  note($s #r, ## n);",
            "        start(r, last);         \\\n",
            "",
        ),
        (VALUE, "PEEK", "- __h ? __h->value : 0;\n+ __h ? __h->value : -1;", "value : 0;  ", "value : -1; "),
        (
            VALUE,
            "PEEK",
            "  #define PEEK(q) ({\n      ...\n+     check(__h);\n      __h ? __h->value : 0;\n  })",
            "    __h ?",
            "    check(__h);                          \\\n    __h ?",
        ),
        (NAMES, "REG_NAMES", '  "ctrl",\n- "status"\n+ "status",\n+ "irq"', '"status"', '"status", \\\n    "irq"'),
        (CODES, "CODES", "  ...\n+ X(third)", "X(second)", "X(second) \\\n    X(third)"),
        (CODES, "CODES", "  X(first)\n+ X(between)", "X(first) \\\n", "X(first) \\\n    X(between) \\\n"),
        (CODES, "CODES", "+ X(zeroth)\n  X(first)", "    X(first)", "    X(zeroth) \\\n    X(first)"),
        (
            CODES,
            "CODES",
            "  #define CODES(X)\n  X(first)\n- X(second)",
            "X(first) \\\n    X(second)",
            "X(first)",
        ),
        (PASTE, "SHOW", '  text(\n-     #x,\n+     #x ":",\n      x)', "#x,", '#x ":",'),
        ("#define LIMIT 16\n", "LIMIT", "- 16\n+ 32", "16", "32"),
        (
            "#define NOTHING(d) do { } while (0)\n",
            "NOTHING",
            "- #define NOTHING(d) do { } while (0)\n"
            "+ #define NOTHING(d)\n+     do {\n+         (void)d;\n+     } while (0)",
            "(d) do { } while",
            "(d) \\\n    do { \\\n        (void)d; \\\n    } while",
        ),
        (
            "#define LOG(text, ...) \\\ndo { emit(text, ## __VA_ARGS__); } while (0)\n",
            "LOG",
            "  #define LOG(text, ...)\n- do { emit(text, ## __VA_ARGS__); } while (0)\n"
            "+ do { \\\n+     store(text, ## __VA_ARGS__); \\\n+ } while (0)",
            "do { emit(text, ## __VA_ARGS__); } while",
            "do { \\\n    store(text, ## __VA_ARGS__); \\\n} while",
        ),
        (
            LOOP,
            "EACH_RING",
            "- #define EACH_RING(r, n)\n+ #define EACH_RING(r, n, m)\n      ...\n      } while (0)",
            "EACH_RING(r, n)         \\",
            "EACH_RING(r, n, m)      \\",
        ),
    ],
)
def test_a_macro_needs_no_backslashes(source: str, name: str, hunk: str, old: str, new: str) -> None:
    edit = hunk_edit(f"macro {name}", hunk)
    assert isinstance(edit.operation, HunkOperation)
    check_hunk(edit.operation.hunks[0], edit.anchor, macro_table("qemu"))
    assert source.count(old) == 1
    check_applied(source, edit, source.replace(old, new))


def test_a_macro_written_anew_keeps_its_column() -> None:
    old, new = "int last = (n);         \\", "long last = (n);        \\"
    bare = [line.rstrip(" \\") for line in LOOP.split("\n\n")[0].split("\n")]
    removed = "\n".join(f"- {line}" for line in bare)
    added = "\n".join(f"+ {line}" for line in bare).replace("int last", "long last")
    check_applied(LOOP, hunk_edit("macro EACH_RING", f"{removed}\n{added}"), LOOP.replace(old, new))


def test_what_stands_twice_in_a_macro_is_ambiguous() -> None:
    source = "#define TWICE(d) \\\n    go(d); \\\n    stop(d); \\\n    go(d)\n"
    result = outcome(source.replace("go(d)\n", "go(d);\n"), hunk_edit("macro TWICE", "- go(d);\n+ run(d);"))
    assert isinstance(result, Ambiguous), result


def test_a_line_that_is_not_there_is_named_with_the_lines_that_are() -> None:
    result = outcome(LOOP, hunk_edit("macro EACH_RING", "- start(r, first);\n+ start(r, 0);"))
    assert isinstance(result, Drifted), result
    assert "start(r, last)" in "".join(candidate.place.snippet for candidate in result.candidates)


def test_lines_end_as_in_the_file() -> None:
    space = workspace(**{PATH: LOOP.replace("\n", "\r\n")})
    edit = hunk_edit("macro EACH_RING", "  int last = (n);\n+ check(r);")
    assert isinstance(apply_edit(edit, space), Applied)
    written = LOOP.replace("        /*", "        check(r);               \\\n        /*")
    assert space.tree.changed[PATH].decode() == written.replace("\n", "\r\n")


def test_code_behind_a_macro_is_none_of_its_lines() -> None:
    hunk = read_hunk("  #define SIZE 16\n+ extern int table[SIZE];", anchor("macro SIZE"))
    assert not hunk.macro_lines


@pytest.mark.parametrize("end", ["", " \\"])
def test_a_comment_that_would_take_in_the_next_line_is_refused(end: str) -> None:
    head = f"  #define RUN(d){end}\n      one(d);{end}\n"
    with pytest.raises(HunkError, match="would take in the lines below"):
        read_hunk(f"{head}+     two(d); // twice{end}\n      three(d)", anchor("macro RUN"))
    read_hunk(f'{head}+     two("//");{end}\n      three(d)', anchor("macro RUN"))


def test_a_line_that_may_belong_to_a_new_macro_is_refused() -> None:
    hunk = "- #define RUN(d) one(d)\n+ #define RUN(d)\n+ one(d);"
    with pytest.raises(HunkError, match="nothing tells whether line 3") as refused:
        read_hunk(hunk, anchor("macro RUN"))
    assert "backslash" in refused.value.hint
