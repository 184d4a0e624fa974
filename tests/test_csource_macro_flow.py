# SPDX-License-Identifier: GPL-2.0-or-later
"""What an `if`, `else` or loop without braces governs in the body of a macro."""

from __future__ import annotations

import pytest
from csource_support import check_applied, hunk_edit, outcome

from qpatch.csource.results import Drifted

CHOICE = """\
#define CHOOSE(x) \\
    do { \\
        if (x) \\
            yes(x); \\
        else \\
            no(x); \\
        last(x); \\
    } while (0)
"""
LOOP = "#define EACH(x) \\\n    for (x = 0; x < 3; x++) \\\n        visit(x)\n"
PASTED = """\
#define NOTE(x, l)                  \\
    do {                            \\
        if (!x##_quiet)             \\
            print("a " #x, ## l);   \\
        done(x);                    \\
    } while (0)
"""


@pytest.mark.parametrize(
    ("source", "name", "hunk"),
    [
        (CHOICE, "CHOOSE", "+ more(x);\n  no(x);"),
        (CHOICE, "CHOOSE", "  no(x);\n+ more(x);"),
        (CHOICE, "CHOOSE", "  yes(x);\n+ more(x);"),
        (CHOICE, "CHOOSE", "- no(x);"),
        (CHOICE, "CHOOSE", "  #define CHOOSE(x)\n      ...\n+         more(x);\n          no(x);\n      ..."),
        (LOOP, "EACH", "+ more(x);\n  visit(x)"),
        (LOOP, "EACH", "- visit(x)\n+ more(x); \\\n+ visit(x)"),
        (PASTED, "NOTE", "+ more(x);\n  print($a #x, ## l);"),
    ],
)
def test_what_a_statement_without_braces_governs_stays(source: str, name: str, hunk: str) -> None:
    result = outcome(source, hunk_edit(f"macro {name}", hunk))
    assert isinstance(result, Drifted), result
    assert "under" in result.message or "no `if`" in result.message


def test_else_without_its_if_is_refused() -> None:
    result = outcome(CHOICE, hunk_edit("macro CHOOSE", "- if (x)\n- yes(x);\n+ always(x);\n  else"))
    assert isinstance(result, Drifted), result


@pytest.mark.parametrize(
    ("source", "name", "hunk", "old", "new"),
    [
        (CHOICE, "CHOOSE", "  last(x);\n+ more(x);", "last(x); \\\n", "last(x); \\\n        more(x); \\\n"),
        (CHOICE, "CHOOSE", "- no(x);\n+ never(x);", "no(x)", "never(x)"),
        (CHOICE, "CHOOSE", "+ more(x);\n  last(x);", "        last(x);", "        more(x); \\\n        last(x);"),
        (LOOP, "EACH", "- visit(x)\n+ see(x)", "visit", "see"),
        (
            PASTED,
            "NOTE",
            "+ more(x);\n  done(x);",
            "        done(x);                    \\\n",
            "        more(x);                    \\\n        done(x);                    \\\n",
        ),
    ],
)
def test_other_lines_of_a_macro_are_edited(source: str, name: str, hunk: str, old: str, new: str) -> None:
    check_applied(source, hunk_edit(f"macro {name}", hunk), source.replace(old, new))


def test_braces_that_are_shown_are_added() -> None:
    hunk = "- else\n- no(x);\n+ else {\n+     more(x);\n+     no(x);\n+ }"
    after = CHOICE.replace(
        "else \\\n            no(x); \\\n", "else { \\\n            more(x); \\\n            no(x); \\\n        } \\\n"
    )
    check_applied(CHOICE, hunk_edit("macro CHOOSE", hunk), after)
