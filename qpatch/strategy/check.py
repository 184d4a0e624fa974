# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything about a strategy that can be checked without a tree: what `qpatch strategy check` runs.

Templates are parsed for their names, and rendered twice, with every capability true and with every one
false, so that hunks and messages are checked as a tree would get them. What is wrong only where some capabilities are
true and others false is found when the strategy is rendered on such a tree.
"""

from __future__ import annotations

import re
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from qpatch.errors import Location, UserError
from qpatch.strategy.bind import Binding, TreeInfo
from qpatch.strategy.edits import bind_edit, source_line
from qpatch.strategy.environment import TEMPLATE_SUFFIX, unknown_name
from qpatch.strategy.load import InvalidStrategyError, line_of, load_strategy
from qpatch.strategy.places import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from qpatch.csource.edit import AnchorKind
    from qpatch.strategy.document import Path
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.strategy.schema import Component, Condition, EditModel, PatchModel

# docs/devel/submitting-a-patch.rst of QEMU: lines of a message, subject included, have at most 76 columns.
LINE_LENGTH = 76
SUBJECT = re.compile(r"^[\w./,+*{}-]+(?: [\w./,+*{}-]+)?: \S")
TRAILER = re.compile(r"^[A-Z][A-Za-z-]+: \S")
# Lines that cannot be broken: a trailer or tag that tools read as one line.
UNBREAKABLE = re.compile(r"^[A-Z][A-Za-z-]+: ")
# The texts that are kept byte for byte.
EXACT_KEYS = ("verbatim", "text", "template")
RESERVED = frozenset({"tree", "strategy", "patches"})


def check_file(
    file: FilePath, capabilities: Mapping[str, Iterable[str]], more_kinds: tuple[AnchorKind, ...] = ()
) -> list[UserError]:
    """Return what is wrong with the strategy in `file`, the strategy file first, then its templates.

    `capabilities` are the known names for each kind of tree; `more_kinds` are as in `LoadedStrategy`.
    """
    try:
        loaded = load_strategy(file, more_kinds)
    except InvalidStrategyError as error:
        return list(error.problems)
    except UserError as error:
        return [error]
    problems = list(_parameter_problems(loaded, capabilities))
    for kind, component in loaded.model.components().items():
        problems += _ComponentCheck(loaded, kind, component, frozenset(capabilities[kind])).problems()
    unique = {(str(problem.where), problem.message): problem for problem in problems}
    own = shown(file)
    return sorted(unique.values(), key=lambda problem: (_file_of(problem) != own, _file_of(problem), line_of(problem)))


def _file_of(problem: UserError) -> str:
    return problem.where.file if problem.where else ""


def _parameter_problems(loaded: LoadedStrategy, capabilities: Mapping[str, Iterable[str]]) -> Iterator[UserError]:
    taken = RESERVED.union(*capabilities.values())
    for name in loaded.model.parameters:
        if name in taken:
            yield UserError(
                "strategy-invalid",
                f"the parameter {name!r} hides a capability or variable of this name",
                where=loaded.document.key_place(("parameters", name)),
            )


class _ComponentCheck:
    """Checks one component of a strategy."""

    def __init__(self, loaded: LoadedStrategy, kind: str, component: Component, capabilities: frozenset[str]) -> None:
        self._loaded = loaded
        self._kind = kind
        self._component = component
        self._known = capabilities | loaded.model.parameters.keys() | {"tree", "strategy"}
        tree = TreeInfo(f"{kind}-0.0", "0.0", kind)
        self._samples = [Binding(loaded, tree, dict.fromkeys(capabilities, truth)) for truth in (True, False)]

    def problems(self) -> Iterator[UserError]:
        """Yield what is wrong; names first, then, if they are all known, what rendering shows."""
        static = [
            *self._rules(),
            *self._template(self._component.cover, ("cover",), {"patches"}),
            *(
                problem
                for index, patch in enumerate(self._component.patches)
                for problem in self._patch_names(patch, ("patches", index))
            ),
        ]
        yield from static
        if not static:
            yield from self._reasons_rendered()
            for index, patch in enumerate(self._component.patches):
                yield from self._patch_rendered(patch, index)
            yield from self._cover_rendered()

    def _place(self, path: Path) -> Location:
        return self._loaded.document.value_place((self._kind, *path))

    def _rules(self) -> Iterator[UserError]:
        if self._component.landed:
            yield from self._rule(self._component.landed, ("landed",))
        for index, rule in enumerate(self._component.void):
            yield from self._rule(rule, ("void", index))

    def _rule(self, rule: Condition, path: Path) -> Iterator[UserError]:
        yield from self._expression(rule.when, (*path, "when"))
        yield from self._template(rule.reason, (*path, "reason"))

    def _expression(self, expression: str | bool, path: Path) -> Iterator[UserError]:
        if isinstance(expression, str):
            where, text = self._place(path), expression
            yield from self._unknown(lambda: self._loaded.environment.names_in_expression(text, where), set())

    def _template(self, text: str, path: Path, more: set[str] | None = None) -> Iterator[UserError]:
        """Check the names in `text`, which is a template's file name or inline text."""
        environment, where = self._loaded.environment, self._place(path)
        read = environment.names_in_file if text.endswith(TEMPLATE_SUFFIX) else environment.names_in_text
        yield from self._unknown(lambda: read(text, where), more or set())

    def _unknown(self, read: Callable[[], dict[str, Location]], more: set[str]) -> Iterator[UserError]:
        try:
            names = read()
        except UserError as error:
            yield error
            return
        known = self._known | more
        for name, place in names.items():
            if name not in known:
                yield unknown_name(name, known, place)

    def _patch_names(self, patch: PatchModel, path: Path) -> Iterator[UserError]:
        yield from self._expression(patch.when, (*path, "when"))
        yield from self._template(patch.subject, (*path, "subject"))
        yield from self._template(patch.body, (*path, "body"))
        for index, edit in enumerate(patch.edits):
            yield from self._edit_names(edit, (*path, "edits", index))

    def _edit_names(self, edit: EditModel, path: Path) -> Iterator[UserError]:
        yield from self._expression(edit.when, (*path, "when"))
        texts: list[tuple[str | None, Path]] = [
            (edit.hunk, (*path, "hunk")),
            (edit.add, (*path, "add")),
            (edit.why, (*path, "why")),
            (edit.add_template, (*path, "add-template")),
            *((getattr(edit, key), (*path, key)) for key in ("create", "rename", *EXACT_KEYS)),
            *((text, (*path, "one-of", index)) for index, text in enumerate(edit.one_of or ())),
        ]
        for text, place in texts:
            if text:
                yield from self._template(text, place, {"bytes"} if place[-1] in EXACT_KEYS else None)

    def _reasons_rendered(self) -> Iterator[UserError]:
        rules = [(rule, ("void", index, "reason")) for index, rule in enumerate(self._component.void)]
        landed = [(self._component.landed, ("landed", "reason"))] if self._component.landed else []
        for rule, path in [*landed, *rules]:
            for sample in self._samples:
                try:
                    self._loaded.environment.render_text(rule.reason, sample.names, self._place(path))
                except UserError as error:
                    yield error

    def _patch_rendered(self, patch: PatchModel, index: int) -> Iterator[UserError]:
        edits = (("patches", index, "edits", number) for number in range(len(patch.edits)))
        for path, edit in zip(edits, patch.edits, strict=True):
            yield from self._edit_rendered(edit, path)
        for sample in self._samples:
            yield from self._message_problems(sample, index)

    def _edit_rendered(self, edit: EditModel, path: Path) -> Iterator[UserError]:
        """Yield the edit's fault if it has one under every assignment that it is meant for."""
        wanted = [sample for sample in self._samples if sample.holds(edit.when, self._place((*path, "when")))]
        faults = []
        for sample in wanted or self._samples:
            try:
                bind_edit(self._loaded, (self._kind, *path), edit, sample.names)
            except UserError as error:
                faults.append(error)
        if len(faults) == len(wanted or self._samples):
            yield faults[0]

    def _message_problems(self, sample: Binding, index: int) -> Iterator[UserError]:
        path: Path = ("patches", index)
        try:
            message = sample.message(self._component.patches[index], index)
        except UserError as error:
            yield error
            return
        where = self._place((*path, "subject"))
        if not SUBJECT.match(message.subject):
            yield _message_error(f"the subject {message.subject!r} does not begin with `subsystem: `", where)
        if len(message.subject) > LINE_LENGTH:
            yield _message_error(
                f"the subject has {len(message.subject)} columns; at most {LINE_LENGTH} are usual", where
            )
        yield from self._long_lines(self._component.patches[index].body, message.body, (*path, "body"))
        yield from self._trailer_problems(message.trailers, path)

    def _trailer_problems(self, trailers: tuple[str, ...], path: Path) -> Iterator[UserError]:
        for number, trailer in enumerate(trailers):
            where = self._place((*path, "trailers", number))
            if not TRAILER.match(trailer):
                yield _message_error(f"the trailer {trailer!r} is not `Key: value`", where)
            if trailer.lower().startswith("signed-off-by:"):
                yield _message_error("a strategy never signs off: `--signoff` adds the user's own", where)

    def _cover_rendered(self) -> Iterator[UserError]:
        for sample in self._samples:
            try:
                text = sample.cover(sample.patches())
            except UserError as error:
                yield error
                continue
            yield from self._long_lines(self._component.cover, text, ("cover",))

    def _long_lines(self, template: str, rendered: str, path: Path) -> Iterator[UserError]:
        """Yield the lines of a message that are too long and could be broken, placed in their template."""
        where, source = self._place(path), template
        if template.endswith(TEMPLATE_SUFFIX):
            source, file = self._loaded.environment.source_of(template)
            where = Location(shown(FilePath(file)), 1)
        for number, line in enumerate(rendered.split("\n"), 1):
            if len(line) > LINE_LENGTH and " " in line.strip() and not UNBREAKABLE.match(line):
                place = Location(where.file, where.line + source_line(source, rendered, number) - 1)
                yield _message_error(
                    f"a line of the message has {len(line)} columns; at most {LINE_LENGTH} "
                    f"are usual: {line.strip()[:40]!r}...",
                    place,
                )


def _message_error(message: str, where: Location) -> UserError:
    return UserError("strategy-message", message, where=where)
