# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits of one series that add beside the same context: on the series' own result none of them is made again."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from csource_support import hunk_edit
from test_series_own_result import LAMP, attempted

from qpatch.cells.base import Status

if TYPE_CHECKING:
    from qpatch.csource.edit import Edit

SOURCE = """\
#include "lamp.h"
#include "timer.h"

static const Entry lamp_entries[] = {
    ENTRY("first", 1),
    ENTRY("last", 9),
};

int lamp_light(struct Lamp *lamp)
{
    int level = 0;

    lamp_dim(lamp);
    return level;
}
"""
FUNCTION, ENTRIES = "function lamp_light", "initializer lamp_entries"
ADDITIONS = {
    "below": (FUNCTION, "  lamp_dim(lamp);\n+ {};", "first(lamp, 1)", "second(lamp)", "third(lamp)"),
    "above": (FUNCTION, "+ {};\n  lamp_dim(lamp);", "first(lamp)", "second(lamp)"),
    "block": (FUNCTION, "  lamp_dim(lamp);\n+ if ({}) {{\n+     stop(lamp);\n+ }}", "is_hot(lamp)", "is_old(lamp)"),
    "entries": (ENTRIES, '  ENTRY("first", 1),\n+ ENTRY("{}", 2),', "green", "blue"),
    "includes": ("includes ", '  #include "lamp.h"\n+ #include "{}.h"', "bulb", "colour"),
}


def edits_of(kind: str) -> list[Edit]:
    where, hunk, *names = ADDITIONS[kind]
    return [hunk_edit(where, hunk.format(name), path=LAMP) for name in names]


@pytest.mark.parametrize("kind", ADDITIONS)
@pytest.mark.parametrize("together", [True, False])
def test_a_series_that_adds_twice_beside_one_line_has_landed_on_its_own_result(kind: str, *, together: bool) -> None:
    edits = edits_of(kind)
    patches = [tuple(edits)] if together else [(edit,) for edit in edits]
    first, files = attempted({LAMP: SOURCE}, *patches)
    assert first.decision.status is Status.RENDERED, first.decision.reason
    again, unchanged = attempted(files, *patches)
    assert again.decision.status is Status.LANDED, again.decision.reason
    assert unchanged == files


@pytest.mark.parametrize("kind", ADDITIONS)
def test_one_of_them_alone_is_no_proof_of_the_others(kind: str) -> None:
    for there, missing in pairwise(edits_of(kind)):
        _, files = attempted({LAMP: SOURCE}, (there,))
        again, left = attempted(files, (there,), (missing,))
        assert again.decision.kept == (1,), again.decision
        assert left != files


def test_code_that_no_edit_of_the_series_adds_tells_the_places_apart() -> None:
    edits = edits_of("below")
    _, files = attempted({LAMP: SOURCE}, *[(edit,) for edit in edits])
    foreign = {LAMP: files[LAMP].replace("    second(lamp);\n", "    second(lamp);\n    other(lamp);\n")}
    again, _ = attempted(foreign, *[(edit,) for edit in edits])
    assert again.decision.status is not Status.LANDED
