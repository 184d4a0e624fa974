# SPDX-License-Identifier: GPL-2.0-or-later
"""A `...` on an added line is C's own: it is never written in the place of code that a removed `...` stands for."""

from __future__ import annotations

import re

import pytest
from csource_support import check_applied, code, hunk_edit, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.matching.hunk import HunkError

PUMP = code(
    """
    #define PUMP_TRACE(pump, a, b) trace(pump, a, b)
    #define PUMP_WARN(format, ...) warn(format, ## __VA_ARGS__)
    typedef int (*pump_fn)(Pump *p, int rate, bool force);
    struct pump_ops {
        int (*fill)(Pump *p, int rate, bool force);
        void (*note)(Pump *p, const char *format, ...);
    };
    int pump_fill(Pump *p, int rate,
                  bool force);
    void pump_stop(Pump *p);
    void pump_note(Pump *p, const char *format, ...);

    int pump_fill(Pump *p, int rate,
                  bool force)
    {
        return rate;
    }
    """
)


@pytest.mark.parametrize(
    ("where", "old", "new", "stands_for"),
    [
        ("signature pump_fill", "int pump_fill(Pump *p, ...)", "int pump_fill(Pump *p, Error **e, ...)", "int rate"),
        ("signature pump_fill", "int pump_fill(Pump *p, ...)", "int pump_load(Pump *p, ...)", "int rate"),
        ("prototype pump_fill", "int pump_fill(Pump *p, ...);", "int pump_fill(Pump *p, int n, ...);", "int rate"),
        ("struct pump_ops", "int (*fill)(Pump *p, ...);", "long (*fill)(Pump *p, ...);", "int rate"),
        ("typedef pump_fn", "typedef int (*pump_fn)(...);", "typedef int (*pump_fn)(Pump *p, ...);", "Pump *p"),
        ("macro PUMP_TRACE", "#define PUMP_TRACE(pump, ...) trace(pump, a, b)", "#define PUMP_TRACE(p, ...)", "a, b"),
        ("prototype pump_note", "void pump_note(Pump *p, ...);", "void pump_note(Pump *p, int n, ...);", "const char"),
        ("prototype pump_stop", "void pump_stop(Pump *p, ...);", "void pump_stop(Pump *p, int n, ...);", "nothing"),
    ],
)
def test_a_removed_ellipsis_is_not_written_as_variable_arguments(
    where: str, old: str, new: str, stands_for: str
) -> None:
    space = workspace(PUMP)
    with pytest.raises(
        HunkError, match=f"line 2 would be written as C's own.* stands for .?{re.escape(stands_for)}"
    ) as raised:
        apply_edit(hunk_edit(where, f"- {old}\n+ {new}"), space)
    assert raised.value.hint.startswith("show the `...` on a line of context")
    assert not space.tree.changed


def test_nor_is_one_that_is_removed_in_another_place() -> None:
    hunk = """
        - int pump_fill(Pump *p, ...);
          void pump_stop(Pump *p);
        + int pump_fill(Pump *p, Error **e, ...);
    """
    with pytest.raises(HunkError, match="line 3 would be written as C's own"):
        apply_edit(hunk_edit("file hw/demo/demo.c", hunk), workspace(PUMP))


@pytest.mark.parametrize(
    ("where", "old", "new"),
    [
        (
            "prototype pump_note",
            "void pump_note(Pump *p, const char *format, ...);",
            "void pump_note(Pump *p, int n, const char *format, ...);",
        ),
        (
            "struct pump_ops",
            "void (*note)(Pump *p, const char *format, ...);",
            "void (*note)(Pump *p, int n, const char *format, ...);",
        ),
        (
            "macro PUMP_WARN",
            "#define PUMP_WARN(format, ...) warn(format, ## __VA_ARGS__)",
            "#define PUMP_WARN(p, format, ...) warn(p, format, ## __VA_ARGS__)",
        ),
        ("prototype pump_stop", "void pump_stop(Pump *p);", "void pump_stop(Pump *p, ...);"),
        (
            "macro PUMP_TRACE",
            "#define PUMP_TRACE(pump, a, b) trace(pump, a, b)",
            "#define PUMP_TRACE(pump, ...) trace(pump, a, b)",
        ),
    ],
)
def test_variable_arguments_stay_or_are_added(where: str, old: str, new: str) -> None:
    check_applied(PUMP, hunk_edit(where, f"- {old}\n+ {new}"), PUMP.replace(old, new))


def test_an_ellipsis_on_a_line_of_context_keeps_what_it_stands_for() -> None:
    hunk = """
          int pump_fill(Pump *p,
        +               Error **e,
                        ...)
    """
    old = "int pump_fill(Pump *p, int rate,\n"
    new = "int pump_fill(Pump *p,\n              Error **e,\n              int rate,\n"
    check_applied(PUMP, hunk_edit("signature pump_fill", hunk), PUMP.replace(old, new))


def test_a_range_in_the_context_is_no_placeholder() -> None:
    source = code("void pump_set(int n)\n{\n    int v[] = { [0 ... 3] = n };\n    use(v);\n}\n")
    hunk = "  int v[] = { [0 ... 3] = n };\n- use(v);\n+ show(v);"
    check_applied(source, hunk_edit("function pump_set", hunk), source.replace("use", "show"))
    other = source.replace("[0 ... 3]", "[3]")
    assert apply_edit(hunk_edit("function pump_set", hunk), workspace(other)).status == "drifted"
