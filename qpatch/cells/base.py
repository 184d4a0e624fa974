# SPDX-License-Identifier: GPL-2.0-or-later
"""What all results have in common: plain data, frozen, written to JSON and read back equal.

A result holds no live object: no exception, no path that must exist, nothing of a tree. So it can be stored by one
run and printed, compared or counted by another.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_serializer, field_validator, model_validator

from qpatch.cells.key import CellKey, Stage
from qpatch.errors import ExitCode, Location, UserError

if TYPE_CHECKING:
    from qpatch.errors import QpatchError


class Status(enum.StrEnum):
    """The one word for what became of a cell, as the JSON documents have it."""

    RENDERED = "rendered"
    LANDED = "landed"  # the tree has the change
    VOID = "void"  # the strategy makes no sense on the tree
    DRIFTED = "drifted"
    AMBIGUOUS = "ambiguous"
    BUILT = "built"
    KEPT = "kept"  # built by an earlier run from the same content
    PREBUILT = "prebuilt"  # the distribution's binary
    FAILED = "failed"


MISSED = frozenset({Status.DRIFTED, Status.AMBIGUOUS})
# How a cell of every stage may end without success.
UNSUCCESSFUL = MISSED | {Status.LANDED, Status.VOID, Status.FAILED}
# What breaks a cell off: wrong input, a build that cannot be made ready, the surroundings.
ERROR_CODES = frozenset({ExitCode.USAGE, ExitCode.BUILD_FAILED, ExitCode.ENVIRONMENT})
_NUMBER_BITS = 63  # of the integers of a result, besides the sign: what other readers of JSON hold too


class PlainData(BaseModel):
    """A part of a result; the order of its fields is that of the JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ErrorReport(PlainData):
    """The error that broke a cell off; see `QpatchError` for the fields. `exit_code` is that of its kind."""

    code: str
    message: str
    where: Location | None = None
    hint: str = ""
    exit_code: ExitCode = ExitCode.ENVIRONMENT

    @field_validator("exit_code")
    @classmethod
    def _check_exit_code(cls, code: ExitCode) -> ExitCode:
        """Refuse one that no error has: the cell would count as a success, or as nothing."""
        if code not in ERROR_CODES:
            raise ValueError(f"no error has the exit code {int(code)}")
        return code

    @field_serializer("where")
    def _write_place(self, where: Location | None) -> dict[str, str | int] | None:
        return where.as_json() if where else None

    @classmethod
    def of(cls, error: QpatchError) -> ErrorReport:
        """Return the report on `error`."""
        return cls(
            code=error.code, message=error.message, where=error.where, hint=error.hint, exit_code=error.exit_code
        )


class CellResult(PlainData):
    """What became of a cell; there is a subclass for each stage.

    `status` is one word, `reason` says in a sentence why there is nothing more ('' where there is), `error` what broke
    the cell off.
    """

    # What a subclass says of itself: its stage; the keys of its JSON in their order (fields, parts of the key, and what
    # `derived` adds, also named in `derived_keys`); those that are left out where they are None; the words of success;
    # what a failure without an error counts as.
    stage: ClassVar[Stage]
    layout: ClassVar[tuple[str, ...]]
    derived_keys: ClassVar[frozenset[str]] = frozenset()
    left_out: ClassVar[frozenset[str]] = frozenset({"error"})
    successes: ClassVar[frozenset[str]]
    failure_code: ClassVar[ExitCode]

    key: CellKey
    status: str
    reason: str = ""
    error: ErrorReport | None = None

    @model_validator(mode="after")
    def _check_key(self) -> Self:
        """Refuse a key that the JSON could not give back."""
        if self.key.stage is not self.stage:
            raise ValueError(f"{type(self).__name__} is of the stage {self.stage}, its key of {self.key.stage}")
        foreign = [name for name in _KEY_PARTS if getattr(self.key, name) and name not in self.layout]
        if foreign:
            raise ValueError(f"a {self.stage} cell has no {' and no '.join(foreign)}")
        return self

    @field_validator("status")
    @classmethod
    def _check_status(cls, status: str) -> str:
        """Refuse a word of another stage, or of none: it would count as nothing to do."""
        if status not in cls.successes and status not in UNSUCCESSFUL:
            raise ValueError(f"a {cls.stage} cell has no status '{status}'")
        return status

    @property
    def exit_code(self) -> ExitCode:
        """What the exit code of the command were if this were the only cell."""
        if self.error is not None:
            return self.error.exit_code
        if self.status in MISSED:
            return ExitCode.DRIFT
        if self.status == Status.FAILED:
            return self.failure_code
        return ExitCode.OK if self.status in self.successes else ExitCode.NOTHING_APPLIED

    @property
    def missed(self) -> bool:
        """Whether the strategy's edits do not fit the tree: they drifted or are ambiguous."""
        return self.status in MISSED

    @property
    def failed(self) -> bool:
        """Whether an error, or a step that failed, ended it."""
        return self.status == Status.FAILED

    def as_json(self) -> dict[str, Any]:
        """Return the result as `--json` prints it: data that the json module takes."""
        content = self.model_dump(mode="json")
        flat = {**content.pop("key"), **content, **self.derived()}
        absent = self.absent()
        return {name: flat[name] for name in self.layout if name not in absent}

    def derived(self) -> dict[str, Any]:
        """Return what the JSON has besides the fields, for its readers: it follows from them."""
        return {}

    def absent(self) -> set[str]:
        """Return the keys that this result leaves out of its JSON."""
        return {name for name in self.left_out if getattr(self, name) is None}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return the result that `as_json` wrote. Raises UserError `bad-result` for anything else."""
        check_document(document)
        if "key" in document:  # its parts stand on their own
            raise UserError("bad-result", f"this is no {cls.stage} result: it has a 'key'")
        key = {name: document[name] for name in (*_KEY_PARTS, "stage") if name in document}
        rest = {name: value for name, value in document.items() if name not in key and name not in cls.derived_keys}
        try:
            result = cls.model_validate({"key": key, **rest})
        except ValidationError as error:
            raise unreadable(f"no {cls.stage} result", error) from error
        written = result.as_json()
        check_document(written)  # numbers may have been read from strings
        wrong = [name for name in cls.derived_keys if name in document and document[name] != written[name]]
        if wrong:
            raise UserError("bad-result", f"this is no {cls.stage} result: its {wrong[0]} contradict the rest of it")
        return result


# All but the stage, which says of what class a result is.
_KEY_PARTS = tuple(field.name for field in fields(CellKey) if field.name != "stage")


def check_document(document: object) -> None:
    """Raise UserError `bad-result` unless `document` is an object of JSON, with numbers that JSON can hold."""
    if not isinstance(document, Mapping):
        raise UserError("bad-result", f"this is no result: it is of the type {type(document).__name__}, not an object")
    parts: list[object] = [document]
    while parts:
        part = parts.pop()
        if isinstance(part, Mapping):
            parts += part.values()
        elif isinstance(part, Sequence) and not isinstance(part, str | bytes):
            parts += part
        elif isinstance(part, int) and part.bit_length() > _NUMBER_BITS:
            raise UserError("bad-result", f"this is no result: it has a number of more than {_NUMBER_BITS} bits")
        elif isinstance(part, float) and not math.isfinite(part):
            raise UserError("bad-result", f"this is no result: {part} is no number of JSON")


def unreadable(what: str, error: ValidationError) -> UserError:
    """Return the error for a document that is `what`, with the first thing that is wrong in it."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return UserError("bad-result", f"this is {what}: {f'{place}: ' if place else ''}{first['msg']}")
