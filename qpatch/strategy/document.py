# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads YAML so that every value keeps its place: plain data plus a table from paths to lines and columns.

Stricter than YAML: a key occurs once in a mapping, and there are no aliases (one place, one meaning). Scalars
are text, except whole numbers, true/false and null; dates stay text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import yaml

from qpatch.errors import Location, UserError
from qpatch.yamltext import check_structure, location_of, unreadable, whole_number

if TYPE_CHECKING:
    from yaml.error import Mark
    from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

# Where a value is: the keys and indices that lead to it.
Path = tuple[str | int, ...]
Value = str | int | bool | None | list["Value"] | dict[str, "Value"]

_BLOCK_HEADER = re.compile(r"[|>](?:[+-]?([1-9])[+-]?|[+-]?)(?=\s|$)")
_SYNTAX_HINT = (
    "A block such as `hunk: |2` ends where a line is indented less than its indicator says; text "
    "that begins with `@`, holds `: ` or ` #`, or has braces inside `{...}`, must be quoted."
)


@dataclass(frozen=True)
class BlockStyle:
    """How a block scalar was written: `|` or `>`, and the indentation indicator (0 if there is none)."""

    style: str
    indicator: int


@dataclass
class YamlDocument:
    """The content of a YAML file: `data`, and where each key, value and block scalar stands."""

    file: str
    data: Value = None
    keys: dict[Path, Location] = field(default_factory=dict)
    values: dict[Path, Location] = field(default_factory=dict)
    blocks: dict[Path, BlockStyle] = field(default_factory=dict)

    def key_place(self, path: Path) -> Location:
        """Return the place of the key (or list entry) at `path`, or of the nearest one that encloses it."""
        return self._nearest(self.keys, path)

    def value_place(self, path: Path) -> Location:
        """Return the place of the value at `path`: for a block scalar its first content line."""
        return self._nearest(self.values, path)

    def _nearest(self, table: dict[Path, Location], path: Path) -> Location:
        while path and path not in table:
            path = path[:-1]
        return table.get(path, Location(self.file, 1, 1))


def read_document(text: str, file: str) -> YamlDocument:
    """Read the one YAML document in `text`; `file` is its name in messages.

    Raises UserError with line and column for a syntax error, a repeated key, an alias, a key that is no text.
    """
    check_structure(text, file, "strategy-syntax", count_aliases=False)
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, file) from error
    except yaml.reader.ReaderError as error:
        raise unreadable(error, text, file, "strategy-syntax") from error
    if node is None:
        raise UserError("strategy-syntax", "the file is empty", where=Location(file, 1))
    return _YamlReader(text, file).read(node)


class _YamlReader:
    """Turns composed nodes into a Document."""

    def __init__(self, text: str, file: str) -> None:
        self._lines = text.split("\n")
        self._document = YamlDocument(file)
        self._seen: set[int] = set()

    def read(self, root: Node) -> YamlDocument:
        self._document.data = self._value(root, ())
        return self._document

    def _location(self, mark: Mark) -> Location:
        return Location(self._document.file, mark.line + 1, mark.column + 1)

    def _value(self, node: Node, path: Path) -> Value:
        if id(node) in self._seen:
            raise UserError(
                "strategy-syntax",
                "YAML aliases (`*name`) are not used in strategies",
                where=self._document.key_place(path),
            )
        self._seen.add(id(node))
        self._document.values[path] = self._location(node.start_mark)
        self._document.keys.setdefault(path, self._location(node.start_mark))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, path)
        return self._scalar(cast("ScalarNode", node), path)

    def _mapping(self, node: MappingNode, path: Path) -> Value:
        data: dict[str, Value] = {}
        for key_node, value_node in node.value:
            where = self._location(key_node.start_mark)
            if not isinstance(key_node, yaml.ScalarNode):
                raise UserError("strategy-syntax", "a key must be a plain word", where=where)
            key = str(key_node.value)
            if key in data:
                first = self._document.key_place((*path, key)).line
                raise UserError(
                    "strategy-duplicate-key",
                    where=where,
                    message=f"the key {key!r} is repeated; it is in line {first} already",
                )
            self._document.keys[(*path, key)] = where
            data[key] = self._value(value_node, (*path, key))
        return data

    def _sequence(self, node: SequenceNode, path: Path) -> Value:
        return [self._value(entry, (*path, index)) for index, entry in enumerate(node.value)]

    def _scalar(self, node: ScalarNode, path: Path) -> Value:
        if node.style in ("|", ">"):
            self._block(node, path)
        if node.style:
            return str(node.value)
        try:
            return _plain(str(node.tag), str(node.value))
        except ValueError as error:
            raise UserError("strategy-syntax", str(error), where=self._location(node.start_mark)) from error

    def _block(self, node: ScalarNode, path: Path) -> None:
        mark = node.start_mark
        header = _BLOCK_HEADER.match(self._lines[mark.line], mark.column)
        indicator = int(header[1]) if header and header[1] else 0
        self._document.blocks[path] = BlockStyle(str(node.style), indicator)
        self._document.values[path] = Location(self._document.file, mark.line + 2, 1)


def _plain(tag: str, text: str) -> Value:
    """Return the value of an unquoted scalar that YAML resolved to `tag`. Raises ValueError for too long a number."""
    kind = tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("yes", "true", "on")
    if kind == "int" and re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
        return whole_number(text)
    return text


def _syntax_error(error: yaml.MarkedYAMLError, file: str) -> UserError:
    where = location_of(error.problem_mark or error.context_mark, file)
    told = ": ".join(part for part in ("YAML syntax", error.context, error.problem) if part)
    return UserError("strategy-syntax", told, where=where, hint=_SYNTAX_HINT)
