# SPDX-License-Identifier: GPL-2.0-or-later
"""Verbatim hunks: exact lines inside an anchor, in files of any kind; what is refused, and how a miss is explained."""

from __future__ import annotations

import pytest
from csource_support import anchor

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Edit, VerbatimOperation
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.matching.verbatim import parse_verbatim
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted, EditResult
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.workspace import EditWorkspace

NO_NEWLINE = "\\ No newline at end of file\n"


def edit(where: str, hunk: str, path: str, expect: int = 1) -> Edit:
    return Edit(anchor(where, path=path), VerbatimOperation(parse_verbatim(hunk)), expect)


def tried(before: bytes, hunk: str, where: str = "file ", path: str = "a.txt", expect: int = 1) -> EditResult:
    """Apply the hunk; where the result is not Applied, nothing may have changed."""
    space = EditWorkspace(Overlay(DictTree({path: before})), ParseCache(macro_table("qemu")))
    result = apply_edit(edit(where, hunk, path, expect), space)
    assert isinstance(result, Applied) == bool(space.tree.changed)
    return result


def applied(
    before: bytes, hunk: str, after: bytes, where: str = "file ", path: str = "a.txt", expect: int = 1
) -> Applied:
    """Apply the hunk, expect exactly `after`, and that it is there already the second time."""
    space = EditWorkspace(Overlay(DictTree({path: before})), ParseCache(macro_table("qemu")))
    result = apply_edit(edit(where, hunk, path, expect), space)
    assert isinstance(result, Applied), result
    assert space.tree.changed[path] == after
    again = apply_edit(edit(where, hunk, path, expect), space)
    assert isinstance(again, AlreadyThere), again
    return result


def drifted(before: bytes, hunk: str, where: str = "file ", path: str = "a.txt", expect: int = 1) -> Drifted:
    result = tried(before, hunk, where, path, expect)
    assert isinstance(result, Drifted), result
    return result


SOURCE = b"""\
#include <stdio.h>
#ifdef CONFIG_FAN
#include "fan.h" /* for the blades */
#endif

/*
 * Opens the valve.
 *
 * Twice, if need be.
 */
int open_valve(int valve)
{
    int ret;

    ret = turn(valve);


    return ret;
}


int close_valve(int valve)
{
\tint ret;
    ret = turn(valve);

    return -ret;
}

#ifdef CONFIG_FAN
int fan(void);
#else
static inline int fan(void)
{
    return 0;
}
#endif
"""
C = "hw/valve.c"


def test_a_surplus_blank_line_goes() -> None:
    hunk = "     ret = turn(valve);\n \n-\n     return ret;\n"
    applied(SOURCE, hunk, SOURCE.replace(b";\n\n\n    return", b";\n\n    return"), "function open_valve", C)


def test_a_blank_line_comes_between_functions_or_statements() -> None:
    hunk = " {\n \tint ret;\n+\n     ret = turn(valve);\n"
    applied(SOURCE, hunk, SOURCE.replace(b"\tint ret;\n", b"\tint ret;\n\n"), "function close_valve", C)
    hunk = " #endif\n \n+\n /*\n"
    applied(SOURCE, hunk, SOURCE.replace(b"#endif\n\n/*", b"#endif\n\n\n/*"), "file ", C)


def test_only_white_space_changes() -> None:
    hunk = "-\tint ret;\n+    int ret;\n     ret = turn(valve);\n"
    applied(SOURCE, hunk, SOURCE.replace(b"\tint", b"    int"), "function close_valve", C)
    applied(b"a  \nb\n", "-a  \n+a\n b\n", b"a\nb\n")
    applied(b"a\nb\n", "-a\n+a \t\n b\n", b"a \t\nb\n")


def test_a_comment_changes() -> None:
    hunk = "  * Opens the valve.\n- *\n- * Twice, if need be.\n  */\n"
    applied(SOURCE, hunk, SOURCE.replace(b" *\n * Twice, if need be.\n", b""), "function open_valve", C)


def test_an_include_with_a_comment_under_an_ifdef_changes() -> None:
    hunk = ' #ifdef CONFIG_FAN\n-#include "fan.h" /* for the blades */\n+#include "hw/fan.h" /* for the blades */\n'
    wanted = SOURCE.replace(b'"fan.h"', b'"hw/fan.h"')
    applied(SOURCE, hunk, wanted, "includes ", C)
    applied(SOURCE, hunk, wanted, "file ", C)


def test_a_stub_comes_into_an_else_arm() -> None:
    hunk = "     return 0;\n }\n+static inline void blow(void)\n+{\n+}\n #endif\n"
    wanted = SOURCE.replace(b"    return 0;\n}\n", b"    return 0;\n}\nstatic inline void blow(void)\n{\n}\n")
    applied(SOURCE, hunk, wanted, "file ", C)


def test_half_a_statement_and_half_an_if_arm_are_lines_like_others() -> None:
    hunk = "-    ret = turn(valve);\n+    ret = turn(\n+        valve);\n \n     return -ret;\n"
    wanted = SOURCE.replace(b"turn(valve);\n\n    return -", b"turn(\n        valve);\n\n    return -")
    applied(SOURCE, hunk, wanted, "function close_valve", C)
    hunk = "     int ret;\n \n+#ifdef CONFIG_VALVE\n     ret = turn(valve);\n"
    assert isinstance(tried(SOURCE, hunk, "function open_valve", C), Applied)


@pytest.mark.parametrize(
    "path", ["docs/a.rst", "a.json", "meson.build", "Makefile", "a.py", "trace-events", "README", "qapi/a.json", "a.c"]
)
def test_every_file_of_text_is_edited(path: str) -> None:
    before = b"one\n\ttwo\n\nthree\n"
    applied(before, " \ttwo\n \n three\n+\n", before + b"\n", path=path)
    applied(before, " one\n-\ttwo\n+  two\n", before.replace(b"\ttwo", b"  two"), path=path)


def test_a_section_is_the_place() -> None:
    text = b"Pump\n====\n\nIt pumps.\n\nFan\n===\n\nIt pumps.\n"
    applied(text, "-It pumps.\n+It  blows.\n", text[:-10] + b"It  blows.\n", "section Fan", "a.rst")
    assert isinstance(tried(text, "-It pumps.\n+It blows.\n", path="a.rst"), Ambiguous)


def test_the_extent_of_a_symbol_is_the_place() -> None:
    hunk = "-    ret = turn(valve);\n+    ret = spin(valve);\n"
    applied(
        SOURCE,
        hunk,
        SOURCE.replace(b"turn(valve);\n\n    return -", b"spin(valve);\n\n    return -"),
        "function close_valve",
        C,
    )
    result = tried(SOURCE, hunk, "file ", C)
    assert isinstance(result, Ambiguous)
    assert [place.line for place in result.matches] == [15, 25]
    outside = drifted(SOURCE, "-    return 0;\n+    return 1;\n", "function open_valve", C)
    assert "stand outside of it" in outside.message
    assert (outside.candidates[0].place.line, outside.suggestion) == (35, f"in: file\npath: {C}")


def test_all_expected_places_are_edited() -> None:
    hunk = "-    ret = turn(valve);\n+    ret = spin(valve);\n"
    result = applied(SOURCE, hunk, SOURCE.replace(b"turn(valve)", b"spin(valve)"), "file ", C, expect=2)
    assert (result.count, [place.line for place in result.places]) == (2, [15, 25])
    assert "stand at 2 places; 3 expected" in drifted(SOURCE, hunk, "file ", C, expect=3).message


def test_places_that_overlap_are_ambiguous() -> None:
    result = tried(b"x\nx\nx\n", "-x\n-x\n+y\n", expect=2)
    assert isinstance(result, Ambiguous)
    assert "overlap" in result.message


def test_the_last_line_may_end_without_a_newline() -> None:
    applied(b"a\nb", f" a\n-b\n{NO_NEWLINE}+b\n", b"a\nb\n")
    applied(b"a\nb\n", f" a\n-b\n+b\n{NO_NEWLINE}", b"a\nb")
    applied(b"a\nb", f" a\n+x\n b\n{NO_NEWLINE}", b"a\nx\nb")
    applied(b"a\nb", f"-a\n b\n{NO_NEWLINE}", b"b")
    # A line that ends the file ends nothing in the middle of it.
    drifted(b"a\nb\nc\n", f" a\n-b\n+c\n{NO_NEWLINE}")
    found = drifted(b"a\nb", " a\n-b\n+c\n")
    assert found.candidates[0].differences == ("expected 'b', found 'b' without a newline at the end of the file",)


def test_carriage_returns_are_those_of_the_file() -> None:
    applied(b"a\r\nb\r\n", " a\n-b\n+c\n+d\n", b"a\r\nc\r\nd\r\n")
    applied(b"a\r\nb\r\n", "-a\r\n+a\n b\r\n", b"a\nb\r\n")
    applied(b"a\r\nb\n", "-a\r\n+a\n b\n", b"a\nb\n")
    applied(b"a\r\nb", f" a\n-b\n{NO_NEWLINE}+c\n{NO_NEWLINE}", b"a\r\nc")
    assert "only white space differs" in drifted(b"a\r\nb\n", "-a\n+c\n b\n").message


def test_bytes_of_any_kind_are_kept() -> None:
    before = b"caf\xe9 \x0c\n\xc3\xa9\x85 \xe2\x80\xa8\n"
    hunk = "-caf\udce9 \x0c\n+caf\udcc3\udca9\n \u00e9\udc85 \u2028\n"
    applied(before, hunk, b"caf\xc3\xa9\n" + before.split(b"\n", 1)[1])


def test_an_empty_file_is_filled() -> None:
    applied(b"", "+a\n+b\n", b"a\nb\n")
    assert "fits an empty file only" in drifted(b"c\n", "+a\n").message


def test_a_binary_file_and_none_are_refused() -> None:
    assert "is binary" in drifted(b"a\n\0\n", "-a\n+b\n").message
    space = EditWorkspace(Overlay(DictTree({})), ParseCache(macro_table("qemu")))
    result = apply_edit(edit("file ", "-a\n+b\n", "a.txt"), space)
    assert isinstance(result, Drifted) and "there is no file a.txt" in result.message


def test_an_addition_is_not_made_twice() -> None:
    assert isinstance(tried(b"a\nx\nb\n", " a\n+x\n"), AlreadyThere)
    assert isinstance(tried(b"x\na\n", "+x\n a\n"), AlreadyThere)
    assert isinstance(tried(b"a\nx\n-\na\n", " a\n+x\n"), Ambiguous)
    assert isinstance(tried(b"a\nx\n-\na\nb\n", " a\n+x\n", expect=2), Applied)
    # The new line stands at a place of its own: which of the two is meant cannot be told.
    result = tried(b"a\nold\nb\na\nfresh\nb\n", " a\n-old\n+fresh\n b\n")
    assert isinstance(result, Ambiguous)
    assert "stands at 1 place already; 1 expected" in result.message


def test_a_removal_is_there_already_only_where_its_neighbours_have_closed_up() -> None:
    assert isinstance(tried(b"a\nb\n", " a\n-x\n b\n"), AlreadyThere)
    # Rewritten, it is not gone; and with one neighbour it cannot be told.
    drifted(b"a\nx2\nb\n", " a\n-x\n b\n")
    drifted(b"a\nx2\nb\n", " a\n-x\n")
    drifted(b"a\nx2\nb\n", "-x\n b\n")
    assert isinstance(tried(b"a\n", " a\n-x\n"), AlreadyThere)  # the end of the file is a neighbour
    assert isinstance(tried(b"b\n", "-x\n b\n"), AlreadyThere)
    drifted(b"c\n\n\n", " \n-x\n \n")  # blank lines tell nothing
    assert isinstance(tried(b"a\nb\na\nb\n", " a\n-x\n b\n"), Ambiguous)


def test_a_miss_shows_the_nearest_lines_and_what_differs() -> None:
    found = drifted(SOURCE, "     int ret;\n \n-    ret = turn(pipe);\n+    ret = 0;\n", "function open_valve", C)
    (candidate,) = found.candidates
    assert candidate.place.line == 13
    assert candidate.differences == ("expected '    ret = turn(pipe);', found '    ret = turn(valve);'",)
    assert candidate.likeness < 1
    found = drifted(SOURCE, " {\n-    int ret;\n     ret = turn(valve);\n", "function close_valve", C)
    assert found.message.endswith("not there as written: only white space differs")
    assert found.candidates[0].differences == ("expected '    int ret;', found '\\tint ret;'",)
    found = drifted(b"a\nb\n", " a\n \n-b\n")
    assert found.message.endswith("only white space differs")
    assert found.candidates[0].differences == ("expected '', which is not there",)


def test_a_miss_by_similar_lines_and_by_nothing() -> None:
    found = drifted(b"one\nopen_the_valve(now);\n", "-open_a_valve(now);\n+x\n")
    assert found.candidates[0].place.line == 2
    found = drifted(b"one\n", "-something_else(entirely);\n+x\n")
    assert (found.candidates, found.message) == (
        (),
        "file a.txt: the lines of the verbatim hunk are not there, nor anything like them",
    )


@pytest.mark.parametrize(
    ("hunk", "line", "message"),
    [
        (" a\n@@ -1 +1 @@\n", 2, "begins with none of"),
        ("a\n", 1, "begins with none of"),
        (" a\n b\n", 1, "changes nothing"),
        ("-a\n+a\n", 1, "changes nothing"),
        (NO_NEWLINE, 1, "stands below the line"),
        (f"-a\n{NO_NEWLINE}-b\n", 1, "another line follows it"),
    ],
)
def test_what_is_no_hunk_is_an_error_in_its_line(hunk: str, line: int, message: str) -> None:
    with pytest.raises(HunkError, match=message) as caught:
        parse_verbatim(hunk)
    assert caught.value.line == line


def test_a_hunk_reads_as_it_was_written() -> None:
    text = f" a\n-b\t\n+ \n \n-c\n{NO_NEWLINE}+c\n"
    assert str(parse_verbatim(text)) == text
    assert parse_verbatim(" a\n\n-b\n") == parse_verbatim(" a\n \n-b\n")


def test_a_hunk_that_shows_conflict_markers_resolves_them() -> None:
    before = b"one\n<<<<<<< HEAD\ntwo\n=======\n2\n>>>>>>> other\nthree\n"
    hunk = " one\n-<<<<<<< HEAD\n two\n-=======\n-2\n->>>>>>> other\n three\n"
    applied(before, hunk, b"one\ntwo\nthree\n")
    assert "has conflict markers" in drifted(before, "-one\n+1\n").message
