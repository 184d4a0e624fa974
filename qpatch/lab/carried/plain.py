# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans as plain JSON and back: what qpatch has checked is read without checks, into objects with the same attributes.

An object becomes `{"is": CLASS, "with": {...}}` (of a plan, what it computes of itself is in it, too), an enum
`{"enum": CLASS, "value": ...}`, a mapping `{"map": {...}}`.
"""

from __future__ import annotations

import dataclasses
import enum
from functools import cache
from pathlib import Path
from typing import Any

from qpatch.lab import model
from qpatch.lab.definitions.questions import QUESTIONS


class Plain:
    """An object that has the attributes that it is given. Each kind of objects is a class of its own (`class_of`)."""

    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)


@cache
def class_of(name: str) -> type[Plain]:
    """Return the class of the objects that were of the class `name`: the same for the same name."""
    return type(name, (Plain, *([QUESTIONS[name]] if name in QUESTIONS else [])), {})


def load(value: Any) -> Any:
    """Return what `dump` made `value` of; lists are tuples."""
    if isinstance(value, list):
        return tuple(map(load, value))
    if not isinstance(value, dict):
        return value
    if "enum" in value:
        return getattr(model, value["enum"])(value["value"])
    if "map" in value:
        return {key: load(item) for key, item in value["map"].items()}
    return class_of(value["is"])(**{name: load(item) for name, item in value["with"].items()})


def dump(value: Any) -> Any:
    """Return `value` as JSON has it. Raises TypeError for what a plan does not have."""
    if isinstance(value, enum.Enum):
        return {"enum": type(value).__name__, "value": value.value}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [dump(item) for item in value]
    if isinstance(value, dict):
        return {"map": {key: dump(item) for key, item in value.items()}}
    return {"is": type(value).__name__, "with": {name: dump(item) for name, item in _fields(value).items()}}


def _fields(value: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(value):
        computed = [name for name, member in vars(type(value)).items() if isinstance(member, property)]
        names = [*(field.name for field in dataclasses.fields(value)), *computed]
    elif hasattr(type(value), "model_fields"):
        names = [*type(value).model_fields, *(["word"] if isinstance(getattr(type(value), "word", None), str) else [])]
    else:
        raise TypeError(f"a plan has no {type(value).__name__}")
    return {name: getattr(value, name) for name in names}
