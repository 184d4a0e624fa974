# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns one edit of a strategy file into an `Edit`, rendered and checked."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar, cast

from qpatch.csource.checks import check_addition, check_anchor, check_edit, check_hunk, read_hunk
from qpatch.csource.edit import (
    AddOperation,
    Anchor,
    CreateOperation,
    DeleteOperation,
    Edit,
    EverywhereOperation,
    HunkOperation,
    ModeOperation,
    MoveOperation,
    Operation,
    Parameters,
    Position,
    RenameOperation,
    TextScope,
    VerbatimOperation,
)
from qpatch.csource.kinds.table import ANCHOR_KINDS, AnchorKinds
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.matching.rewriting import check_rewriting, read_rewriting
from qpatch.csource.matching.verbatim import parse_verbatim
from qpatch.csource.source import REGULAR, is_binary
from qpatch.csource.syntax.macros import macro_table
from qpatch.errors import UserError, placed
from qpatch.strategy.environment import Names, text_of_bytes
from qpatch.strategy.origins import Source, origin
from qpatch.strategy.schema import ANCHOR_KEYS, FILE_KEYS
from qpatch.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qpatch.csource.matching.hunk import Hunk
    from qpatch.csource.syntax.macros import TreeKind
    from qpatch.errors import Location
    from qpatch.strategy.document import Path
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.strategy.schema import EditModel

Read = TypeVar("Read")


def bind_edit(loaded: LoadedStrategy, path: Path, edit: EditModel, names: Names) -> Edit:
    """Return the edit at `path` of the strategy for the tree that `names` describe.

    Raises UserError for a bad anchor, an operation that its kind does not allow, a path that leaves the tree, a hunk
    or an addition that does not parse, or a template: for all that is wrong whatever the sources are.
    """
    return _EditBinder(loaded, path, edit, names).bind()


def parse_anchor(text: str, kinds: AnchorKinds, where: Location) -> Anchor:
    """Read `KIND NAME`, `KIND NAME(PARAMETERS)` or `KIND PATH`, an anchor without position.

    Raises UserError for an unknown kind or a missing name, placed at `where`.
    """
    word, _, name = text.strip().partition(" ")
    kind = kinds.get(word)
    if kind is None:
        raise UserError(
            "bad-anchor", f"{word!r} in {text.strip()!r} is no kind of anchor", where=where, hint=_known(word, kinds)
        )
    if not name.strip() and kind.name:
        raise UserError(
            "bad-anchor",
            f"the anchor {text.strip()!r} names no {kind}",
            where=where,
            hint=f"Write `{kind.forms[0]}`: {kind.description}.",
        )
    if not kind.name:
        return Anchor(kind, "", check_tree_path(name.strip(), where))
    name, bracket, rest = name.partition("(") if kind.parameters is not Parameters.NONE else (name, "", "")
    return Anchor(kind, name.strip(), parameters=bracket + rest)


def _known(word: str, kinds: AnchorKinds) -> str:
    """Return the hint for an unknown kind: the one that was meant, else all of them."""
    return did_you_mean(word, kinds) or f"The kinds are {', '.join(kinds)}."


def check_tree_path(path: str, where: Location) -> str:
    """Return `path`, a file in the tree, or a folder if it ends in a slash.

    Raises UserError where it is absolute, climbs out with `..`, or leads into a git directory.
    """
    pure = PurePosixPath(path)
    foreign = ".." in pure.parts or ".git" in map(str.lower, pure.parts)
    if pure.is_absolute() or foreign or "\\" in path or "\n" in path or "\0" in path:
        raise UserError(
            "path-leaves-tree",
            f"the path {path!r} leaves the tree",
            where=where,
            hint="Write it relative to the top of the tree, as git does: hw/vfio/migration.c.",
        )
    return str(pure) + "/" * path.endswith("/") if path else ""


def check_file_path(path: str, where: Location) -> str:
    """Return `path`, a file in the tree. Raises UserError as `check_tree_path` does, and for a folder."""
    checked = check_tree_path(path, where)
    if checked in ("", ".") or checked.endswith("/"):
        raise UserError("bad-anchor", f"{path!r} is no path of a file", where=where)
    return checked


class _EditBinder:
    """Binds one edit; keeps what every step needs."""

    def __init__(self, loaded: LoadedStrategy, path: Path, edit: EditModel, names: Names) -> None:
        self._loaded = loaded
        self._path = path
        self._edit = edit
        self._names = names
        self._kinds = ANCHOR_KINDS.plus(*loaded.more_kinds)

    def bind(self) -> Edit:
        anchor, where = self._anchor(), self._loaded.document.key_place(self._path)
        check_anchor(anchor, where)
        why = self._text(self._edit.why, "why").strip()
        edit = Edit(anchor, self._operation(anchor), self._edit.at_least or self._edit.expect, why, where)
        check_edit(edit)
        self._check_code(edit)
        return edit

    def _check_code(self, edit: Edit) -> None:
        """Compile what the edit has of C, as it will be compiled where it is carried out."""
        table = macro_table(cast("TreeKind", self._path[0]))
        if isinstance(edit.operation, HunkOperation):
            for hunk, (text, path) in zip(edit.operation.hunks, self._hunks(), strict=True):
                with self._placed(text, self._text(text, *path), *path):
                    check_hunk(hunk, edit.anchor, table)
        elif isinstance(edit.operation, EverywhereOperation) and not edit.operation.rewriting.renames:
            self._read(self._edit.everywhere or "", lambda text: check_rewriting(text, table), "everywhere")
        elif isinstance(edit.operation, AddOperation):
            key = "add" if self._edit.add is not None else "add-template"
            with self._placed(self._edit.add or self._edit.add_template or "", edit.operation.text, key):
                check_addition(edit.operation.text, edit.anchor, table)

    def _place(self, *path: str | int) -> Location:
        return self._loaded.document.value_place((*self._path, *path))

    def _text(self, text: str, *path: str | int) -> str:
        return self._loaded.environment.render_text(text, self._names, self._place(*path))

    def _exact_text(self, text: str, *path: str | int) -> str:
        return self._loaded.environment.render_text(text, self._exact_names(), self._place(*path))

    def _exact_names(self) -> Names:
        """Return the names for a text that is kept byte for byte: what YAML cannot hold is written by `bytes`."""
        return Names({"bytes": text_of_bytes, **self._names.values}, self._names.lazy)

    def _anchor(self) -> Anchor:
        key, text = self._edit.anchor()
        if key in FILE_KEYS:
            return Anchor(self._kinds["file"], "", self._file(text, key))
        anchor = parse_anchor(self._text(text, key), self._kinds, self._place(key))
        return replace(
            anchor,
            path=self._path_of(anchor),
            position=Position(key) if key in ANCHOR_KEYS else Position.IN,
            guard=self._text(self._edit.guard, "guard").strip(),
        )

    def _path_of(self, anchor: Anchor) -> str:
        """Return the path that the anchor names, or else the edit's `path`; both must not differ.

        A file to delete is named in the anchor: a key that elsewhere only says where to look first is not enough.
        """
        if self._edit.delete is not None and not anchor.path and anchor.kind.text_scope is TextScope.FILE:
            raise UserError("bad-anchor", "say which file goes: `delete: file PATH`", where=self._place("delete"))
        path = check_tree_path(self._text(self._edit.path, "path").strip(), self._place("path"))
        if path and anchor.path and path != anchor.path:
            raise UserError("bad-anchor", f"the anchor is {anchor}, and `path` says {path}", where=self._place("path"))
        return anchor.path or path

    def _file(self, text: str, key: str) -> str:
        return check_file_path(self._text(text, key).strip(), self._place(key))

    def _operation(self, anchor: Anchor) -> Operation:
        edit = self._edit
        if edit.hunk is not None or edit.one_of is not None:
            return HunkOperation(tuple(self._hunk(text, anchor, *path) for text, path in self._hunks()))
        if edit.verbatim is not None:
            return VerbatimOperation(self._read(edit.verbatim, parse_verbatim, "verbatim"))
        if edit.everywhere is not None:
            return self._replacement(edit.everywhere)
        if edit.move is not None:
            return MoveOperation(self._target(edit.to or ""))
        if edit.delete is not None:
            return DeleteOperation()
        if edit.create is not None:
            return CreateOperation(self._content(), edit.mode or REGULAR)
        if edit.rename is not None:
            return self._rename(anchor.path)
        if edit.mode is not None:
            return ModeOperation(edit.mode)
        return self._addition()

    def _replacement(self, text: str) -> EverywhereOperation:
        rewriting, also = self._read(text, read_rewriting, "everywhere"), self._edit.also_in
        if also and not rewriting.renames:
            raise UserError(
                "bad-replacement",
                "only a name that another name replaces is looked for outside of code",
                where=self._place("also-in"),
            )
        return EverywhereOperation(
            rewriting, self._edit.at_least is not None, "comments" in also, "strings" in also, "text" in also
        )

    def _hunks(self) -> list[tuple[str, tuple[str | int, ...]]]:
        """Return each hunk as it is written, with its path in the edit."""
        if self._edit.hunk is not None:
            return [(self._edit.hunk, ("hunk",))]
        return [(text, ("one-of", index)) for index, text in enumerate(self._edit.one_of or ())]

    def _hunk(self, text: str, anchor: Anchor, *path: str | int) -> Hunk:
        return self._read(text, lambda rendered: read_hunk(rendered, anchor), *path)

    def _read(self, text: str, reader: Callable[[str], Read], *path: str | int) -> Read:
        """Render a hunk and read it; a fault is placed in the line of the strategy that it comes from."""
        rendered = self._exact_text(text, *path) if "verbatim" in path else self._text(text, *path)
        with self._placed(text, rendered, *path):
            return reader(rendered)

    @contextlib.contextmanager
    def _placed(self, text: str, rendered: str, *path: str | int) -> Iterator[None]:
        """Place an error about `rendered` at the line of `text`, written at `path` of the edit, that it is about."""
        try:
            with placed(self._loaded.document.key_place(self._path)):
                yield
        except HunkError as error:
            source = Source(text, self._place(*path), path[-1] == "add-template")
            error.where = origin(self._loaded.environment, source, rendered, error.line)
            raise

    def _rename(self, old: str) -> RenameOperation:
        new = self._file(self._edit.to or "", "to")
        if new == old:
            raise UserError("bad-anchor", f"{old} is renamed to itself", where=self._place("to"))
        return RenameOperation(new)

    def _content(self) -> bytes:
        """Return what a created file holds."""
        if self._edit.template is not None:
            key = "template"
            text = self._loaded.environment.render_file(self._edit.template, self._exact_names(), self._place(key))
        else:
            key = "text"
            text = self._exact_text(self._edit.text or "", key)
        content = text.encode(errors="surrogateescape")
        if is_binary(content):
            raise UserError(
                "binary-file", "the file would hold a NUL byte, which no mail can carry", where=self._place(key)
            )
        return content

    def _target(self, text: str) -> Anchor:
        place = self._place("to")
        word, _, rest = self._text(text, "to").strip().partition(" ")
        if word not in (Position.AFTER, Position.BEFORE):
            raise UserError("bad-anchor", f"{text!r} is not `after KIND NAME` or `before KIND NAME`", where=place)
        return replace(parse_anchor(rest, self._kinds, place), position=Position(word))

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
