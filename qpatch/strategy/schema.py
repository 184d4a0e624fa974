# SPDX-License-Identifier: GPL-2.0-or-later
"""The shape of a strategy file, as pydantic models; also the source of the JSON schema for editors.

Keys are written with hyphens in the file. What spans several keys of one edit (exactly one operation, and so
on) is checked in `EditModel`; what needs positions or templates is checked in `qpatch.strategy.check`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from qpatch.strategy.message import foreign_approvals

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
# RFC 5322's msg-id without the angle brackets.
MESSAGE_ID = r"^[^<>@\s]+@[^<>@\s]+$"
# DRIVER.PROPERTY, as in QEMU's GlobalProperty.
GLOBAL = r"^[^.=,\s]+\.[^.=,\s]+$"
IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_]*$"

Text = Annotated[str, StringConstraints(min_length=1)]
Expression = Annotated[str, StringConstraints(min_length=1)] | bool
ParameterValue = bool | int | str
ANCHOR_KEYS = ("in", "after", "before")
OPERATION_KEYS = (
    "hunk",
    "one-of",
    "verbatim",
    "add",
    "add-template",
    "delete",
    "move",
    "create",
    "rename",
    "everywhere",
)
# The operations whose key names the anchor; those of `FILE_KEYS` name a file by its path alone.
OWN_ANCHOR_KEYS = ("delete", "move", "create", "rename")
FILE_KEYS = ("create", "rename")
_NOT_FOR_FILES = ("path", "guard", "expect")
# As YAML reads them, without quotes and with.
_FILE_MODES = [100644, 100755, "100644", "100755"]
_MODES = {
    "120000": "a symbolic link is neither made nor changed by an edit",
    "160000": "a submodule is neither made nor changed by an edit",
}


def hyphenated(name: str) -> str:
    """Return the key in the file for the field `name`."""
    return name.rstrip("_").replace("_", "-")


class StrategyModel(BaseModel):
    """Base of all parts: immutable, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=hyphenated)


class Proposer(StrategyModel):
    """Who proposed the option, and in which mail."""

    name: Text
    message_id: Annotated[str, StringConstraints(pattern=MESSAGE_ID)] = ""
    date: str = ""


class Objection(StrategyModel):
    """An argument against the option, and whose it is."""

    who: str = ""
    text: Text


class Relation(StrategyModel):
    """How the option relates to another one."""

    option: Text
    text: Text


class Parameter(StrategyModel):
    """A value that the user may set with --set; its type is that of the default."""

    default: ParameterValue
    doc: Text


class Condition(StrategyModel):
    """A rule: an expression over capabilities, and the reason to give where it holds."""

    when: Expression
    reason: Text


def _file_mode(value: object) -> str:
    """Return the git mode of a regular file that `value` says. Raises PydanticCustomError for any other."""
    mode = str(value)
    if mode in _FILE_MODES:
        return mode
    reason = _MODES.get(mode, "a file has the mode 100644, or 100755 if it is a program")
    raise PydanticCustomError("bad_mode", "{reason}", {"reason": f"{reason}: `mode: {mode}`"})


class EditModel(StrategyModel):
    """One edit: an anchor (`in`, `after` or `before`) and exactly one operation.

    `mode` is the operation of an edit that has no other.
    """

    in_: Text | None = None
    after: Text | None = None
    before: Text | None = None
    path: str = ""
    guard: str = ""
    expect: Annotated[int, Field(ge=1)] = 1
    when: Expression = True
    why: str = ""
    hunk: Text | None = None
    one_of: Annotated[tuple[Text, ...], Field(min_length=2)] | None = None
    verbatim: Text | None = None
    everywhere: Text | None = None
    at_least: Annotated[int, Field(ge=1)] | None = None
    also_in: tuple[Literal["comments", "strings", "text"], ...] = ()
    add: Text | None = None
    add_template: Text | None = None
    beside: Text | None = None
    delete: Text | None = None
    move: Text | None = None
    to: Text | None = None
    create: Text | None = None
    text: str | None = None
    template: Text | None = None
    rename: Text | None = None
    mode: Annotated[str, BeforeValidator(_file_mode), WithJsonSchema({"enum": _FILE_MODES})] | None = None

    @model_validator(mode="after")
    def _one_operation(self) -> Self:
        operations = self._present(OPERATION_KEYS) or self._present(("mode",))
        if len(operations) != 1:
            found = f"this one has {' and '.join(operations)}" if operations else "this one has none"
            raise _bad_edit(f"an edit has exactly one of {', '.join(OPERATION_KEYS)}, mode; {found}", operations)
        self._check_anchor(operations[0])
        self._check_companions(operations[0])
        return self

    def _check_anchor(self, operation: str) -> None:
        anchors = self._present(ANCHOR_KEYS)
        wanted = 0 if operation in OWN_ANCHOR_KEYS else 1
        if len(anchors) != wanted:
            raise _bad_edit(
                f"`{operation}` names its own anchor, without in/after/before"
                if not wanted
                else f"`{operation}` needs exactly one of in, after, before",
                anchors,
            )
        if operation in ("hunk", "one-of", "verbatim", "everywhere", "mode") and anchors != ["in"]:
            raise _bad_edit(f"`{operation}` edits the inside of its anchor: write `in:`", anchors)
        needless = [key for key in _NOT_FOR_FILES if key in self.model_fields_set] if operation in FILE_KEYS else []
        if needless:
            raise _bad_edit(f"`{operation}` says which file it is about: it takes no `{needless[0]}`", needless)

    def _check_companions(self, operation: str) -> None:
        """Check the keys that only some operations have."""
        if (self.to is None) != (operation not in ("move", "rename")):
            raise _bad_edit(
                "`move` needs `to: after KIND NAME` or `to: before KIND NAME`, `rename` needs `to: PATH`; "
                "no other edit has `to`",
                ["to"],
            )
        if self.beside is not None and (self.in_ is None or operation not in ("add", "add-template")):
            raise _bad_edit("`beside` places an addition inside its anchor: it needs `in` and `add`", ["beside"])
        contents = self._present(("text", "template"))
        if len(contents) != (operation == "create"):
            raise _bad_edit(
                "`create` needs what the file holds: exactly one of `text` and `template`; no other edit has them",
                contents,
            )
        self._check_counts(operation)
        if self.mode is not None and operation not in ("mode", "create"):
            raise _bad_edit("`mode` stands with `create`, or as the only operation with `in: file PATH`", ["mode"])

    def _check_counts(self, operation: str) -> None:
        counts: list[str] = [key for key in ("expect", "at_least") if key in self.model_fields_set]
        if operation == "everywhere" and len(counts) != 1:
            raise _bad_edit("`everywhere` says in how many places: exactly one of `expect` and `at-least`", counts[:1])
        if operation != "everywhere" and (self.at_least is not None or self.also_in):
            raise _bad_edit(
                "only `everywhere` takes `at-least` and `also-in`", ["at-least" if self.at_least else "also-in"]
            )

    def anchor(self) -> tuple[str, str]:
        """Return the key that names the anchor, and the anchor's text."""
        key = self._present((*ANCHOR_KEYS, *OWN_ANCHOR_KEYS))[0]
        return key, str(getattr(self, "in_" if key == "in" else key))

    def _present(self, keys: tuple[str, ...]) -> list[str]:
        fields = {field.alias: name for name, field in type(self).model_fields.items()}
        return [key for key in keys if getattr(self, fields[key]) is not None]


Mailbox = Annotated[str, StringConstraints(pattern=r"^\S.* <[^<>\s]+@[^<>\s]+>$")]


class PickedModel(StrategyModel):
    """The commit that a patch is: its id, its author as a mailbox, and the trailers of its message as they stand there.

    `how` is `cherry-picked` where the change is the commit's own, `backported` where it had to be made to fit.
    `message` says whether the patch's body is the commit's, word for word (`kept`), or other words (`reworded`), and
    `differs`, in some words, what the change has that the commit's has not.
    """

    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
    author: Mailbox
    how: Literal["cherry-picked", "backported"] = "cherry-picked"
    message: Literal["kept", "reworded"]
    differs: Annotated[str, StringConstraints(pattern=r"^\S[^\n\[\]]{0,72}$")] | None = None
    trailers: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _vouched_for(self) -> Self:
        if self.how == "backported" and self.differs is None:
            raise _bad_pick("a back-port tells by `differs` what it changes", "how")
        if self.how == "backported" or self.message == "reworded":
            for trailer in foreign_approvals(self.author, self.trailers):
                raise _bad_pick(
                    f"'{trailer}' was given to the commit, and not to this "
                    f"{'change' if self.how == 'backported' else 'message'}: leave it out",
                    "trailers",
                )
        return self


class PatchModel(StrategyModel):
    """One patch of a series: its message and its edits."""

    subject: Text
    body: Text
    when: Expression = True
    picked_from: PickedModel | None = None
    trailers: tuple[str, ...] = ()
    partial: Literal["ok"] | None = None
    edits: Annotated[tuple[EditModel, ...], Field(min_length=1)]


class OwnCapability(StrategyModel):
    """A capability that the strategy brings with it; docs/capabilities.md describes queries."""

    doc: Text
    source: str = ""
    query: dict[str, Any]


class Component(StrategyModel):
    """What the strategy does to one project: QEMU or Linux. `cc` are the people whom its letter quotes.

    `title` is the subject of its letter, where the strategy's own is about the other project.
    `globals` turn on what is off by default, and a lab sets them: properties as `-global` of QEMU has them, or
    parameters of the kernel's modules.
    """

    title: Text | None = None
    capabilities: dict[Annotated[str, StringConstraints(pattern=IDENTIFIER)], OwnCapability] = {}
    capabilities_from: Text | None = None
    areas: dict[str, tuple[Text, ...]] = {}
    globals: dict[Annotated[str, StringConstraints(pattern=GLOBAL)], ParameterValue] = {}
    landed: Condition | None = None
    void: tuple[Condition, ...] = ()
    cover: Text | None = None
    cc: tuple[Mailbox, ...] = ()
    patches: Annotated[tuple[PatchModel, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _covers_several(self) -> Self:
        if self.cover is None and len(self.patches) > 1:
            raise PydanticCustomError(
                "no_cover", "a series of several patches needs `cover`, the body of its cover letter"
            )
        return self


class Strategy(StrategyModel):
    """A design option: what it is, who argued for and against it, and the patches that make it real."""

    name: Annotated[str, StringConstraints(pattern=NAME)]
    title: Text
    option: str = ""
    proposer: Proposer | None = None
    summary: Text
    for_: tuple[Text, ...] = ()
    against: tuple[Objection, ...] = ()
    relations: tuple[Relation, ...] = ()
    parameters: dict[Annotated[str, StringConstraints(pattern=IDENTIFIER)], Parameter] = {}
    qemu: Component | None = None
    linux: Component | None = None

    @model_validator(mode="after")
    def _has_component(self) -> Self:
        if not self.components():
            raise PydanticCustomError("no_component", "a strategy has patches under `qemu:`, `linux:` or both")
        return self

    def components(self) -> dict[str, Component]:
        """Return the components by the kind of tree that they patch."""
        present = {"qemu": self.qemu, "linux": self.linux}
        return {kind: component for kind, component in present.items() if component is not None}


def _bad_pick(message: str, key: str) -> PydanticCustomError:
    """Return the error about what a patch has of a commit; `key` is the one at fault, for its place."""
    return PydanticCustomError("bad_pick", "{message}", {"message": message, "key": key})


def _bad_edit(message: str, keys: list[str]) -> PydanticCustomError:
    """Return the error about an edit; `keys` are those at fault, for its place."""
    return PydanticCustomError("bad_edit", "{message}", {"message": message, "key": keys[-1] if keys else ""})


def known_keys(path: Iterable[str | int]) -> tuple[str, ...]:
    """Return the keys that the mapping at `path` of a strategy file may have."""
    model: type[StrategyModel] = Strategy
    for part in path:
        fields = {field.alias: field for field in model.model_fields.values()}
        if isinstance(part, str) and part in fields:
            model = _model_in(fields[part].annotation) or model
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _model_in(annotation: object) -> type[StrategyModel] | None:
    """Return the model that `annotation` holds: itself, or inside a list, a mapping or an option."""
    if isinstance(annotation, type) and issubclass(annotation, StrategyModel):
        return annotation
    return next((model for argument in get_args(annotation) if (model := _model_in(argument))), None)
