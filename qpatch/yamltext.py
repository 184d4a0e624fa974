# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads YAML that a user wrote: how deep it may nest and how much its aliases may repeat is bounded here.

Composing YAML is recursive (in libyaml's C without any limit of its own before 0.2.6), and what is built of a dozen
aliases of aliases has billions of values. So the bounds are checked on the parser's events, before anything is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from qpatch.errors import Location, UserError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from yaml._yaml import Mark as LibyamlMark
    from yaml.error import Mark

# Far more levels than any key of a strategy, a configuration or the lab's data lies deep.
MAX_NESTING = 40
# Far more values than anybody repeats by aliases.
MAX_REPEATED = 10_000
# Of a whole number, the sign included: far more than any has, and far fewer than Python refuses to print.
MAX_DIGITS = 300

_INTEGER = "tag:yaml.org,2002:int"

Loader = type[yaml.CSafeLoader] | type[yaml.SafeLoader]


def read_yaml(text: str, file: str, code: str) -> Any:
    """Return the plain data of the YAML document `text`; `file` is its name in messages, `code` the error's.

    Raises UserError `code` with line and column for a syntax error, too many levels and aliases without measure.
    """
    check_structure(text, file, code)
    try:
        return yaml.load(text, _PlainLoader)  # noqa: S506  # it is a CSafeLoader
    except yaml.MarkedYAMLError as error:
        raise UserError(
            code, error.problem or "this is not YAML", where=location_of(error.problem_mark, file)
        ) from error
    except yaml.reader.ReaderError as error:
        raise unreadable(error, text, file, code) from error


def whole_number(text: str) -> int:
    """Return the decimal number `text`. Raises ValueError where it is none, or has more than MAX_DIGITS digits."""
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a whole number of {len(text)} digits is too long (at most {MAX_DIGITS})")
    return int(text)


def read_yaml_file(file: Path | Traversable, code: str) -> Any:
    """Return the plain data of the YAML document in `file`; see `read_yaml`. A missing file is the caller's matter.

    Raises UserError `code`, OSError.
    """
    try:
        return read_yaml(file.read_text(encoding="utf-8"), str(file), code)
    except UnicodeDecodeError as error:
        raise UserError(code, f"the file is not UTF-8: {error.reason}", where=Location(str(file))) from error


def check_structure(
    text: str, file: str, code: str, *, count_aliases: bool = True, loader: Loader = yaml.CSafeLoader
) -> None:
    """Refuse what is nested deeper than MAX_NESTING, and aliases that stand for more than MAX_REPEATED values.

    A caller that refuses every alias by itself says not to `count_aliases`. The syntax is not checked: what the
    parser rejects passes here, so that the caller reports it. Raises UserError `code`.
    """
    checker = _StructureChecker(file, code, count_aliases)
    try:
        checker.check(text, loader)
    except yaml.MarkedYAMLError as error:
        # Looking for the colon of a key, the scanner reads up to 1024 characters ahead of the first event, and some
        # versions of libyaml stop there by a limit of their own. Without what made it stop, the events are had.
        if error.problem_mark is not None:
            _check_beginning(text[: error.problem_mark.index], checker, loader)
    except yaml.YAMLError:
        return


def location_of(mark: Mark | LibyamlMark | None, file: str) -> Location:
    """Return the place that a YAML error or event is at."""
    return Location(file, mark.line + 1, mark.column + 1) if mark else Location(file)


def unreadable(error: yaml.reader.ReaderError, text: str, file: str, code: str) -> UserError:
    """Return the error for a character that YAML does not allow."""
    line = text.count("\n", 0, error.position) + 1
    return UserError(code, f"the character U+{error.character:04X} is not allowed in YAML", where=Location(file, line))


def _check_beginning(text: str, checker: _StructureChecker, loader: Loader) -> None:
    try:
        checker.check(text, loader)
    except yaml.YAMLError:
        return


class _PlainLoader(yaml.CSafeLoader):
    """Builds plain data; what a scalar's tag does not fit is an error with a place, as a syntax error is."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value of `node`. Raises ConstructorError."""
        try:
            if isinstance(node, yaml.ScalarNode) and node.tag == _INTEGER and len(node.value) > MAX_DIGITS:
                whole_number(node.value)
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, OverflowError, TypeError) as error:
            # PyYAML's constructors raise whatever comes of text that is not what they expect: KeyError for !!bool,
            # AttributeError for !!timestamp, IndexError for an empty !!int.
            reason = str(error) if isinstance(error, ValueError) else f"this is no value of type {node.tag}"
            raise yaml.constructor.ConstructorError(None, None, reason, node.start_mark) from error


@dataclass
class _Collection:
    """A mapping or sequence: its anchor, how many values it has with all its aliases resolved, and how many levels."""

    anchor: str | None
    values: int = 1
    levels: int = 1

    def add(self, values: int, levels: int) -> None:
        """Count in an entry that has so many values and levels."""
        self.values += values
        self.levels = max(self.levels, levels + 1)


class _StructureChecker:
    """Follows a parser's events and raises UserError where the bounds are exceeded."""

    def __init__(self, file: str, code: str, count_aliases: bool) -> None:
        self._file = file
        self._code = code
        self._count_aliases = count_aliases
        self._open: list[_Collection] = []
        self._anchored: dict[str, _Collection] = {}
        self._repeated = 0

    def check(self, text: str, loader: Loader) -> None:
        """Check all of `text`. Raises UserError, and YAMLError as the parser does."""
        self._open, self._anchored, self._repeated = [], {}, 0
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.CollectionStartEvent):
                self._begin(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._end()
            elif isinstance(event, yaml.ScalarEvent):
                self._add(_Collection(event.anchor, levels=0))
            elif isinstance(event, yaml.AliasEvent) and self._count_aliases:
                self._alias(event)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        self._open.append(_Collection(event.anchor))
        self._check_levels(len(self._open), event)

    def _end(self) -> None:
        self._add(self._open.pop())

    def _add(self, entry: _Collection) -> None:
        if entry.anchor is not None:
            self._anchored[entry.anchor] = entry
        if self._open:
            self._open[-1].add(entry.values, entry.levels)

    def _alias(self, event: yaml.AliasEvent) -> None:
        if any(collection.anchor == event.anchor for collection in self._open):
            raise self._error(f"the alias *{event.anchor} stands inside of what it stands for", event)
        if (meant := self._anchored.get(str(event.anchor))) is None:
            return  # the composer says that there is no such anchor
        self._repeated += meant.values
        if self._repeated > MAX_REPEATED:
            raise self._error(f"aliases repeat more than {MAX_REPEATED} values up to here", event)
        self._check_levels(len(self._open) + meant.levels, event)
        if self._open:
            self._open[-1].add(meant.values, meant.levels)

    def _check_levels(self, levels: int, event: yaml.Event) -> None:
        if levels > MAX_NESTING:
            raise self._error(f"more than {MAX_NESTING} levels are nested here", event)

    def _error(self, message: str, event: yaml.Event) -> UserError:
        return UserError(self._code, message, where=location_of(event.start_mark, self._file))
