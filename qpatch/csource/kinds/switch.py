# SPDX-License-Identifier: GPL-2.0-or-later
"""Anchors that are a `switch`: by its function, and by what it switches on where there are several."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from typing_extensions import override

from qpatch.csource.kinds.base import BlockHandler
from qpatch.csource.results import Ambiguous, Candidate, Drifted, SourcePlace
from qpatch.csource.syntax.parse import nodes_of
from qpatch.csource.syntax.term import build, cases
from qpatch.csource.workspace import LocatedAnchor
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node

    from qpatch.csource.edit import Anchor, AnchorKind
    from qpatch.csource.syntax.term import Term
    from qpatch.csource.workspace import EditWorkspace


@dataclass(frozen=True)
class SwitchHandler(BlockHandler):
    """The switches of functions; `function` is the kind of the anchors that find those."""

    function: AnchorKind

    @override
    def locate(self, anchor: Anchor, workspace: EditWorkspace) -> LocatedAnchor | Drifted | Ambiguous:
        """Find the function, and in it the switch."""
        function = replace(anchor, kind=self.function).locate(workspace)
        return _switch_in(anchor, function) if isinstance(function, LocatedAnchor) else function

    @override
    def members(self, items: Sequence[Term]) -> Sequence[Term]:
        """Return the cases."""
        return cases(items)


def _switch_in(anchor: Anchor, function: LocatedAnchor) -> LocatedAnchor | Drifted | Ambiguous:
    """Return the switch of `function` that the anchor means, as a symbol whose body is the block of its cases."""
    assert function.symbol is not None
    switches = list(nodes_of(function.symbol.node, "switch_statement"))
    wanted = _folded(anchor.parameters)
    fitting = [node for node in switches if wanted in ("", _value(node, function))]
    if len(fitting) == 1:
        node = fitting[0]
        symbol = replace(
            function.symbol,
            kind=anchor.kind.word,
            node=node,
            body=node.child_by_field_name("body"),
            start_line=node.start_point.row + 1,
            end_line=node.end_point.row + 1,
        )
        return replace(function, symbol=symbol)
    places = tuple(
        SourcePlace(function.path, node.start_point.row + 1, f"switch {_value(node, function)}") for node in switches
    )
    if fitting:
        return Ambiguous(
            f"function {anchor.name} has {len(fitting)} such switches",
            function.path,
            places,
            f"in: switch {anchor.name}{places[0].snippet.removeprefix('switch ')}",
        )
    which = f" on {anchor.parameters}" if wanted else ""
    return Drifted(
        f"function {anchor.name} has no switch{which}",
        function.path,
        tuple(Candidate(place, thresholds().similarity.not_compared) for place in places),
        suggestion=f"in: switch {anchor.name}{places[0].snippet.removeprefix('switch ')}" if places else "",
    )


def _value(node: Node, function: LocatedAnchor) -> str:
    """Return what a switch switches on, with its parentheses."""
    condition = node.child_by_field_name("condition")
    assert condition is not None
    return _folded("".join(build(function.parsed, condition).tokens))


def _folded(text: str) -> str:
    return "".join(text.split())
