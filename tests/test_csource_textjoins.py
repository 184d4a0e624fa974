# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines that an edit of a Makefile or a meson.build puts together or apart: their backslashes and commas."""

from __future__ import annotations

import pytest
from textfile_support import run

from qpatch.csource.checks import read_hunk
from qpatch.csource.edit import AddOperation, Anchor, HunkOperation, MoveOperation, Operation, Position
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.results import AlreadyThere, Applied

MAKEFILE = "hw/demo/Makefile"
OBJECTS = "obj-y += a.o \\\n\t b.o \\\n\t c.o\nobj-$(CONFIG_X) += x.o\n"
W = " " * 9  # the column of the objects
RULE = "all: a\n\tone; \\\n\ttwo\n"
MESON = "hw/demo/meson.build"
LIST = "demo_ss.add(files(\n  'first.c',\n  'second.c', # two\n  'last.c'\n))\n"


def _anchor(kind: str, name: str, path: str, position: Position = Position.IN) -> Anchor:
    return Anchor(ANCHOR_KINDS[kind], name, path, position)


def _hunk(path: str, text: str) -> tuple[Anchor, Operation]:
    where = _anchor("file", "", path)
    return where, HunkOperation((read_hunk(text, where),))


@pytest.mark.parametrize(
    ("before", "hunk", "after"),
    [
        (OBJECTS, "- c.o", OBJECTS.replace(" b.o \\\n\t c.o", " b.o")),
        (OBJECTS, "  b.o \\\n- c.o\n  obj-$(CONFIG_X) += x.o", OBJECTS.replace(" b.o \\\n\t c.o", " b.o")),
        (OBJECTS, "- b.o \\\n- c.o", OBJECTS.replace(" \\\n\t b.o \\\n\t c.o", "")),
        (OBJECTS, "- b.o \\", OBJECTS.replace("\t b.o \\\n", "")),
        (OBJECTS, "  b.o \\\n- c.o\n+ d.o", OBJECTS.replace("c.o", "d.o")),
        (OBJECTS, "  b.o \\\n- c.o\n+ d.o \\", OBJECTS.replace("c.o", "d.o")),
        (OBJECTS, f"  {W}b.o \\\n- {W}c.o\n+ obj-m += m.o", OBJECTS.replace("b.o \\\n\t c.o", "b.o\nobj-m += m.o")),
        (OBJECTS, "  b.o \\\n+ d.o\n  c.o", OBJECTS.replace("\t c.o", "\t d.o \\\n\t c.o")),
        (OBJECTS, "  c.o\n+ d.o", OBJECTS.replace("c.o", "c.o \\\n\t d.o")),
        (RULE, "  two\n+ three", RULE + "\tthree\n"),
        (OBJECTS[: OBJECTS.index("obj-$")], "- c.o", "obj-y += a.o \\\n\t b.o\n"),
    ],
)
def test_backslashes_of_a_makefile(before: str, hunk: str, after: str) -> None:
    result, content = run(*_hunk(MAKEFILE, hunk), before)
    assert isinstance(result, Applied), result
    assert content == after


def test_lines_that_stood_together_stay_as_they_are() -> None:
    before = "x = a \\\n\ny = b \\\n"
    _, content = run(*_hunk(MAKEFILE, "  z = c\n+ z += d"), before + "\nz = c\n")
    assert content == before + "\nz = c\nz += d\n"


@pytest.mark.parametrize(
    ("anchor", "operation", "after"),
    [
        (
            _anchor("section", "last.c", MESON, Position.AFTER),
            AddOperation("'new.c',"),
            LIST.replace("'last.c'", "'last.c',\n  'new.c',"),
        ),
        (
            _anchor("section", "last.c", MESON, Position.BEFORE),
            AddOperation("'new.c' # three"),
            LIST.replace("  'last.c'", "  'new.c', # three\n  'last.c'"),
        ),
        (
            _anchor("section", "first.c", MESON),
            MoveOperation(_anchor("section", "last.c", MESON, Position.AFTER)),
            LIST.replace("  'first.c',\n", "").replace("'last.c'", "'last.c',\n  'first.c',"),
        ),
        (
            _anchor("section", "last.c", MESON),
            MoveOperation(_anchor("section", "first.c", MESON, Position.BEFORE)),
            LIST.replace("  'last.c'\n", "").replace("  'first.c'", "  'last.c',\n  'first.c'"),
        ),
        (*_hunk(MESON, "  'last.c'\n+ 'new.c',"), LIST.replace("'last.c'", "'last.c',\n  'new.c',")),
        (*_hunk(MESON, "+ 'new.c'\n  'first.c',"), LIST.replace("  'first.c'", "  'new.c',\n  'first.c'")),
    ],
)
def test_commas_of_a_list_in_meson(anchor: Anchor, operation: Operation, after: str) -> None:
    result, content = run(anchor, operation, LIST)
    assert isinstance(result, Applied), result
    assert content == after


def test_addition_with_a_comma_is_known_again() -> None:
    where = _anchor("section", "last.c", MESON, Position.AFTER)
    _, content = run(where, AddOperation("'new.c'"), LIST)
    assert isinstance(run(where, AddOperation("'new.c'"), content)[0], AlreadyThere)


def test_entry_that_goes_on_gets_no_comma() -> None:
    before = "demo_ss.add(files(\n  'first.c' +\n  ending\n))\n"
    _, content = run(*_hunk(MESON, "- ending\n+ other"), before)
    assert content == before.replace("ending", "other")
