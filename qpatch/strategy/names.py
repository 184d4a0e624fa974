# SPDX-License-Identifier: GPL-2.0-or-later
"""The names that a strategy's templates and conditions use, where they do, and whether somebody defines them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.errors import Location, UserError
from qpatch.strategy.environment import TEMPLATE_SUFFIX, unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qpatch.strategy.document import Path
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.strategy.schema import Component, Condition, EditModel, PatchModel

# The keys of an edit whose values are templates, and those that name a template.
_EDIT_TEXTS = (
    *("in", "after", "before", "delete", "move", "create", "rename", "to", "beside", "path", "guard"),
    *("hunk", "one-of", "verbatim", "everywhere", "add", "text", "why"),
)
_EDIT_FILES = ("add-template", "template")
# The texts that are kept byte for byte know one name more.
_EXACT = ("verbatim", "text", "template")
_EXACT_NAMES = frozenset({"bytes"})


@dataclass(frozen=True)
class NameCheck:
    """Reads the names of one component; `kind` is its kind of tree, `known` are the names that are defined there."""

    loaded: LoadedStrategy
    kind: str
    known: frozenset[str]

    def problems(self, component: Component) -> Iterator[UserError]:
        """Yield an error for each name that nobody defines, and for what does not parse."""
        if component.landed:
            yield from self._rule(component.landed, ("landed",))
        for index, rule in enumerate(component.void):
            yield from self._rule(rule, ("void", index))
        if component.cover is not None:
            yield from self._body(component.cover, ("cover",), frozenset({"patches", "evidence"}))
        for index, patch in enumerate(component.patches):
            yield from self._patch(patch, ("patches", index))

    def of_edit(self, edit: EditModel, path: Path) -> frozenset[str]:
        """Return the names in the texts of `edit`, not in its condition. Raises UserError where one does not parse."""
        environment = self.loaded.environment
        texts, files = _values(edit, path, _EDIT_TEXTS), _values(edit, path, _EDIT_FILES)
        used = {name for text, place in texts for name in environment.names_in_text(text, self._at(place))}
        used |= {name for file, place in files for name in environment.names_in_file(file, self._at(place))}
        return frozenset(used) - _EXACT_NAMES

    def of_conditions(self, *conditions: str | bool) -> frozenset[str]:
        """Return the names in conditions. Raises UserError where one does not parse."""
        nowhere = self._at(())
        return frozenset(
            name
            for condition in conditions
            if isinstance(condition, str)
            for name in self.loaded.environment.names_in_expression(condition, nowhere)
        )

    def _at(self, path: Path) -> Location:
        return self.loaded.document.value_place((self.kind, *path))

    def _rule(self, rule: Condition, path: Path) -> Iterator[UserError]:
        yield from self._condition(rule.when, (*path, "when"))
        yield from self._text(rule.reason, (*path, "reason"))

    def _patch(self, patch: PatchModel, path: Path) -> Iterator[UserError]:
        yield from self._condition(patch.when, (*path, "when"))
        yield from self._text(patch.subject, (*path, "subject"))
        yield from self._body(patch.body, (*path, "body"))
        for index, trailer in enumerate(patch.trailers):
            yield from self._text(trailer, (*path, "trailers", index))
        for index, edit in enumerate(patch.edits):
            yield from self._edit(edit, (*path, "edits", index))

    def _edit(self, edit: EditModel, path: Path) -> Iterator[UserError]:
        yield from self._condition(edit.when, (*path, "when"))
        for text, place in _values(edit, path, _EDIT_TEXTS):
            yield from self._text(text, place, _more_names(place))
        for file, place in _values(edit, path, _EDIT_FILES):
            yield from self._file(file, place, _more_names(place))

    def _condition(self, condition: str | bool, path: Path) -> Iterator[UserError]:
        if isinstance(condition, str):
            where = self._at(path)
            yield from self._unknown(lambda: self.loaded.environment.names_in_expression(condition, where))

    def _text(self, text: str, path: Path, more: frozenset[str] = frozenset()) -> Iterator[UserError]:
        where = self._at(path)
        yield from self._unknown(lambda: self.loaded.environment.names_in_text(text, where), more)

    def _file(self, name: str, path: Path, more: frozenset[str] = frozenset()) -> Iterator[UserError]:
        where = self._at(path)
        yield from self._unknown(lambda: self.loaded.environment.names_in_file(name, where), more)

    def _body(self, text: str, path: Path, more: frozenset[str] = frozenset()) -> Iterator[UserError]:
        """Check a mail's body: the file name of a template, or a text."""
        yield from (self._file if text.endswith(TEMPLATE_SUFFIX) else self._text)(text, path, more)

    def _unknown(
        self, read: Callable[[], dict[str, Location]], more: frozenset[str] = frozenset()
    ) -> Iterator[UserError]:
        try:
            names = read()
        except UserError as error:
            yield error
            return
        known = self.known | more
        for name, place in names.items():
            if name not in known:
                yield unknown_name(name, known, place)


def _more_names(path: Path) -> frozenset[str]:
    return _EXACT_NAMES if path[-1] in _EXACT else frozenset()


def _values(edit: EditModel, path: Path, keys: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Yield what is written under `keys` in `edit`, the edit at `path`, each with its own path."""
    written = edit.model_dump(by_alias=True, include=set(edit.model_fields_set))
    for key in keys:
        value = written.get(key)
        if isinstance(value, str):
            yield value, (*path, key)
        elif value is not None:
            yield from ((text, (*path, key, index)) for index, text in enumerate(value))
