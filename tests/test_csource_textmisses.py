# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits of text files that miss, delete or move; properties of all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textfile_support import (
    ENGINE,
    KCONFIG,
    RST,
    TRACE,
    applied,
    hunks,
    run,
    section,
)

from qpatch.csource.edit import (
    AddOperation,
    Anchor,
    DeleteOperation,
    Edit,
    MoveOperation,
    Position,
)
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.text.edits import apply_text_edit
from qpatch.csource.text.hunk import parse_text_hunk
from qpatch.errors import UserError

# Misses.


def test_changed_line_is_named_token_by_token_with_the_change_to_the_hunk() -> None:
    hunk = '  engine_stop(const char *name) " (%s)"\n+ engine_x(void) ""\n'
    result, _ = run(ENGINE, hunks(hunk))
    assert isinstance(result, Drifted)
    best = result.candidates[0]
    assert (best.place.line, best.differences) == (
        5,
        ("found ', int code', which is not expected", "found ' code %d', which is not expected"),
    )
    assert 'engine_stop(const char *name, int code) " (%s) code %d"' in result.suggestion


def test_unknown_section_and_entry_are_answered_with_the_nearest() -> None:
    result, _ = run(section("engines.c", "m/trace-events"), AddOperation('x(void) ""'))
    assert isinstance(result, Drifted)
    assert "'engine.c'" in result.suggestion
    result, _ = run(ENGINE, AddOperation('x(void) ""', "engine_strat"))
    assert isinstance(result, Drifted)
    assert "'engine_start'" in result.suggestion


def test_line_to_delete_that_changed_is_drift_and_one_that_is_gone_is_not() -> None:
    anchor = ENGINE
    result, _ = run(anchor, hunks('- engine_stop(const char *name) " (%s)"\n'))
    assert isinstance(result, Drifted)
    hunk = '  engine_start($a) $f\n- engine_halt(const char *name) " (%s)"\n  ...\n'
    result, _ = run(anchor, hunks(hunk))
    assert isinstance(result, Drifted)
    result, _ = run(anchor, hunks("- 7 unlike words and nothing else\n"))
    assert isinstance(result, AlreadyThere)


def test_file_that_moved_is_found_by_its_section() -> None:
    other = b"Testing\n=======\n\nNo.\n"
    tree = Overlay(DictTree({"docs/devel/motor/make.rst": RST.encode(), "docs/other.rst": other}))
    add = AddOperation("Then wait.")
    result = apply_text_edit(Edit(section("how the motor is MADE", "docs/make-motor.rst"), add), tree)
    assert isinstance(result, Applied)
    assert (result.path, result.moved_from) == ("docs/devel/motor/make.rst", "docs/make-motor.rst")
    result = apply_text_edit(Edit(section("Testing", "docs/make-motor.rst"), add), tree)
    assert isinstance(result, Applied)
    assert result.path == "docs/devel/motor/make.rst"


def test_section_of_that_name_in_an_unrelated_file_is_not_taken_for_a_move() -> None:
    tree = Overlay(DictTree({"docs/other.rst": b"Other\n=====\n\nTesting\n-------\n\nNo.\n"}))
    edit = Edit(section("Testing", "docs/make-motor.rst"), AddOperation("Then wait."))
    result = apply_text_edit(edit, tree)
    assert isinstance(result, Drifted)
    assert not result.moved_to and "docs/other.rst have a section of that name, but" in result.suggestion
    assert not tree.changed


def test_two_files_that_the_file_may_have_become_are_ambiguous() -> None:
    tree = Overlay(DictTree({"a/Kconfig": KCONFIG.encode(), "b/Kconfig": KCONFIG.encode()}))
    result = apply_text_edit(Edit(section("config PUMP", "c/Kconfig"), AddOperation("select X")), tree)
    assert isinstance(result, Ambiguous)
    assert [place.path for place in result.matches] == ["a/Kconfig", "b/Kconfig"]


def test_missing_section_says_where_there_is_one() -> None:
    tree = Overlay(DictTree({"a/Kconfig": b"config X\n    bool\n", "b/Kconfig": KCONFIG.encode()}))
    result = apply_text_edit(Edit(section("config PUMP", "a/Kconfig"), AddOperation("select X")), tree)
    assert isinstance(result, Drifted)
    assert result.moved_to == ("b/Kconfig",)


@pytest.mark.parametrize(
    ("path", "name", "content", "told"),
    [
        (
            "docs/motor.rst",
            "Testing",
            "Motor\n=====\n\nHow to test\n-----------\n\nNo.\n\nTests\n-----\n\nYes.\n",
            "'Tests'",
        ),
        ("m/trace-events", "pump.c", '# engine.c\nengine_go(void) ""\n', "'engine.c'"),
        ("m/meson.build", "pump_ss", "engine_ss = ss.source_set()\n", "'engine_ss"),
    ],
)
def test_missing_section_that_recurs_is_looked_for_in_its_file_alone(
    path: str, name: str, content: str, told: str
) -> None:
    folder, _, file = path.partition("/")
    elsewhere = content.replace("engine", "pump").replace("Tests\n-----", "Testing\n-------")
    tree = Overlay(DictTree({path: content.encode(), f"{folder}2/{file}": elsewhere.encode()}))
    result = apply_text_edit(Edit(section(name, path), AddOperation("more")), tree)
    assert isinstance(result, Drifted) and not result.moved_to, result
    assert told in result.suggestion or any(told.strip("'") in each.place.snippet for each in result.candidates)


def test_a_section_like_none_is_answered_with_those_that_are_there() -> None:
    tree = Overlay(DictTree({"docs/motor.rst": b"Motor\n=====\n\nSetup\n-----\n\nIt is big.\n"}))
    result = apply_text_edit(Edit(section("Quality", "docs/motor.rst"), AddOperation("more")), tree)
    assert isinstance(result, Drifted) and not result.candidates, result
    assert "docs/motor.rst has 'Motor', 'Setup'" in result.suggestion or "'Setup', 'Motor'" in result.suggestion


@pytest.mark.parametrize(
    ("anchor", "code"),
    [
        (section("engine.c", ""), "bad-anchor"),
        (Anchor(ANCHOR_KINDS["function"], "f", "m/trace-events"), "text-anchor"),
    ],
)
def test_anchor_without_a_path_or_of_c_is_refused(anchor: Anchor, code: str) -> None:
    with pytest.raises(UserError) as caught:
        run(anchor, AddOperation("x"))
    assert caught.value.code == code


# Deleting and moving.


def test_delete_a_config_and_an_event() -> None:
    after = applied(section("config PUMP", "m/Kconfig"), DeleteOperation())
    start, end = KCONFIG.index("config PUMP"), KCONFIG.index("menuconfig")
    assert after == KCONFIG[:start] + KCONFIG[end:]
    after = applied(section("engine_stop", "m/trace-events"), DeleteOperation())
    assert after == "".join(line for line in TRACE.splitlines(True) if not line.startswith("engine_stop"))


def test_deleting_what_has_a_name_almost_like_it_is_drift() -> None:
    result, _ = run(section("config PUMPS", "m/Kconfig"), DeleteOperation())
    assert isinstance(result, Drifted)


def test_move_a_config_and_an_event() -> None:
    target = section("menuconfig BRAKES", "m/Kconfig", Position.AFTER)
    after = applied(section("config MOTOR", "m/Kconfig"), MoveOperation(target))
    motor = "config MOTOR\n    bool\n    depends on POWER\n\n"
    assert after == KCONFIG.replace(motor, "").replace("\nsource", f"\n{motor}source")
    target = section("engine_start", "", Position.BEFORE)
    after = applied(section("engine_stop", "m/trace-events"), MoveOperation(target))
    lines = TRACE.splitlines(True)
    assert after == "".join([*lines[:3], lines[4], lines[3], *lines[5:]])


CONDITIONAL = {
    "m/Kconfig": "config MOTOR\n    bool\n    help\n      if you have one\n\nif MOTOR\nconfig PUMP\n    bool\n\n"
    "config VALVE\n    bool\nendif\n\nconfig BRAKES\n    bool\n",
    "m/meson.build": "ss.add(files(\n  'motor.c',\n))\nif have_pump\n  ss.add(files(\n    'pump.c',\n  ))\nelse\n"
    "  ss.add(files(\n    'stub.c',\n  ))\nendif\nss.add(files(\n  'brake.c',\n))\n",
    "m/Makefile": "motor-y := motor.o\nifdef CONFIG_PUMP\npump-y := pump.o\nelse\nstub-y := stub.o\nendif\n"
    "brake-y := brake.o\n",
}


@pytest.mark.parametrize(
    ("path", "moved", "beside"),
    [
        ("m/Kconfig", "MOTOR", "PUMP"),
        ("m/Kconfig", "VALVE", "BRAKES"),
        ("m/meson.build", "motor.c", "pump.c"),
        ("m/meson.build", "pump.c", "stub.c"),
        ("m/Makefile", "motor-y", "stub-y"),
        ("m/Makefile", "pump-y", "brake-y"),
    ],
)
def test_move_under_another_condition_is_refused(path: str, moved: str, beside: str) -> None:
    move = MoveOperation(section(beside, path, Position.AFTER))
    result, _ = run(section(moved, path), move, CONDITIONAL[path])
    assert isinstance(result, Ambiguous) and "it would stand under" in result.message, result


@pytest.mark.parametrize(
    ("path", "moved", "beside"),
    [("m/Kconfig", "MOTOR", "BRAKES"), ("m/Kconfig", "PUMP", "VALVE"), ("m/Makefile", "motor-y", "brake-y")],
)
def test_move_under_the_same_condition_is_made(path: str, moved: str, beside: str) -> None:
    move = MoveOperation(section(beside, path, Position.AFTER))
    result, _ = run(section(moved, path), move, CONDITIONAL[path])
    assert isinstance(result, Applied), result


def test_moved_config_is_set_off_by_a_blank_line() -> None:
    text = "config A\n    bool\n\nif X\nconfig B\n    bool\nconfig C\n    bool\nendif\n"
    move = MoveOperation(section("C", "m/Kconfig", Position.BEFORE))
    result, after = run(section("B", "m/Kconfig"), move, text)
    assert not isinstance(result, Applied), result
    move = MoveOperation(section("B", "m/Kconfig", Position.BEFORE))
    result, after = run(section("C", "m/Kconfig"), move, text)
    assert isinstance(result, Applied), result
    assert after == "config A\n    bool\n\nif X\nconfig C\n    bool\n\nconfig B\n    bool\nendif\n"


# Properties.


WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta"]), min_size=1, max_size=3).map(" ".join)
LINES = st.lists(WORDS | st.just(""), max_size=8)


@st.composite
def documents(draw: st.DrawFn) -> tuple[list[str], int]:
    """Return lines with one unique target line, and its index."""
    above, below = draw(LINES), draw(LINES)
    return [*above, "target (here), please", *below], len(above)


@given(documents(), st.booleans(), st.lists(WORDS.map("new {}".format), min_size=1, max_size=3))
def test_bytes_outside_stay_twice_is_once_and_the_reverse_restores(
    document: tuple[list[str], int], replace: bool, new: list[str]
) -> None:
    lines, index = document
    text = "".join(f"{line}\n" for line in lines)
    sign = "-" if replace else " "
    hunk = "".join([f"{sign} target (here), please\n", *(f"+ {line}\n" for line in new)])
    anchor = Anchor(ANCHOR_KINDS["file"], "", "notes.txt")
    after = applied(anchor, hunks(hunk), text)
    kept = [] if replace else [lines[index]]
    assert after.split("\n")[:-1] == [*lines[:index], *kept, *new, *lines[index + 1 :]]
    back = run(anchor, hunks(str(parse_text_hunk(hunk).reversed())), after)
    assert back[1] == text


BLANKS = st.text(" \t", max_size=4)


@given(documents(), BLANKS, BLANKS.filter(bool), BLANKS)
def test_white_space_of_the_context_does_not_matter(
    document: tuple[list[str], int], lead: str, gap: str, trail: str
) -> None:
    lines, index = document
    lines = [*lines[:index], f"{lead}target{gap}(here),{gap}please{trail}", *lines[index + 1 :]]
    text = "".join(f"{line}\n" for line in lines)
    after = applied(Anchor(ANCHOR_KINDS["file"], "", "notes.txt"), hunks("  target (here), please\n+ new\n"), text)
    found = after.split("\n")
    assert found[index + 1].strip() == "new"
    assert [*found[: index + 1], *found[index + 2 : -1]] == lines


@given(st.integers(1, 8), st.integers(0, 7), st.sampled_from([Position.AFTER, Position.BEFORE]))
def test_an_added_event_is_the_only_change(count: int, index: int, position: Position) -> None:
    events = [f'e{number}(void) ""' for number in range(count)]
    index %= count
    text = "# a.c\n" + "".join(f"{event}\n" for event in events) + '\n# b.c\nz(void) ""\n'
    beside = events[index].split("(")[0]
    after = applied(section("a.c", "m/trace-events"), AddOperation('new(int x) "%d"', beside, position), text)
    place = index + (position is Position.AFTER)
    expected = [*events[:place], 'new(int x) "%d"', *events[place:]]
    assert after == "# a.c\n" + "".join(f"{event}\n" for event in expected) + '\n# b.c\nz(void) ""\n'
