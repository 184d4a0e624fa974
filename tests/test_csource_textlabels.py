# SPDX-License-Identifier: GPL-2.0-or-later
"""Labels and comments above a heading of an rst file: they are of the section below, not of the one above."""

from __future__ import annotations

import pytest
from textfile_support import applied, hunks, run, section

from qpatch.csource.edit import AddOperation, Anchor, DeleteOperation, MoveOperation, Position
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.text.outline import outline

PATH = "docs/motor.rst"
HEAD = "Motor\n=====\n\n"
ONE = "Oil\n---\n\n- drain\n- fill\n\n"
HEADING = "Belt\n----\n\nTighten it.\n\n"
LAST = "Fan\n---\n\nBlow.\n"
LEADS = [
    ".. _belt:\n\n",
    ".. _belt:\n.. _`the belt`:\n\n",
    ".. A word\n   on belts.\n\n   And more.\n\n.. _belt:\n\n",
    ".. _belt:\n\n..\n   not for fans\n\n",
]
NEW = "Gears\n-----\n\nGrease them.\n"


@pytest.fixture(params=LEADS)
def lead(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def whole(lead: str) -> str:
    return f"{HEAD}{ONE}{lead}{HEADING}{LAST}"


@pytest.mark.parametrize(("name", "position"), [("Belt", Position.BEFORE), ("Oil", Position.AFTER)])
def test_a_section_between_two_goes_above_the_label_of_the_second(lead: str, name: str, position: Position) -> None:
    after = applied(section(name, PATH, position), AddOperation(NEW), whole(lead))
    assert after == f"{HEAD}{ONE}{NEW}\n{lead}{HEADING}{LAST}"


def test_an_item_and_a_subsection_go_above_the_label_of_the_next_section(lead: str) -> None:
    after = applied(section("Oil", PATH), AddOperation("- check"), whole(lead))
    assert after == whole(lead).replace("- fill\n", "- fill\n- check\n")
    after = applied(section("Oil", PATH), AddOperation("Kinds\n~~~~~\n\nTwo.\n"), whole(lead))
    assert after == whole(lead).replace("- fill\n", "- fill\n\nKinds\n~~~~~\n\nTwo.\n")


def test_a_section_is_deleted_with_its_label(lead: str) -> None:
    assert run(section("Belt", PATH), DeleteOperation(), whole(lead))[1] == f"{HEAD}{ONE}{LAST}"


def test_a_section_is_moved_with_its_label_and_not_with_the_next_one_s(lead: str) -> None:
    to_fan = MoveOperation(section("Fan", PATH, Position.AFTER))
    assert applied(section("Belt", PATH), to_fan, whole(lead)) == f"{HEAD}{ONE}{LAST}\n{lead}{HEADING}".rstrip() + "\n"
    to_belt = MoveOperation(section("Belt", PATH, Position.AFTER))
    assert applied(section("Oil", PATH), to_belt, whole(lead)) == f"{HEAD}{lead}{HEADING}{ONE}{LAST}"


def test_a_hunk_of_the_section_may_show_its_label(lead: str) -> None:
    after = applied(section("Belt", PATH), hunks("  .. _belt:\n+ .. _strap:\n"), whole(lead))
    assert after == whole(lead).replace(".. _belt:\n", ".. _belt:\n.. _strap:\n")


@pytest.mark.parametrize(
    "other", [".. note::\n\n   Careful.\n\n", ".. _site: https://example.org\n\n", ".. |x| replace:: y\n\n"]
)
def test_other_markup_above_a_heading_is_of_the_section_above(other: str) -> None:
    after = applied(section("Belt", PATH, Position.BEFORE), AddOperation(NEW), whole(other))
    assert after == f"{HEAD}{ONE}{other}{NEW}\n{HEADING}{LAST}"


def test_a_comment_at_the_top_is_the_file_s_and_a_label_below_it_the_title_s() -> None:
    for top in (
        ".. SPDX-License-Identifier: GPL-2.0\n\n",
        "..\n   Copyright somebody\n\n.. Draft\n\n",
        ".. include:: <isonum.txt>\n\n.. Draft\n\n",
    ):
        assert outline(PATH, (top + HEAD).split("\n")).sections[0].start == top.count("\n")
        labelled = f"{top}.. _motor:\n\n{HEAD}"
        assert outline(PATH, labelled.split("\n")).sections[0].start == top.count("\n")


def test_comments_directly_below_a_heading_are_of_its_section_and_not_of_the_next() -> None:
    notice = "..\n   Copyright somebody\n\n"
    for lead in ("", ".. _oil:\n\n"):
        text = f"{HEAD}{notice}{lead}{ONE}{LAST}"
        anchor = section("Oil", PATH, Position.BEFORE)
        assert applied(anchor, AddOperation(NEW), text) == f"{HEAD}{notice}{NEW}\n{lead}{ONE}{LAST}"


def test_a_table_of_contents_above_the_first_subsection_is_not_of_it() -> None:
    contents = "Words.\n\n.. Contents\n   1. Oil\n   2. Fan\n\n"
    for lead in ("", ".. _oil:\n\n"):
        text = f"{HEAD}{contents}{lead}{ONE}{LAST}"
        assert run(section("Oil", PATH), DeleteOperation(), text)[1] == f"{HEAD}{contents}{LAST}"


def test_a_label_still_answers_to_its_name() -> None:
    anchor = Anchor(ANCHOR_KINDS["section"], ".. _belt:", PATH, Position.AFTER)
    after = applied(anchor, AddOperation(".. _strap:"), whole(LEADS[0]))
    assert after == whole(LEADS[0]).replace(".. _belt:\n", ".. _belt:\n\n.. _strap:\n")
