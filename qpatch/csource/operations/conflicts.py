# SPDX-License-Identifier: GPL-2.0-or-later
"""Refuses to edit, or to judge, files that are not what they seem.

In one in which a merge has left conflict markers, two versions are not code; one that holds a NUL is no text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.anchors.locate import binary_file
from qpatch.csource.edit import VerbatimOperation
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Candidate, Drifted, SourcePlace
from qpatch.csource.source import is_binary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qpatch.csource.edit import Edit
    from qpatch.csource.results import EditResult
    from qpatch.csource.source import Overlay

# Git's markers stand in the first column. A line of `=` alone is none: it underlines titles in rst.
_MARKER = re.compile(rb"^(?:<{7}(?=[ \r\n])|={7}\r?\n(?:.*\n)*?>{7}(?=[ \r\n]))", re.MULTILINE)


def refuse_unfit(result: EditResult, edit: Edit, tree: Overlay, before: Mapping[str, bytes]) -> EditResult:
    """Return `result`, or where it rests on an unfit file the refusal, with the changes taken back.

    `before` is what the edits before this one had changed. A verbatim hunk that shows a marker knows what it does.
    """
    if not isinstance(result, Applied | AlreadyThere | Drifted | Ambiguous):
        return result
    changed = [path for path, content in tree.changed.items() if before.get(path) != content]
    for path in dict.fromkeys((edit.anchor.path, result.path, *changed)):
        content = before[path] if path in before else tree.base.read(path)
        refusal = _refusal(edit, path, content) if content is not None else None
        if refusal is not None:
            tree.changed.clear()
            tree.changed.update(before)
            return refusal
    return result


def _refusal(edit: Edit, path: str, content: bytes) -> Drifted | None:
    if is_binary(content):
        return binary_file(path)
    marker = None if _shows_marker(edit) else _MARKER.search(content)
    return None if marker is None else _conflict(edit, path, content, marker.start())


def _shows_marker(edit: Edit) -> bool:
    lines = edit.operation.hunk.lines if isinstance(edit.operation, VerbatimOperation) else ()
    return any(line.text.startswith(("<<<<<<<", ">>>>>>>")) for line in lines)


def _conflict(edit: Edit, path: str, content: bytes, start: int) -> Drifted:
    line = content.count(b"\n", 0, start) + 1
    text = content[start : content.find(b"\n", start)].decode(errors="replace").strip()
    return Drifted(
        f"{edit.anchor}: {path} has conflict markers (line {line})",
        path,
        (Candidate(SourcePlace(path, line, text), 1.0, ("a merge has left this marker",)),),
        suggestion="resolve the conflict in the tree, and commit the result",
        is_there=True,
    )
