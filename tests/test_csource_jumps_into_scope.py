# SPDX-License-Identifier: GPL-2.0-or-later
"""Declarations that an edit puts between a jump and where it leads to."""

from __future__ import annotations

import pytest
from csource_support import code, hunk_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.results import Applied, Drifted, EditResult

WEIGH = """
int weigh(Crate *crate, int n)
{
    enum { MOST = 8 };

    if (!crate) {
        goto out;
    }
    lift(crate);
again:
    drop(crate);
    if (n--) {
        goto again;
    }
out:
    return 0;
}

int sort(Crate *crate, int n)
{
    switch (n) {
    case 1:
        lift(crate);
        break;
    case 2:
        drop(crate);
        break;
    }
    return 0;
}
"""


def result(where: str, hunk: str, source: str = WEIGH) -> EditResult:
    (found,) = apply_edits([hunk_edit(where, hunk)], workspace(code(source)))
    return found


LENGTHS = [
    "char seen[n];",
    "char seen[2 * n + 1];",
    "int (*row)[n] = NULL;",
    "typedef char Row[n];",
    "int a, seen[n][4];",
]
CLEANED = [
    "g_autofree char *name = NULL;",
    "g_autoptr(Crate) other = NULL;",
    "QEMU_LOCK_GUARD(&crate->lock);",
    "char *name __free(kfree) = NULL;",
    "guard(mutex)(&crate->lock);",
]


@pytest.mark.parametrize("declared", [*LENGTHS, *CLEANED])
def test_a_goto_must_not_pass_such_a_declaration(declared: str) -> None:
    found = result("function weigh", f"+ {declared}\n  lift(crate);")
    assert isinstance(found, Drifted), found
    assert "the `goto` to `out :` would jump past" in found.message
    assert ("length is not constant" if declared in LENGTHS else "cleaned up") in found.message
    assert [candidate.place.snippet for candidate in found.candidates] == ["goto out;", declared]


@pytest.mark.parametrize("declared", [LENGTHS[0], CLEANED[0]])
def test_a_case_must_not_pass_such_a_declaration(declared: str) -> None:
    shown = "  switch (n) {{\n  case 1:\n{}\n  ...\n  }}"
    found = result("function sort", shown.format(f"+     {declared}\n      lift(crate);"))
    assert isinstance(found, Drifted) and "the `switch` to `case 2 :` would jump past" in found.message, found
    block = f"+     {{\n+         {declared}\n+         count();\n+     }}\n      lift(crate);"
    assert isinstance(result("function sort", shown.format(block)), Applied)


@pytest.mark.parametrize(
    "declared",
    [
        "char seen[MOST];",
        "char seen[SIZE];",
        "char seen[sizeof(n)];",
        "char seen[ARRAY_SIZE(n)];",
        "int weigh_all(int n, char seen[n]);",
        "int seen = n;",
        "char *name = crate->list[n];",
        "init_guard(crate);",
    ],
)
def test_other_declarations_may_be_passed(declared: str) -> None:
    found = result("function weigh", f"+ {declared}\n  lift(crate);")
    assert isinstance(found, Applied), found


@pytest.mark.parametrize("declared", [LENGTHS[0], CLEANED[0]])
def test_a_declaration_that_the_jump_does_not_pass(declared: str) -> None:
    in_block = f"+ {{\n+     {declared}\n+     count();\n+ }}\n  lift(crate);"
    assert isinstance(result("function weigh", in_block), Applied)
    before = f"+ {declared}\n+\n  if (!crate) {{\n      goto out;\n  }}"
    assert isinstance(result("function weigh", before), Applied)


def test_a_label_that_is_put_behind_a_declaration() -> None:
    source = WEIGH.replace("    lift(crate);\nagain:", "    char seen[n];\n    lift(crate);\nagain:", 1).replace(
        "    if (!crate) {\n        goto out;\n    }\n", "", 1
    )
    hunk = "+ if (!crate) {\n+     goto out;\n+ }\n  char seen[n];"
    found = result("function weigh", hunk, source)
    assert isinstance(found, Drifted) and "would jump past `char seen [ n ] ;`" in found.message, found


def test_what_was_so_before_stays() -> None:
    source = WEIGH.replace("    lift(crate);\nagain:", "    g_autofree char *name = NULL;\n    lift(crate);\nagain:", 1)
    assert isinstance(result("function weigh", "- lift(crate);\n+ lift(crate, name);", source), Applied)
