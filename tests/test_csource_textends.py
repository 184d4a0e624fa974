# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the end of a text file is: behind conditions, choices and rules, a blank line off where entries need one."""

from __future__ import annotations

import pytest
from textfile_support import applied, run, section

from qpatch.csource.edit import AddOperation, Anchor, MoveOperation, Position
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.results import Drifted

CONFIG = 'config WATER\n\tbool "Water"\n'
CHOICE = 'choice\n\tprompt "Which"\nconfig HOT\n\tbool "Hot"\nendchoice\n'


def at_end(path: str, text: str, new: str) -> str:
    return applied(Anchor(ANCHOR_KINDS["file"], "", path), AddOperation(new), text)


@pytest.mark.parametrize(
    "text",
    [
        f"config TAP\n\tbool\n\n{CHOICE}",
        "config TAP\n\tbool\n\nif TAP\n\nconfig HOT\n\tbool\n\nendif\n",
        f"config TAP\n\tbool\n\nif TAP\n\n{CHOICE}\nendif # TAP\n",
        'menu "Taps"\nconfig TAP\n\tbool\n\nendmenu\n\nmenu "Baths"\nconfig BATH\n\tbool\n\nendmenu\n',
        'menu "Taps"\n\tdepends on WATER_PIPE\n\nconfig TAP\n\tbool\n\nendmenu\n',
        "config TAP\n\tbool\n",
    ],
)
def test_a_config_is_added_behind_what_closes_a_condition_a_choice_or_one_of_several_menus(text: str) -> None:
    assert at_end("m/Kconfig", text, CONFIG) == f"{text}\n{CONFIG}"


def test_a_menu_around_the_whole_file_takes_a_config_in() -> None:
    inner = 'menu "Hot"\nconfig HOT\n\tbool\n\nendmenu\n'
    text = f'menu "Taps"\n\nconfig TAP\n\tbool\n\n{inner}'
    assert at_end("m/Kconfig", f"{text}\nendmenu\n", CONFIG) == f"{text}\n{CONFIG}\nendmenu\n"


def test_a_source_line_stays_close_to_those_at_the_end() -> None:
    text = 'config TAP\n\tbool\n\nsource "a/Kconfig"\nsource "b/Kconfig"\n'
    assert at_end("m/Kconfig", text, 'source "c/Kconfig"\n') == f'{text}source "c/Kconfig"\n'


@pytest.mark.parametrize(
    "tail",
    [
        "ifdef CONFIG_X\nobj-y += x.o\nendif\n",
        "ifeq ($(A),y)\nobj-y += x.o\nelse\n  obj-y += y.o\nendif\n",
        "define made\nmade-by = $(1)\nendef\n",
        "all: prog\n\nprog: x\n\tcc x\n",
    ],
)
@pytest.mark.parametrize("new", ["obj-y += b.o\n", "clean:\n\trm -f prog\n", "ifdef CONFIG_Y\nobj-y += z.o\nendif\n"])
def test_what_is_added_at_a_makefile_is_below_its_conditions_and_rules(tail: str, new: str) -> None:
    text = f"obj-y += a.o\n\n{tail}"
    assert at_end("m/Makefile", text, new) == f"{text}\n{new}"


def test_an_assignment_stays_close_to_those_at_the_end_of_a_makefile_and_a_rule_does_not() -> None:
    text = "all: prog\nlibs :=\nobj-y += a.o \\\n\tb.o\n"
    assert at_end("m/Makefile", text, "obj-y += c.o") == f"{text}obj-y += c.o\n"
    assert at_end("m/Makefile", text, "clean:\n\trm -f prog") == f"{text}\nclean:\n\trm -f prog\n"
    assert at_end("m/Makefile", "", "obj-y += c.o") == "obj-y += c.o\n"


@pytest.mark.parametrize("close", ["if have\n  ss.add(files('b.c'))\nendif", "foreach t : a\n  ss.add(t)\nendforeach"])
def test_a_statement_at_the_end_of_a_meson_build_is_not_indented_as_the_block_above(close: str) -> None:
    text = f"ss.add(files('a.c'))\n{close}\n"
    assert at_end("m/meson.build", text, "ss.add(files('c.c'))").endswith(f"{close}\nss.add(files('c.c'))\n")


@pytest.mark.parametrize("head", ["Pumps\n-----\nTAP\n", "TAP\n"])
def test_an_entry_of_maintainers_is_set_off_by_a_blank_line(head: str) -> None:
    text = f"{head}M: Ann <ann@example.org>\nS: Supported\n"
    new = "BATH\nM: Bob <bob@example.org>\n"
    assert at_end("MAINTAINERS", text, new) == f"{text}\n{new}"


PARTS = "Pumps\n-----\nTAP\nM: Ann <ann@example.org>\nS: Supported\n\nBaths\n-----\nBATH\nM: Bob <bob@example.org>\n"


@pytest.mark.parametrize("name", ["TAP", "BATH"])
def test_an_entry_that_is_added_in_another_one_stands_behind_it_and_apart(name: str) -> None:
    new = "WELL\nM: Cy <cy@example.org>\n"
    after = applied(section(name, "MAINTAINERS"), AddOperation(new), PARTS)
    old = PARTS[PARTS.index(name + "\nM") :].partition("\n\n")[0].rstrip()
    assert after == PARTS.replace(old, f"{old}\n\n{new}".rstrip())
    help_last = "config TAP\n\tbool\n\thelp\n\t  Text.\n"
    assert applied(section("TAP", "m/Kconfig"), AddOperation(CONFIG), help_last) == f"{help_last}\n{CONFIG}"


@pytest.mark.parametrize(("head", "close"), [("choice", "endchoice"), ("if TAP", "endif"), ('menu "Taps"', "endmenu")])
def test_a_config_that_is_added_in_a_block_stands_at_the_end_of_the_block(head: str, close: str) -> None:
    inner = "config A\n\tbool\n\nif A\nconfig B\n\tbool\nendif\n"
    tail = f"\n{close}\n\nconfig LAST\n\tbool\n"
    after = applied(section(head, "m/Kconfig"), AddOperation(CONFIG), f"{head}\n{inner}{tail}")
    assert after == f"{head}\n{inner}\n{CONFIG}{tail}"


@pytest.mark.parametrize(
    ("name", "target", "position"), [("TAP", "BATH", Position.AFTER), ("BATH", "TAP", Position.BEFORE)]
)
def test_entries_that_a_move_puts_together_stay_apart(name: str, target: str, position: Position) -> None:
    move = MoveOperation(section(target, "MAINTAINERS", position))
    after = applied(section(name, "MAINTAINERS"), move, PARTS)
    upper, lower = sorted((name, target), key=after.index)
    assert "\n\n" in after[after.index(f"{upper}\nM") : after.index(f"{lower}\nM")]


@pytest.mark.parametrize("block", [CHOICE, "if TAP\nconfig HOT\n\tbool\nendif\n", 'menu "M"\nif TAP\nendif\nendmenu\n'])
def test_a_block_of_a_kconfig_is_moved_and_added_to_as_a_whole(block: str) -> None:
    tap, last = "config TAP\n\tbool\n\n", "config LAST\n\tbool\n"
    name = block.partition("\n")[0]
    text = f"{tap}{block}\n{last}"
    added = applied(section(name, "m/Kconfig", Position.AFTER), AddOperation(CONFIG), text)
    assert added == f"{tap}{block}\n{CONFIG}\n{last}"
    moved = applied(section(name, "m/Kconfig"), MoveOperation(section("LAST", "m/Kconfig", Position.AFTER)), text)
    assert moved == f"{tap}{last}\n{block}"


def test_a_block_is_not_moved_beside_a_part_of_it() -> None:
    move = MoveOperation(section("HOT", "m/Kconfig", Position.AFTER))
    result, _ = run(section("choice", "m/Kconfig"), move, CHOICE)
    assert isinstance(result, Drifted)
    assert "part of" in result.message
