# SPDX-License-Identifier: GPL-2.0-or-later
"""Structural edits of the text files that a QEMU or Linux series touches beside its C sources.

`apply_text_edit` finds the file, also where it moved to, and the section or entry that the anchor names
(`qpatch.csource.text.outline` tells the formats apart), lets `qpatch.csource.text.plan` work out which lines
change, and writes them to the overlay. Sections are named as people name them: `migration.c` (trace-events),
`config VFIO` (Kconfig), `vfio_ss.add(when: 'CONFIG_VFIO_PCI')` (meson), the title of a section (rst) or of an
entry (MAINTAINERS), the variable of an assignment (Makefile); a single entry answers to its own name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted, EditResult
from qpatch.csource.text.document import LineChange, TextDocument
from qpatch.csource.text.moved import documents_with, moved_sections, possible_successors
from qpatch.csource.text.parts import TextSection
from qpatch.csource.text.plan import plan_edit
from qpatch.csource.text.resolve import resolve_anchor, section_spans
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.edit import Anchor, Edit
    from qpatch.csource.source import Overlay


def apply_text_edit(edit: Edit, tree: Overlay) -> EditResult:
    """Carry out one edit of a text file; `tree.changed` is touched only where the result is Applied.

    The edit has passed `qpatch.csource.checks.check_edit`.
    """
    document = find_document(edit.anchor, tree)
    if not isinstance(document, TextDocument):
        return document
    result = _apply(edit, document, tree)
    if isinstance(result, Applied) and document.path != edit.anchor.path:
        return replace(result, moved_from=edit.anchor.path)
    return result


def find_document(anchor: Anchor, tree: Overlay) -> TextDocument | Ambiguous | Drifted:
    """Return the file of the anchor, or the one that it became, or why it is not known."""
    content = tree.read(anchor.path)
    if content is not None:
        return TextDocument.read(anchor.path, content)
    others = documents_with(anchor, tree)
    successors = possible_successors(anchor, others)
    return successors[0] if len(successors) == 1 else _without_file(anchor, successors, others)


def _without_file(
    anchor: Anchor, successors: Sequence[TextDocument], others: Sequence[TextDocument]
) -> Ambiguous | Drifted:
    """Say that the anchor's file is gone: it may be one of `successors`; `others` have such a section too."""
    if successors:
        places = tuple(
            successor.place(span.start) for successor in successors for span in section_spans(successor, anchor.name)
        )
        return Ambiguous(
            f"{anchor.path} is not in this tree, and by their section {anchor.name!r} "
            f"{len(successors)} files may be what became of it",
            anchor.path,
            places,
            "give the path of the one that is meant",
        )
    shown = thresholds().limits.candidates
    more = f" and {len(others) - shown} more" if others[shown:] else ""
    named = ", ".join(other.path for other in others[:shown]) + more
    unrelated = f"{named} have a section of that name, but nothing shows that it came from there\n" if others else ""
    return Drifted(
        f"{anchor.path} is not in this tree, nor a file with {anchor.name!r} that it may have become",
        anchor.path,
        suggestion=f"{unrelated}correct `path:`, or guard the edit with `when:`",
    )


def _apply(edit: Edit, document: TextDocument, tree: Overlay) -> EditResult:
    """Apply `edit` to `document`, with moved targets reported in a drift."""
    outcome = plan_edit(edit, document)
    if isinstance(outcome, Drifted) and not isinstance(resolve_anchor(edit.anchor, document), TextSection):
        return replace(outcome, moved_to=moved_sections(edit.anchor, tree))
    if not isinstance(outcome, list):
        return outcome
    content = document.changed(outcome)
    if content == tree.read(document.path):
        return AlreadyThere(document.path, "the edit changes nothing", _bindings(outcome))
    tree.changed[document.path] = content
    places = tuple(document.place(change.at) for change in outcome)
    return Applied(document.path, len(outcome), places=places, bindings=_bindings(outcome))


def _bindings(changes: Sequence[LineChange]) -> dict[str, str]:
    return dict(changes[0].bindings)
