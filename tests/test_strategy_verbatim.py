# SPDX-License-Identifier: GPL-2.0-or-later
"""Verbatim hunks as a strategy says them: what YAML and Jinja let through, errors, and the advice of the check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from strategy_support import CAPABILITIES, STRATEGY, bind, line_of, write_strategy

from qpatch.csource.edit import CreateOperation, VerbatimOperation
from qpatch.errors import UserError
from qpatch.strategy.advice import notes
from qpatch.strategy.check import check_file
from qpatch.strategy.load import load_strategy

if TYPE_CHECKING:
    from pathlib import Path

FIRST = STRATEGY.index("        - in: function start")
KNOWN = {"qemu": tuple(CAPABILITIES), "linux": ()}


def with_edit(text: str) -> str:
    """Return the small strategy with one edit, written at the margin, in the place of its own."""
    return STRATEGY[:FIRST] + "".join(f"        {line}\n" for line in text.strip("\n").split("\n"))


def hunk(directory: Path, text: str) -> str:
    """Return the verbatim hunk of the edit, as a diff; bytes that are no UTF-8 as surrogates."""
    (edit,) = bind(load_strategy(write_strategy(directory, with_edit(text)))).patches()[0].edits
    assert isinstance(edit.operation, VerbatimOperation)
    return str(edit.operation.hunk)


def fault(directory: Path, text: str) -> UserError:
    with pytest.raises(UserError) as caught:
        hunk(directory, text)
    return caught.value


def test_the_lines_come_through_as_they_are(tmp_path: Path) -> None:
    lines = (
        " a: b # c\n",
        "-\t'x' \"y\" %d $z ... - \t \n",
        "+@{ {{ @\n",
        " \n",
        " end\n",
        "\\ No newline at end of file\n",
    )
    assert hunk(tmp_path, "- in: file a.txt\n  verbatim: |2\n" + "".join(f"    {line}" for line in lines)) == "".join(
        lines
    )


def test_templates_work_and_their_delimiters_can_be_written(tmp_path: Path) -> None:
    lines = ("-old", "@{% if has_old %}", '+new @{{ limit }} @{{ "@{{" }} x }}', "@{% endif %}")
    text = "- in: file a.txt\n  verbatim: |2\n" + "".join(f"    {line}\n" for line in lines)
    assert hunk(tmp_path, text) == "-old\n+new 4 @{{ x }}\n"


def test_bytes_that_yaml_cannot_hold_are_written_by_number(tmp_path: Path) -> None:
    lines = ("-caf@{{ bytes(0xE9) }}@{{ bytes(12) }}", "+caf@{{ bytes(0xC3, 0xA9) }}@{{ bytes(13) }}")
    text = "- in: file a.txt\n  verbatim: |2\n" + "".join(f"    {line}\n" for line in lines)
    assert hunk(tmp_path, text) == "-caf\udce9\x0c\n+caf\u00e9\r\n"
    quoted = '- in: file a.txt\n  verbatim: "-a\\f\\n+b\\r\\n"\n'
    assert hunk(tmp_path, quoted) == "-a\x0c\n+b\r\n"
    created = '- create: a.txt\n  text: "x@{{ bytes(0xFF, 0x85) }}\\n"'
    (edit,) = bind(load_strategy(write_strategy(tmp_path, with_edit(created)))).patches()[0].edits
    assert edit.operation == CreateOperation(b"x\xff\x85\n", "100644")


def test_what_is_no_byte_is_an_error_in_its_line(tmp_path: Path) -> None:
    text = "- in: file a.txt\n  verbatim: |2\n    -a\n    +@{{ bytes(256) }}\n"
    error = fault(tmp_path, text)
    assert (error.code, error.message) == ("template-failed", "bytes(256): a byte is a number from 0 to 255")
    assert error.where is not None and error.where.line == line_of(with_edit(text), "bytes(256)")
    assert "'bytes' is undefined" in fault(tmp_path, '- in: file a.txt\n  add: "@{{ bytes(1) }}"\n').message


def test_a_hunk_without_an_indicator_is_explained(tmp_path: Path) -> None:
    error = fault(tmp_path, "- in: file a.txt\n  verbatim: |\n     a\n    -b\n")
    assert "needs an indentation indicator" in error.message
    error = fault(tmp_path, "- in: file a.txt\n  verbatim: |2\n       a\n      -b\n")
    assert "2 columns too far to the right" in error.message and "write `|4`" in error.message
    error = fault(tmp_path, "- in: file a.txt\n  verbatim: |2\n    -b\n    c\n")
    assert "has no gutter: 'c'" in error.message and "as in a diff" in error.hint
    error = fault(tmp_path, "- in: file a.txt\n  verbatim: >2\n    -b\n    +c\n")
    assert "`>` joins its lines" in error.message


def test_a_fault_of_the_hunk_is_placed_in_its_line(tmp_path: Path) -> None:
    text = '- in: file a.txt\n  verbatim: "-a\\n@@ -1 +1 @@\\n+b\\n"\n'
    assert "begins with none of" in fault(tmp_path, text).message
    text = "- in: file a.txt\n  verbatim: |2\n    -a\n    \\ No newline\n     b\n    +c\n"
    error = fault(tmp_path, text)
    assert error.where is not None and error.where.line == line_of(with_edit(text), "    -a\n")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ("- after: function f\n  verbatim: |2\n    -a\n", "write `in:`"),
        ("- in: signature f\n  verbatim: |2\n    -a\n", "cannot apply a verbatim hunk to signature f"),
        ("- in: function f\n  path: a.rst\n  verbatim: |2\n    -a\n", "is not C"),
        ("- in: file a.c\n  add: x\n  verbatim: |2\n    -a\n", "this one has verbatim and add"),
    ],
)
def test_where_a_verbatim_hunk_makes_no_sense(tmp_path: Path, edit: str, message: str) -> None:
    assert message in fault(tmp_path, edit).message


def test_the_check_finds_unknown_names_in_a_verbatim_hunk(tmp_path: Path) -> None:
    edit = "- in: file a.txt\n  verbatim: |2\n    -@{{ bytes(1) }}\n    +@{{ nothing }}\n"
    (problem,) = check_file(write_strategy(tmp_path, with_edit(edit)), KNOWN)
    assert "'nothing' is undefined" in problem.message


CODE = "     prepare();\n-    old(1);\n+    fresh(1);\n"


@pytest.mark.parametrize(
    ("anchor", "text", "noted"),
    [
        ("function f", CODE, True),
        ("function f", " \n     /* why */\n" + CODE, True),
        ("struct s", " \tint a;\n+\tint b;\n", True),
        ("file hw/a.c", " int a;\n+int b;\n", True),
        ("function f", CODE.replace("    ", "        "), False),  # in a block that the hunk does not show
        ("function f", CODE + "+\n", False),
        ("function f", CODE + "-    x(); /* x */\n", False),
        ("function f", CODE + "-    // x\n", False),
        ("function f", "     prepare();\n-    old(1);\n+    old( 1);\n", False),
        ("function f", "     prepare();\n-    old(1);\n+        old(1);\n+    more();\n", False),
        ("function f", "     prepare();\n-    old(a,\n+    fresh(a,\n         b);\n", True),
        ("function f", "     prepare();\n-    old(a,\n+    fresh(a,\n", False),
        ("function f", "     if (a) {\n-        old();\n", False),
        ("function f", " #ifdef A\n-    old();\n", False),
        ("function f", "     prepare();\n-#define A\n", False),
        ("function f", CODE.replace("fresh(1)", "fresh($x)"), False),
        ("switch f", CODE, False),
        ("section x", CODE, False),
        ("file meson.build", CODE, False),
    ],
)
def test_the_check_says_where_a_semantic_hunk_would_do(tmp_path: Path, anchor: str, text: str, noted: bool) -> None:
    path = "\n  path: meson.build" if anchor.startswith("section") else ""
    body = "".join(f"    {line}\n" for line in text.rstrip("\n").split("\n"))
    strategy = with_edit(f"- in: {anchor}{path}\n  verbatim: |2\n{body}")
    file = write_strategy(tmp_path, strategy)
    assert check_file(file, KNOWN) == []
    found = notes(load_strategy(file), KNOWN)
    assert [note.where.line for note in found] == ([line_of(strategy, f"- in: {anchor}")] if noted else [])
