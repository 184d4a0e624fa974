# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything about a strategy that can be checked without a tree: what `qpatch strategy check` runs.

Templates are parsed for their names, and rendered on made-up trees (`qpatch.strategy.samples`), so that hunks and
messages are checked as a tree would get them, by the same code. What is wrong only under a mixture of capabilities is
found when the strategy is rendered on such a tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.errors import UserError
from qpatch.strategy.bind import BoundPatch
from qpatch.strategy.conventions import MessageConventions
from qpatch.strategy.edits import bind_edit
from qpatch.strategy.load import InvalidStrategyError, in_order, load_strategy
from qpatch.strategy.names import NameCheck
from qpatch.strategy.own import known_names
from qpatch.strategy.samples import SampleMaker, fault_of_one_name
from qpatch.strategy.start import untouched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path as FilePath

    from qpatch.csource.edit import AnchorKind
    from qpatch.errors import Location
    from qpatch.strategy.bind import Binding
    from qpatch.strategy.document import Path
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.strategy.samples import Sample
    from qpatch.strategy.schema import Component, Condition, EditModel, PatchModel

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
    try:
        known = known_names(loaded, capabilities)
    except UserError as error:
        return [error]
    problems = [*untouched(loaded), *_parameter_problems(loaded, known)]
    for kind, component in loaded.model.components().items():
        problems += _ComponentCheck(loaded, kind, component, known[kind]).problems()
    return _in_order(loaded, problems)


def unfit_anywhere(loaded: LoadedStrategy, capabilities: Mapping[str, Iterable[str]]) -> list[UserError]:
    """Return what of `check_file` is wrong whatever the tree: what is not written yet, and names that are none."""
    names = {kind: frozenset(known) for kind, known in capabilities.items()}
    found: list[UserError] = loaded.worked_out("unfit", frozenset(names.items()), lambda: _unfit(loaded, names))
    return found


def _unfit(loaded: LoadedStrategy, capabilities: Mapping[str, Iterable[str]]) -> list[UserError]:
    try:
        known = known_names(loaded, capabilities)
    except UserError as error:
        return [error]
    problems = [*untouched(loaded), *_parameter_problems(loaded, known)]
    for kind, component in loaded.model.components().items():
        problems += _name_check(loaded, kind, known[kind]).problems(component)
    return _in_order(loaded, problems)


def _in_order(loaded: LoadedStrategy, problems: Iterable[UserError]) -> list[UserError]:
    """Return each problem once: those of the strategy's file first, then those of its templates."""
    unique = {(str(problem.where), problem.message): problem for problem in problems}
    return in_order(unique.values(), loaded.file)


def _parameter_problems(loaded: LoadedStrategy, capabilities: Mapping[str, Iterable[str]]) -> Iterator[UserError]:
    taken = RESERVED.union(*capabilities.values())
    for name in loaded.model.parameters:
        if name in taken:
            yield UserError(
                "strategy-invalid",
                f"the parameter {name!r} hides a capability or variable of this name",
                where=loaded.document.key_place(("parameters", name)),
            )


def _name_check(loaded: LoadedStrategy, kind: str, capabilities: frozenset[str]) -> NameCheck:
    return NameCheck(loaded, kind, capabilities | loaded.model.parameters.keys() | {"tree", "strategy"})


class _ComponentCheck:
    """Checks one component of a strategy."""

    def __init__(self, loaded: LoadedStrategy, kind: str, component: Component, capabilities: frozenset[str]) -> None:
        self._loaded = loaded
        self._kind = kind
        self._component = component
        self._maker = SampleMaker(loaded, kind, capabilities)
        self._samples = self._maker.general()
        self._names = _name_check(loaded, kind, capabilities)
        self._conventions = MessageConventions(loaded, kind)

    def problems(self) -> Iterator[UserError]:
        """Yield what is wrong; names first, then, if they are all known, what rendering shows."""
        unknown = list(self._names.problems(self._component))
        yield from unknown
        if unknown:
            return
        yield from self._rules_decided()
        for index, patch in enumerate(self._component.patches):
            yield from self._edits_bound(patch, ("patches", index))
        for sample in self._samples:
            for index in range(len(self._component.patches)):
                yield from self._message_problems(sample.binding, index)
            yield from self._series_problems(sample.binding)

    def _place(self, path: Path) -> Location:
        return self._loaded.document.value_place((self._kind, *path))

    def _rules_decided(self) -> Iterator[UserError]:
        """Yield what is wrong in the conditions, and in the reasons of `landed` and `void`."""
        environment = self._loaded.environment
        for sample in self._samples:
            for condition, path in self._conditions():
                yield from _faults(sample.binding.holds, condition, self._place(path))
            for reason, path in self._reasons():
                yield from _faults(environment.render_text, reason, sample.binding.names, self._place(path))

    def _conditions(self) -> Iterator[tuple[str | bool, Path]]:
        for rule, path in self._rules():
            yield rule.when, (*path, "when")
        for index, patch in enumerate(self._component.patches):
            yield patch.when, ("patches", index, "when")
            for number, edit in enumerate(patch.edits):
                yield edit.when, ("patches", index, "edits", number, "when")

    def _reasons(self) -> Iterator[tuple[str, Path]]:
        return ((rule.reason, (*path, "reason")) for rule, path in self._rules())

    def _rules(self) -> Iterator[tuple[Condition, Path]]:
        if self._component.landed:
            yield self._component.landed, ("landed",)
        for index, rule in enumerate(self._component.void):
            yield rule, ("void", index)

    def _edits_bound(self, patch: PatchModel, path: Path) -> Iterator[UserError]:
        for number, edit in enumerate(patch.edits):
            fault = self._fault_of_edit(patch, edit, (*path, "edits", number))
            if fault is not None:
                yield fault

    def _fault_of_edit(self, patch: PatchModel, edit: EditModel, path: Path) -> UserError | None:
        """Return the edit's fault on the samples that want it; where none does, on all of them."""
        rules = [rule.when for rule, _ in self._rules()]
        mentioned = self._names.of_edit(edit, path)
        samples = self._maker.mixing(mentioned | self._names.of_conditions(*rules, patch.when, edit.when))
        wanting = [sample for sample in samples if self._wants(sample.binding, patch, edit, path)]
        return fault_of_one_name(wanting or samples, mentioned, lambda sample: self._fault_on(sample, edit, path))

    def _fault_on(self, sample: Sample, edit: EditModel, path: Path) -> UserError | None:
        return next(_faults(bind_edit, self._loaded, (self._kind, *path), edit, sample.binding.names), None)

    def _wants(self, binding: Binding, patch: PatchModel, edit: EditModel, path: Path) -> bool:
        """Tell whether the edit is carried out on a tree; what is wrong with a condition is told by itself."""
        try:
            return (
                binding.standing().kind == "wanted"
                and binding.holds(patch.when, self._place(path))
                and binding.holds(edit.when, self._place(path))
            )
        except UserError:
            return False

    def _message_problems(self, binding: Binding, index: int) -> Iterator[UserError]:
        try:
            message = binding.message(self._component.patches[index], index)
        except UserError as error:
            yield error
            return
        yield from self._conventions.of_message(index, message)

    def _series_problems(self, binding: Binding) -> Iterator[UserError]:
        """Yield what is wrong with the patches that one tree wants, taken together, and with their cover letter."""
        try:
            wanted = self._wanted_patches(binding)
        except UserError:  # told by the checks of conditions and messages
            return
        try:
            text = binding.cover(tuple(wanted.values()))
        except UserError as error:
            yield from self._conventions.of_series(wanted, None)
            yield error
            return
        yield from self._conventions.of_series(wanted, text)

    def _wanted_patches(self, binding: Binding) -> dict[int, BoundPatch]:
        """Return the messages of the patches that a tree wants, by their numbers, as patches without edits."""
        messages = {
            index: binding.message(patch, index)
            for index, patch in enumerate(self._component.patches)
            if binding.holds(patch.when, self._place(("patches", index, "when")))
        }
        return {index: BoundPatch(message.subject, message.body) for index, message in messages.items()}


def _faults(call: Callable[..., object], *arguments: object) -> Iterator[UserError]:
    """Yield the UserError that `call` raises, if it raises one."""
    try:
        call(*arguments)
    except UserError as error:
        yield error
