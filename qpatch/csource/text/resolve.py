# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the section or the entry of a text file that a name means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.edit import Anchor, TextScope
from qpatch.csource.results import Ambiguous, Drifted
from qpatch.csource.text.outline import TextFormat
from qpatch.csource.text.parts import TextEntry, TextSection, fold
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Callable

    from qpatch.csource.text.document import TextDocument

# Titles are prose: their case changes from release to release and means nothing.
_CASELESS = frozenset({TextFormat.RST, TextFormat.MAINTAINERS})


def resolve_anchor(anchor: Anchor, document: TextDocument) -> TextSection | Ambiguous | Drifted:
    """Return the one section (or entry, as a section without entries) that `anchor` names in `document`."""
    if anchor.kind.text_scope is TextScope.FILE:
        return document.whole
    return one_section(document, anchor.name)


def one_section(document: TextDocument, name: str) -> TextSection | Ambiguous | Drifted:
    """Return the section or entry called `name`, or why there is not exactly one."""
    spans = section_spans(document, name)
    if len(spans) == 1:
        return spans[0]
    if spans:
        longest = thresholds().limits.shown_name
        full = " or ".join(sorted({(span.aliases[-1:] or (span.name,))[0][:longest] for span in spans}))
        return Ambiguous(
            f"{document.path} has {len(spans)} sections {name!r}",
            document.path,
            tuple(document.place(span.start) for span in spans),
            f"use `file` and enough context in the hunk, or more of the name: {full}",
        )
    from qpatch.csource.text.explain import explain_name

    known = [(section.name, section.start) for section in document.outline.sections]
    return explain_name("section", name, known, document)


def section_spans(document: TextDocument, name: str, entries: bool = True) -> list[TextSection]:
    """Return the sections that `name` means: the first of these rules that finds any decides.

    Exact name; name without regard to case (titles only); alias; beginning of a meson statement; if
    `entries`, the exact name of an entry.
    """
    wanted = fold(name)
    rules: list[Callable[[TextSection], bool]] = [lambda section: section.name == wanted]
    if document.format in _CASELESS:
        rules.append(lambda section: wanted.lower() in map(str.lower, (section.name, *section.aliases)))
    rules.append(lambda section: wanted in section.aliases)
    if document.format is TextFormat.MESON:
        begin = re.compile(re.escape(wanted.rstrip(")")) + r"(?!\w)")
        rules.append(lambda section: any(begin.match(alias) for alias in section.aliases))
    for rule in rules:
        if found := [section for section in document.outline.sections if rule(section)]:
            return found
    if not entries:
        return []
    return [
        TextSection(entry.name, entry.start, entry.end)
        for entry in document.outline.entries()
        if _unquoted(entry.name) == _unquoted(wanted)
    ]


def entries_named(document: TextDocument, section: TextSection, name: str) -> list[TextEntry]:
    """Return what stands in `section` under `name`: entry, paragraph that begins so, or nested section."""
    wanted = _unquoted(fold(name))
    nested = [
        TextEntry(other.name, other.start, other.end)
        for other in document.outline.sections
        if section.start <= other.start and other.end <= section.end and other is not section
    ]
    inside = [
        entry for entry in document.outline.entries() if section.start <= entry.start and entry.end <= section.end
    ]
    exact = [entry for entry in (*inside, *nested) if _unquoted(entry.name) == wanted]
    if exact or document.format not in (TextFormat.RST, TextFormat.PLAIN):
        return exact
    return [entry for entry in inside if entry.name.startswith(wanted)]


def _unquoted(name: str) -> str:
    """Return a meson list entry without its quotes."""
    return name.strip("'")
