# SPDX-License-Identifier: GPL-2.0-or-later
"""Outlines the text files beside the sources: which named sections and entries a file has, on which lines.

The format is told by the file's name: `trace-events`, `meson.build`, `Kconfig`, `*.rst`, `MAINTAINERS` and
kernel Makefiles; any other text is a list of paragraphs. Line numbers are indexes from 0 and ranges are half
open, so that `lines[section.start:section.end]` is the section; the blank lines after it are not part of it.
"""

from __future__ import annotations

import enum
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qpatch.csource.text.meson import outline_meson
from qpatch.csource.text.parts import Outline, TextEntry, TextSection, fold, indentation, last_text_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SOURCE_SUFFIXES = (".c", ".h", ".c.inc", ".h.inc")


class TextFormat(enum.StrEnum):
    """The formats whose structure is known; the value is what messages call them."""

    TRACE_EVENTS = "trace-events"
    MESON = "meson"
    KCONFIG = "Kconfig"
    RST = "reStructuredText"
    MAINTAINERS = "MAINTAINERS"
    MAKEFILE = "Makefile"
    PLAIN = "plain text"


def is_text_file(path: str) -> bool:
    """Tell whether `path` is edited as text by sections and lines, rather than as C.

    No path ('') is not, nor is a folder ('include/hw/vfio/'): both stand for C files.
    """
    return path != "" and not path.endswith((*_SOURCE_SUFFIXES, "/"))


def text_format(path: str) -> TextFormat:
    """Tell the format of `path` by its name."""
    name = PurePosixPath(path).name
    exact = {
        "trace-events": TextFormat.TRACE_EVENTS,
        "meson.build": TextFormat.MESON,
        "MAINTAINERS": TextFormat.MAINTAINERS,
        "Kbuild": TextFormat.MAKEFILE,
    }
    if name in exact:
        return exact[name]
    by_pattern = (
        (r"Kconfig(\..+)?", TextFormat.KCONFIG),
        (r".+\.rst", TextFormat.RST),
        (r"Makefile(\..+)?|.+\.mak|.+\.mk", TextFormat.MAKEFILE),
    )
    return next((kind for pattern, kind in by_pattern if re.fullmatch(pattern, name)), TextFormat.PLAIN)


def outline(path: str, lines: Sequence[str]) -> Outline:
    """Return the sections and entries of a file's `lines` (line ends may be there or not)."""
    plain = [line.rstrip() for line in lines]
    return _OUTLINERS[text_format(path)](plain)


# trace-events: QEMU's docs/devel/tracing.rst. A comment that names a source file, or stands alone as one
# word, heads a group; an event is `[disable] [vcpu] [tcg] name(arguments) "format"`.
_GROUP_HEADER = re.compile(r"#+\s*(\S+\.(?:c|h|m|inc|cc|S|rs)(?:\s+and\s+\S+)*|[\w./*-]+)\s*")
_EVENT = re.compile(r"(?:(?:disable|vcpu|tcg)\s+)*(\w+)\s*\(")


def _outline_trace_events(lines: Sequence[str]) -> Outline:
    events = [
        TextEntry(found[1], start, end) for start, end in logical_lines(lines) if (found := _EVENT.match(lines[start]))
    ]
    headers = [index for index in range(len(lines)) if _heads_group(lines, index)]
    sections = []
    for start, stop in pairwise([*headers, len(lines)]):
        own = tuple(event for event in events if start < event.start < stop)
        found = _GROUP_HEADER.fullmatch(lines[start])
        sections.append(TextSection(found[1] if found else "", start, own[-1].end if own else start + 1, entries=own))
    return Outline(tuple(sections), _outside(events, sections))


def _heads_group(lines: Sequence[str], index: int) -> bool:
    found = _GROUP_HEADER.fullmatch(lines[index])
    if not found:
        return False
    around = [lines[other] for other in (index - 1, index + 1) if 0 <= other < len(lines)]
    return "." in found[1] or not any(line.startswith("#") for line in around)


# Kconfig: the kernel's Documentation/kbuild/kconfig-language.rst.
_KCONFIG_BLOCK = re.compile(
    r"(config|menuconfig|source|osource|rsource|choice|endchoice|menu|endmenu|if|"
    r"endif|comment|mainmenu)\b\s*(.*)"
)
_KCONFIG_HELP = re.compile(r"(help|---help---)$")


def _outline_kconfig(lines: Sequence[str]) -> Outline:
    heads = [*_kconfig_heads(lines), (len(lines), "", "")]
    closing = _kconfig_closing(heads)
    sections = []
    for (start, keyword, rest), (stop, _, _) in pairwise(heads):
        if keyword.startswith("end"):
            continue
        entries = tuple(_kconfig_attributes(lines, start + 1, stop))
        end = max([start + 1, *(entry.end for entry in entries)])
        names = (rest,) if keyword in ("config", "menuconfig") else ()
        close = closing.get(start, end)
        sections.append(TextSection(f"{keyword} {rest}".strip(), start, close, entries, names, body_end=end))
    return Outline(tuple(sections))


def _kconfig_closing(heads: Sequence[tuple[int, str, str]]) -> dict[int, int]:
    """Return where each block that is closed (`choice`, `menu`, `if`) ends, behind its `end...`, by its first line."""
    opened: list[int] = []
    closing: dict[int, int] = {}
    for line, keyword, _ in heads:
        if keyword in ("choice", "menu", "if"):
            opened.append(line)
        elif keyword.startswith("end") and opened:
            closing[opened.pop()] = line + 1
    return closing


def _kconfig_heads(lines: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield (line, keyword, rest) of each line that begins a block; help texts begin none."""
    help_end = 0
    for index, line in enumerate(lines):
        if index < help_end:
            continue
        if _KCONFIG_HELP.match(line.strip()):
            help_end = _help_end(lines, index)
        elif (found := _KCONFIG_BLOCK.match(line)) and not line[0].isspace():
            yield index, found[1], fold(found[2])


def _kconfig_attributes(lines: Sequence[str], start: int, stop: int) -> Iterator[TextEntry]:
    """Yield the attributes (`bool`, `depends on X`, `select Y`, `help`) on lines [start, stop)."""
    index = start
    while index < stop:
        line = lines[index].strip()
        end = _help_end(lines, index) if _KCONFIG_HELP.match(line) else _continued(lines, index)
        if line and not line.startswith("#"):
            yield TextEntry("help" if _KCONFIG_HELP.match(line) else fold(line), index, end)
        index = end


def _help_end(lines: Sequence[str], index: int) -> int:
    """Return the end of the help text under line `index`: the first line indented less than its first."""
    body = next((other for other in range(index + 1, len(lines)) if lines[other]), len(lines))
    if body == len(lines) or indentation(lines[body]) <= indentation(lines[index]):
        return index + 1
    width = indentation(lines[body])
    less = (other for other in range(body, len(lines)) if lines[other] and indentation(lines[other]) < width)
    stop = next(less, len(lines))
    return last_text_line(lines, body, stop)


# reStructuredText: https://docutils.sourceforge.io/docs/ref/rst/restructuredtext.html (sections, lists).
_UNDERLINE = re.compile(r"([!-/:-@\[-`{-~])\1{2,}")
_BULLET = re.compile(r"\s*(?:[*+-]|\(?(?:\d+|[a-zA-Z#])[.)])\s+\S")


# A label (`.. _name:`), which stands for the heading below it; the marks that make another block than a comment.
_RST_LABEL = re.compile(r"\.\. _(?!_).+:$")
_RST_MARKUP = re.compile(r"\.\.(?: |$)")
_RST_NO_COMMENT = re.compile(r"\.\. +(?:[_|\[]\S|[\w:.+-]+ ?::(?:\s|$))")


def _outline_rst(lines: Sequence[str]) -> Outline:
    headings = _rst_titles(lines)
    titles = [(_rst_lead(lines, headings, number), *heading[1:]) for number, heading in enumerate(headings)]
    sections = []
    for number, (start, body, level, name) in enumerate(titles):
        later = titles[number + 1 :]
        stop = next((other[0] for other in later if other[2] <= level), len(lines))
        body_stop = later[0][0] if later else len(lines)
        entries = tuple(_rst_entries(lines, body, body_stop))
        sections.append(
            TextSection(
                name,
                start,
                last_text_line(lines, body, stop),
                entries=entries,
                body_end=last_text_line(lines, body, body_stop),
            )
        )
    loose = list(_rst_entries(lines, 0, titles[0][0] if titles else len(lines)))
    for (lead, *_), (heading, *_) in zip(titles, headings, strict=True):
        loose.extend(_rst_entries(lines, lead, heading))
    return Outline(tuple(sections), tuple(loose))


def _rst_lead(lines: Sequence[str], headings: Sequence[tuple[int, int, int, str]], number: int) -> int:
    """Return the first line of the labels and comments directly above a heading, which belong to its section.

    Comments above all text of a file or section, or above the first subsection (a copyright, a table of contents),
    are of what is around.
    """
    heading, _, level, _ = headings[number]
    _, top, level_before, _ = headings[number - 1] if number else (0, 0, -1, "")
    lead = label = heading
    while block := _rst_markup_above(lines, lead):
        lead = block[0]
        if _RST_LABEL.match(lines[lead]):
            label = lead
    comments_too = level <= level_before and last_text_line(lines, top, lead) > top
    return lead if comments_too else label


def _rst_markup_above(lines: Sequence[str], stop: int) -> tuple[int, int] | None:
    """Return the lines of the label or comment that ends directly above line `stop`, blank lines aside."""
    end = start = last_text_line(lines, 0, stop)
    while start > 0 and (start == end or not lines[start] or lines[start][0].isspace()):
        start -= 1
    above = lines[start - 1] if start else ""
    inside_paragraph = above and not above[0].isspace() and not _RST_MARKUP.match(above)
    if start == end or not _RST_MARKUP.match(lines[start]) or inside_paragraph:
        return None
    label = _RST_LABEL.match(lines[start]) and end == start + 1
    return (start, end) if label or not _RST_NO_COMMENT.match(lines[start]) else None


def _rst_titles(lines: Sequence[str]) -> list[tuple[int, int, int, str]]:
    """Return (first line, first line of the body, level, title) of each section; levels as they appear."""
    styles: list[tuple[str, bool]] = []
    titles = []
    for index in range(len(lines) - 1):
        under = lines[index + 1]
        title = lines[index].strip()
        over = index > 0 and lines[index - 1] == under
        if not _UNDERLINE.fullmatch(under) or not title or _UNDERLINE.fullmatch(lines[index]):
            continue
        if not over and (
            lines[index][0].isspace() or len(under) < min(len(title), 4) or (index > 0 and lines[index - 1])
        ):
            continue
        style = (under[0], over)
        if style not in styles:
            styles.append(style)
        titles.append((index - over, index + 2, styles.index(style), fold(title)))
    return titles


def _rst_entries(lines: Sequence[str], start: int, stop: int) -> Iterator[TextEntry]:
    """Yield paragraphs and list items; an item takes along the deeper indented blocks below it."""
    index = start
    while index < stop:
        if not lines[index]:
            index += 1
            continue
        end = _block_end(lines, index, stop)
        if _BULLET.match(lines[index]):
            end = _item_end(lines, index, stop)
        yield TextEntry(fold(" ".join(lines[index:end])), index, end)
        index = end


def _block_end(lines: Sequence[str], start: int, stop: int) -> int:
    return next((index for index in range(start, stop) if not lines[index]), stop)


def _item_end(lines: Sequence[str], start: int, stop: int) -> int:
    """Return the end of the list item that begins on line `start`."""
    width = indentation(lines[start])
    less = (index for index in range(start + 1, stop) if lines[index] and indentation(lines[index]) <= width)
    return last_text_line(lines, start, next(less, stop))


# MAINTAINERS: the file's own head ("Descriptions of section entries").
_FIELD = re.compile(r"([A-Z]):\s*(.*)")


def _outline_maintainers(lines: Sequence[str]) -> Outline:
    sections = []
    for start, stop in _paragraphs(lines):
        fields = tuple(
            TextEntry(fold(lines[index]), index, index + 1)
            for index in range(start, stop)
            if _FIELD.match(lines[index])
        )
        if not fields or fields[0].start == start:
            continue
        title = fields[0].start - 1
        if title > start and _UNDERLINE.fullmatch(lines[title]):
            title -= 1
        name = fold(lines[title])
        sections.append(TextSection(name, title, fields[-1].end, entries=fields, aliases=(name.rstrip(":"),)))
    return Outline(tuple(sections))


# Makefile: assignments such as `obj-$(CONFIG_X) += x.o`; neighbouring ones to one variable are one section.
_ASSIGNMENT = re.compile(r"([^\s:=+?#]+)\s*(?:[+:?]|::)?=\s*(.*)")


def _outline_makefile(lines: Sequence[str]) -> Outline:
    sections: list[TextSection] = []
    for start, stop in logical_lines(lines):
        found = _ASSIGNMENT.match(lines[start])
        if not found:
            continue
        end = last_text_line(lines, start, stop)
        entry = TextEntry(fold(" ".join(line.rstrip("\\") for line in lines[start:end])), start, end)
        if sections and sections[-1].name == found[1] and sections[-1].end == start:
            last = sections[-1]
            sections[-1] = replace(last, end=end, entries=(*last.entries, entry))
        else:
            sections.append(TextSection(found[1], start, end, entries=(entry,)))
    return Outline(tuple(sections))


def _outline_plain(lines: Sequence[str]) -> Outline:
    return Outline(
        (), tuple(TextEntry(fold(" ".join(lines[start:end])), start, end) for start, end in _paragraphs(lines))
    )


def logical_lines(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the range of each line with its continuations (those after a backslash at the end)."""
    index = 0
    while index < len(lines):
        end = _continued(lines, index)
        yield index, end
        index = end


def _continued(lines: Sequence[str], index: int) -> int:
    while index < len(lines) - 1 and lines[index].endswith("\\"):
        index += 1
    return index + 1


def _paragraphs(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    index = 0
    while index < len(lines):
        end = _block_end(lines, index, len(lines))
        if end > index:
            yield index, end
        index = max(end, index + 1)


def _outside(entries: Sequence[TextEntry], sections: Sequence[TextSection]) -> tuple[TextEntry, ...]:
    first = sections[0].start if sections else None
    return tuple(entry for entry in entries if first is None or entry.start < first)


_OUTLINERS: dict[TextFormat, Callable[[Sequence[str]], Outline]] = {
    TextFormat.TRACE_EVENTS: _outline_trace_events,
    TextFormat.MESON: outline_meson,
    TextFormat.KCONFIG: _outline_kconfig,
    TextFormat.RST: _outline_rst,
    TextFormat.MAINTAINERS: _outline_maintainers,
    TextFormat.MAKEFILE: _outline_makefile,
    TextFormat.PLAIN: _outline_plain,
}
