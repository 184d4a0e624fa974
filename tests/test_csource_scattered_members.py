# SPDX-License-Identifier: GPL-2.0-or-later
"""Members, cases and includes that are added where others are nested, in `#if` arms or far from their like."""

from __future__ import annotations

import pytest
from csource_support import add_edit, check_applied, outcome

from qpatch.csource.edit import Position
from qpatch.csource.results import Drifted


@pytest.mark.parametrize(
    "inner",
    [
        "    struct {\n        bool defer;\n    } cfg;\n",
        "    union cfg {\n        bool defer;\n        int all;\n    } cfg[2];\n",
        "    struct {\n        struct {\n            bool defer;\n        };\n    } *cfg;\n",
        "    void (*cfg)(struct { bool defer; } *);\n",
    ],
)
def test_member_of_a_named_inner_struct_is_none_of_the_outer(inner: str) -> None:
    struct = f"struct s {{\n    int a;\n{inner}"
    check_applied(f"{struct}}};\n", add_edit("struct s", "bool defer;"), f"{struct}    bool defer;\n}};\n")


@pytest.mark.parametrize(
    "there",
    [
        "    struct {\n        int defer;\n    };\n",
        "    union {\n        struct {\n            int defer;\n        };\n        int all;\n    };\n",
        "    int first, defer;\n",
    ],
)
def test_member_of_an_inner_struct_without_a_name_is_one_of_the_outer(there: str) -> None:
    result = outcome(f"struct s {{\n    int a;\n{there}}};\n", add_edit("struct s", "bool defer;"))
    assert isinstance(result, Drifted) and "has a defer already" in result.message, result


def switch(*lines: str) -> str:
    return "void f(int x)\n{\n    switch (x) {\n" + "".join(f"{line}\n" for line in lines) + "    }\n}\n"


ONE = ("    case 1:", "        a();", "        break;")
TWO = ("    case 2:", "        d();", "        break;")
NINE = ("    case 9:", "        q();", "        break;")


@pytest.mark.parametrize(
    "arms",
    [
        ("#ifdef X", *TWO, "#endif"),
        ("#ifdef X", *TWO, "#else", *TWO, "#endif"),
        ("#ifdef X", *TWO, "#elif Y", *TWO, "#endif"),
        ("#ifdef X", "    default:", *TWO[1:], "#endif"),
    ],
)
def test_case_behind_an_arm_whose_cases_end_in_jumps(arms: tuple[str, ...]) -> None:
    before, after = switch(*ONE, *arms), switch(*ONE, *arms, *NINE)
    check_applied(
        before, add_edit("switch f", "\n".join(line.strip() for line in NINE[:1]) + "\n    q();\n    break;"), after
    )


@pytest.mark.parametrize(
    "cases",
    [
        (*ONE, "#ifdef X", *TWO[:2], "#endif"),
        (*ONE[:2], "#ifdef X", *TWO, "#endif"),
        (*ONE, "#ifdef X", *TWO, "#else", *TWO[:2], "#endif"),
    ],
)
def test_case_behind_one_that_falls_is_refused(cases: tuple[str, ...]) -> None:
    result = outcome(switch(*cases), add_edit("switch f", "case 9:\n    q();\n    break;"))
    assert result.status == "ambiguous" and "ends in no jump" in result.message


@pytest.mark.parametrize(
    ("text", "applies"),
    [
        ("case 9:\n    q();", False),
        ("case 8:\n    p();\n    break;\ncase 9:\n    if (x) {\n        break;\n    }", False),
        ("case 9:\n    q();\n    break;", True),
        ("case 9:\n    q();\n    /* fall through */", True),
        ("case 9:", True),
    ],
)
def test_case_that_would_fall_into_the_one_below_is_refused(text: str, applies: bool) -> None:
    edit = add_edit("switch f", text, beside="2", beside_position=Position.BEFORE)
    result = outcome(switch(*ONE, *TWO), edit)
    assert (result.status == "applied") == applies, result


HEAD = '#include "osdep.h"\n#include "a.h"\n'


@pytest.mark.parametrize(
    "rest",
    [
        '\nstatic int x;\n#define T\n#include "tmpl.h"\n#undef T\n',
        '\nvoid f(void)\n{\n}\n\n#include "more.c.inc"\n',
        '\nstruct s {\n    int x;\n};\n\n#include "needs-s.h"\n',
    ],
)
def test_include_goes_to_those_above_the_declarations(rest: str) -> None:
    edit = add_edit("includes demo", '#include "q.h"')
    check_applied(HEAD + rest, edit, f'{HEAD}#include "q.h"\n{rest}')


def test_include_behind_macros_is_one_of_the_head() -> None:
    head = f'{HEAD}\n#define LEVEL 1\n#include "level.h"\n'
    check_applied(f"{head}\nint x;\n", add_edit("includes demo", '#include "q.h"'), f'{head}#include "q.h"\n\nint x;\n')


def test_includes_that_all_stand_below_a_declaration_count() -> None:
    before = 'typedef struct S S;\n\n#include "a.h"\n#include "b.h"\n'
    check_applied(before, add_edit("includes demo", '#include "q.h"'), f'{before}#include "q.h"\n')
