# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits of trace-events, meson.build, Kconfig, rst, MAINTAINERS and Makefiles, on small files of our own."""

from __future__ import annotations

import pytest
from textfile_support import (
    ENGINE,
    FILES,
    HOW,
    KCONFIG,
    MAINTAINERS,
    MAKEFILE,
    MESON,
    RST,
    TRACE,
    added_after,
    applied,
    hunks,
    run,
    section,
)

from qpatch.csource.edit import (
    AddOperation,
    Anchor,
    Position,
)
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted
from qpatch.csource.text.outline import is_text_file, outline

# What the outline names.


def names(path: str) -> list[str]:
    return [found.name for found in outline(path, FILES[path].split("\n")).sections]


def test_outlines_name_the_sections_of_each_format() -> None:
    assert names("m/trace-events") == ["engine.c", "pump.c"]
    assert names("m/Kconfig") == ["config MOTOR", "config PUMP", "menuconfig BRAKES", "source gears/Kconfig"]
    assert names("docs/motor.rst") == ["How the motor is made", "Testing", "Noise", "Selling"]
    assert names("MAINTAINERS") == ["Motors in general", "PUMP:"]
    assert names("m/Makefile") == ["obj-$(CONFIG_MOTOR)", "motor-y"]
    assert names("m/meson.build") == [
        "motor_ss",
        "motor_ss.add",
        "motor_ss.add(when: 'CONFIG_PUMP')",
        "motor_ss.add(when: 'CONFIG_PUMP_PCI')",
        "if get_option('brakes').allowed()",
        "motor_ss.add",
        "motor_ss.add",
        "system_ss.add_all(when: 'CONFIG_MOTOR')",
    ]


def test_outline_knows_events_over_several_lines_and_with_properties() -> None:
    engine, pump = outline("m/trace-events", TRACE.split("\n")).sections
    assert [entry.name for entry in engine.entries] == ["engine_start", "engine_stop", "engine_tick"]
    sizes = [(entry.name, entry.end - entry.start) for entry in pump.entries]
    assert sizes == [("pump_open", 2), ("pump_close", 1)]


def test_a_subsection_lies_inside_its_section_and_outside_its_body() -> None:
    outer, testing, noise, selling = outline("docs/motor.rst", RST.split("\n")).sections
    assert outer.start < testing.start < noise.start < noise.end <= testing.end < selling.start <= outer.end
    assert testing.body_end < noise.start


def test_words_in_a_help_text_begin_no_config() -> None:
    pump = outline("m/Kconfig", KCONFIG.split("\n")).sections[1]
    assert [entry.name for entry in pump.entries][-1] == "help"
    assert KCONFIG.splitlines()[pump.end - 1].strip() == "here."


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("hw/a.c", False),
        ("include/a.h", False),
        ("t.c.inc", False),
        ("", False),
        ("hw/trace-events", True),
        ("qapi/x.json", True),
    ],
)
def test_c_sources_and_no_path_are_not_text(path: str, text: bool) -> None:
    assert is_text_file(path) is text


# Additions.


def test_event_after_another() -> None:
    anchor = ENGINE
    after = applied(anchor, AddOperation('engine_warm(void) ""\n', "engine_start"))
    assert after == added_after(TRACE, 'engine_start(const char *name) " (%s)"', 'engine_warm(void) ""\n')


def test_event_before_another_and_at_the_end_of_its_group() -> None:
    anchor = ENGINE
    before = applied(anchor, AddOperation('engine_warm(void) ""', "engine_start", Position.BEFORE))
    assert before == added_after(TRACE, "# engine.c", 'engine_warm(void) ""\n')
    end = applied(anchor, AddOperation('engine_warm(void) ""'))
    last = 'disable engine_tick(uint64_t now) "now %"PRIu64'
    assert end == added_after(TRACE, last, 'engine_warm(void) ""\n')


def test_event_group_after_another() -> None:
    anchor = section("engine.c", "m/trace-events", Position.AFTER)
    after = applied(anchor, AddOperation('# tank.c\ntank_full(void) ""'))
    assert after == TRACE.replace("\n#pump.c", '\n# tank.c\ntank_full(void) ""\n\n#pump.c')


def test_file_in_a_list_with_and_without_a_comma_at_its_end() -> None:
    path = "m/meson.build"
    add = AddOperation("'pump-defer.c'", "pump.c", Position.BEFORE)
    after = applied(Anchor(ANCHOR_KINDS["file"], "", path), add)
    assert after == MESON.replace("  'pump.c',", "  'pump-defer.c',\n  'pump.c',")
    end = applied(section("motor_ss.add(files( 'engine.c'", path), AddOperation("'tick.c'"))
    assert end == MESON.replace("  'gear.c'\n", "  'gear.c',\n  'tick.c'\n")


def test_statement_beside_a_statement_keeps_the_spacing_of_its_neighbours() -> None:
    line = "motor_ss.add(when: 'CONFIG_TICK', if_true: files('tick.c'))"
    anchor = section("motor_ss.add(when: 'CONFIG_PUMP_PCI')", "m/meson.build", Position.AFTER)
    assert applied(anchor, AddOperation(line)) == MESON.replace("if get_option", f"{line}\nif get_option")
    anchor = section("system_ss.add_all", "m/meson.build", Position.BEFORE)
    assert applied(anchor, AddOperation(line)) == MESON.replace("system_ss", f"{line}\n\nsystem_ss")


def test_list_on_one_line_is_left_to_a_hunk() -> None:
    result, _ = run(section("motor_ss.add(when: 'CONFIG_PUMP_PCI')", "m/meson.build"), AddOperation("'x.c'"))
    assert isinstance(result, Drifted)
    assert "hunk" in result.suggestion


def test_config_after_a_config_and_attribute_before_the_help_text() -> None:
    anchor = section("config MOTOR", "m/Kconfig", Position.AFTER)
    after = applied(anchor, AddOperation("config GEAR\n    bool\n"))
    assert after == KCONFIG.replace("\nconfig PUMP", "\nconfig GEAR\n    bool\n\nconfig PUMP")
    inside = applied(section("PUMP", "m/Kconfig"), AddOperation("select GEAR"))
    assert inside == added_after(KCONFIG, "    select MOTOR", "    select GEAR\n")
    add = AddOperation("depends on WATER", "default y", Position.BEFORE)
    beside = applied(section("PUMP", "m/Kconfig"), add)
    assert beside == added_after(KCONFIG, '    bool "A pump"', "    depends on WATER\n")


def test_paragraph_list_item_and_section_of_rst() -> None:
    path = "docs/motor.rst"
    item = applied(HOW, AddOperation("* The ``gear`` part.", "* The ``engine``"))
    assert item == RST.replace("  turns.\n", "  turns.\n\n* The ``gear`` part.\n")
    end = applied(section("Testing", path), AddOperation("Then wait.\nIt is slow."))
    assert end == RST.replace("Turn the key.\n", "Turn the key.\n\nThen wait.\nIt is slow.\n")
    new = applied(section("testing", path, Position.AFTER), AddOperation("Cost\n====\n\nHigh.\n"))
    assert new == RST.replace("\nSelling\n", "\nCost\n====\n\nHigh.\n\nSelling\n")


def test_items_of_a_tight_list_stay_tight() -> None:
    tight = "Title\n=====\n\n* one\n* two\n\nEnd.\n"
    after = applied(section("Title", "docs/motor.rst"), AddOperation("* more", "* one"), tight)
    assert after == tight.replace("* one\n", "* one\n* more\n")


def test_field_goes_to_its_like() -> None:
    after = applied(section("Motors in general", "MAINTAINERS"), AddOperation("F: docs/motor.rst"))
    assert after == added_after(MAINTAINERS, "F: motor/", "F: docs/motor.rst\n")
    assert "F: docs/x" in applied(section("pump", "MAINTAINERS"), AddOperation("F: docs/x"))


def test_line_of_a_makefile() -> None:
    after = applied(section("motor-y", "m/Makefile"), AddOperation("motor-$(CONFIG_PM) += pm.o"))
    assert after == MAKEFILE + "motor-$(CONFIG_PM) += pm.o\n"


def test_added_text_takes_line_ends_and_the_missing_newline_from_the_file() -> None:
    text = '# engine.c\r\nengine_start(void) ""'
    after = applied(ENGINE, AddOperation('engine_stop(void) ""'), text)
    assert after == text + '\r\nengine_stop(void) ""'


def test_bytes_that_are_not_utf8_survive() -> None:
    text = b"PUMP\nM: J\xf6rg\nF: pump/\n".decode("utf-8", "surrogateescape")
    after = applied(section("PUMP", "MAINTAINERS"), AddOperation("F: x/"), text)
    assert after.encode("utf-8", "surrogateescape") == b"PUMP\nM: J\xf6rg\nF: pump/\nF: x/\n"


def test_the_same_event_elsewhere_is_already_there_and_another_of_its_name_is_drift() -> None:
    anchor = section("pump.c", "m/trace-events")
    result, _ = run(anchor, AddOperation('engine_start(const  char *name) " (%s)"'))
    assert isinstance(result, AlreadyThere)
    result, _ = run(anchor, AddOperation('engine_start(void) ""'))
    assert isinstance(result, Drifted)
    assert "expected 'void', found 'const char *name'" in result.candidates[0].differences
    result, _ = run(anchor, hunks('  vcpu pump_close(void) ""\n+ engine_start(void) ""\n'))
    assert isinstance(result, Drifted)


# Hunks.


HUNK = (
    '  engine_start(const   char *name)  " (%s)"\n+ engine_warm(void) ""\n  ...\n'
    "- disable engine_tick(uint64_t now) $format\n+ engine_tick(uint64_t now) $format\n"
)


def test_hunk_with_folded_space_ellipsis_and_metavariable() -> None:
    after = applied(ENGINE, hunks(HUNK))
    assert after == TRACE.replace("disable engine", "engine").replace(
        "engine_stop", 'engine_warm(void) ""\nengine_stop', 1
    )


def test_metavariable_means_the_same_text_everywhere_and_is_reported() -> None:
    anchor = ENGINE
    hunk = "  engine_start($args) $fmt\n+ engine_x($args) $fmt\n"
    result, after = run(anchor, hunks(hunk))
    assert isinstance(result, Applied)
    assert result.bindings == {"args": "const char *name", "fmt": '" (%s)"'}
    assert 'engine_x(const char *name) " (%s)"\n' in after
    result, _ = run(anchor, hunks('  engine_start($a) $a\n+ engine_x(void) ""\n'))
    assert isinstance(result, Drifted)


def test_metavariable_does_not_split_a_word() -> None:
    result, _ = run(ENGINE, hunks("- engine_$x(const char *name) $f\n"))
    assert isinstance(result, Drifted)


def test_added_line_without_neighbour_above_goes_before_the_line_below() -> None:
    after = applied(section("PUMP", "m/Kconfig"), hunks("+ depends on WATER\n  default y\n"))
    assert after == added_after(KCONFIG, '    bool "A pump"', "    depends on WATER\n")


def test_added_lines_are_indented_as_they_land() -> None:
    hunk = "  'engine.c',\n+ 'tick.c',\n+   # deeper\n"
    after = applied(Anchor(ANCHOR_KINDS["file"], "", "m/meson.build"), hunks(hunk))
    assert after == added_after(MESON, "  'engine.c',", "  'tick.c',\n    # deeper\n")
    tabs = "config PUMP\n\tbool\n\thelp\n\t  Text.\n"
    after = applied(section("PUMP", "m/Kconfig"), hunks("  bool\n+ help2\n+   More.\n"), tabs)
    assert after == "config PUMP\n\tbool\n\thelp2\n\t  More.\n\thelp\n\t  Text.\n"


def test_blank_context_line_before_an_added_paragraph_is_kept_before_it() -> None:
    hunk = "  Turn the key.\n\n+ Then wait.\n+\n  Noise\n"
    after = applied(section("Testing", "docs/motor.rst"), hunks(hunk))
    assert after == RST.replace("Turn the key.\n\n", "Turn the key.\n\nThen wait.\n\n")


def test_deletion_takes_one_surplus_blank_line() -> None:
    hunk = "    turns.\n- * The ``pump`` part.\n  Testing\n"
    after = applied(HOW, hunks(hunk))
    assert after == RST.replace("* The ``pump`` part.\n\n", "")


def test_hunk_that_fits_twice_is_ambiguous_unless_expected() -> None:
    hunk = hunks("- bool\n+ tristate\n")
    anchor = Anchor(ANCHOR_KINDS["file"], "", "m/Kconfig")
    result, _ = run(anchor, hunk)
    assert isinstance(result, Ambiguous)
    assert [place.line for place in result.matches] == [2, 16]
    assert applied(anchor, hunk, expect=2) == KCONFIG.replace("    bool\n", "    tristate\n")
    result, _ = run(anchor, hunk, expect=3)
    assert isinstance(result, Drifted)


def test_an_ambiguous_hunk_names_the_lines_that_it_matches() -> None:
    text = "config TAP\n\tbool\n\tdepends on X\n\tdepends on X\n\thelp\n\t  H.\n"
    for hunk, lines in (
        ("  depends on X\n+ select Z\n", [3, 4]),
        ("+ select Z\n  depends on X\n", [3, 4]),
        ("  $any\n- depends on X\n+ select Z\n", [2, 3]),
    ):
        result, _ = run(section("TAP", "m/Kconfig"), hunks(hunk), text)
        assert isinstance(result, Ambiguous)
        assert [place.line for place in result.matches] == lines


def test_ambiguous_alternatives_name_the_lines_that_they_match() -> None:
    result, _ = run(section("PUMP", "m/Kconfig"), hunks("  default y\n+ select Z\n", "  select MOTOR\n+ select Z\n"))
    assert isinstance(result, Ambiguous)
    assert [place.snippet.strip() for place in result.matches] == ["default y", "select MOTOR"]


def test_name_of_two_sections_is_ambiguous_and_told_apart_by_the_condition() -> None:
    result, _ = run(section("motor_ss.add", "m/meson.build"), AddOperation("'x.c'"))
    assert isinstance(result, Ambiguous)
    after = applied(section("motor_ss.add(when: 'CONFIG_PUMP')", "m/meson.build"), AddOperation("'x.c'"))
    assert after == MESON.replace("brackets\n", "brackets\n  'x.c',\n")


def test_one_of_the_alternatives_must_match() -> None:
    anchor = ENGINE
    old = '  engine_begin($a) $f\n+ engine_x(void) ""\n'
    new = old.replace("begin", "start")
    assert "engine_x" in applied(anchor, hunks(old, new))
    both = hunks(new, '  engine_stop($a) $f\n+ engine_x(void) ""\n')
    assert isinstance(run(anchor, both)[0], Ambiguous)


def test_alternative_that_was_applied_before_counts_although_another_would_fit() -> None:
    path = "m/Kconfig"
    first, second = "  default y\n+ depends on WATER\n", "  select MOTOR\n+ depends on WATER\n"
    _, after = run(section("PUMP", path), hunks(first))
    result, _ = run(section("PUMP", path), hunks(first, second), after)
    assert isinstance(result, AlreadyThere)


def test_hunk_without_gutter_or_with_an_unbound_metavariable_is_refused() -> None:
    anchor = ENGINE
    with pytest.raises(HunkError, match="gutter"):
        run(anchor, hunks("engine_start\n"))
    with pytest.raises(HunkError, match=r"\$who"):
        run(anchor, hunks("  engine_start($a) $f\n+ $who(void)\n"))
    with pytest.raises(HunkError, match="context"):
        run(anchor, hunks('+ engine_x(void) ""\n'))
