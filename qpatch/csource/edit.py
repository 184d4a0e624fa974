# SPDX-License-Identifier: GPL-2.0-or-later
"""The vocabulary of edits: what an edit is, before it meets a tree.

The strategy loader builds these from YAML after rendering Jinja, the engine (`qpatch.csource.apply`) carries
them out. Anchor kinds are listed in `AnchorKind`; operations are `HunkOperation`, `AddOperation`,
`DeleteOperation` and `MoveOperation`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from qpatch.errors import Location

NOWHERE = Location("")


class AnchorKind(enum.StrEnum):
    """What a symbol names. The value is the word used in strategy files."""

    FUNCTION = "function"
    SIGNATURE = "signature"
    PROTOTYPE = "prototype"
    STRUCT = "struct"
    UNION = "union"
    ENUM = "enum"
    TYPEDEF = "typedef"
    INITIALIZER = "initializer"
    SWITCH = "switch"
    MACRO = "macro"
    INCLUDES = "includes"
    FILE = "file"
    # Text files beside the sources; the name is the block's name (see qpatch.csource.text.edits).
    SECTION = "section"


class Position(enum.StrEnum):
    """Where added text goes, relative to the anchor."""

    IN = "in"
    AFTER = "after"
    BEFORE = "before"


@dataclass(frozen=True)
class Anchor:
    """What an edit holds on to: a kind, a symbol's name, and the path where it is expected ('' = anywhere).

    `position` is IN for hunks and for additions to the inside of the anchor, AFTER or BEFORE for additions beside it.
    `parameters`, if given, is the parameter list that a function must have, with `$name` and `...`, parentheses
    included; for a SWITCH, whose name is that of its function, the expression that it switches on. `guard` is the
    `#if` condition that the symbol stands under, as the outline gives it; '' for none.
    """

    kind: AnchorKind
    name: str
    path: str = ""
    position: Position = Position.IN
    parameters: str = ""
    guard: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class HunkOperation:
    """Semantic hunks, exactly one of which must match (`one-of:`); texts still carry their gutters."""

    hunks: tuple[str, ...]


@dataclass(frozen=True)
class AddOperation:
    """Text to add at the anchor; `beside` names the member, entry or event that it follows or precedes inside it."""

    text: str
    beside: str = ""
    beside_position: Position = Position.AFTER


@dataclass(frozen=True)
class DeleteOperation:
    """Delete the anchor (a function, a macro, a struct) with its leading comment."""


@dataclass(frozen=True)
class MoveOperation:
    """Move the anchor, byte for byte, to `target` (AFTER or BEFORE it)."""

    target: Anchor


Operation = HunkOperation | AddOperation | DeleteOperation | MoveOperation


@dataclass(frozen=True)
class Edit:
    """One structural change. `expect` is how many places must match; `where` is its place in the file that says it."""

    anchor: Anchor
    operation: Operation
    expect: int = 1
    why: str = ""
    where: Location = NOWHERE
