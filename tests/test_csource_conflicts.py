# SPDX-License-Identifier: GPL-2.0-or-later
"""Files in which a merge has left conflict markers are neither edited nor judged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from csource_support import PATH, add_edit, anchor, code, hunk_edit, operation_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import AddOperation, Anchor, DeleteOperation, Edit, MoveOperation, Position
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.results import Applied, Drifted

OURS = """
int count;

int rate(Meter *meter)
{
    read(meter);
    return count;
}

static void reset(Meter *meter)
{
<<<<<<< HEAD
    read(meter);
    clear(meter);
=======
    read(meter);
    zero(meter);
>>>>>>> topic
}
"""
MARKED = f"{PATH} has conflict markers (line 11)"
SECTION = Anchor(ANCHOR_KINDS["section"], "config METER", "hw/demo/Kconfig")


@pytest.mark.parametrize(
    "edit",
    [
        hunk_edit("function reset", "  clear(meter);\n+ log(meter);"),
        hunk_edit("function rate", "  read(meter);\n+ log(meter);"),
        hunk_edit("function rate", "  return count;\n- gone(meter);"),
        hunk_edit("signature rate", "- int rate(Meter *meter)\n+ int rate(Meter *meter, int n)"),
        hunk_edit("function lost", "  read(meter);\n+ log(meter);"),
        hunk_edit("initializer count", "- 1,\n+ 2,"),
        add_edit("function rate", "int more;", Position.AFTER),
        add_edit("function rate", "int count;", Position.BEFORE),
        operation_edit("function reset", DeleteOperation()),
        operation_edit("function lost", DeleteOperation()),
        operation_edit("function rate", MoveOperation(anchor("function reset", Position.AFTER))),
    ],
    ids=lambda edit: f"{edit.action} {edit.anchor}",
)
def test_edit_of_a_file_with_conflict_markers_is_refused(edit: Edit) -> None:
    result = outcome(OURS, edit)
    assert isinstance(result, Drifted)
    assert result.message == f"{edit.anchor}: {MARKED}"
    (place,) = [candidate.place for candidate in result.candidates]
    assert (place.line, place.snippet) == (11, "<<<<<<< HEAD")


def test_symbol_that_is_found_in_another_file_with_conflict_markers_is_left_alone() -> None:
    edit = hunk_edit("function rate", "  read(meter);\n+ log(meter);", path="hw/other.c")
    assert isinstance(apply_edit(edit, workspace(OURS)), Drifted)


def test_signature_is_left_alone_where_a_prototype_stands_in_a_file_with_markers() -> None:
    header = "<<<<<<< ours\nint level(Meter *meter);\n=======\nint level(Meter *meter);\nint low;\n>>>>>>> theirs\n"
    space = workspace(**{PATH: "int level(Meter *meter)\n{\n    return 0;\n}\n", "include/meter.h": header})
    result = apply_edit(hunk_edit("signature level", "- int level(Meter *meter)\n+ long level(Meter *meter)"), space)
    assert isinstance(result, Drifted)
    assert result.message == "signature level: include/meter.h has conflict markers (line 1)"
    assert space.tree.changed == {}


def test_move_into_a_file_with_conflict_markers_is_refused_and_what_was_edited_before_stays() -> None:
    space = workspace(**{PATH: "int first;\n\nint rate(void)\n{\n    return 0;\n}\n", "hw/other.c": code(OURS)})
    assert isinstance(apply_edit(add_edit("function rate", "int more;", Position.AFTER), space), Applied)
    edited = dict(space.tree.changed)
    target = replace(anchor("function reset", Position.AFTER), path="hw/other.c")
    result = apply_edit(operation_edit("function rate", MoveOperation(target)), space)
    assert isinstance(result, Drifted)
    assert space.tree.changed == edited


@pytest.mark.parametrize(
    "text",
    [
        "config METER\n<<<<<<< HEAD\n    bool\n=======\n    tristate\n>>>>>>> topic\n",
        "config METER\n    bool\n=======\n    tristate\n>>>>>>> topic\n",
        "config METER\r\n<<<<<<< HEAD\r\n    bool\r\n=======\r\n>>>>>>> topic\r\n",
    ],
)
def test_edit_of_a_text_file_with_conflict_markers_is_refused(text: str) -> None:
    space = workspace(**{"hw/demo/Kconfig": text})
    result = apply_edit(Edit(SECTION, AddOperation("    select PCI\n")), space)
    assert isinstance(result, Drifted)
    assert "conflict markers (line " in result.message
    assert space.tree.changed == {}


@pytest.mark.parametrize(
    "text",
    [
        "Meter\n=======\n\nIt measures.\n",
        'const char *marker = "<<<<<<< HEAD";\n',
        "    <<<<<<< HEAD\n    in an example\n    >>>>>>> topic\n",
        "x <<<<<<<<\n",
    ],
)
def test_what_only_resembles_conflict_markers_is_edited(text: str) -> None:
    whole = Anchor(ANCHOR_KINDS["file"], "", "docs/meter.rst")
    space = workspace(**{"docs/meter.rst": text})
    assert isinstance(apply_edit(Edit(whole, AddOperation("The end.\n")), space), Applied)
