# SPDX-License-Identifier: GPL-2.0-or-later
"""The capabilities that a strategy may ask a tree for: those that ship with qpatch, and its own."""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, cast

from qpatch.errors import UserError
from qpatch.strategy.load import load_strategy
from qpatch.strategy.own import capability_data

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from pathlib import Path

    from qpatch.capabilities.catalogue import Capability
    from qpatch.csource.syntax.macros import TreeKind
    from qpatch.series.open_tree import OpenTree
    from qpatch.strategy.load import LoadedStrategy


def facts_for(strategy: LoadedStrategy, target: OpenTree) -> Mapping[str, int]:
    """Return what `strategy` may ask of `target`, computed when asked for. Raises UserError as `own_catalogue` does."""
    kind = cast("TreeKind", target.info.kind)
    own = own_catalogue(strategy, kind) if kind in strategy.components else {}
    if not own:
        return target.capabilities
    from qpatch.capabilities.evaluate import Capabilities

    asked = Capabilities(target.source, kind, target.cache, own, target.told.of(capability_data(strategy, kind)))
    return ChainMap(cast("MutableMapping[str, int]", asked), cast("MutableMapping[str, int]", target.capabilities))


def own_catalogue(strategy: LoadedStrategy, kind: TreeKind) -> dict[str, Capability]:
    """Return the capabilities that a component of the strategy brings with it, read once for all trees.

    Raises UserError where their file cannot be read, or a query is none.
    """
    known: dict[str, Capability] = strategy.worked_out("own catalogue", kind, lambda: _own_catalogue(strategy, kind))
    return known


def _own_catalogue(strategy: LoadedStrategy, kind: TreeKind) -> dict[str, Capability]:
    from qpatch.capabilities.catalogue import read_own

    data = capability_data(strategy, kind)
    if not data["capabilities"]:
        return {}
    try:
        return read_own(data, kind)
    except ValueError as error:
        key = "capabilities" if strategy.model.components()[kind].capabilities else "capabilities-from"
        where = strategy.document.key_place((kind, key))
        raise UserError("capability-invalid", str(error), where=where) from error


def own_problems(file: Path) -> list[UserError]:
    """Return what is wrong with the queries of the strategy in `file`, one that can be loaded."""
    strategy, problems = load_strategy(file), []
    for kind in strategy.components:
        try:
            own_catalogue(strategy, cast("TreeKind", kind))
        except UserError as error:
            problems.append(error)
    return problems
