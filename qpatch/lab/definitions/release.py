# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between releases of QEMU, and how long the lab waits for what: qemu.yaml, read once."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator

from qpatch.lab.definitions import datafile
from qpatch.lab.definitions.datafile import LabModel

if TYPE_CHECKING:
    from collections.abc import Iterable

Value = bool | int | str


def _numbers(release: Any) -> Any:
    return tuple(map(int, release.split("."))) if isinstance(release, str) else release


# A release such as "10.2", written as a string since YAML would read 8.10 as a number.
Release = Annotated[tuple[int, int], BeforeValidator(_numbers)]


class DefaultChange(LabModel):
    """What changes with the release `from`; None where it stays as it was."""

    from_: Release
    protocol: Literal["v1", "v2"] | None = None
    properties: dict[str, Value] | None = None


class ReleaseRange(LabModel):
    """Releases from `from` (None: the first) up to `before`, which is not among them (None: no end)."""

    from_: Release | None = None
    before: Release | None = None

    def holds(self, release: tuple[int, int]) -> bool:
        """Whether `release` is one of these."""
        return (self.from_ or release) <= release and (self.before is None or release < self.before)


class Feature(LabModel):
    """Something that some releases have; `reason` is the sentence for those that have it not."""

    ranges: tuple[ReleaseRange, ...]
    reason: str


class Refusal(LabModel):
    """Devices that releases from `from` on refuse: so many or more that lack the trait; `says` is in what they say."""

    from_: Release
    devices: int
    lacks: str
    says: str


class WaitLimits(LabModel):
    """How many seconds the lab waits for each thing, and how many times as long on a busy machine."""

    stretch: float
    start: float
    ready: float
    command: float
    answer: float
    late: float
    pre_copy: float
    migration: float
    running: float
    settle: float
    give_up: float
    quit: float


class ReleaseTable(LabModel):
    """The whole of qemu.yaml; the comments there explain each key."""

    releases: tuple[DefaultChange, ...]
    features: dict[str, Feature]
    refusals: tuple[Refusal, ...]
    arguments: tuple[str, ...]
    trace: tuple[str, ...]
    capabilities: tuple[str, ...]
    parameters: dict[str, Value]
    held: dict[str, Value]
    short_directory: str
    limits: WaitLimits

    def protocol(self, release: tuple[int, int]) -> str:
        """Return the migration protocol that `release` speaks with devices: v1 or v2."""
        return next(change.protocol for change in self._until(release) if change.protocol is not None)

    def properties(self, release: tuple[int, int]) -> dict[str, Value]:
        """Return what every `-device vfio-pci` of `release` needs to be migrated."""
        return next(change.properties for change in self._until(release) if change.properties is not None)

    def missing(self, features: Iterable[str], release: tuple[int, int]) -> str:
        """Return why `release` cannot do what needs `features`, or ''."""
        for name in features:
            if not any(one.holds(release) for one in self.features[name].ranges):
                return f"{self.features[name].reason}, and this is {release[0]}.{release[1]}"
        return ""

    def refusal(self, devices: int, traits: Iterable[str], release: tuple[int, int]) -> str:
        """Return a regular expression for what `release` says where it is to refuse `devices` with `traits`, or ''."""
        having = set(traits)
        return next(
            (
                one.says
                for one in self.refusals
                if one.from_ <= release and devices >= one.devices and one.lacks not in having
            ),
            "",
        )

    def _until(self, release: tuple[int, int]) -> list[DefaultChange]:
        """Return the changes up to `release`, the last one first; a release before all of them counts as the first."""
        fitting = [change for change in self.releases if change.from_ <= release] or [self.releases[0]]
        return fitting[::-1]


@cache
def table() -> ReleaseTable:
    """Return what qemu.yaml says."""
    return datafile.read(resources.files(__package__).joinpath("qemu.yaml"), ReleaseTable)
