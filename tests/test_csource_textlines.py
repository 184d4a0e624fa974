# SPDX-License-Identifier: GPL-2.0-or-later
"""Blank lines in hunks on text files, and where the end of a section is."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, check_applied
from textfile_support import RST, applied, hunks, run, section

from qpatch.csource.edit import AddOperation, Anchor, Position
from qpatch.csource.kinds.table import ANCHOR_KINDS

FILE = Anchor(ANCHOR_KINDS["file"], "", "docs/notes.txt")


@pytest.mark.parametrize(
    ("before", "hunk", "after"),
    [
        ("one\n\ntwo\n", "  one\n\n+ more\n+\n  two", "one\n\nmore\n\ntwo\n"),
        ("one\n\ntwo\n", "  one\n+\n+ more\n\n  two", "one\n\nmore\n\ntwo\n"),
        ("one\n\ntwo\n", "  one\n\n+ more\n  two", "one\n\nmore\ntwo\n"),
        ("one\n\ntwo\n", "  one\n+ more\n\n  two", "one\nmore\n\ntwo\n"),
        ("one\n\ntwo\n", "- one\n\n+ more\n  two", "\nmore\ntwo\n"),
        ("one\n\nmid\n\ntwo\n", "  one\n\n- mid\n\n  two", "one\n\n\ntwo\n"),
        ("one\n\nmid\n\ntwo\n", "  one\n\n- mid\n  two", "one\n\ntwo\n"),
        ("one\n\nmid\n\ntwo\n", "  one\n-\n- mid\n\n  two", "one\n\ntwo\n"),
        ("one\n\n\ntwo\n", "  one\n\n-\n  two", "one\n\ntwo\n"),
        ("one\ntwo\n", "  one\n+\n  two", "one\n\ntwo\n"),
    ],
)
def test_a_block_comes_to_the_side_of_a_blank_line_that_is_shown(before: str, hunk: str, after: str) -> None:
    result = applied(FILE, hunks(hunk), before) if "- " not in hunk and "-\n" not in hunk else once(hunk, before)
    assert result == after


def once(hunk: str, before: str) -> str:
    """Apply once: of a removal that adds nothing, a second time cannot always be told from a miss."""
    return run(FILE, hunks(hunk), before)[1]


def test_a_section_that_is_added_inside_another_follows_its_subsections() -> None:
    anchor = section("Testing", "docs/motor.rst")
    after = applied(anchor, AddOperation("Heat\n----\n\nIt is hot.\n"))
    assert after == RST.replace("There is some.\n", "There is some.\n\nHeat\n----\n\nIt is hot.\n")
    again = applied(anchor, AddOperation("Wear\n----\n\nNone.\n"), after)
    assert again == after.replace("It is hot.\n", "It is hot.\n\nWear\n----\n\nNone.\n")


def test_text_without_a_heading_stays_with_the_text_of_its_section() -> None:
    after = applied(section("Testing", "docs/motor.rst"), AddOperation("Listen.\n"))
    assert after == RST.replace("Turn the key.\n", "Turn the key.\n\nListen.\n")


def test_sections_of_a_long_document_stand_as_far_apart_as_the_others() -> None:
    text = "Top\n===\n\nAaa\n---\n\nB\n~~~\n\nb\n\n\nC\n~~~\n\nc\n\n\nLast\n----\n"
    after = applied(section("Aaa", "docs/motor.rst"), AddOperation("D\n~~~\n\nd\n"), text)
    assert after == text.replace("c\n\n\n", "c\n\n\nD\n~~~\n\nd\n\n\n")


@pytest.mark.parametrize(
    ("where", "position", "added", "before", "after"),
    [
        ("prototype one", Position.AFTER, "/**\n * two: so\n */\nvoid two(void);", "void one(void);\n",
         "void one(void);\n\n/**\n * two: so\n */\nvoid two(void);\n"),
        ("prototype one", Position.BEFORE, "/* Two. */\nvoid two(void);", "void one(void);\n",
         "/* Two. */\nvoid two(void);\n\nvoid one(void);\n"),
        ("macro A", Position.AFTER, "/* The second. */\n#define B 2", "#define A 1\n#define C 3\n",
         "#define A 1\n\n/* The second. */\n#define B 2\n\n#define C 3\n"),
        ("prototype one", Position.AFTER, "void two(void);", "void one(void);\nvoid three(void);\n",
         "void one(void);\nvoid two(void);\nvoid three(void);\n"),
    ],
)  # fmt: skip
def test_what_begins_with_a_comment_is_set_off(
    where: str, position: Position, added: str, before: str, after: str
) -> None:
    check_applied(before, add_edit(where, added, position, path=PATH), after)
