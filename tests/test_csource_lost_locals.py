# SPDX-License-Identifier: GPL-2.0-or-later
"""Variables and parameters that a patch takes away while they are used, and labels that it gives twice."""

from __future__ import annotations

import pytest
from csource_support import PATH, code, hunk_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.results import Applied, Drifted

SOURCE = """
static int fill(struct Tank *t, int n)
{
    int ret = 0;
    int left = n;

    if (left) {
        ret = pour(t, left);
        goto out;
    }
    ret = 1;
out:
    return ret;
}
"""
FUNCTION = "function fill"
HEAD = "static int fill(struct Tank *t, int n)"
USED = """
- if (left) {
-     ret = pour(t, left);
+ if (rest) {
+     ret = pour(t, rest);
      ...
  }
"""


def results(*edits: tuple[str, str], **files: str) -> list[object]:
    made = [hunk_edit(where, hunk) for where, hunk in edits]
    return list(apply_edits(made, workspace(**{PATH: code(SOURCE), **files})))


@pytest.mark.parametrize(
    ("where", "hunk", "name"),
    [
        (FUNCTION, "- int left = n;", "left"),
        (FUNCTION, "- int left = n;\n+ int rest = n;", "left"),
        (FUNCTION, "- int ret = 0;\n  int left = n;", "ret"),
        ("signature fill", "- static int fill(struct Tank *t, int n)\n+ static int fill(struct Tank *t)", "n"),
        (
            "signature fill",
            "- static int fill(struct Tank *t, int n)\n+ static int fill(struct Tank *tank, int n)",
            "t",
        ),
    ],
)
def test_what_is_used_stays_declared(where: str, hunk: str, name: str) -> None:
    (result,) = results((where, hunk))
    assert isinstance(result, Drifted)
    assert f"function fill no longer declares `{name}`, and still uses it" in result.message
    assert result.candidates[0].place.path == PATH


def test_a_use_that_goes_in_the_same_patch_is_none() -> None:
    found = results(
        (FUNCTION, "- int left = n;\n+ int rest = n;"),
        (
            FUNCTION,
            "- if (left) {\n-     ret = pour(t, left);\n+ if (rest) {\n+     ret = pour(t, rest);\n      ...\n  }",
        ),
    )
    assert all(isinstance(result, Applied) for result in found), found


@pytest.mark.parametrize(
    ("hunk", "files"),
    [
        ("- int left = n;", {"hw/demo/demo.h": "extern int left;\n"}),
        ("- int left = n;", {"hw/demo/demo.h": "#define left current->left\n"}),
        ("- int left = n;\n+ DECLARE_LEVEL(left, n);", {}),
    ],
)
def test_what_something_else_declares_is_no_fault(hunk: str, files: dict[str, str]) -> None:
    (result,) = results((FUNCTION, hunk), **files)
    assert isinstance(result, Applied), result


@pytest.mark.parametrize("hunk", ["+ out:\n  ret = 1;", "  ret = 1;\n+ if (n) {\n+ out:\n+     stop(t);\n+ }"])
def test_a_label_is_there_once(hunk: str) -> None:
    (result,) = results((FUNCTION, hunk))
    assert isinstance(result, Drifted)
    assert "the label `out` would be there twice" in result.message


def test_labels_of_two_functions_may_be_the_same() -> None:
    other = code(SOURCE).replace("fill", "drain")
    made = hunk_edit("function drain", "  ret = 1;\n+ stop(t);")
    (result,) = apply_edits([made], workspace(**{PATH: code(SOURCE) + other}))
    assert isinstance(result, Applied)
