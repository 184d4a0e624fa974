# SPDX-License-Identifier: GPL-2.0-or-later
"""Loads the capabilities from the data files beside this module: `qemu.yaml` and `linux.yaml`.

The data is checked while it is loaded: an unknown key or a query without a subject is a ValueError that names
the capability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, TypeAlias

from qpatch.capabilities.details import Details
from qpatch.capabilities.numbers import FORMS, FreeNumber
from qpatch.capabilities.query import (
    AllOf,
    AnyOf,
    CodeQuery,
    CommentQuery,
    FileQuery,
    Not,
    Query,
    SymbolQuery,
    TraceEventQuery,
)
from qpatch.capabilities.sources import Scope
from qpatch.csource.matching.fragment import Fragment
from qpatch.csource.matching.pattern import Context
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.symbols import SymbolKind

if TYPE_CHECKING:
    from qpatch.csource.syntax.macros import TreeKind

KINDS: tuple[TreeKind, ...] = ("qemu", "linux")
# The kinds of symbols that a query may begin with.
_SYMBOLS = {
    kind.value: kind
    for kind in (
        SymbolKind.FUNCTION,
        SymbolKind.STRUCT,
        SymbolKind.ENUM,
        SymbolKind.INITIALIZER,
        SymbolKind.MACRO,
    )
}
# What a pattern under `contains` is a part of, where that is not a list of statements.
_CONTENTS = {
    SymbolKind.STRUCT: Context.MEMBERS,
    SymbolKind.ENUM: Context.ENUMERATORS,
    SymbolKind.INITIALIZER: Context.ENTRIES,
}

Data: TypeAlias = "Mapping[str, object]"


@dataclass(frozen=True)
class Capability:
    """A named fact: what it means, where that is known from, and the query that decides it."""

    name: str
    doc: str
    source: str
    query: Query | FreeNumber


@cache
def capabilities_of(kind: str) -> Mapping[str, Capability]:
    """Return the capabilities of a kind of tree ('qemu' or 'linux') by name."""
    return read_catalogue(_shipped(kind))


@cache
def _shipped(kind: str) -> Data:
    """Return the content of the data file of a kind of tree."""
    import yaml

    text = resources.files(__package__).joinpath(f"{kind}.yaml").read_text(encoding="utf-8")
    return _mapping(yaml.load(text, Loader=yaml.CSafeLoader))


def read_catalogue(data: Data) -> dict[str, Capability]:
    """Return the capabilities that `data`, the content of a data file, describes. Raises ValueError."""
    areas = _mapping(data["areas"])
    entries = _mapping(data["capabilities"])
    return {name: _capability(name, _mapping(entry), areas) for name, entry in entries.items()}


def read_own(data: Data, kind: TreeKind) -> dict[str, Capability]:
    """Return the capabilities of `data`, which a strategy brings with it; it may use the areas that ship with qpatch.

    Raises ValueError, also for a pattern that is no C: nobody tests these as those that ship are tested.
    """
    areas = {**_mapping(_shipped(kind)["areas"]), **_mapping(data["areas"])}
    catalogue = read_catalogue({"areas": areas, "capabilities": data["capabilities"]})
    for name, capability in catalogue.items():
        for pattern in patterns_of(capability.query):
            try:
                pattern.compiled(macro_table(kind))
            except ValueError as error:
                raise ValueError(f"capability {name}: {error}") from error
    return catalogue


def patterns_of(query: object) -> list[Fragment]:
    """Return all patterns of a query and of the queries that it is made of."""
    if isinstance(query, Fragment):
        return [query]
    parts = query if isinstance(query, tuple) else [getattr(query, name) for name in _fields_of(query)]
    return [pattern for part in parts for pattern in patterns_of(part)]


def _fields_of(value: object) -> list[str]:
    return [field.name for field in fields(value)] if is_dataclass(value) else []


def _capability(name: str, entry: Data, areas: Data) -> Capability:
    try:
        data = _mapping(entry["query"])
        query = _free(data) if next(iter(data), "") == "free" else _query(data, areas)
        return Capability(name, _text(entry["doc"]), _text(entry.get("source", "")), query)
    except (KeyError, ValueError) as error:
        raise ValueError(f"capability {name}: {error}") from error


def _free(data: Data) -> FreeNumber:
    """Build the query for a number. Raises ValueError or KeyError."""
    rest = dict(data)
    family, path, form = (_text(rest.pop(key)) for key in ("free", "path", "form"))
    least, unlike = rest.pop("least", 0), _names(rest.pop("unlike", []))
    if form not in FORMS or isinstance(least, bool) or not isinstance(least, int):
        raise ValueError(f"'free' has a `form` ({' or '.join(FORMS)}) and `least`, a number")
    if rest:
        raise ValueError(f"'free' does not take {', '.join(rest)}")
    return FreeNumber(family, path, form, least, unlike)


def _query(data: Data, areas: Data) -> Query:
    """Build a query from its data. Raises ValueError or KeyError."""
    rest = dict(data)
    subject = next(iter(rest), "")
    value = rest.pop(subject, None)
    if subject in ("all", "any"):
        parts = tuple(_query(_mapping(part), areas) for part in _list(value))
        query: Query = AllOf(parts) if subject == "all" else AnyOf(parts)
    elif subject == "not":
        query = Not(_query(_mapping(value), areas))
    elif subject == "file":
        query = FileQuery(_text(value))
    elif subject == "comment":
        query = CommentQuery(_text(value), _text(rest.pop("path")))
    elif subject == "trace-event":
        query = TraceEventQuery(_text(value), _text(rest.pop("path")))
    elif subject == "code":
        query = _code(_text(value), rest, areas)
    elif subject in _SYMBOLS:
        query = _symbol(_SYMBOLS[subject], value, rest, areas)
    else:
        raise ValueError(f"no query begins with {subject!r}")
    if rest:
        raise ValueError(f"{subject!r} does not take {', '.join(rest)}")
    return query


def _symbol(kind: SymbolKind, value: object, rest: dict[str, object], areas: Data) -> SymbolQuery:
    names, unlike = _names(value), _names(rest.pop("unlike", []))
    contexts = {
        "contains": _CONTENTS.get(kind, Context.STATEMENTS),
        "parameters": Context.PARAMETERS,
        "member": Context.MEMBERS,
        "entry": Context.ENTRIES,
    }
    patterns = {
        detail: Fragment(_text(rest.pop(detail)), context) for detail, context in contexts.items() if detail in rest
    }
    declared, constant = (_text(rest.pop(detail, "")) for detail in ("declared", "constant"))
    details = Details(**patterns, declared=declared, constant=constant)
    return SymbolQuery(kind, names, _scope(rest, areas), details, unlike)


def _names(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(_text, _list(value)))


def _code(text: str, rest: dict[str, object], areas: Data) -> CodeQuery:
    """Build a query that looks only into files with the pattern's longest word."""
    pattern = Fragment(text)
    if not pattern.word:
        raise ValueError(f"{text!r} has no word to look for")
    return CodeQuery(pattern, _scope(rest, areas))


def _scope(rest: dict[str, object], areas: Data) -> Scope:
    area = tuple(map(_text, _list(areas[_text(rest.pop("area"))]))) if "area" in rest else ()
    return Scope(_text(rest.pop("path", "")), area)


def _mapping(value: object) -> Data:
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} should be a mapping")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} should be a list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} should be a text")
    return value
