# SPDX-License-Identifier: GPL-2.0-or-later
"""Blank lines around what is moved and added: as its new neighbours have them, neither doubled nor lost."""

from __future__ import annotations

import pytest
from csource_support import PATH, anchor, check_applied, operation_edit, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import AddOperation, Edit, MoveOperation, Position
from qpatch.csource.results import AlreadyThere, Applied

TIGHT = "int a(void);\nint b(void);\nint c(void);\n\nstruct s {\n    int x;\n};\n"
LOOSE = "int a(void);\n\nint b(void);\n\nint c(void);\n\nstruct s {\n    int x;\n};\n"
MACROS = "#define A 1\n#define B 2\n#define C 3\n\nint x;\n"
COMMENTED = "/* a */\nint a(void);\n/* b */\nint b(void);\n/* c */\nint c(void);\n"
FUNCTIONS = "int a(void)\n{\n}\n\nint b(void)\n{\n}\n\nint c(void)\n{\n}\n"


@pytest.mark.parametrize(
    ("source", "moved", "target", "after"),
    [
        (TIGHT, "prototype c", "prototype a", TIGHT.replace("int b(void);\nint c", "int c(void);\nint b")),
        (LOOSE, "prototype c", "prototype a", LOOSE.replace("int b(void);\n\nint c", "int c(void);\n\nint b")),
        (MACROS, "macro A", "macro C", "#define B 2\n#define C 3\n#define A 1\n\nint x;\n"),
        (
            COMMENTED,
            "prototype a",
            "prototype c",
            "/* b */\nint b(void);\n/* c */\nint c(void);\n/* a */\nint a(void);\n",
        ),
        (
            FUNCTIONS,
            "function a",
            "function b",
            FUNCTIONS.replace("int b", "int z").replace("int a", "int b").replace("int z", "int a"),
        ),
        (
            TIGHT,
            "prototype a",
            "struct s",
            "int b(void);\nint c(void);\n\nstruct s {\n    int x;\n};\n\nint a(void);\n",
        ),
    ],
)
def test_what_is_moved_stands_as_its_new_neighbours_do(source: str, moved: str, target: str, after: str) -> None:
    check_applied(source, operation_edit(moved, MoveOperation(anchor(target, Position.AFTER))), after)


def test_a_function_is_set_apart_from_what_stands_above_it() -> None:
    source = "int a(void)\n{\n}\nint b(void)\n{\n}\n\nint c(void)\n{\n}\n"
    check_applied(
        source,
        operation_edit("function c", MoveOperation(anchor("function b", Position.BEFORE))),
        "int a(void)\n{\n}\n\nint c(void)\n{\n}\n\nint b(void)\n{\n}\n",
    )


@pytest.mark.parametrize("includes", ["#include <x.h>\n#include <y.h>\n", "/* Licence */\n\n#include <x.h>\n"])
@pytest.mark.parametrize("target", ["includes", "file"])
def test_a_function_is_moved_into_a_file_that_consists_of_includes(includes: str, target: str) -> None:
    space = workspace(**{PATH: FUNCTIONS, "hw/demo/new.c": includes})
    place = anchor(f"{target} hw/demo/new.c", Position.AFTER, "hw/demo/new.c")
    edit = Edit(anchor("function a"), MoveOperation(place))
    result = apply_edit(edit, space)
    assert isinstance(result, Applied), result
    assert space.tree.changed["hw/demo/new.c"].decode() == includes + "\nint a(void)\n{\n}\n"
    assert space.tree.changed[PATH].decode() == FUNCTIONS.removeprefix("int a(void)\n{\n}\n\n")
    assert isinstance(apply_edit(edit, space), AlreadyThere)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("#include <z.h>", "#include <x.h>\n#include <z.h>\nint a;\n"),
        ("#ifdef X\n#include <z.h>\n#endif", "#include <x.h>\n#ifdef X\n#include <z.h>\n#endif\nint a;\n"),
        ("int z(void);", "#include <x.h>\n\nint z(void);\n\nint a;\n"),
        ("#define Z 1", "#include <x.h>\n\n#define Z 1\n\nint a;\n"),
    ],
)
def test_what_is_no_include_is_set_apart_from_those(text: str, after: str) -> None:
    place = anchor(f"includes {PATH}", Position.AFTER)
    check_applied("#include <x.h>\nint a;\n", Edit(place, AddOperation(text)), after)


def test_what_is_added_beside_a_loose_prototype_is_set_apart() -> None:
    added = Edit(anchor("prototype a", Position.AFTER), AddOperation("int z(void);"))
    check_applied(LOOSE, added, LOOSE.replace("int b", "int z(void);\n\nint b"))
    check_applied(TIGHT, added, TIGHT.replace("int b", "int z(void);\nint b"))
    alone = "int a(void);\n\nstruct s {\n    int x;\n};\n"
    check_applied(alone, added, alone.replace("\n\n", "\nint z(void);\n\n", 1))
