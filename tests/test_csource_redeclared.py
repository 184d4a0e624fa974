# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that the edits of a patch leave twice in one scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from csource_support import add_edit, code, hunk_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import Position
from qpatch.csource.results import Applied, Drifted

if TYPE_CHECKING:
    from qpatch.csource.edit import Edit
    from qpatch.csource.results import EditResult


def results(source: str, *edits: Edit) -> list[EditResult]:
    return apply_edits(edits, workspace(code(source)))


BODY = """
    static int pour(Jug *jug, int level)
    {
        unsigned int step, last;
        int (*next)(int level) = jug->next;
        DECLARE_BITMAP(seen, 8);

        open(jug);
    #ifdef CONFIG_SPILL
        int spilt = 0;
    #else
        open(jug->cup);
    #endif
        if (level) {
            int depth = 1;

            fill(jug, depth);
        }
        switch (level) {
        case JUG_EMPTY:
        case JUG_LOW:
            return 1;
        case JUG_HIGH: {
            return 2;
        }
        default:
            break;
        }
        return 0;
    }
"""
TYPES = """
    struct Jug {
        int level;
        uint32_t flags : 3;
        struct {
            int x;
        } inner;
        char *names[4];
    };

    enum Level { LOW, HIGH = 4, FULL };

    static const JugOps ops = {
        .open = jug_open,
        .inner.x = 1,
    #ifdef CONFIG_SPILL
        .spill = jug_spill,
    #endif
    };

    static const int sizes[] = {
        [LOW] = 1,
        [HIGH] = 2,
    };
"""


def in_body(*lines: str) -> Edit:
    return hunk_edit("function pour", "  open(jug);\n" + "".join(f"+ {line}\n" for line in lines))


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (in_body("int last;"), "variable `last`"),
        (in_body("char *step = NULL;"), "variable `step`"),
        (in_body("void *next[2];"), "variable `next`"),
        (in_body("int level = 3;"), "parameter `level`"),
        (in_body("long spilt;"), "variable `spilt`"),
        (in_body("int twice;", "int twice;"), "variable `twice`"),
        (
            hunk_edit("function pour", "  if (level) {\n+     int depth;\n      ...\n  }"),
            "variable `depth`",
        ),
        (add_edit("switch pour", "case JUG_LOW:\n    return 3;\n"), "case `JUG_LOW`"),
        (
            hunk_edit("switch pour", "+ case JUG_HIGH:\n+     return 3;\n  case JUG_EMPTY:"),
            "case `JUG_HIGH`",
        ),
        (hunk_edit("switch pour", "+ default:\n+     return 3;\n  case JUG_EMPTY:"), "case `default`"),
    ],
)
def test_nothing_is_declared_twice_in_a_function(edit: Edit, said: str) -> None:
    (result,) = results(BODY, edit)
    assert isinstance(result, Drifted), result
    assert f"the {said} would be there twice" in result.message
    assert len(result.candidates) == 2


@pytest.mark.parametrize(
    ("where", "hunk", "said"),
    [
        ("struct Jug", "  int level;\n+ unsigned flags;", "member `flags`"),
        ("struct Jug", "  int level;\n+ char names;", "member `names`"),
        ("enum Level", "  LOW,\n+ FULL = 7,", "enumerator `FULL`"),
        ("initializer ops", "+ .open = jug_open_late,\n  .inner.x = 1,", "entry `.open`"),
        ("initializer ops", "+ .inner.x = 2,\n  .open = jug_open,", "entry `.inner.x`"),
        ("initializer ops", "+ .spill = jug_spill_late,\n  .open = jug_open,", "entry `.spill`"),
        ("initializer sizes", "  [LOW] = 1,\n+ [HIGH] = 3,", "entry `[HIGH]`"),
    ],
)
def test_nothing_is_twice_in_a_list_of_members(where: str, hunk: str, said: str) -> None:
    (result,) = results(TYPES, hunk_edit(where, hunk))
    assert isinstance(result, Drifted), result
    assert f"the {said} would be there twice" in result.message


@pytest.mark.parametrize(
    "edit",
    [
        in_body("int depth;"),
        in_body("extern int last;"),
        in_body("int pour_more(int level);", "int pour_more(int level);"),
        in_body("DECLARE_BITMAP(heard, 8);"),
        in_body("for (int step = 0; step < 2; step++) {", "    int last = step;", "    fill(jug, last);", "}"),
        in_body("#ifdef CONFIG_A", "int a;", "#else", "long a;", "#endif"),
        in_body("switch (level) {", "case JUG_LOW:", "    break;", "default:", "    break;", "}"),
        hunk_edit("function pour", "- unsigned int step, last;\n+ int step, last;"),
    ],
)
def test_what_stands_in_another_scope_or_arm_is_not_there_twice(edit: Edit) -> None:
    (result,) = results(BODY, edit)
    assert isinstance(result, Applied), result


def test_an_entry_may_be_in_each_arm() -> None:
    hunk = "  #ifdef CONFIG_SPILL\n      .spill = jug_spill,\n+ #else\n+     .spill = jug_drop,\n  #endif"
    (result,) = results(TYPES, hunk_edit("initializer ops", hunk))
    assert isinstance(result, Applied), result


def test_a_later_edit_of_the_patch_may_remove_the_first_one() -> None:
    removal = hunk_edit("function pour", "- unsigned int step, last;\n+ unsigned int step;\n  ...\n  open(jug);")
    assert [type(result) for result in results(BODY, in_body("int last;"), removal)] == [Applied, Applied]


def test_what_was_twice_may_stay_so() -> None:
    source = BODY.replace("        int (*next)", "        int last;\n        int (*next)")
    (result,) = results(source, in_body("trace(jug);"))
    assert isinstance(result, Applied), result


def test_an_added_symbol_has_nothing_twice() -> None:
    (result,) = results(TYPES, add_edit("enum Level", "struct Cup {\n    int a;\n    long a;\n};\n", Position.AFTER))
    assert isinstance(result, Drifted) and "member `a` would be there twice" in result.message


# Functions that a header of the file has

PUMP = "static void start(Pump *pump)\n{\n    prime(pump);\n}\n"
ADDED = add_edit(
    "function start", "static void stop(Pump *pump)\n{\n    drain(pump);\n}\n", Position.BEFORE, path="hw/demo/pump.c"
)


def added_beside(header: str, source: str = '#include "pump.h"\n\n', path: str = "hw/demo/pump.h") -> EditResult:
    return apply_edits([ADDED], workspace(**{"hw/demo/pump.c": source + PUMP, path: header}))[0]


@pytest.mark.parametrize(
    "header",
    [
        "#define stop(pump) drain(pump)\n",
        "static inline void stop(Pump *pump)\n{\n    drain(pump);\n}\n",
        "#ifndef PUMP_H\n#define PUMP_H\nstatic inline int stop(Pump *pump)\n{\n    return drain(pump);\n}\n#endif\n",
    ],
)
def test_a_function_that_an_included_header_has_is_not_added(header: str) -> None:
    result = added_beside(header)
    assert isinstance(result, Drifted), result
    assert "hw/demo/pump.h has a" in result.message and "hw/demo/pump.h" in str(result.candidates[0].place)
    below = added_beside(header, '#include "hw/demo/pump.h"\n\n', "include/hw/demo/pump.h")
    assert isinstance(below, Drifted), below


def test_a_function_is_not_added_to_a_file_with_a_macro_of_its_name() -> None:
    result = added_beside("int x;\n", "#define stop(pump) drain(pump)\n\n")
    assert isinstance(result, Drifted) and "hw/demo/pump.c has a macro" in result.message, result


@pytest.mark.parametrize(
    "header",
    [
        "void stop(Pump *pump);\n",
        "#ifdef CONFIG_PUMP\nstatic inline void stop(Pump *pump)\n{\n}\n#endif\n",
        "#define stop(pump) stop(pump)\n",
        "static inline void stop_all(Pump *pump)\n{\n}\n",
    ],
)
def test_a_header_that_does_not_define_a_function_does_not_keep_it_out(header: str) -> None:
    assert isinstance(added_beside(header), Applied), header
    definition = "static inline void stop(Pump *pump)\n{\n}\n"
    assert isinstance(added_beside(definition, '#include "other.h"\n\n'), Applied)


def test_a_function_may_come_out_of_a_header_in_the_same_patch() -> None:
    files = {"hw/demo/pump.c": '#include "pump.h"\n\n' + PUMP, "hw/demo/pump.h": "#define stop(pump) drain(pump)\n"}
    gone = hunk_edit("file x", "- #define stop(pump) drain(pump)\n+ void prime(Pump *pump);", path="hw/demo/pump.h")
    assert [type(result) for result in apply_edits([ADDED, gone], workspace(**files))] == [Applied, Applied]


# Calls that are there with other arguments


def check(*statements: str) -> str:
    return "static void check(Pump *pump)\n{\n" + "".join(f"    {statement}\n" for statement in statements) + "}\n"


@pytest.mark.parametrize("statements", [("prime(pump);", "stop(pump, NULL);"), ("stop(pump, NULL);", "prime(pump);")])
def test_a_call_is_not_added_beside_the_same_with_more_arguments(statements: tuple[str, ...]) -> None:
    hunk = "  prime(pump);\n+ stop(pump);" if statements[0] == "prime(pump);" else "+ stop(pump);\n  prime(pump);"
    (result,) = results(check(*statements), hunk_edit("function check", hunk))
    assert isinstance(result, Drifted), result
    assert "`stop ( pump ) ;` is added right beside `stop ( pump NULL ) ;`" in result.message


@pytest.mark.parametrize(
    ("there", "added"),
    [
        ("stop(pump, NULL);", "halt(pump);"),
        ("stop(other, NULL);", "stop(pump);"),
        ('report("a", pump);', 'report("a");'),
        ("stop();", "stop(pump);"),
        ("x = stop(pump, NULL);", "stop(pump);"),
    ],
)
def test_a_call_may_be_added_beside_another_one(there: str, added: str) -> None:
    source = check("prime(pump);", there)
    (result,) = results(source, hunk_edit("function check", f"  prime(pump);\n+ {added}"))
    assert isinstance(result, Applied), result
    hunk = "  prime(pump);\n+ drop(pump);\n+ drop(pump, 1);"
    assert isinstance(results(source, hunk_edit("function check", hunk))[0], Applied)
