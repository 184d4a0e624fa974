# SPDX-License-Identifier: GPL-2.0-or-later
"""Loads a strategy file into a checked model, with the place of every key and value in the file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from qpatch.errors import Location, UserError
from qpatch.strategy.environment import StrategyEnvironment
from qpatch.strategy.gutter import SEMANTIC, VERBATIM, gutter_error
from qpatch.strategy.places import shown, template_directories
from qpatch.strategy.schema import Strategy, known_keys
from qpatch.strategy.sharing import read_strategy
from qpatch.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from qpatch.csource.edit import AnchorKind
    from qpatch.strategy.document import Path as ValuePath
    from qpatch.strategy.document import YamlDocument

# Messages in the place of those of pydantic that speak of Python types, by pydantic's type of the error.
_MESSAGES = {
    "missing": "the key {key!r} is missing",
    "string_type": "{key!r} must be text",
    "string_too_short": "{key!r} is empty",
    "int_type": "{key!r} must be a whole number",
    "int_parsing": "{key!r} must be a whole number",
    "tuple_type": "{key!r} must be a list",
    "list_type": "{key!r} must be a list",
    "dict_type": "{key!r} must be a mapping of keys to values",
    "model_type": "{key!r} must be a mapping of keys to values",
    "model_attributes_type": "{key!r} must be a mapping of keys to values",
    "too_short": "{key!r} has too few entries: {detail}",
    "literal_error": "{key!r} has a value it cannot have: {detail}",
    "string_pattern_mismatch": "{key!r} is not written as it must be: {input!r}",
    "greater_than_equal": "{key!r}: {detail}",
}
_QUOTING_HINT = "Text that holds `: ` is a mapping in YAML unless it is quoted."


class InvalidStrategyError(UserError):
    """A strategy file with mistakes: reads as the first one; `problems` are all of them, in file order."""

    def __init__(self, problems: list[UserError]) -> None:
        first = problems[0]
        more = f"\n({len(problems) - 1} more: see `qpatch strategy check`)" if problems[1:] else ""
        super().__init__(first.code, first.message, where=first.where, hint=(first.hint + more).strip())
        self.problems = tuple(problems)


@dataclass(frozen=True)
class LoadedStrategy:
    """A strategy and the document it was read from; `file` is its path.

    `more_kinds` are the kinds of anchors that it may use beside those of `qpatch.csource.kinds.table`.
    """

    model: Strategy
    document: YamlDocument
    file: Path
    more_kinds: tuple[AnchorKind, ...] = ()

    @property
    def name(self) -> str:
        """The strategy's name."""
        return self.model.name

    @property
    def title(self) -> str:
        """The subject of its cover letter."""
        return self.model.title

    @property
    def option(self) -> str:
        """The label of the option in the discussion, such as O6; '' if it has none."""
        return self.model.option

    @cached_property
    def environment(self) -> StrategyEnvironment:
        """The Jinja environment of its templates; compiled templates are shared by all trees."""
        return StrategyEnvironment(template_directories(self.file))

    @cached_property
    def _worked_out(self) -> dict[tuple[str, Hashable], Any]:
        return {}

    def worked_out(self, what: str, of: Hashable, work: Callable[[], Any]) -> Any:
        """Return what `work` came to the first time; `what` it is, and `of` what it hangs on besides the strategy.

        A strategy is rendered on many trees, and much of it is the same for all of them.
        """
        if (what, of) not in self._worked_out:
            self._worked_out[what, of] = work()
        return self._worked_out[what, of]

    def shared_files(self, patch: ValuePath, edits: int) -> tuple[str, ...]:
        """Return the shared files that the patch at the path `patch`, with so many `edits`, comes from, in order."""
        paths = [patch, *((*patch, "edits", number) for number in range(edits))]
        places = map(self.document.key_place, paths)
        return tuple(dict.fromkeys(place.file for place in places if place.used_at))

    @property
    def components(self) -> tuple[str, ...]:
        """The kinds of trees that it patches."""
        return tuple(self.model.components())


def load_strategy(file: Path, more_kinds: tuple[AnchorKind, ...] = ()) -> LoadedStrategy:
    """Read and check the strategy in `file`; `more_kinds` are as in `LoadedStrategy`.

    What it shares with other strategies is read with it. Raises UserError where it is not UTF-8, not YAML or too large
    to be a strategy, InvalidStrategyError where its content is wrong.
    """
    document = read_strategy(file)
    problems = [*_gutter_problems(document)]
    try:
        model = Strategy.model_validate(document.data)
    except ValidationError as error:
        problems += [_problem(detail, document) for detail in _details(error)]
    if problems:
        raise InvalidStrategyError(in_order(problems, file))
    if model.name != file.stem:
        raise UserError(
            "strategy-name",
            f"the strategy is called {model.name!r} but its file {file.name!r}",
            where=document.value_place(("name",)),
            hint=f"Rename the file to {model.name}.yaml.",
        )
    return LoadedStrategy(model, document, file, more_kinds)


def in_order(problems: Iterable[UserError], own: Path) -> list[UserError]:
    """Return the problems in the order of their lines: those in the file `own` first, then those in others."""

    def order(problem: UserError) -> tuple[bool, str, int]:
        where = problem.where or Location("")
        return where.file != shown(own), where.file, where.line

    return sorted(problems, key=order)


def _gutter_problems(document: YamlDocument) -> list[UserError]:
    """Return what is wrong with the gutters of the hunks, explained in terms of YAML."""
    found = [
        gutter_error(document, path, text, VERBATIM if path[-1] == "verbatim" else SEMANTIC)
        for path, text in _hunks(document.data)
    ]
    return [problem for problem in found if problem is not None]


def _hunks(data: Any, path: ValuePath = ()) -> list[tuple[ValuePath, str]]:
    """Return every text under a key `hunk`, `verbatim` or `everywhere`, or in a list under `one-of`, with its path."""
    if isinstance(data, dict):
        return [hunk for key, value in data.items() for hunk in _hunks(value, (*path, key))]
    if isinstance(data, list):
        return [hunk for index, value in enumerate(data) for hunk in _hunks(value, (*path, index))]
    is_hunk = path[-1:] in (("hunk",), ("verbatim",), ("everywhere",)) or path[-2:-1] == ("one-of",)
    return [(path, data)] if is_hunk and isinstance(data, str) else []


def _details(error: ValidationError) -> list[ErrorDetails]:
    """Return the errors of pydantic, without those that only follow from others.

    A list is short because its entries are wrong; a key is missing because it is misspelt.
    """
    details = error.errors(include_url=False)
    misspelt = {
        (*detail["loc"][:-1], nearest(str(detail["loc"][-1]), known_keys(detail["loc"][:-1])))
        for detail in details
        if detail["type"] == "extra_forbidden"
    }
    return [
        detail
        for detail in details
        if not (detail["type"] == "missing" and detail["loc"] in misspelt)
        and not (detail["type"] == "too_short" and _has_faults_inside(detail, details))
    ]


def _has_faults_inside(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    return any(other["loc"][: len(detail["loc"])] == detail["loc"] for other in details if other is not detail)


def _problem(detail: ErrorDetails, document: YamlDocument) -> UserError:
    """Return the UserError for one error of pydantic."""
    context = detail.get("ctx", {})
    path = _path_in(document.data, detail["loc"])
    if key := context.get("key"):
        path = (*path, key)
    where = document.key_place(path)
    if detail["type"] == "model_type" and not detail["loc"]:
        return UserError("strategy-invalid", "the file must be a mapping of keys to values", where=where)
    if detail["type"] == "extra_forbidden":
        *parent, key = path
        return UserError(
            "strategy-unknown-key", f"unknown key {key!r}", where=where, hint=did_you_mean(str(key), known_keys(parent))
        )
    named = detail["loc"][-1] if detail["type"] == "missing" else _last_key(path)
    template = _MESSAGES.get(detail["type"], "{detail}")
    message = template.format(key=named, detail=detail["msg"], input=detail["input"])
    is_mapping = detail["type"] == "string_type" and isinstance(detail["input"], dict)
    return UserError("strategy-invalid", message, where=where, hint=_QUOTING_HINT if is_mapping else "")


def _last_key(path: ValuePath) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _path_in(data: Any, location: tuple[int | str, ...]) -> ValuePath:
    """Return the part of pydantic's `location` that exists in the data; it also names the arms of unions."""
    path: list[int | str] = []
    for part in location:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            continue
        path.append(part)
    return tuple(path)
