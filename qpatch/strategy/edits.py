# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns one edit of a strategy file into the engine's vocabulary, rendered and checked."""

from __future__ import annotations

import difflib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qpatch.csource.edit import (
    AddOperation,
    Anchor,
    AnchorKind,
    DeleteOperation,
    Edit,
    HunkOperation,
    MoveOperation,
    Operation,
    Position,
)
from qpatch.csource.matching.hunk import HunkError, parse_hunk
from qpatch.csource.text.edits import is_text_file
from qpatch.csource.text.hunk import parse_text_hunk
from qpatch.errors import UserError
from qpatch.strategy.schema import ANCHOR_KEYS
from qpatch.suggest import did_you_mean

if TYPE_CHECKING:
    from qpatch.errors import Location
    from qpatch.strategy.document import Path
    from qpatch.strategy.environment import Names
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.strategy.schema import EditModel

# Kinds that stand for a place in a file, so that they say nothing without a path.
KINDS_IN_A_FILE = frozenset({AnchorKind.FILE, AnchorKind.INCLUDES, AnchorKind.SECTION})
KINDS_WITH_PARAMETERS = frozenset({AnchorKind.FUNCTION, AnchorKind.SIGNATURE, AnchorKind.PROTOTYPE, AnchorKind.SWITCH})
NAMELESS_KINDS = frozenset({AnchorKind.FILE, AnchorKind.INCLUDES})


def bind_edit(loaded: LoadedStrategy, path: Path, edit: EditModel, names: Names) -> Edit:
    """Return the edit at `path` of the strategy for the tree that `names` describe.

    Raises UserError for a bad anchor, a path that leaves the tree, a hunk that does not parse, or a template.
    """
    return _EditBinder(loaded, path, edit, names).bind()


def parse_anchor(text: str, position: Position, where: Location, tree_path: str = "", guard: str = "") -> Anchor:
    """Read `KIND NAME` or `function NAME(PARAMETERS)`; UserError for an unknown kind or a missing name."""
    kind, _, name = text.strip().partition(" ")
    name = name.strip()
    if kind not in tuple(AnchorKind):
        raise UserError(
            "bad-anchor",
            f"{kind!r} in {text.strip()!r} is no kind of anchor",
            where=where,
            hint=did_you_mean(kind, tuple(AnchorKind)),
        )
    if not name and kind not in NAMELESS_KINDS:
        raise UserError(
            "bad-anchor", f"the anchor {text.strip()!r} names no {kind}", where=where, hint=f"Write `{kind} NAME`."
        )
    name, bracket, rest = name.partition("(") if kind in KINDS_WITH_PARAMETERS else (name, "", "")
    return Anchor(AnchorKind(kind), name.strip(), tree_path, position, bracket + rest, guard)


def check_tree_path(path: str, where: Location) -> str:
    """Return `path`, a file in the tree, or a folder if it ends in a slash.

    Raises UserError where it is absolute or climbs out with `..`.
    """
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or "\n" in path or "\0" in path:
        raise UserError(
            "path-leaves-tree",
            f"the path {path!r} leaves the tree",
            where=where,
            hint="Write it relative to the top of the tree, as git does: hw/vfio/migration.c.",
        )
    return str(pure) + "/" * path.endswith("/") if path else ""


def source_line(template: str, rendered: str, line: int) -> int:
    """Return the line of `template` (from 1) that `line` of `rendered` came from, or the nearest before."""
    before, after = template.split("\n"), rendered.split("\n")
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    found = 1
    for block in blocks:
        if block.b >= line:
            break
        found = block.a + min(line - block.b, block.size)
    return max(found, 1)


class _EditBinder:
    """Binds one edit; keeps what every step needs."""

    def __init__(self, loaded: LoadedStrategy, path: Path, edit: EditModel, names: Names) -> None:
        self._loaded = loaded
        self._path = path
        self._edit = edit
        self._names = names

    def bind(self) -> Edit:
        anchor = self._anchor()
        if anchor.kind in KINDS_IN_A_FILE and not anchor.path:
            raise UserError(
                "bad-anchor",
                f"an anchor of kind {anchor.kind} needs `path:`",
                where=self._loaded.document.key_place(self._path),
            )
        why = self._text(self._edit.why, "why").strip()
        return Edit(
            anchor, self._operation(anchor), self._edit.expect, why, self._loaded.document.key_place(self._path)
        )

    def _place(self, *path: str | int) -> Location:
        return self._loaded.document.value_place((*self._path, *path))

    def _text(self, text: str, *path: str | int) -> str:
        return self._loaded.environment.render_text(text, self._names, self._place(*path))

    def _anchor(self) -> Anchor:
        tree_path = check_tree_path(self._text(self._edit.path, "path").strip(), self._place("path"))
        key, text = self._edit.anchor()
        position = Position(key) if key in ANCHOR_KEYS else Position.IN
        return parse_anchor(
            self._text(text, key), position, self._place(key), tree_path, self._text(self._edit.guard, "guard").strip()
        )

    def _operation(self, anchor: Anchor) -> Operation:
        edit = self._edit
        if edit.hunk is not None:
            return HunkOperation((self._hunk(edit.hunk, anchor, "hunk"),))
        if edit.one_of is not None:
            return HunkOperation(
                tuple(self._hunk(text, anchor, "one-of", index) for index, text in enumerate(edit.one_of))
            )
        if edit.move is not None:
            return MoveOperation(self._target(edit.to or ""))
        if edit.delete is not None:
            return DeleteOperation()
        return self._addition()

    def _hunk(self, text: str, anchor: Anchor, *path: str | int) -> str:
        rendered = self._text(text, *path)
        is_text = anchor.kind is AnchorKind.SECTION or is_text_file(anchor.path)
        try:
            (parse_text_hunk if is_text else parse_hunk)(rendered)
        except HunkError as error:
            place = self._place(*path)
            line = source_line(text, rendered, error.line)
            raise error.located(place.file, place.line + line - error.line) from error
        return rendered

    def _target(self, text: str) -> Anchor:
        place = self._place("to")
        word, _, rest = self._text(text, "to").strip().partition(" ")
        if word not in (Position.AFTER, Position.BEFORE):
            raise UserError("bad-anchor", f"{text!r} is not `after KIND NAME` or `before KIND NAME`", where=place)
        return parse_anchor(rest, Position(word), place)

    def _addition(self) -> AddOperation:
        edit = self._edit
        if edit.add_template is not None:
            text = self._loaded.environment.render_file(edit.add_template, self._names, self._place("add-template"))
        else:
            text = self._text(edit.add or "", "add")
        if edit.beside is None:
            return AddOperation(text)
        word, _, name = self._text(edit.beside, "beside").strip().partition(" ")
        if word not in (Position.AFTER, Position.BEFORE) or not name.strip():
            raise UserError(
                "bad-anchor", f"{edit.beside!r} is not `after NAME` or `before NAME`", where=self._place("beside")
            )
        return AddOperation(text, name.strip(), Position(word))
