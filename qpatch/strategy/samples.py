# SPDX-License-Identifier: GPL-2.0-or-later
"""What a strategy is tried on where there is no tree: made-up trees that differ in capabilities and parameters.

Not every mixture of capabilities exists, and nobody knows which ones do. So a fault of an edit counts only where one
name alone brings it about: on every sample that wants the edit, or on all of them where a capability or parameter that
the edit's texts mention has one of its values.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from qpatch.strategy.bind import Binding, TreeInfo
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qpatch.errors import UserError
    from qpatch.strategy.load import LoadedStrategy


@dataclass(frozen=True)
class Sample:
    """A made-up tree: the strategy bound to it, and the value of each name that was varied."""

    binding: Binding
    values: Mapping[str, object]


@dataclass(frozen=True)
class SampleMaker:
    """Makes the samples of one component: `kind` is its kind of tree, `capabilities` the names known there."""

    loaded: LoadedStrategy
    kind: str
    capabilities: frozenset[str]

    def general(self) -> list[Sample]:
        """Return samples with every capability true, with every one false, and with each parameter changed."""
        alike: list[dict[str, object]] = [dict.fromkeys(self.capabilities, truth) for truth in (True, False)]
        changed = [{**alike[1], name: other} for name, (_, other) in self._parameters().items()]
        return [self._sample(values) for values in (*alike, *changed)]

    def mixing(self, names: Iterable[str]) -> list[Sample]:
        """Return samples that differ in `names`; what is neither a capability nor a parameter of two values stays."""
        domains: dict[str, tuple[object, object]] = {
            name: (True, False) for name in sorted(names) if name in self.capabilities
        }
        domains |= {name: values for name, values in self._parameters().items() if name in set(names)}
        return [self._sample(values) for values in _mixtures(domains)]

    def _parameters(self) -> dict[str, tuple[object, object]]:
        """Return the parameters whose values are all known: default and the other one."""
        declared = self.loaded.model.parameters.items()
        return {
            name: (parameter.default, not parameter.default)
            for name, parameter in declared
            if isinstance(parameter.default, bool)
        }

    def _sample(self, values: Mapping[str, object]) -> Sample:
        tree = TreeInfo(f"{self.kind}-0.0", "0.0", self.kind)
        capabilities = {name: bool(values.get(name, False)) for name in self.capabilities}
        settings = {name: value for name, value in values.items() if name not in self.capabilities}
        return Sample(Binding(self.loaded, tree, capabilities, settings), values)


def fault_of_one_name(
    samples: Sequence[Sample], names: Iterable[str], fault: Callable[[Sample], UserError | None]
) -> UserError | None:
    """Return a fault that all `samples` have, or all those where one of `names` has one of its values; None else."""
    found = [(sample, fault(sample)) for sample in samples]
    groups = [found]
    for name in sorted(names):
        values = {sample.values[name] for sample, _ in found if name in sample.values}
        groups += [[each for each in found if each[0].values.get(name) == value] for value in values]
    for group in groups:
        faults = [error for _, error in group if error is not None]
        if faults and len(faults) == len(group):
            return faults[0]
    return None


def _mixtures(domains: Mapping[str, tuple[object, object]]) -> list[dict[str, object]]:
    """Return every mixture of the names' values; of too many names all alike, and each one different from the rest."""
    names = list(domains)
    if len(names) <= thresholds().limits.mixed_names:
        return [dict(zip(names, values, strict=True)) for values in product(*domains.values())]
    alike = [{name: domains[name][index] for name in names} for index in (0, 1)]
    single = [{**alike[index], name: domains[name][1 - index]} for index in (0, 1) for name in names]
    return [*alike, *single]
