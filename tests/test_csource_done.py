# SPDX-License-Identifier: GPL-2.0-or-later
"""When an edit counts as done: its result is there, or what it takes away was there and is gone."""

from __future__ import annotations

import pytest
from csource_support import PATH, code, hunk_edit, operation_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import DeleteOperation, Edit
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted, EditResult

HEAD = "static void run(Pump *pump, int level)\n{\n"
RESET = "void pump_reset(Pump *pump, int level)\n{\n    pump->level = level;\n}\n\n"
REMOVAL = hunk_edit("function run", "- pump_reset(pump, level);")
ADDED = hunk_edit("function run", "  start(pump);\n+ check(pump);")


def run(*statements: str) -> str:
    return HEAD + "".join(f"    {statement}\n" for statement in statements) + "}\n"


def results(source: str, *edits: Edit) -> list[EditResult]:
    return apply_edits(edits, workspace(source))


# Counting


@pytest.mark.parametrize(
    ("statements", "hunk"),
    [
        (("old(d);", "mid(d);", "new(d);", "end(d);"), "- old(d);\n+ new(d);\n  ...\n  end(d);"),
        (("new(d);", "old(d);", "end(d);"), "- old(d);\n+ new(d);\n  ...\n  end(d);"),
        (("begin(d);", "old(d);", "mid(d);", "new(d);"), "  begin(d);\n  ...\n- old(d);\n+ new(d);"),
        (("old(d, 1);", "x(d);", "new(d, 1);", "end(d);"), "- old(d, $n);\n+ new(d, $n);\n  ...\n  end(d);"),
    ],
)
def test_a_result_that_stands_elsewhere_does_not_make_a_hunk_done(statements: tuple[str, ...], hunk: str) -> None:
    result = outcome(run(*statements), hunk_edit("function run", hunk))
    assert not isinstance(result, AlreadyThere), result


@pytest.mark.parametrize(
    ("statements", "hunk"),
    [
        (("a(d);", "m(d);", "a(d);", "x(d);"), "  a(d);\n+ x(d);"),
        (("a(d);", "x(d);", "m(d);", "a(d);"), "  a(d);\n+ x(d);"),
        (("x(d);", "a(d);", "m(d);", "a(d);"), "+ x(d);\n  a(d);"),
        (("a(d);", "new(d);", "m(d);", "a(d);", "old(d);"), "  a(d);\n- old(d);\n+ new(d);"),
    ],
)
def test_what_is_there_at_one_place_is_not_made_at_another(statements: tuple[str, ...], hunk: str) -> None:
    result = outcome(run(*statements), hunk_edit("function run", hunk))
    assert isinstance(result, Ambiguous), result
    assert "fits 1 of 2 places; the others have its result already" in result.message
    assert len(result.matches) == 2


@pytest.mark.parametrize(
    ("statements", "hunk"),
    [
        (("new(d);", "m(d);", "old(d);"), "- old(d);\n+ new(d);"),
        (("a(d);", "x(e);", "m(d);", "a(d);"), "  m(d);\n  a(d);\n+ x(d);"),
    ],
)
def test_an_edit_that_fits_one_place_is_made_there(statements: tuple[str, ...], hunk: str) -> None:
    assert isinstance(outcome(run(*statements), hunk_edit("function run", hunk)), Applied)


@pytest.mark.parametrize(
    "hunk",
    ["  a(d);\n+ x(d);", "+ x(d);\n  ...\n  end(d);", "  ...\n  x(d);\n+ f(d, 1);"],
)
def test_what_is_done_stays_done(hunk: str) -> None:
    source = run("a(d);", "x(d);", "f(d, 1);", "end(d);")
    assert isinstance(outcome(source, hunk_edit("function run", hunk)), AlreadyThere)


def test_what_is_there_at_one_of_two_places_of_a_text_file_is_not_there() -> None:
    lines = "a_event(void)\nm_event(void)\na_event(void)\nx_event(void)\n"
    for text in (lines, lines.replace("a_event(void)\nm", "a_event(void)\nx_event(void)\nm", 1)):
        edit = hunk_edit("file x", "  a_event(void)\n+ x_event(void)", path="hw/demo/Makefile")
        result = apply_edits([edit], workspace(**{"hw/demo/Makefile": text}))[0]
        assert isinstance(result, AlreadyThere if text != lines else Ambiguous), result


# Removals


@pytest.mark.parametrize(
    ("source", "candidate"),
    [
        (RESET + run("start(pump);", "pump_reset(pump, depth);", "stop(pump);"), "pump_reset(pump, depth);"),
        (RESET + run("start(pump);", "pump_reset_all(pump, level);"), "pump_reset_all(pump, level);"),
        (RESET + run("start(pump);", "ret = pump_reset(pump, get(d));"), "ret = pump_reset(pump, get(d));"),
    ],
)
def test_a_removal_of_what_is_there_in_other_words_drifts(source: str, candidate: str) -> None:
    (result,) = results(source, REMOVAL)
    assert isinstance(result, Drifted), result
    assert candidate in [near.place.snippet.strip() for near in result.candidates]


@pytest.mark.parametrize(
    "helper",
    [
        "static void halt(Pump *pump)\n{\n    pump_reset(pump, 0);\n}\n\n",
        "#define halt(pump) pump_reset(pump, 0)\n\n",
    ],
)
@pytest.mark.parametrize("more", [(), (ADDED,)])
def test_a_removal_of_what_a_helper_does_now_drifts(helper: str, more: tuple[Edit, ...]) -> None:
    result = results(RESET + helper + run("start(pump);", "check(pump);", "halt(pump);"), REMOVAL, *more)[0]
    assert isinstance(result, Drifted)
    assert "may be in" in result.message and "halt" in result.candidates[0].place.snippet


def test_a_removal_counts_as_done_where_another_edit_of_its_patch_is_there() -> None:
    source = RESET + run("start(pump);", "check(pump);", "stop(pump);")
    (alone,) = results(source, REMOVAL)
    assert isinstance(alone, Drifted) and "nothing shows that it ever was" in alone.message
    assert [type(result) for result in results(source, REMOVAL, ADDED)] == [AlreadyThere, AlreadyThere]
    assert isinstance(results(source.replace("    check(pump);\n", ""), REMOVAL, ADDED)[0], Drifted)
    assert [type(result) for result in results(source, REMOVAL, REMOVAL)] == [Drifted, Drifted]


def test_a_removal_between_two_lines_of_context_needs_no_more() -> None:
    shown = hunk_edit("function run", "  start(pump);\n- pump_reset(pump, level);\n  stop(pump);")
    (result,) = results(RESET + run("start(pump);", "stop(pump);"), shown)
    assert isinstance(result, AlreadyThere)


def test_a_removal_of_what_stands_elsewhere_in_the_block_drifts() -> None:
    shown = hunk_edit("function run", "  start(pump);\n- pump_reset(pump, level);\n  stop(pump);")
    for after in (("pump_reset(pump, level);",), ("if (level) {", "    pump_reset(pump, level);", "}")):
        (result,) = results(RESET + run("start(pump);", "stop(pump);", *after), shown)
        assert isinstance(result, Drifted)
        assert "elsewhere" in result.message and "pump_reset" in result.candidates[0].place.snippet


CHECKED = "  start(pump);\n- r = drain(pump);\n- if (r) {\n-     return r;\n- }\n  stop(pump);"


@pytest.mark.parametrize(
    ("statements", "said", "at"),
    [
        (("ret = drain(pump);", "if (ret) {", "    return ret;", "}", "start(pump);", "stop(pump);"), "names", 3),
        (
            ("start(pump);", "stop(pump);", "if (on) {", "ret = drain(pump);", "if (ret) {", "return ret;", "}", "}"),
            "names",
            6,
        ),
        (("int (*op)(Pump *) = drain;", "r = op(pump);", "start(pump);", "stop(pump);"), "through a pointer", 3),
        (("op = &drain;", "r = op(pump);", "start(pump);", "stop(pump);"), "through a pointer", 3),
    ],
)
def test_a_removal_of_what_stands_elsewhere_in_other_names_drifts(
    statements: tuple[str, ...], said: str, at: int
) -> None:
    result = outcome(run(*statements), hunk_edit("function run", CHECKED))
    assert isinstance(result, Drifted), result
    assert "not between its context, but elsewhere" in result.message and said in result.message
    assert [candidate.place.line for candidate in result.candidates] == [at]


@pytest.mark.parametrize(
    ("statements", "hunk"),
    [
        (("g_free(name);", "start(pump);", "stop(pump);"), "  start(pump);\n- g_free(buf);\n  stop(pump);"),
        (("ret = fill(pump);", "start(pump);", "stop(pump);"), CHECKED),
        (("on_stop(pump, drain);", "start(pump);", "stop(pump);"), CHECKED),
        (("pump->op = drain;", "start(pump);", "stop(pump);"), CHECKED),
    ],
)
def test_a_removal_is_done_beside_code_that_only_resembles_it(statements: tuple[str, ...], hunk: str) -> None:
    assert isinstance(outcome(run(*statements), hunk_edit("function run", hunk)), AlreadyThere)


def test_a_signature_in_dead_code_is_not_edited() -> None:
    edit = hunk_edit("signature run", "- void run(void)\n+ int run(void)")
    (result,) = results("#if 0\nvoid run(void)\n{\n}\n#endif\n", edit)
    assert isinstance(result, Drifted) and "never compiled" in result.message


# Deletions


def deletion(where: str = "function helper") -> Edit:
    return operation_edit(where, DeleteOperation())


@pytest.mark.parametrize(
    ("where", "source", "said"),
    [
        ("function helper", "static void pump_pci_helper(int a)\n{\n}\n", "the tree has no function helper"),
        ("function pump_stop_all", "static void pump_all_stop(int a)\n{\n}\n", "the tree has no function"),
        ("function helper", "#define helper(a) stop(a)\n", "helper is a macro there"),
        ("struct Valve", "union Valve { int a; };\n", "Valve is a union there"),
        ("function helper", "void f(void)\n{\n    helper(1);\n}\n", "its name is used"),
        ("function helper", "int x;\n", "nothing shows that it ever had"),
        ("macro VALVES", "enum { VALVES = 4 };\n", "its name is used"),
        ("function helper", "void b(void)\n{\n    if (d->n {\n    (((\n\nvoid helper(int a)\n{\n}\n", "not be parsed"),
    ],
)
def test_a_deletion_of_what_may_be_there_drifts(where: str, source: str, said: str) -> None:
    (result,) = results(source, deletion(where))
    assert isinstance(result, Drifted), result
    assert said in result.message


def test_a_deletion_counts_as_done_where_another_edit_of_its_patch_is_there() -> None:
    source = run("start(pump);", "check(pump);") + '/* helper() is gone, as "helper" was */\n'
    assert [type(result) for result in results(source, deletion(), ADDED)] == [AlreadyThere, AlreadyThere]
    source = source.replace("check(pump);", "check(pump);\n    helper(pump);")
    assert isinstance(results(source, deletion(), ADDED)[0], Drifted)


# Moves to other files


def moved(edit: Edit, **files: str) -> EditResult:
    return apply_edit(edit, workspace(**files))


FEED = "{}void feed(Pump *pump)\n{{\n    start(pump);\n    stop(pump);\n}}\n"
FEED_EDIT = hunk_edit("function feed", "  start(pump);\n+ check(pump);")
OTHER = "int other;\n"
SHARED = "void demo_flush(Pump *pump)\n{\n    flush(pump);\n}\n"
USER = "static void demo_end(Pump *pump)\n{\n    demo_flush(pump);\n}\n"


@pytest.mark.parametrize("storage", ["", "static "])
@pytest.mark.parametrize("place", ["tests/unit/test-demo.c", "hw/other/demo_stub.c"])
def test_a_namesake_in_another_subsystem_is_not_edited(storage: str, place: str) -> None:
    files = {place: FEED.format(storage), PATH: FEED.format(storage).replace("feed", "feed_v2")}
    result = moved(FEED_EDIT, **files)
    assert isinstance(result, Drifted)
    assert "nothing shows that it moved" in result.message and "renamed to feed_v2" in result.message
    assert [str(candidate.place) for candidate in result.candidates] == [f"{PATH}:1", f"{place}:1"]
    for edit in (deletion("function feed"), FEED_EDIT):
        assert isinstance(moved(edit, **{place: FEED.format("static "), PATH: OTHER}), Drifted)


def test_a_namesake_in_the_same_folder_is_not_edited_where_the_old_file_has_what_the_hunk_fits() -> None:
    files = {"hw/demo/more.c": FEED.format("static "), PATH: FEED.format("static ").replace("feed", "nourish")}
    result = moved(FEED_EDIT, **files)
    assert isinstance(result, Drifted) and "renamed to nourish" in result.message
    assert isinstance(moved(deletion("function feed"), **files), Drifted)


@pytest.mark.parametrize(
    "files",
    [
        {"hw/demo/more.c": FEED.format("static "), PATH: OTHER},
        {"hw/demo/more.c": FEED.format("static ") + SHARED, PATH: OTHER},
        {"hw/demo/more.c": '#include "net/net.h"\n' + FEED.format("static "), PATH: '#include "net/net.h"\n'},
        {"hw/demo/more.c": FEED.format("static ") + USER, PATH: USER.replace("end", "stop")},
    ],
)
def test_a_static_namesake_in_the_same_folder_is_not_edited_without_more_that_speaks_for_it(
    files: dict[str, str],
) -> None:
    result = moved(FEED_EDIT, **files)
    assert isinstance(result, Drifted) and "nothing shows that it moved" in result.message, result


@pytest.mark.parametrize(
    ("edit", "files"),
    [
        (FEED_EDIT, {"hw/demo/more.c": FEED.format("static ") + SHARED, PATH: USER}),
        (FEED_EDIT, {"hw/demo/more.c": FEED.format("static ") + USER, PATH: SHARED}),
        (
            FEED_EDIT,
            {"hw/demo/more.c": '#include "hw/demo/demo.h"\n' + FEED.format("static "), PATH: '#include "demo.h"\n'},
        ),
        (FEED_EDIT, {"hw/demo/more.c": FEED.format("static ")}),
        (FEED_EDIT, {"hw/new/demo.c": FEED.format("static ")}),
        (FEED_EDIT, {"hw/new/feeder.c": FEED.format(""), PATH: "void f(void)\n{\n    feed(0);\n}\n"}),
        (deletion("function feed"), {"hw/demo/more.c": FEED.format(""), PATH: "void f(void)\n{\n    feed(0);\n}\n"}),
        (deletion("struct Pump"), {"include/hw/demo/pump.h": "struct Pump {\n    int a;\n};\n", PATH: OTHER}),
    ],
)
def test_a_move_that_something_speaks_for_is_followed(edit: Edit, files: dict[str, str]) -> None:
    result = moved(edit, **files)
    assert isinstance(result, Applied), result
    assert result.moved_from == PATH


def test_a_result_in_a_namesake_does_not_make_an_edit_done() -> None:
    done = code(FEED.format("static ")).replace("start(pump);", "start(pump);\n    check(pump);")
    assert isinstance(moved(FEED_EDIT, **{"tests/unit/t.c": done, PATH: OTHER}), Drifted)


# Replacements that are half there


REPLACES = "  start(pump);\n- feed_old(pump);\n+ feed_new(pump, level);"


@pytest.mark.parametrize(
    ("statements", "hunk"),
    [
        (("start(pump);", "feed_new(pump, level);", "feed_old(pump);"), REPLACES),
        (("start(pump);", "feed_new(pump, level);", "trace(pump);", "feed_old(pump);"), REPLACES),
        (("start(pump);", "feed_new(pump, level);", "feed_old(pump);", "stop(pump);"), f"{REPLACES}\n  ..."),
        (
            ("start(d);", "feed_new(d->pump, 1);", "feed_old(d->pump);"),
            "  start($d);\n- feed_old($p);\n+ feed_new($p, 1);",
        ),
        (("start(d);", "feed(d, NULL);", "feed(d);"), "  start(d);\n- feed(d);\n+ feed(d, NULL);"),
        (
            ("start(d);", "if (d->on) {", "    feed_new(d);", "    feed_old(d);", "}"),
            "  start(d);\n  if (d->on) {\n-     feed_old(d);\n+     feed_new(d);\n      ...\n  }",
        ),
        (
            ("start(d);", "if (is_new(d)) {", "    feed(d);", "}", "if (is_old(d)) {", "    feed(d);", "}"),
            "  start(d);\n- if (is_old(d)) {\n+ if (is_new(d)) {\n      feed(d);\n  }",
        ),
    ],
)
def test_a_replacement_is_not_there_while_what_it_removes_is(statements: tuple[str, ...], hunk: str) -> None:
    result = outcome(run(*statements), hunk_edit("function run", hunk))
    assert isinstance(result, Drifted), result
    assert "what it removes is there, too" in result.message
    left = "is_old" if "is_old" in hunk else statements[-1 if "}" not in statements else -2].strip()
    assert left in result.candidates[0].place.snippet or left == "stop(pump);"


@pytest.mark.parametrize(
    ("statements", "hunk"),
    [
        (("start(d);", "feed_new(d->pump);", "feed_old(d->spare);"), "  start(d);\n- feed_old($p);\n+ feed_new($p);"),
        (
            ("ret = -EIO;", "start(d);", "ret = -1;", "stop(d);"),
            "- ret = -1;\n+ ret = -EIO;\n  start(d);",
        ),
        (
            ("start(d);", "return 0;", "err:", "stop(d);", "return ret;"),
            "  start(d);\n- return ret;\n+ return 0;",
        ),
        (("stop(d);", "start(d);"), "- start(d);\n  stop(d);\n+ start(d);"),
    ],
)
def test_like_code_that_may_have_its_own_reason_does_not_undo_a_replacement(
    statements: tuple[str, ...], hunk: str
) -> None:
    assert isinstance(outcome(run(*statements), hunk_edit("function run", hunk)), AlreadyThere)


def test_a_member_is_not_replaced_while_the_old_one_is_there() -> None:
    source = "struct Pump {\n    int id;\n    uint64_t level;\n    int old_level;\n};\n"
    edit = hunk_edit("struct Pump", "  int id;\n- int old_level;\n+ uint64_t level;")
    assert isinstance(outcome(source, edit), Drifted)
    assert isinstance(outcome(source.replace("    int old_level;\n", ""), edit), AlreadyThere)
