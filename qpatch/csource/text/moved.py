# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds what moved: a text file, by the same section in another file; a section, where its name is unique."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qpatch.csource.edit import TextScope
from qpatch.csource.text.document import TextDocument
from qpatch.csource.text.outline import TextFormat, text_format
from qpatch.csource.text.resolve import section_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.edit import Anchor
    from qpatch.csource.source import Overlay

_WORD = re.compile(r"\w+")
# A Kconfig symbol and a MAINTAINERS entry are unique by themselves; other sections recur ("Postcopy", "migration.c").
_UNIQUE = frozenset({TextFormat.KCONFIG, TextFormat.MAINTAINERS})
# Files of these formats are called alike everywhere: it is the directory that tells them apart.
_NAMED_BY_DIRECTORY = frozenset({TextFormat.TRACE_EVENTS, TextFormat.MESON, TextFormat.MAKEFILE})


def documents_with(anchor: Anchor, tree: Overlay) -> list[TextDocument]:
    """Return the other files of the format of `anchor.path` that have the section which `anchor` names."""
    kind = text_format(anchor.path)
    words = sorted(_WORD.findall(anchor.name), key=len)
    if anchor.kind.text_scope is not TextScope.SECTION or kind is TextFormat.PLAIN or not words:
        return []
    names = {PurePosixPath(path).name for path in tree.paths() if text_format(path) is kind}
    found = [
        TextDocument.read(path, tree.read(path) or b"")
        for path in tree.mentioning(words[-1], sorted(names))
        if path != anchor.path and text_format(path) is kind
    ]
    return [document for document in found if section_spans(document, anchor.name, entries=False)]


def possible_successors(anchor: Anchor, documents: Sequence[TextDocument]) -> list[TextDocument]:
    """Return those of `documents`, which have the section, that may be what became of the file `anchor.path`.

    Where the section is not unique, the words of the old name must be in the new path, as in
    docs/devel/vfio-migration.rst and docs/devel/migration/vfio.rst. Failing that, the title of a whole
    document tells it.
    """
    if text_format(anchor.path) in _UNIQUE:
        return list(documents)
    old = PurePosixPath(anchor.path)
    name = old.parent.name if text_format(anchor.path) in _NAMED_BY_DIRECTORY else old.stem
    words = set(_WORD.findall(name))
    alike = [document for document in documents if words <= set(_WORD.findall(document.path))]
    return alike or [document for document in documents if _is_title(anchor.name, document)]


def moved_sections(anchor: Anchor, tree: Overlay) -> tuple[str, ...]:
    """Return the files that have the section which `anchor` names and its file, which is there, has not.

    None for a section whose name recurs: that of another file is another one.
    """
    if text_format(anchor.path) not in _UNIQUE:
        return ()
    return tuple(document.path for document in documents_with(anchor, tree))


def _is_title(name: str, document: TextDocument) -> bool:
    first = document.outline.sections[0]
    return document.format is TextFormat.RST and section_spans(document, name)[0] is first
