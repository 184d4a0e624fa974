# SPDX-License-Identifier: GPL-2.0-or-later
"""Helpers for tests of the edit engine: an edit on one small file, written as a strategy would write it."""

from __future__ import annotations

import textwrap

from qpatch.csource.apply import apply_edit
from qpatch.csource.checks import read_hunk
from qpatch.csource.edit import AddOperation, Anchor, Edit, HunkOperation, Operation, Position
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.results import Applied, EditResult
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.workspace import EditWorkspace

PATH = "hw/demo/demo.c"


def workspace(*sources: str, **files: str) -> EditWorkspace:
    """Return a tree whose only file is the source given, or the files given by path."""
    contents = {path: text.encode() for path, text in files.items()}
    if sources:
        contents[PATH] = code(sources[0]).encode()
    return EditWorkspace(Overlay(DictTree(contents)), ParseCache(macro_table("qemu")))


def code(text: str) -> str:
    """Return a C text written indented in a test."""
    return textwrap.dedent(text).lstrip("\n")


def gutter(text: str) -> str:
    """Return a hunk written indented in a test, its gutter at the margin of the least indented sign."""
    lines = text.strip("\n").split("\n")
    margin = (
        min(len(line) - len(line.lstrip(" ")) for line in lines if line.strip()[:1] in ("+", "-"))
        if any(line.strip()[:1] in ("+", "-") for line in lines)
        else 0
    )
    return "\n".join(line[margin:] for line in lines)


def anchor(text: str, position: Position = Position.IN, path: str = PATH) -> Anchor:
    """Return the anchor that a strategy writes as `KIND NAME`."""
    kind, name = text.split(" ", 1)
    name, bracket, parameters = name.partition("(")
    return Anchor(ANCHOR_KINDS[kind], name, path, position, bracket + parameters)


def hunk_edit(where: str, *hunks: str, expect: int = 1, path: str = PATH) -> Edit:
    """Return an edit by semantic hunks."""
    place = anchor(where, path=path)
    return Edit(place, HunkOperation(tuple(read_hunk(gutter(hunk), place) for hunk in hunks)), expect)


def add_edit(
    where: str,
    text: str,
    position: Position = Position.IN,
    beside: str = "",
    beside_position: Position = Position.AFTER,
    path: str = PATH,
) -> Edit:
    """Return an edit that adds text."""
    return Edit(anchor(where, position, path), AddOperation(code(text), beside, beside_position))


def operation_edit(where: str, operation: Operation) -> Edit:
    """Return an edit with any other operation."""
    return Edit(anchor(where), operation)


def check_applied(before: str, edit: Edit, after: str) -> Applied:
    """Apply `edit` to `before`, expect exactly `after`, and expect a second application to find it there."""
    space = workspace(before)
    result = apply_edit(edit, space)
    assert isinstance(result, Applied), result
    assert space.tree.changed[PATH].decode() == code(after)
    again = apply_edit(edit, space)
    assert again.status == "already there", again
    return result


def outcome(before: str, edit: Edit) -> EditResult:
    """Apply `edit` and return the result; where it is not Applied, nothing may have changed."""
    space = workspace(before)
    result = apply_edit(edit, space)
    assert isinstance(result, Applied) == bool(space.tree.changed)
    return result
