# SPDX-License-Identifier: GPL-2.0-or-later
"""The capabilities that a strategy brings with it, as data: what asks them of a tree is `qpatch.capabilities`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qpatch.errors import Location, UserError
from qpatch.strategy.places import shown, template_file
from qpatch.yamltext import read_yaml_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qpatch.strategy.load import LoadedStrategy

_PARTS = frozenset({"areas", "capabilities"})


def capability_data(loaded: LoadedStrategy, kind: str) -> dict[str, dict[str, Any]]:
    """Return the `areas` and `capabilities` of one component, those of `capabilities-from` and its own.

    Raises UserError for a file that is missing or is no such mapping, and for a name that stands in both.
    """
    data: dict[str, dict[str, Any]] = loaded.worked_out("own capabilities", kind, lambda: _data(loaded, kind))
    return data


def _data(loaded: LoadedStrategy, kind: str) -> dict[str, dict[str, Any]]:
    component = loaded.model.components()[kind]
    where = loaded.document.value_place((kind, "capabilities-from"))
    data = _read(loaded, component.capabilities_from, where) if component.capabilities_from else {}
    shared = data.get("capabilities", {})
    for name in component.capabilities:
        if name in shared:
            raise UserError(
                "strategy-invalid",
                f"the capability {name!r} is in {component.capabilities_from}, too",
                where=loaded.document.key_place((kind, "capabilities", name)),
            )
    own = {name: capability.model_dump() for name, capability in component.capabilities.items()}
    areas = {name: list(folders) for name, folders in component.areas.items()}
    return {"areas": {**data.get("areas", {}), **areas}, "capabilities": {**shared, **own}}


def known_names(loaded: LoadedStrategy, shipped: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """Return the names of capabilities that each component may use: those that ship with qpatch, and its own.

    Raises UserError as `capability_data` does, and for one of its own that has the name of one that ships.
    """
    known = {kind: frozenset(names) for kind, names in shipped.items()}
    for kind in loaded.components:
        own = frozenset(capability_data(loaded, kind)["capabilities"])
        for name in sorted(own & known[kind]):
            raise UserError(
                "strategy-invalid",
                f"the capability {name!r} hides one of this name that ships with qpatch",
                where=loaded.document.key_place((kind, "capabilities", name)),
            )
        known[kind] |= own
    return known


def _read(loaded: LoadedStrategy, name: str, where: Location) -> dict[str, dict[str, Any]]:
    file = template_file(loaded.file, name)
    if file is None:
        raise UserError("template-missing", f"there is no file {name!r}", where=where)
    data = read_yaml_file(file, "strategy-syntax")
    if isinstance(data, dict) and data.keys() <= _PARTS and all(isinstance(part, dict) for part in data.values()):
        return data
    raise UserError(
        "strategy-invalid",
        "a file of capabilities has the mappings `areas` and `capabilities`",
        where=Location(shown(file)),
    )
