# SPDX-License-Identifier: GPL-2.0-or-later
"""Binds a strategy to one tree: its texts rendered, its conditions decided, its edits as `Edit`s.

A `Binding` knows capabilities and names, no sources: what it returns is data for `qpatch.series`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from qpatch.errors import UndecidedError, UserError, placed
from qpatch.strategy.edits import bind_edit
from qpatch.strategy.environment import TEMPLATE_SUFFIX, Names
from qpatch.strategy.message import EVIDENCE_MARK, Picked, check_body_line, check_subject, check_trailer
from qpatch.strategy.origins import Source, origin
from qpatch.strategy.parameters import parameter_values
from qpatch.strategy.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.csource.edit import Edit
    from qpatch.errors import Location
    from qpatch.strategy.document import Path
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.strategy.schema import Component, EditModel, PatchModel


@dataclass(frozen=True)
class TreeInfo:
    """What templates see of a tree: its name, its release ('10.2.2'), its kind ('qemu' or 'linux').

    `base` says what a series on it is based on, in words that follow "based on".
    """

    name: str
    release: str
    kind: str
    base: str = "a commit"

    @property
    def names(self) -> dict[str, str]:
        """What templates see as `tree`: the release compares as a version."""
        return {"name": self.name, "release": Version(self.release), "kind": self.kind, "base": self.base}


@dataclass(frozen=True)
class Applicability:
    """Whether the strategy is wanted on the tree, has landed there, or is void; and why."""

    kind: Literal["wanted", "landed", "void"]
    reason: str = ""


@dataclass(frozen=True)
class SkippedEdit:
    """An edit whose condition is false on this tree."""

    anchor: str
    where: Location
    reason: str


@dataclass(frozen=True)
class UndecidedEdit:
    """An edit, or a whole patch, that depends on what cannot be told of this tree, for the reason of `cause`."""

    anchor: str
    where: Location
    cause: UndecidedError


Step: TypeAlias = "Edit | SkippedEdit | UndecidedEdit"


@dataclass(frozen=True)
class PatchMessage:
    """A patch's message, rendered: subject without prefix, body ending in a newline, trailers; the commit it is."""

    subject: str
    body: str
    trailers: tuple[str, ...]
    picked: Picked | None = None


@dataclass(frozen=True)
class BoundPatch:
    """A patch for one tree: its message, and its edits in their order, those that are not to be made included.

    `partial` allows that the tree has a part of it already; `unwanted` says why the whole patch is left out on this
    tree ('' where it is not): it has no edits then.
    """

    subject: str
    body: str
    trailers: tuple[str, ...] = ()
    partial: bool = False
    steps: tuple[Step, ...] = ()
    unwanted: str = ""
    picked: Picked | None = None

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits to carry out."""
        return tuple(step for step in self.steps if not isinstance(step, SkippedEdit | UndecidedEdit))

    @property
    def skipped(self) -> tuple[SkippedEdit, ...]:
        """The edits whose conditions are false."""
        return tuple(step for step in self.steps if isinstance(step, SkippedEdit))


@dataclass(frozen=True)
class Binding:
    """A strategy, a tree with its capabilities, and the parameters set by the user.

    The mapping of capabilities may compute them when asked for: only those that the strategy mentions are.
    The methods raise UserError for whatever is wrong in the strategy or its templates, and UndecidedError where a
    capability that cannot be told decides; `patches` returns that in the place of what depends on it.
    """

    loaded: LoadedStrategy
    tree: TreeInfo
    capabilities: Mapping[str, int]
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def concerns_tree(self) -> bool:
        """Whether the strategy has patches for this kind of tree."""
        return self.tree.kind in self.loaded.components

    def standing(self) -> Applicability:
        """Decide the `landed` and `void` rules, in this order."""
        component = self._component
        if component.landed and self.holds(component.landed.when, self._place("landed", "when")):
            return Applicability("landed", self._text(component.landed.reason, "landed", "reason"))
        for index, rule in enumerate(component.void):
            if self.holds(rule.when, self._place("void", index, "when")):
                return Applicability("void", self._text(rule.reason, "void", index, "reason"))
        return Applicability("wanted")

    def patches(self) -> tuple[BoundPatch, ...]:
        """Return all patches in order, those that this tree does not want included."""
        return tuple(self._patch(patch, index) for index, patch in enumerate(self._component.patches))

    @property
    def title(self) -> str:
        """The subject of the cover letter: this component's, or else the strategy's."""
        return self._component.title or self.loaded.title

    @property
    def cc(self) -> tuple[str, ...]:
        """The people whom the letter quotes, as mailboxes."""
        return self._component.cc

    @property
    def switched_on(self) -> tuple[str, ...]:
        """What a lab sets to have what is off by default, as `device.property=value`."""
        words = {True: "on", False: "off"}
        values = self._component.globals.items()
        return tuple(f"{name}={words[value] if isinstance(value, bool) else value}" for name, value in values)

    def cover(self, patches: Sequence[BoundPatch], **extra: object) -> str | None:
        """Render the cover letter's body for the series `patches` (None: no letter); `extra` are more names for it."""
        if self._component.cover is None:
            return None
        listed = tuple({"subject": patch.subject, "body": patch.body} for patch in patches)
        more = {"patches": listed, "evidence": EVIDENCE_MARK, **extra}
        names = Names({**self.names.values, **more}, self.capabilities)
        return self._body(self._component.cover, names, ("cover",))

    def message(self, patch: PatchModel, index: int) -> PatchMessage:
        """Render subject, body and trailers of `patch`, the strategy's patch number `index` (from 0).

        Raises UserError, too, where a mail would not carry them.
        """
        path = ("patches", index)
        subject = self._text(patch.subject, *path, "subject").strip()
        with placed(self._place(*path, "subject")):
            if "\n" in subject:
                raise UserError("strategy-invalid", "a subject is one line")
            check_subject(subject)
        body = self._body(patch.body, self.names, (*path, "body"))
        self._check_body(patch.body, body, subject, self._place(*path, "body"))
        trailers = tuple(
            self._trailer(trailer, subject, (*path, "trailers", number))
            for number, trailer in enumerate(patch.trailers)
        )
        return PatchMessage(subject, body, trailers, _picked(patch))

    def _check_body(self, text: str, body: str, subject: str, where: Location) -> None:
        for number, line in enumerate(body.splitlines(), start=1):
            try:
                check_body_line(line.rstrip(), number, subject)
            except UserError as error:
                error.where = origin(self.loaded.environment, Source.of_body(text, where), body, number)
                raise

    def _trailer(self, text: str, subject: str, path: Path) -> str:
        trailer = self._text(text, *path).strip()
        with placed(self._place(*path)):
            check_trailer(trailer, subject)
        return trailer

    def holds(self, condition: str | bool, where: Location) -> bool:
        """Decide `condition`, an expression at `where` or a plain truth value."""
        if isinstance(condition, bool):
            return condition
        return self.loaded.environment.evaluate(condition, self.names, where)

    @cached_property
    def names(self) -> Names:
        """What the templates may use."""
        parameters = parameter_values(self.loaded.model.parameters, self.parameters)
        about = self.loaded.model.model_dump(include=STRATEGY_FIELDS)
        about["for"] = about.pop("for_")
        return Names({**parameters, "tree": self.tree.names, "strategy": about}, self.capabilities)

    @cached_property
    def _component(self) -> Component:
        return self.loaded.model.components()[self.tree.kind]

    def _place(self, *path: str | int) -> Location:
        return self.loaded.document.value_place((self.tree.kind, *path))

    def _text(self, text: str, *path: str | int) -> str:
        return self.loaded.environment.render_text(text, self.names, self._place(*path))

    def _body(self, text: str, names: Names, path: Path) -> str:
        """Render the body of a mail, inline or from a template, and let it end in exactly one newline."""
        environment, where = self.loaded.environment, self._place(*path)
        rendered = (
            environment.render_file(text, names, where)
            if text.endswith(TEMPLATE_SUFFIX)
            else environment.render_text(text, names, where)
        )
        return rendered.strip("\n") + "\n"

    def _patch(self, patch: PatchModel, index: int) -> BoundPatch:
        try:
            return self._decided_patch(patch, index)
        except UndecidedError as undecided:
            where = self.loaded.document.key_place((self.tree.kind, "patches", index))
            return BoundPatch(patch.subject, "", steps=(UndecidedEdit("the patch", where, undecided),))

    def _decided_patch(self, patch: PatchModel, index: int) -> BoundPatch:
        path = ("patches", index)
        message = self.message(patch, index)
        if not self.holds(patch.when, self._place(*path, "when")):
            return BoundPatch(
                message.subject,
                message.body,
                message.trailers,
                unwanted=f"`{patch.when}` is false on {self.tree.name}",
                picked=message.picked,
            )
        steps = tuple(self._step(edit, (*path, "edits", number)) for number, edit in enumerate(patch.edits))
        partial = patch.partial == "ok"
        return BoundPatch(message.subject, message.body, message.trailers, partial, steps, picked=message.picked)

    def _step(self, edit: EditModel, place: Path) -> Step:
        where = self.loaded.document.key_place((self.tree.kind, *place))
        try:
            if self.holds(edit.when, self._place(*place, "when")):
                return bind_edit(self.loaded, (self.tree.kind, *place), edit, self.names)
        except UndecidedError as undecided:
            return UndecidedEdit(edit.anchor()[1], where, undecided)
        return SkippedEdit(edit.anchor()[1], where, f"`{edit.when}` is false on {self.tree.name}")


def _picked(patch: PatchModel) -> Picked | None:
    if (model := patch.picked_from) is None:
        return None
    return Picked(
        model.commit, model.author, model.how, model.trailers, model.message == "reworded", model.differs or ""
    )


# What templates see of the strategy itself.
STRATEGY_FIELDS = {"name", "title", "option", "summary", "proposer", "for_", "against", "relations"}
