# SPDX-License-Identifier: GPL-2.0-or-later
"""What a miss tells: of what kind a name is, where the places of a count are, and no mend that fits anywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from csource_support import hunk_edit, outcome

from qpatch.csource.listing import nearest_first, told_places
from qpatch.csource.results import Ambiguous, Drifted, SourcePlace

TYPES = "typedef union {\n    int a;\n} Val;\n\ntypedef struct {\n    int a;\n} Foo;\n\ntypedef enum {\n    A,\n} En;\n"


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("struct Val", "Val is a union there"),
        ("union Foo", "Foo is a struct there"),
        ("struct En", "En is an enum there"),
    ],
)
def test_a_typedef_of_another_kind_is_told_as_what_it_is(where: str, told: str) -> None:
    result = outcome(TYPES, hunk_edit(where, "- int z;\n+ int c;"))
    assert isinstance(result, Drifted) and told in result.message and "parsed" not in result.message


REPEATED = "void f(void)\n{\n    one();\n    one();\n    one();\n    two();\n}\n"


@pytest.mark.parametrize("expect", [1, 2])
def test_places_that_overlap_are_not_to_be_counted(expect: int) -> None:
    edit = replace(hunk_edit("function f", "  one();\n- one();\n+ three();"), expect=expect)
    result = outcome(REPEATED, edit)
    assert isinstance(result, Ambiguous) and "which overlap" in result.message
    assert "expect:" not in result.suggestion + result.advice


def test_fewer_places_than_expected_are_named() -> None:
    source = "void f(void)\n{\n    one(1);\n    x();\n    one(2);\n}\n"
    result = outcome(source, replace(hunk_edit("function f", "- one($n);\n+ two($n);"), expect=3))
    assert (
        isinstance(result, Drifted) and "2 of 3 expected places (hw/demo/demo.c:3, hw/demo/demo.c:5)" in result.message
    )


@pytest.mark.parametrize("last", ["return 1;", "return -EINVAL;", "break;"])
def test_no_mend_holds_on_to_one_statement_that_fits_anywhere(last: str) -> None:
    source = "int f(int x)\n{\n    a(x);\n    return 0;\n}\n"
    result = outcome(source, hunk_edit("function f", f"+ more();\n  {last}"))
    assert isinstance(result, Drifted) and not result.suggestion
    shown = outcome(source, hunk_edit("function f", f"  a(x);\n+ more();\n  {last}"))
    assert isinstance(shown, Drifted) and (last == "break;" or "a(x);" in shown.suggestion)


def test_the_nearest_places_come_first() -> None:
    places = [SourcePlace(path, 1) for path in ("a/b.c", "hw/vfio/x.c", "hw/pci/y.c", "hw/vfio/pci.c", "hw/vfio/pci.c")]
    assert [place.path for place in nearest_first(places, "hw/vfio/pci.c")] == [
        "hw/vfio/pci.c",
        "hw/vfio/x.c",
        "hw/pci/y.c",
        "a/b.c",
    ]
    assert told_places(places, "hw/pci/y.c") == "hw/pci/y.c:1, hw/vfio/pci.c:1, hw/vfio/x.c:1 and 1 more"
