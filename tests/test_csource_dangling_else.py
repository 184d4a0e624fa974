# SPDX-License-Identifier: GPL-2.0-or-later
"""An `else` that belongs to another `if` once braces are gone."""

from __future__ import annotations

import pytest
from csource_support import code, hunk_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.results import Applied, Drifted, EditResult


def result(source: str, hunk: str, where: str = "function brew") -> EditResult:
    (found,) = apply_edits([hunk_edit(where, hunk)], workspace(code(source)))
    return found


def brew(*lines: str) -> str:
    return "".join(["void brew(int hot, int n)\n{\n", *(f"    {line}\n" for line in lines), "}\n"])


BRACED = brew("if (hot) {", "    if (n)", "        pour();", "} else {", "    boil();", "}")


@pytest.mark.parametrize(
    ("source", "hunk"),
    [
        (
            BRACED,
            "- if (hot) {\n+ if (hot)\n      if (n)\n          pour();\n- } else {\n+ else {\n      boil();\n  }",
        ),
        (
            brew(
                "while (n) {",
                "    if (hot) {",
                "        if (n)",
                "            pour();",
                "    } else",
                "        boil();",
                "}",
            ),
            "  while (n) {\n-     if (hot) {\n+     if (hot)\n          if (n)\n              pour();\n-     } else\n"
            "+     else\n          boil();\n  }",
        ),
        (
            brew("stir();"),
            "  stir();\n+ if (hot)\n+     for (;;)\n+         if (n)\n+             pour();\n"
            "+     else\n+         boil();",
        ),
        (
            brew("stir();"),
            "  stir();\n+ if (hot)\n+     if (n)\n+         pour();\n+     else if (n > 2)\n+         boil();",
        ),
    ],
)
def test_an_else_that_would_belong_to_the_inner_if(source: str, hunk: str) -> None:
    found = result(source, hunk)
    assert isinstance(found, Drifted), found
    assert "the `else` belongs to `if ( n )`, the nearest one, and `if ( hot )` around that has no braces" in (
        found.message
    )
    assert "write `if ( hot )` with braces" in found.advice
    assert found.candidates[0].place.snippet.startswith("else")


@pytest.mark.parametrize(
    "added",
    [
        ["if (hot) {", "    if (n)", "        pour();", "    else", "        boil();", "}"],
        ["if (hot)", "    pour();", "else if (n)", "    boil();", "else", "    stir();"],
        ["if (hot)", "    if (n)", "        pour();"],
        ["if (hot)", "    if (n)", "        pour();", "    else", "        boil();", "else", "    stir();"],
        ["for (;;)", "    if (n)", "        pour();", "    else", "        boil();"],
        [
            "if (hot)",
            "    do",
            "        if (n)",
            "            pour();",
            "        else",
            "            boil();",
            "    while (0);",
        ],
    ],
)
def test_an_else_that_compilers_take_as_it_looks(added: list[str]) -> None:
    found = result(brew("stir();"), "\n".join(["  stir();", *(f"+ {line}" for line in added)]))
    assert isinstance(found, Applied), found


def test_what_was_so_before_stays() -> None:
    source = brew("if (hot)", "    if (n)", "        pour();", "    else", "        boil();", "stir();")
    assert isinstance(result(source, "- stir();\n+ stir(n);"), Applied)
