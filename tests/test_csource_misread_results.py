# SPDX-License-Identifier: GPL-2.0-or-later
"""Variables with the result of a function whose type an edit has changed."""

from __future__ import annotations

import pytest
from csource_support import PATH, hunk_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.results import Applied

CASK = "{before} cask_fill(Cask *cask)\n{{\n    return cask_pour(cask);\n}}\n"
CALLER = "{before} cask_fill(Cask *cask);\n\nint run(Cask *cask)\n{{\n    {declared}\n\n{body}    return 0;\n}}\n"


def warnings(body: str, before: str = "int", after: str = "bool", declared: str = "int ret;") -> tuple[str, ...]:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    files = {
        PATH: CASK.format(before=before),
        "hw/demo/run.c": CALLER.format(before=before, declared=declared, body=lines),
    }
    edit = hunk_edit("signature cask_fill", f"- {before} cask_fill(Cask *cask)\n+ {after} cask_fill(Cask *cask)")
    (found,) = apply_edits([edit], workspace(**files))
    assert isinstance(found, Applied), found
    return found.warnings


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("ret = cask_fill(cask);\nif (ret < 0) {\n    stop();\n}", 8),
        ("ret = cask_fill(cask);\ntrace(cask);\nif (cask && ret == -ENOSPC) {\n    stop();\n}", 9),
        ("if (cask) {\n    ret = cask_fill(cask);\n}\nif (ret >= 0) {\n    stop();\n}", 10),
        ("cask->ret = cask_fill(cask);\nwhile (cask->ret < 0) {\n    stop();\n}", 8),
        ("ret = cask_fill(cask);\nif (!ret) {\n    return ret < 0;\n}", 9),
    ],
)
def test_a_comparison_of_a_variable_that_makes_no_sense_now(body: str, line: int) -> None:
    (warning,) = warnings(body)
    assert warning == (
        "cask_fill returns a bool now, but what it returned is compared as before in "
        f"hw/demo/run.c:{line}: change it there, too"
    )


def test_a_variable_that_is_declared_with_the_result() -> None:
    body = "if (ret < 0) {\n    stop();\n}"
    (warning,) = warnings(body, declared="int ret = cask_fill(cask);")
    assert "hw/demo/run.c:7" in warning


def test_a_pointer_that_became_a_number() -> None:
    (warning,) = warnings("ret = cask_fill(cask);\nif (ret == NULL) {\n    stop();\n}", "Cask *", "int")
    assert "cask_fill returns a value now" in warning


@pytest.mark.parametrize(
    "body",
    [
        "ret = cask_fill(cask);\nif (!ret) {\n    stop();\n}",
        "ret = cask_fill(cask);\nif (ret == true) {\n    stop();\n}",
        "ret = cask_fill(cask);\nret = other(cask);\nif (ret < 0) {\n    stop();\n}",
        "ret = other(cask);\nif (ret < 0) {\n    stop();\n}\nret = cask_fill(cask);",
        "ret = cask_fill(cask);\nif (cask->ret < 0) {\n    stop();\n}",
        "ret = cask_fill(cask) ? 0 : -1;\nif (ret < 0) {\n    stop();\n}",
        "cask_fill(cask);\nif (ret < 0) {\n    stop();\n}",
    ],
)
def test_other_comparisons_are_not_told(body: str) -> None:
    assert warnings(body) == ()


def test_the_same_type_under_another_name_is_no_change() -> None:
    assert warnings("ret = cask_fill(cask);\nif (ret < 0) {\n    stop();\n}", "int", "ssize_t") == ()
