# SPDX-License-Identifier: GPL-2.0-or-later
"""A series rendered once more, on its own result: it has landed, or has drifted, and never repeats what is there."""

from __future__ import annotations

import pytest
from csource_support import add_edit, hunk_edit
from lamp_files_support import EVENTS, FILES, KCONFIG, MAINTAINERS, MESON, RST, C, H
from random_series_support import Author
from test_series_own_result import at, attempted, everywhere, move

from qpatch.cells.base import Status
from qpatch.csource.edit import Edit, Position, VerbatimOperation
from qpatch.csource.matching.verbatim import parse_verbatim
from qpatch.csource.results import Drifted

SEEDS = range(150)


def verbatim(text: str, path: str) -> Edit:
    return at("file ", VerbatimOperation(parse_verbatim(text)), path)


def hunk(where: str, text: str, path: str = C) -> Edit:
    return hunk_edit(where, text, path=path)


SET, LIGHT = "function lamp_set", "function lamp_light"
SERIES: dict[str, tuple[Edit, ...]] = {
    # Strings that stand beside what a metavariable is.
    "a string before a name": (hunk(SET, '- print("level " $m, level);\n+ print("level " "now " $m, level);'),),
    "a string before anything": (hunk(SET, '- print($m, level);\n+ print("lamp: " $m, level);'),),
    "a string behind anything": (hunk(SET, '- print($m, level);\n+ print($m " lamp", level);'),),
    "a call around anything": (hunk(SET, "- print($m, level);\n+ print(_($m), level);"),),
    # What is wrapped, and wrapped again by a later edit.
    "a call around what a factor is put before": (
        hunk(SET, "- lamp->level = $x;\n+ lamp->level = 2 * $x;"),
        hunk(SET, "- lamp->level = $x;\n+ lamp->level = clamp($x);"),
    ),
    "a factor before what a call is put around": (
        hunk(SET, "- lamp->level = $x;\n+ lamp->level = clamp($x);"),
        hunk(SET, "- lamp->level = $x;\n+ lamp->level = 2 * $x;"),
    ),
    "a call around a sum, and a summand": (
        hunk(SET, "- lamp->level = $x;\n+ lamp->level = clamp($x);"),
        hunk(SET, "- lamp->level = $x;\n+ lamp->level = $x + 1;"),
    ),
    # Moves that come back to what they began with.
    "macros that move to one place": (
        move("macro LAMP_ON", "macro LAMP_STEP", C),
        move("macro LAMP_OFF", "macro LAMP_STEP", C),
    ),
    "a statement that moves down and up again": (
        hunk(SET, "- trace(lamp);\n  ...\n  notify(lamp);\n+ trace(lamp);"),
        hunk(SET, "- lamp->level = level;\n  ...\n  trace(lamp);\n+ lamp->level = level;"),
        hunk(SET, "+ trace(lamp);\n  print(...);\n  ...\n- trace(lamp);\n  ..."),
    ),
    # File scope.
    "a macro below a macro": (hunk("macro LAMP_ON", "  #define LAMP_ON 0x01\n+ #define LAMP_NEW 1"),),
    "a macro above a macro": (hunk("macro LAMP_ON", "+ #define LAMP_NEW 1\n  #define LAMP_ON 0x01"),),
    "a prototype below another": (
        hunk("prototype lamp_light", "  int lamp_light(struct Lamp *lamp, int how);\n+ int lamp_new(void);", H),
    ),
    "macros, the first of which is replaced": (
        hunk("macro LAMP_ON", "  #define LAMP_ON 0x01\n+ #define LAMP_NEW 1"),
        hunk("file ", "- #define LAMP_NEW 1\n+ #define LAMP_NEWER 2"),
    ),
    "a variable beside a macro that moves": (
        add_edit("macro LAMP_ON", "static int lamp_extra;\n", Position.AFTER, path=C),
        move("macro LAMP_ON", "macro LAMP_STEP", C),
    ),
    "a macro beside a macro that moves": (
        add_edit("macro LAMP_ON", "#define LAMP_NEW 1\n", Position.AFTER, path=C),
        move("macro LAMP_ON", "macro LAMP_STEP", C),
    ),
    "an enum beside a macro that moves": (
        add_edit("macro LAMP_ON", "enum { LAMP_A, LAMP_B };\n", Position.AFTER, path=C),
        move("macro LAMP_ON", "macro LAMP_STEP", C),
    ),
    "two macros in a hunk, and a third between": (
        hunk("file ", "  #define LAMP_OFF 0x02\n+ #define LAMP_A 1\n+ #define LAMP_B 2"),
        hunk("file ", "  #define LAMP_A 1\n+ #define LAMP_AB 3"),
    ),
    "an enumerator, then one between": (
        hunk("enum lamp_state", "  LAMP_DARK,\n+ LAMP_A,", H),
        hunk("enum lamp_state", "  LAMP_DARK,\n+ LAMP_B,", H),
    ),
    # Text files.
    "two lines of an entry, then one between": (
        hunk("file ", '  config LAMP\n+ bool "lamp"\n', KCONFIG),
        hunk("file ", "  config LAMP\n+ # note\n", KCONFIG),
    ),
    "points of a list": (
        hunk("file ", "  - A bulb breaks.\n+ - A bulb shines.", RST),
        hunk("file ", "  - A bulb breaks.\n+ - A bulb glows.", RST),
    ),
    "sources": (
        hunk("file ", "    'bulb.c',\n+   'wire.c',", MESON),
        hunk("file ", "    'bulb.c',\n+   'foot.c',", MESON),
    ),
    "files of a maintainer": (
        verbatim(" S: Maintained\n+F: hw/bulb/\n", MAINTAINERS),
        verbatim(" S: Maintained\n+F: hw/wire/\n", MAINTAINERS),
    ),
    "an entry between blank lines": (verbatim(" \n+config WIRE\n+    bool\n+\n config BULB\n", KCONFIG),),
    "an entry in the place of a blank line": (verbatim("-\n+config WIRE\n+    bool\n+\n config BULB\n", KCONFIG),),
    "a line that says the same": (verbatim(" M: Ada <ada@example.org>\n+M: Ada <ada@example.org>\n", MAINTAINERS),),
    "a trace event that a later edit replaces": (
        add_edit("file ", 'lamp_new(void) ""\n', Position.IN, "lamp_lit", path=EVENTS),
        hunk("file ", '  lamp_lit(int level) "level %d"\n- lamp_new(void) ""\n+ lamp_newer(void) ""', EVENTS),
    ),
    # Contexts that a later edit of the series changes.
    "a statement whose context is renamed": (
        hunk(SET, "  trace(lamp);\n+ check(lamp);"),
        everywhere("file ", "- trace\n+ trace_lamp"),
    ),
    "a statement that is renamed": (
        hunk(SET, "  trace(lamp);\n+ check(lamp);"),
        everywhere("file ", "- check\n+ check_lamp"),
    ),
    "a statement that is renamed twice": (
        hunk(SET, "  trace(lamp);\n+ check(lamp);"),
        everywhere("file ", "- check\n+ check_lamp"),
        everywhere("file ", "- check_lamp\n+ check_it"),
    ),
    "a statement that gets an argument": (
        hunk(SET, "  trace(lamp);\n+ check(lamp);"),
        everywhere("file ", "- check($l)\n+ check($l, level)"),
    ),
    "a statement that is replaced": (
        hunk(SET, "  trace(lamp);\n+ check(lamp);"),
        hunk(SET, "- check(lamp);\n+ check_all(lamp);"),
    ),
    "a context that is replaced": (
        hunk(SET, "  trace(lamp);\n+ check(lamp);"),
        hunk(SET, "- trace(lamp);\n+ trace_all(lamp);"),
    ),
    "a macro beside one that is renamed": (
        add_edit("macro LAMP_ON", "#define LAMP_NEW 1\n", Position.AFTER, path=C),
        everywhere("file ", "- LAMP_ON\n+ LAMP_LIT"),
    ),
    "a variable beside a function that is renamed twice": (
        add_edit("function lamp_set", "static int lamp_extra;\n", Position.BEFORE, path=C),
        everywhere("file ", "- lamp_set\n+ lamp_put"),
        everywhere("file ", "- lamp_put\n+ lamp_take"),
    ),
    # Contexts that a later edit puts elsewhere.
    "a macro beside one that moves": (
        hunk("file ", "  #define LAMP_ON 0x01\n+ #define LAMP_NEW 1"),
        move("macro LAMP_ON", "macro LAMP_STEP", C),
    ),
    "a macro in a hunk at one that moves": (
        hunk("macro LAMP_ON", "  #define LAMP_ON 0x01\n+ #define LAMP_NEW 1"),
        move("macro LAMP_ON", "macro LAMP_STEP", C),
    ),
    "a statement whose context moves": (
        hunk(SET, "  trace(lamp);\n+ check(lamp);"),
        hunk(SET, "- trace(lamp);\n  ...\n  notify(lamp);\n+ trace(lamp);"),
    ),
    "a member whose context moves": (
        hunk("struct Lamp", "  int level;\n+ int extra;", H),
        hunk("struct Lamp", "- int level;\n  ...\n  bool broken;\n+ int level;", H),
    ),
    "an enumerator whose context moves": (
        hunk("enum lamp_state", "  LAMP_DARK,\n+ LAMP_A,", H),
        hunk("enum lamp_state", "- LAMP_DARK,\n  ...\n  LAMP_BRIGHT,\n+ LAMP_DARK,", H),
    ),
    "a point of a list whose context moves": (
        hunk("file ", "  - A bulb breaks.\n+ - A bulb shines.", RST),
        hunk("file ", "- - A bulb breaks.\n  - A bulb shines.\n  - A bulb is replaced.\n+ - A bulb breaks.", RST),
    ),
    "a file of a maintainer whose context moves": (
        verbatim(" S: Maintained\n+F: hw/bulb/\n", MAINTAINERS),
        verbatim("-S: Maintained\n F: hw/bulb/\n+S: Maintained\n", MAINTAINERS),
    ),
    "a macro beside one that moves where another one does": (
        hunk("file ", "  #define LAMP_STEP(l, n) lamp_set((l), (l)->level + (n))\n+ #define LAMP_NEW 1"),
        move("macro LAMP_STEP", "macro LAMP_EACH", C),
        move("macro LAMP_OFF", "macro LAMP_EACH", C),
    ),
    # Places in a switch and below a macro.
    "a statement before a label": (
        hunk("switch lamp_light", "  ...\n- break;\n+ lamp_count++;\n+ break;\n  default:\n  ..."),
    ),
    "a case before a label": (
        hunk(LIGHT, "  switch ($h) {\n  ...\n+ case LAMP_A:\n+     check(lamp);\n+     break;\n  default:\n  ...\n  }"),
    ),
    "a statement behind a label": (hunk("switch lamp_light", "  case LAMP_OFF:\n+     check(lamp);\n  ..."),),
    "a variable below a macro": (hunk("macro LAMP_OFF", "  #define LAMP_OFF 0x02\n+ static int lamp_extra;"),),
}


@pytest.mark.parametrize("together", [True, False], ids=["one patch", "patches"])
@pytest.mark.parametrize("name", SERIES)
def test_a_series_is_never_made_once_more(name: str, *, together: bool) -> None:
    edits = SERIES[name]
    patches = [edits] if together else [(edit,) for edit in edits]
    first, left = attempted(FILES, *patches)
    assert first.decision.status is Status.RENDERED, first.decision
    again, _ = attempted(left, *patches)
    assert again.decision.status is not Status.RENDERED, again.decision


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_series_is_never_made_once_more(seed: int) -> None:
    author = Author(seed)
    patches = author.series()
    again, left = attempted(author.files, *patches)
    assert again.decision.status is not Status.RENDERED, (again.decision, left)


RENAMED = [name for name in SERIES if "renamed" in name]


@pytest.mark.parametrize("name", RENAMED)
def test_a_series_that_renames_what_it_brings_has_landed_on_its_own_result(name: str) -> None:
    _, left = attempted(FILES, SERIES[name])
    again, unchanged = attempted(left, SERIES[name])
    assert again.decision.status is Status.LANDED, again.decision
    assert unchanged == left


def test_what_stands_there_in_a_later_name_is_not_done_while_the_name_before_is_used() -> None:
    done = "    trace(lamp);\n    check_lamp(lamp);\n    check(NULL);\n"
    files = {**FILES, C: FILES[C].replace("    trace(lamp);\n", done)}
    edits = (hunk(SET, "  trace(lamp);\n+ check(lamp);"), everywhere("file ", "- check\n+ check_lamp"))
    tried, _ = attempted(files, edits)
    assert [outcome.result.status for outcome in tried.outcomes[0].edits] == ["drifted", "applied"]


def test_a_name_that_an_earlier_edit_takes_away_may_be_given_anew() -> None:
    files = {**FILES, C: FILES[C].replace("    trace(lamp);\n", "    trace(lamp);\n    check(lamp);\n")}
    edits = (
        everywhere("file ", "- check\n+ check_lamp"),
        hunk(SET, "  trace(lamp);\n+ check(lamp);"),
    )
    tried, left = attempted(files, edits)
    assert tried.decision.status is Status.RENDERED, tried.decision
    assert "    trace(lamp);\n    check(lamp);\n    check_lamp(lamp);\n" in left[C]


ORDINARY: dict[str, tuple[Edit, ...]] = {
    "a statement like one of another function": (hunk(SET, "  trace(lamp);\n+ lamp_count++;"),),
    "a statement beside the same, which is shown": (hunk(SET, "  notify(lamp);\n+ notify(lamp);"),),
    "two that are the same": (hunk(SET, "  trace(lamp);\n+ tick();\n+ tick();"),),
    "a case that ends as its neighbours do": (
        hunk(
            "switch lamp_light",
            "  case LAMP_ON:\n  ...\n+ case LAMP_A:\n+     level = 4;\n+     break;\n  default:\n  ...",
        ),
    ),
    "a guard beside a guard": (
        verbatim(
            " bool broken;\n+#ifdef A\n+#ifdef B\n+    int b;\n+#endif\n+#endif\n".replace(" bool", "     bool"), H
        ),
    ),
    "names that become the same beside each other": (everywhere("file ", "- lamp_set($l, $n)\n+ notify($l)"),),
    "statements that become the same beside each other": (
        hunk(SET, "  trace(lamp);\n+ check(lamp);\n+ check_it(lamp);"),
        everywhere("file ", "- check_it\n+ check"),
    ),
    "a type that is named as its tag": (hunk("file ", "  static int lamp_count;\n+ typedef struct Lamp Lamp;"),),
    "one argument twice": (hunk(SET, "- notify($l);\n+ notify($l, $l);"),),
    "the first argument twice": (hunk(SET, "- print(LAMP, $x);\n+ print(LAMP, LAMP, $x);"),),
    "an entry like its neighbour but for a word": (
        verbatim(" F: hw/oven/\n+\n+Stoves\n+M: Bob <bob@example.org>\n+S: Odd Fixes\n+F: hw/stove/\n", MAINTAINERS),
    ),
    "a member of each of two lists": (
        hunk("initializer lamp_ops", "  .open = lamp_open,\n+ .reset = lamp_reset,"),
        add_edit("initializer lamp_entries", 'ENTRY("reset", 3),\n', path=C),
    ),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_series_is_made(name: str) -> None:
    files = {**FILES, C: FILES[C].replace('print("level " LAMP_FMT, level);', "print(LAMP, level);")}
    tried, left = attempted(files, ORDINARY[name])
    assert tried.decision.status is Status.RENDERED, tried.decision
    assert left != files


def test_what_is_made_once_more_is_told_with_its_place() -> None:
    edits = (hunk(SET, "  trace(lamp);\n+ check(lamp);"), hunk(SET, "- check(lamp);\n+ check_all(lamp);"))
    _, left = attempted(FILES, edits)
    again, _ = attempted(left, edits)
    results = [outcome.result for outcome in again.outcomes[0].edits]
    (drifted,) = [result for result in results if isinstance(result, Drifted)]
    assert "this is already there: `check_all(lamp);` would stand twice in a row" in drifted.message
    (place,) = (candidate.place for candidate in drifted.candidates)
    assert left[C].split("\n")[place.line - 1].strip() == "check_all(lamp);"
    assert "show the one that is there" in drifted.advice


def test_a_statement_is_added_once_more_where_another_function_has_lost_its_context() -> None:
    """What a later edit has taken away elsewhere tells nothing of this place."""
    taken = FILES[C].replace("    notify(lamp);\n    return", "    return")
    gone = hunk(LIGHT, "  lamp_set(lamp, level);\n- notify(lamp);\n  return level;")
    edits = (hunk(SET, "  notify(lamp);\n+ mend(lamp);"), gone)
    tried, left = attempted({**FILES, C: taken}, *[(edit,) for edit in edits])
    assert (tried.decision.status, tried.decision.kept) == (Status.RENDERED, (0,)), tried.decision
    assert left[C].count("mend(lamp);") == 2


def test_both_edits_are_told_that_are_made_once_more_together() -> None:
    edits = [verbatim(f" S: Maintained\n+F: hw/{name}/\n", MAINTAINERS) for name in ("bulb", "wire")]
    _, left = attempted(FILES, tuple(edits))
    again, _ = attempted(left, tuple(edits))
    assert [isinstance(outcome.result, Drifted) for outcome in again.outcomes[0].edits] == [True, True]


def test_what_a_person_has_put_twice_may_stay() -> None:
    files = {
        **FILES,
        C: FILES[C].replace("    notify(lamp);\n    return", "    notify(lamp);\n    notify(lamp);\n    return"),
    }
    tried, _ = attempted(files, (hunk(SET, "  trace(lamp);\n+ check(lamp);"),))
    assert tried.decision.status is Status.RENDERED, tried.decision


@pytest.mark.parametrize(
    ("end", "path"),
    [
        ("return level;", "if (check(lamp)) {\n+     undo(lamp);\n+     return level;\n+ }"),
        ("return level;", "if (check(lamp)) {\n+     return level;\n+ }"),
        ("stop(lamp);", "if (check(lamp)) {\n+     stop(lamp);\n+ }"),
    ],
)
def test_a_path_that_ends_as_the_function_does_is_made(end: str, path: str) -> None:
    source = f"int lamp_end(Lamp *lamp)\n{{\n    int level = 0;\n\n    trace(lamp);\n    {end}\n}}\n"
    tried, left = attempted({C: source}, (hunk("function lamp_end", f"  trace(lamp);\n+ {path}"),))
    assert tried.decision.status is Status.RENDERED, tried.decision
    again, _ = attempted(left, (hunk("function lamp_end", f"  trace(lamp);\n+ {path}"),))
    assert again.decision.status is Status.LANDED, again.decision
