# SPDX-License-Identifier: GPL-2.0-or-later
"""Outlines meson.build: statements, also those over several lines, `if` and `foreach` blocks, list entries.

A statement is named by the variable it sets or the function it calls, with the condition of a source set:
`vfio_ss = ss.source_set()` is `vfio_ss`, `vfio_ss.add(when: 'CONFIG_X', if_true: ...)` is
`vfio_ss.add(when: 'CONFIG_X')`; it is also found by the call's bare name and by its own beginning.
Grammar: https://mesonbuild.com/Syntax.html.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.text.parts import Outline, TextEntry, TextSection, fold, last_text_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OPAQUE = re.compile(r"'''.*?'''|'(?:\\.|[^'\\\n])*'|#[^\n]*", re.DOTALL)
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*\+?=(?!=)")
_CALLED = re.compile(r"([A-Za-z_][\w.]*)\s*\(")
_CONDITION = re.compile(r"\(\s*when:\s*(\[[^\]]*\]|[^,)]+(?:\([^)]*\))?)")
_OPENS_BLOCK = re.compile(r"(if|foreach)\b")
_CLOSES_BLOCK = re.compile(r"end(if|foreach)\b")
_DIVIDES_BLOCK = re.compile(r"(else|elif)\b")


def outline_meson(lines: Sequence[str]) -> Outline:
    """Return the statements and blocks of a meson.build's `lines` (without line ends)."""
    bare = _blank_opaque("\n".join(lines)).split("\n")
    sections: list[TextSection] = []
    open_blocks: list[int] = []
    for start, end in _statements(bare):
        head = bare[start].strip()
        if _CLOSES_BLOCK.match(head) and open_blocks:
            first = open_blocks.pop()
            sections.append(TextSection(fold(lines[first]), first, end))
        elif _OPENS_BLOCK.match(head):
            open_blocks.append(start)
        elif head and not _DIVIDES_BLOCK.match(head):
            sections.append(_statement(lines, bare, start, last_text_line(lines, start, end)))
    return Outline(tuple(sorted(sections, key=lambda section: section.start)))


def code_part(line: str) -> str:
    """Return one line without its comment and the white space before that."""
    return line[: len(_blank_opaque(line).rstrip())]


def _blank_opaque(text: str) -> str:
    """Blank comments and strings: strings become underscores, which keeps them words of their line."""

    def blank(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " " if found[0].startswith("#") else "_", found[0])

    return _OPAQUE.sub(blank, text)


def _statements(bare: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the range of each statement: a line with those that its open brackets reach."""
    start = 0
    depth = 0
    for index, line in enumerate(bare):
        depth += _opened(line)
        if depth <= 0 and not line.endswith("\\"):
            yield start, index + 1
            start, depth = index + 1, 0


def _opened(line: str) -> int:
    return sum(line.count(bracket) for bracket in "([{") - sum(line.count(bracket) for bracket in ")]}")


def _statement(lines: Sequence[str], bare: Sequence[str], start: int, end: int) -> TextSection:
    whole = fold(" ".join(lines[start:end]))
    entries = tuple(_entries(lines, bare, start, end))
    assigned = _ASSIGNED.match(whole)
    called = _CALLED.match(whole)
    if assigned:
        return TextSection(assigned[1], start, end, entries, aliases=(whole,))
    if not called:
        return TextSection(whole, start, end, entries)
    condition = _CONDITION.search(whole)
    name = f"{called[1]}(when: {condition[1].strip()})" if condition else called[1]
    return TextSection(name, start, end, entries, aliases=(called[1], whole))


def _entries(lines: Sequence[str], bare: Sequence[str], start: int, end: int) -> Iterator[TextEntry]:
    """Yield what stands alone on its line inside the brackets of a statement."""
    depth = _opened(bare[start])
    for index in range(start + 1, end):
        item = bare[index].strip()
        if depth > 0 and item and item[0] not in ")]}" and _opened(item) == 0:
            yield TextEntry(fold(code_part(lines[index])).rstrip(","), index, index + 1)
        depth += _opened(item)
