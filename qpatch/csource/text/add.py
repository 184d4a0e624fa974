# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans where added text goes in a text file: at the end of a section, beside an entry, beside a section.

Blank lines are kept as the neighbours have them; indentation is taken from the entry that the text comes to.
"""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

from qpatch.csource.edit import AddOperation, Anchor, Position
from qpatch.csource.results import AlreadyThere, Ambiguous, Candidate, Drifted
from qpatch.csource.text.document import LineChange, TextDocument
from qpatch.csource.text.meson import code_part
from qpatch.csource.text.outline import TextFormat, outline, text_format
from qpatch.csource.text.parts import TextEntry, TextSection, fold, last_text_line
from qpatch.csource.text.resolve import entries_named, resolve_anchor

if TYPE_CHECKING:
    from collections.abc import Sequence

# Sections of these formats are set off by a blank line.
_SPACED = frozenset({TextFormat.KCONFIG, TextFormat.RST, TextFormat.MAINTAINERS, TextFormat.TRACE_EVENTS})
# An entry of these, a config or a maintained part, is no part of another one.
_WHOLE_ENTRIES = frozenset({TextFormat.KCONFIG, TextFormat.MAINTAINERS})
_NESTING = re.compile(r"(?:(?P<opens>choice|menu|if)|end(?:choice|menu|if))\b")
_ITEM = re.compile(r"(?:[*+-]|\(?(?:\d+|#)[.)])\s")


def plan_addition(
    anchor: Anchor, operation: AddOperation, document: TextDocument
) -> list[LineChange] | AlreadyThere | Ambiguous | Drifted:
    """Return the change that adds the operation's text at `anchor`, or why there is none to make."""
    text = _trimmed(operation.text)
    inside = anchor.position is Position.IN
    refusal = declared_already(operation.text, document)
    if refusal:
        return refusal
    if not inside and _holds(document, document.whole, text):
        return AlreadyThere(document.path, "the text is there")
    section = resolve_anchor(anchor, document)
    if not isinstance(section, TextSection):
        return section
    if inside and _holds(document, document.whole if _makes_section(document, text) else section, text):
        return AlreadyThere(document.path, "the text is there")
    if not inside:
        return [_beside_section(document, section, text, anchor.position)]
    if operation.beside:
        return _beside_entry(document, section, text, operation)
    return _at_end(document, section, text)


def declared_already(
    text: str, document: TextDocument, removed: frozenset[int] = frozenset()
) -> AlreadyThere | Drifted | None:
    """Return a refusal if an event or a config that `text` declares is in the file already.

    Names of events and configs are unique in their file: the same text is already there, another text is
    drift. Lines of `removed` do not count.
    """
    wanted = _declarations(document.path, text.split("\n"), frozenset())
    known = _declarations(document.path, document.lines, removed)
    same = [name for name, (_, body) in wanted.items() if name in known and known[name][1] == body]
    clashes = [name for name in wanted if name in known and name not in same]
    if clashes:
        from qpatch.csource.text.explain import differences, likeness

        name = clashes[0]
        line, body = known[name]
        candidate = Candidate(
            document.place(line), round(likeness(wanted[name][1], body), 2), differences(wanted[name][1], body)
        )
        message = f"{document.path} already has {name!r}, with another text"
        return Drifted(
            message,
            document.path,
            (candidate,),
            suggestion=f"give it another name, or change the present {name!r} with a hunk",
        )
    if wanted and len(same) == len(wanted):
        return AlreadyThere(document.path, f"{', '.join(map(repr, same))} is there")
    if same:
        message = f"{document.path} already has {same[0]!r}, but not all that the edit adds"
        return Drifted(message, document.path, suggestion="write one edit for each")
    return None


def gap_beside(document: TextDocument, start: int, end: int, least: int = 0) -> int:
    """Return how many blank lines to put between lines [start, end) and a new neighbour.

    As many as the narrower of its two sides has, at least `least`.
    """
    known = [gap for gap in (document.blank_above(start), document.blank_below(end)) if gap is not None]
    return max(least, min(known, default=0))


def least_gap(document: TextDocument, lines: int) -> int:
    """Return how many blank lines must set off a section of so many lines."""
    return 1 if document.format in _SPACED and lines > 1 else 0


def _declarations(path: str, lines: Sequence[str], removed: frozenset[int]) -> dict[str, tuple[int, str]]:
    """Return the line and folded text of each event and config that `lines` declare, by name."""
    kind = text_format(path)
    spans: list[tuple[str, int, int]] = []
    if kind is TextFormat.TRACE_EVENTS:
        spans = [(entry.name, entry.start, entry.end) for entry in outline(path, lines).entries()]
    elif kind is TextFormat.KCONFIG:
        spans = [
            (section.name, section.start, section.end)
            for section in outline(path, lines).sections
            if section.name.startswith(("config ", "menuconfig "))
        ]
    return {name: (start, fold(" ".join(lines[start:end]))) for name, start, end in spans if start not in removed}


def _trimmed(text: str) -> list[str]:
    """Return the lines of `text` without common indentation and without blank lines at its ends."""
    lines = [line.rstrip() for line in dedent(text).split("\n")]
    end = last_text_line(lines, 0, len(lines))
    start = next((index for index in range(end) if lines[index]), 0)
    return lines[start:end]


def _holds(document: TextDocument, section: TextSection, text: Sequence[str]) -> bool:
    """Tell whether `section` holds the lines of `text` in a row, blank lines and list commas aside."""
    meson = document.format is TextFormat.MESON
    wanted = [_bare(fold(line), meson) for line in text if line]
    present = [_bare(line, meson) for line in document.folded[section.start : section.end] if line]
    starts = range(len(present) - len(wanted) + 1)
    return any(present[start : start + len(wanted)] == wanted for start in starts)


def _makes_section(document: TextDocument, text: Sequence[str]) -> bool:
    """Tell whether `text` makes a section of its own, which then lies beside the one it was added to."""
    return document.format is not TextFormat.MESON and bool(outline(document.path, text).sections)


def _bare(line: str, meson: bool) -> str:
    return line.rstrip(",") if meson else line


def _beside_section(document: TextDocument, section: TextSection, text: list[str], position: Position) -> LineChange:
    return _beside(document, section.start, section.end, text, position, least_gap(document, len(text)))


def _beside_entry(
    document: TextDocument, section: TextSection, text: list[str], operation: AddOperation
) -> list[LineChange] | Ambiguous | Drifted:
    found = entries_named(document, section, operation.beside)
    if len(found) > 1:
        return Ambiguous(
            f"{section.name} has {len(found)} entries {operation.beside!r}",
            document.path,
            tuple(document.place(entry.start) for entry in found),
            "give more of the entry's text",
        )
    if not found:
        from qpatch.csource.text.explain import explain_name

        known = [
            (entry.name, entry.start)
            for entry in document.outline.entries()
            if section.start <= entry.start < section.end
        ]
        return explain_name("entry", operation.beside, known, document)
    return [_beside_one(document, found[0], text, operation.beside_position)]


def _beside_one(document: TextDocument, entry: TextEntry, text: list[str], position: Position) -> LineChange:
    if document.format is TextFormat.MESON and _is_list_entry(document, entry):
        return _beside_list_entry(document, entry, text, position)
    items = bool(_ITEM.match(entry.name)) and bool(_ITEM.match(text[0]))
    paragraphs = document.format in (TextFormat.RST, TextFormat.PLAIN)
    return _beside(document, entry.start, entry.end, text, position, int(paragraphs and not items))


def _beside(
    document: TextDocument, start: int, end: int, text: list[str], position: Position, least: int
) -> LineChange:
    """Put `text` after or before lines [start, end): as far off as their neighbours, indented alike.

    At least `least` blank lines lie between.
    """
    gap = [""] * gap_beside(document, start, end, least)
    lines = _indented(text, document.lines[start])
    if position is Position.BEFORE:
        return LineChange(frozenset(), ((start, (*lines, *gap)),), start)
    return LineChange(frozenset(), ((end, (*gap, *lines)),), end - 1)


def _at_end(document: TextDocument, section: TextSection, text: list[str]) -> list[LineChange] | Drifted:
    """Put `text` at the end of the section; what has no heading of its own goes before its subsections."""
    if document.format is TextFormat.MESON and section is not document.whole and not section.entries:
        return Drifted(
            f"{document.path}: {section.name} is not a list with one entry a line",
            document.path,
            (Candidate(document.place(section.start), 1.0),),
            suggestion="replace the statement with a hunk: `-` as it is, `+` as it should be",
        )
    if section is document.whole and _is_block(document, text):
        return [_at_end_of_file(document, text)]
    if document.format in _WHOLE_ENTRIES and _makes_section(document, text):
        return [_entry_at_end(document, section, text)]
    if section.own_end < section.end and _makes_section(document, text):
        subsections = [each for each in document.outline.sections if section.own_end <= each.start < section.end]
        gap = [""] * (document.blank_above(subsections[-1].start) or 1)
        return [LineChange(frozenset(), ((section.end, (*gap, *text)),), section.end - 1)]
    last = _last_entry(document, section, text)
    if last:
        return [_beside_one(document, last, text, Position.AFTER)]
    gap = [""] * (document.format is TextFormat.RST)
    end = max(section.own_end, min(section.start + 1, len(document.lines)))
    return [LineChange(frozenset(), ((end, (*gap, *text)),), end)]


def _last_entry(document: TextDocument, section: TextSection, text: list[str]) -> TextEntry | None:
    """Return the entry after which the end of the section is, for a text such as `text`."""
    if section is document.whole:
        return next(reversed(document.outline.entries()), None)
    entries = [entry for entry in section.entries if entry.end <= section.own_end]
    if document.format is TextFormat.KCONFIG:
        # What follows a help text is not read as part of it only thanks to its indentation.
        entries = [entry for entry in entries if entry.name != "help"] or entries
    if document.format is TextFormat.MAINTAINERS:
        entries = [entry for entry in entries if entry.name[:2] == text[0][:2]] or entries
    if document.format is TextFormat.RST and entries and document.lines[entries[-1].start][:1].isspace():
        return TextEntry(entries[-1].name, section.start, entries[-1].end)
    return entries[-1] if entries else None


def _is_block(document: TextDocument, text: list[str]) -> bool:
    """Tell whether `text` stands by itself in a file: it has sections, or is of a Makefile (rules, conditions)."""
    return document.format is TextFormat.MAKEFILE or bool(outline(document.path, text).sections)


def _at_end_of_file(document: TextDocument, text: list[str]) -> LineChange:
    """Put `text` behind all that the file has, also what closes a condition or a choice, as far off as sections are."""
    sections = document.outline.sections
    end = _end_of_file(document)
    gap = min(end, 1)
    alike = bool(outline(document.path, text).sections)
    if alike and sections and end == max(section.end for section in sections):
        gap = gap_beside(document, sections[-1].start, end, least_gap(document, len(text)))
    return LineChange(frozenset(), ((end, (*[""] * gap, *text)),), max(end - 1, 0))


def _end_of_file(document: TextDocument) -> int:
    """Return where the file's text ends; in Kconfig before the end of a menu around all of it, which only shows it.

    A menu with attributes may put what is in it under a condition.
    """
    end = document.whole.end
    sections = document.outline.sections
    encloses = sections and sections[0].name.startswith("menu ") and not sections[0].entries
    if document.format is not TextFormat.KCONFIG or not encloses:
        return end
    closing = _closing_line(document, sections[0].start)
    return last_text_line(document.lines, 0, closing) if closing == end - 1 else end


def _closing_line(document: TextDocument, start: int) -> int | None:
    """Return the line that ends the `choice`, `menu` or `if` of a Kconfig that begins on line `start`, if one does."""
    depth = 0
    for line in range(start, len(document.lines)):
        if found := _NESTING.match(document.lines[line]):
            depth += 1 if found["opens"] else -1
        if depth == 0:
            return line if line > start else None
    return None


def _entry_at_end(document: TextDocument, section: TextSection, text: list[str]) -> LineChange:
    """Put whole entries at the end of a block of a Kconfig, or behind a section that can hold none."""
    closing = _closing_line(document, section.start) if document.format is TextFormat.KCONFIG else None
    if closing is None:
        return _beside_section(document, section, text, Position.AFTER)
    end = last_text_line(document.lines, section.own_end, closing)
    return LineChange(frozenset(), ((end, ("", *text)),), end - 1)


def _is_list_entry(document: TextDocument, entry: TextEntry) -> bool:
    return entry in document.outline.entries()


def _beside_list_entry(document: TextDocument, entry: TextEntry, text: list[str], position: Position) -> LineChange:
    """Put list entries beside one of theirs, with the commas that the list needs."""
    model = document.lines[entry.start]
    lines = _indented(text, model)
    if position is Position.BEFORE:
        return LineChange(frozenset(), ((entry.start, (*lines[:-1], _with_comma(lines[-1]))),), entry.start)
    if code_part(model).endswith(","):
        return LineChange(frozenset(), ((entry.end, (*lines[:-1], _with_comma(lines[-1]))),), entry.start)
    replaced = (entry.end, (_with_comma(model.rstrip()), *lines))
    return LineChange(frozenset({entry.start}), (replaced,), entry.start)


def _with_comma(line: str) -> str:
    code = code_part(line)
    return line if code.endswith(",") else f"{code},{line[len(code) :]}"


def _indented(text: Sequence[str], model: str) -> list[str]:
    """Return `text` with the indentation of the line `model`."""
    space = model[: len(model) - len(model.lstrip())].strip("\r\n")
    return [space + line if line else line for line in text]
