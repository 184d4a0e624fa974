# SPDX-License-Identifier: GPL-2.0-or-later
"""The types of edits: what an edit is, whatever the tree that it is applied to.

The strategy loader builds these from YAML after rendering Jinja, the engine (`qpatch.csource.apply`) carries them out.
An edit is made at an `Anchor`, whose `AnchorKind` is a row of the table in `qpatch.csource.kinds.table`; what it does
there is one of the types of `Operation`.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.errors import Location, UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.csource.changes import Outcome
    from qpatch.csource.matching.hunk import Hunk
    from qpatch.csource.matching.pattern import Context
    from qpatch.csource.matching.rewriting import Rewriting
    from qpatch.csource.matching.verbatim import VerbatimHunk
    from qpatch.csource.results import Ambiguous, Drifted
    from qpatch.csource.syntax.layout import Replacement
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.syntax.term import Term
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor

NOWHERE = Location("")


class Position(enum.StrEnum):
    """Where added text goes, relative to the anchor."""

    IN = "in"
    AFTER = "after"
    BEFORE = "before"


class Action(enum.StrEnum):
    """What an edit does with its anchor. The value is what messages and docs/strategies.md call it."""

    HUNK = "hunk"
    VERBATIM = "verbatim"
    ADD_INSIDE = "add inside"
    ADD_BESIDE = "add beside"
    DELETE = "delete"
    MOVE = "move"
    CREATE = "create"
    RENAME = "rename"
    MODE = "mode"
    EVERYWHERE = "everywhere"


class Parameters(enum.StrEnum):
    """What the parentheses after an anchor's name hold. The value stands for it in the documentation."""

    NONE = ""
    # The parameter list that a function must have, with `$name` and `...`.
    LIST = "(PARAMETERS)"
    # The expression that a switch switches on.
    EXPRESSION = "(EXPRESSION)"


class TextScope(enum.Enum):
    """What a kind of anchor stands for in a text file, such as meson.build."""

    NOTHING = enum.auto()
    FILE = enum.auto()
    SECTION = enum.auto()


class AnchorHandler(ABC):
    """How the anchors of a kind are found in C, and what is particular in working on them.

    `qpatch.csource.kinds.base` has what most kinds do.
    """

    @abstractmethod
    def locate(self, anchor: Anchor, workspace: EditWorkspace) -> LocatedAnchor | Drifted | Ambiguous:
        """Find the one place that `anchor` names, or say why there is not exactly one."""

    @abstractmethod
    def plan(self, edit: Edit, workspace: EditWorkspace) -> Outcome:
        """Work out what `edit`, one that the kind allows, changes. Raises UserError where the edit itself is wrong."""

    @abstractmethod
    def insertion(
        self, located: LocatedAnchor, position: Position, text: bytes, *, blank: bool
    ) -> Replacement | Drifted | Ambiguous:
        """Return the insertion of `text` beside the anchor (`blank`: with one blank line between), or why not."""

    def members(self, items: Sequence[Term]) -> Sequence[Term]:
        """Return what an addition inside the anchor stands among, given the items of the anchor's block."""
        return items

    def similar(self, anchor: Anchor, workspace: EditWorkspace) -> Sequence[tuple[str, Symbol]]:  # noqa: ARG002  # a default
        """Return (path, symbol) of what a missing anchor may have been renamed to, the likeliest first."""
        return ()

    def check(self, edit: Edit) -> None:  # noqa: B027  # a default
        """Raise UserError where `edit` asks for what no anchor of the kind can do, whatever the tree."""

    def unfinished(self, edit: Edit, workspace: EditWorkspace) -> Drifted | None:  # noqa: ARG002  # a default
        """Say what the edits of a patch, all of them done, have left behind at the anchor of `edit`, if anything."""
        return None


@dataclass(frozen=True)
class AnchorKind:
    """A kind of anchor: a row of the table of kinds.

    `word` begins an anchor in a strategy; `name` stands for the rest in the documentation, '' where a kind has no name
    but at most a path; `description` is one line. `actions` are what may be done with such an anchor. `handler` finds
    it in C, None for what C has not. `context` tells what the lines of a hunk are a list of. `is_function_body` tells
    whether a hunk changes the inside of the function that gives the anchor its name, `is_statement` whether the anchor
    stands inside it, and not at file scope. `needs_path`: the path is a part of the anchor, not only where it is looked
    for first. `shows_macro`: the lines of a hunk are those of one `#define`. `text_scope` is what the anchor stands for
    in a text file.
    """

    word: str
    description: str
    actions: frozenset[Action]
    handler: AnchorHandler | None = field(compare=False)
    context: Context
    name: str = "NAME"
    parameters: Parameters = Parameters.NONE
    is_function_body: bool = False
    is_statement: bool = False
    needs_path: bool = False
    shows_macro: bool = False
    text_scope: TextScope = TextScope.NOTHING

    @property
    def forms(self) -> tuple[str, ...]:
        """The ways to write such an anchor, the shortest first."""
        plain = f"{self.word} {self.name or ('PATH' if self.needs_path else '')}".rstrip()
        return (plain, plain + self.parameters) if self.parameters else (plain,)

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True)
class Anchor:
    """Where an edit is made: a kind, a symbol's name, and the path where it is expected ('' = anywhere).

    `position` is IN for hunks and for additions to the inside of the anchor, AFTER or BEFORE for additions beside it.
    `parameters`, if given, are the parentheses after the name with what they hold (see `Parameters`). `guard` is the
    `#if` condition that the symbol stands under, as the outline gives it; '' for none.
    """

    kind: AnchorKind
    name: str
    path: str = ""
    position: Position = Position.IN
    parameters: str = ""
    guard: str = ""

    @property
    def handler(self) -> AnchorHandler:
        """What finds the anchor in C. Raises UserError (text-anchor) where its kind is one of text files only."""
        if self.kind.handler is None:
            raise UserError("text-anchor", f"`{self}` is an anchor of text files, not of C", hint="name a symbol")
        return self.kind.handler

    def locate(self, workspace: EditWorkspace) -> LocatedAnchor | Drifted | Ambiguous:
        """Find the anchor in C, or say why it is not there. Raises as `handler` does."""
        return self.handler.locate(self, workspace)

    def __str__(self) -> str:
        """Name the anchor as messages and tables do; a file has its path for a name."""
        return f"{self.kind} {self.name or self.path}".rstrip()


@dataclass(frozen=True)
class HunkOperation:
    """Semantic hunks, exactly one of which must match (`one-of:`)."""

    hunks: tuple[Hunk, ...]


@dataclass(frozen=True)
class VerbatimOperation:
    """An exact diff of lines inside the anchor."""

    hunk: VerbatimHunk


@dataclass(frozen=True)
class AddOperation:
    """Text to add at the anchor; `beside` names the member, entry or event that it follows or precedes inside it."""

    text: str
    beside: str = ""
    beside_position: Position = Position.AFTER


@dataclass(frozen=True)
class DeleteOperation:
    """Delete the anchor: a file, or a function, a macro, a struct, with its leading comment."""


@dataclass(frozen=True)
class MoveOperation:
    """Move the anchor, byte for byte, to `target` (AFTER or BEFORE it)."""

    target: Anchor


@dataclass(frozen=True)
class CreateOperation:
    """Make the file that the anchor names, with this content and git mode."""

    content: bytes
    mode: str


@dataclass(frozen=True)
class RenameOperation:
    """Give the file that the anchor names the path `target`; later edits find it by either path."""

    target: str


@dataclass(frozen=True)
class ModeOperation:
    """Give the file that the anchor names another git mode."""

    mode: str


@dataclass(frozen=True)
class EverywhereOperation:
    """Replace an expression or a name wherever it stands at the anchor.

    `at_least` makes the edit's `expect` the least number of places. `comments`, `strings` and `texts` (files that are
    not C) tell where else than in code a name is replaced.
    """

    rewriting: Rewriting
    at_least: bool = False
    comments: bool = False
    strings: bool = False
    texts: bool = False


Operation = (
    HunkOperation
    | VerbatimOperation
    | AddOperation
    | DeleteOperation
    | MoveOperation
    | CreateOperation
    | RenameOperation
    | ModeOperation
    | EverywhereOperation
)
_ACTIONS: Mapping[type[Operation], Action] = {
    HunkOperation: Action.HUNK,
    VerbatimOperation: Action.VERBATIM,
    DeleteOperation: Action.DELETE,
    MoveOperation: Action.MOVE,
    CreateOperation: Action.CREATE,
    RenameOperation: Action.RENAME,
    ModeOperation: Action.MODE,
    EverywhereOperation: Action.EVERYWHERE,
}


@dataclass(frozen=True)
class Edit:
    """One structural change. `expect` is how many places must match; `where` is its place in the file that says it."""

    anchor: Anchor
    operation: Operation
    expect: int = 1
    why: str = ""
    where: Location = NOWHERE

    @property
    def action(self) -> Action:
        """What the edit does with its anchor."""
        if isinstance(self.operation, AddOperation):
            return Action.ADD_INSIDE if self.anchor.position is Position.IN else Action.ADD_BESIDE
        return _ACTIONS[type(self.operation)]
