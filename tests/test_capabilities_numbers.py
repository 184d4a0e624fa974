# SPDX-License-Identifier: GPL-2.0-or-later
"""Which number of a family of macros is free: of a header that takes one more, and what makes it a doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from series_support import make_tree, target
from strategy_support import CAPABILITIES, STRATEGY, TEMPLATES, write_strategy

from qpatch.capabilities.answer import CannotTell
from qpatch.capabilities.catalogue import read_catalogue
from qpatch.capabilities.sources import Sources
from qpatch.csource.source import DictTree
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.series.render import attempt
from qpatch.strategy.load import load_strategy

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.capabilities.answer import Value

PATH = "include/uapi/pet.h"
HEADER = """
struct pet {
    int flags;
#define PET_HAS_TAIL    (1 << 0)  /* and wags it */
#define PET_HAS_FUR     ( 1U<<1 )
};
#define PET_HAS_MASK    (PET_HAS_TAIL | PET_HAS_FUR)
#define PET_ID_CAT 1
#define PET_ID_DOG (2)
#define PET_ID_COW 0x4
#define OTHER_ID_CAT 3
"""
FLAGS = {"free": "PET_HAS_*", "path": PATH, "form": "bit", "unlike": ["PET_HAS_MASK"]}
IDS = {"free": "PET_ID_*", "path": PATH, "form": "number", "least": 1}


def value(query: object, header: str = HEADER) -> Value:
    data = {"areas": {}, "capabilities": {"it": {"doc": "d", "query": query}}}
    sources = Sources(DictTree({PATH: header.encode()}), ParseCache(macro_table("linux")))
    return read_catalogue(data)["it"].query.answer(sources)


@pytest.mark.parametrize(
    ("query", "more", "number"),
    [
        (FLAGS, "", 2),
        (FLAGS, "#define PET_HAS_HORN BIT(2)\n", 3),
        (FLAGS, "#define PET_HAS_HORN (1ULL << 5)\n", 2),
        (IDS, "", 3),
        (IDS, "#define PET_ID_HEN 3 // lays\n", 5),
        ({**IDS, "least": 0}, "", 0),
        ({**IDS, "least": 7}, "", 7),
        ({**IDS, "least": 7}, "#define PET_ID_HEN (0x7UL)\n", 8),
    ],
)
def test_the_lowest_that_no_macro_has(query: object, more: str, number: int) -> None:
    assert value(query, HEADER + more) == number


@pytest.mark.parametrize(
    ("query", "more", "reason"),
    [
        ({**FLAGS, "unlike": []}, "", "the value of PET_HAS_MASK cannot be read as a bit"),
        (IDS, "#define PET_ID_HEN PET_ID_LAST\n", "the value of PET_ID_HEN cannot be read as a number"),
        (IDS, "#define PET_ID_HEN 010\n", "the value of PET_ID_HEN cannot be read as a number"),
        (IDS, "#define PET_ID_HEN\n", "the value of PET_ID_HEN cannot be read as a number"),
        ({**IDS, "free": "FLEA_*"}, "", f"there is no macro FLEA_* in {PATH}"),
        ({**IDS, "path": "gone.h"}, "", "there is no macro PET_ID_* in gone.h"),
    ],
)
def test_what_cannot_be_read_is_a_doubt(query: object, more: str, reason: str) -> None:
    told = value(query, HEADER + more)
    assert isinstance(told, CannotTell)
    assert told.reason == reason


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({**IDS, "form": "roman"}, "'free' has a `form` (number or bit) and `least`, a number"),
        ({**IDS, "least": True}, "'free' has a `form` (number or bit) and `least`, a number"),
        ({**IDS, "area": "zoo"}, "'free' does not take area"),
        ({"not": IDS}, "no query begins with 'free'"),
    ],
)
def test_mistakes_are_told(query: object, reason: str) -> None:
    with pytest.raises(ValueError, match="capability it: ") as caught:
        value(query)
    assert reason in str(caught.value)


OWN = """\
  capabilities:
    next_id: {doc: The next id., query: {free: PET_ID_*, path: hw/pet.h, form: number}}
  landed:"""


@pytest.mark.parametrize(("header", "written"), [("#define PET_ID_CAT 0\n", 1), ("#define PET_ID_CAT 1\n", 0)])
def test_a_strategy_writes_the_number(header: str, written: int, tmp_path: Path) -> None:
    text = STRATEGY.replace("  landed:", OWN).replace("@{{ limit }}", "@{{ next_id }}")
    file = write_strategy(tmp_path / "strategy", text, TEMPLATES)
    demo = b"static void start(void)\n{\n    prepare();\n    old_call();\n}\n"
    repository = make_tree(tmp_path / "tree", {"hw/demo.c": demo, "hw/pet.h": header.encode()})
    with target(repository, capabilities=CAPABILITIES) as tree:
        tried = attempt(load_strategy(file), tree, {})
    assert tried.planned is not None
    assert f"new_call({written});".encode() in (tried.planned.patches[0].changes["hw/demo.c"] or b"")
