# SPDX-License-Identifier: GPL-2.0-or-later
"""Suggested hunks: a hunk rewritten after the code that it resembles, line by line, signs and placeholders kept."""

from __future__ import annotations

import pytest

from qpatch.csource.matching.hunk import HunkError, parse_hunk
from qpatch.csource.matching.suggestion import suggested_hunk


def suggested(hunk: str, target: str, first: int = 1, last: int | None = None) -> str | None:
    parsed = parse_hunk(hunk)
    numbers = range(first, (last or len(parsed.lines)) + 1)
    found = suggested_hunk(parsed, numbers, target)
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("hunk", "target", "expected"),
    [
        # The word that changes stands at the end of its line: the next line is not part of the change.
        ("  feed(cat)\n      ->now;\n+ b();", "feed(dog)\n    ->now;", "  feed(dog)\n      ->now;\n+ b();"),
        ("  x = cat +\n      y;\n- z();", "x = dog +\n    y;\nz();", "  x = dog +\n      y;\n- z();"),
        ("  cat(\n      y);\n- z();", "dog(\n    y);\nz();", "  dog(\n      y);\n- z();"),
        # A word that gives way on a line of context gives way on the added lines too...
        ("- feed(cat);\n+ pet(cat);", "feed(dog);", "- feed(dog);\n+ pet(dog);"),
        # ... unless the target still has it.
        ("- feed(cat, bowl);\n+ pet(cat);", "feed(dog, cat);", "- feed(dog, cat);\n+ pet(cat);"),
        # Placeholders stay, and stand for what is there.
        ("- feed($a, NULL);\n+ pet($a);", "feed(zoo->cat, errp);", "- feed($a, errp);\n+ pet($a);"),
        ("  feed(...);\n+ pet();", "nourish(a, b, c);", "  nourish(...);\n+ pet();"),
        # A token more, a token less.
        ("- feed(cat);\n+ b();", "feed(cat, 2);", "- feed(cat, 2);\n+ b();"),
        ("- feed(cat, 2);\n+ b();", "feed(cat);", "- feed(cat);\n+ b();"),
        ("  p = (cat * const []) { 1 };\n+ b();", "p = (cat * []) { 1 };", "  p = (cat * []) { 1 };\n+ b();"),
        # A line whose code is gone goes.
        ("  a(x);\n- while (y) {\n- }\n+ c();", "a(x);", "  a(x);\n+ c();"),
        # Comments do not count.
        ("- feed(cat); /* daily */\n+ b();", "feed(/* now */ dog);", "- feed(dog); /* daily */\n+ b();"),
    ],
)
def test_a_hunk_is_rewritten_after_the_code(hunk: str, target: str, expected: str) -> None:
    assert suggested(hunk, target) == expected


@pytest.mark.parametrize(
    ("hunk", "target"),
    [
        ("- feed(cat);\n+ b();", "feed(cat);"),  # nothing differs
        ("- feed(cat);\n+ b();", "feed(cat);\nwalk(cat);"),  # a line would have to be added
        ("- feed(cat);\n+ b();", "/* nothing */"),
    ],
)
def test_no_suggestion(hunk: str, target: str) -> None:
    assert suggested(hunk, target) is None


def test_only_the_lines_asked_for_are_rewritten() -> None:
    assert suggested("  feed(cat);\n  walk(cat);\n+ b();", "walk(dog);", 2, 2) == "  feed(cat);\n  walk(dog);\n+ b();"


def test_a_hunk_with_too_many_tokens_is_left_alone() -> None:
    for count, expected in ((100, "- f({});\n+ b();"), (150, None)):
        arguments = [f"a{number}" for number in range(count)]
        renamed = ", ".join([*arguments[:-1], "z"])
        found = suggested(f"- f({', '.join(arguments)});\n+ b();", f"f({renamed});")
        assert found == (expected and expected.format(renamed))


@pytest.mark.parametrize("sign", ["+", "-", " "])
def test_the_second_column_of_a_line_is_a_space(sign: str) -> None:
    text = f"  a();\n{sign}foo();"
    with pytest.raises(HunkError, match=r"line 2 of the hunk has no gutter: .*foo\(\);'"):
        parse_hunk(text)


@pytest.mark.parametrize("line", ["xfoo();", "x foo();", "* foo();"])
def test_the_first_column_of_a_line_is_a_sign(line: str) -> None:
    with pytest.raises(HunkError, match="line 1 of the hunk has no gutter"):
        parse_hunk(f"{line}\n+ a();")
