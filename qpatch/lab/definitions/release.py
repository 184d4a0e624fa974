# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between releases of QEMU, and how long the lab waits for what: qemu.yaml, read once."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from qpatch.lab.definitions import datafile
from qpatch.lab.definitions.datafile import LabModel
from qpatch.lab.definitions.questions import RangeQuestions, TableQuestions

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


class ReleaseRange(LabModel, RangeQuestions):
    """Releases from `from` (None: the first) up to `before`, which is not among them (None: no end)."""

    from_: Release | None = None
    before: Release | None = None


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


class ReleaseTable(LabModel, TableQuestions):
    """The whole of qemu.yaml; the comments there explain each key."""

    releases: tuple[DefaultChange, ...]
    features: dict[str, Feature]
    thrift: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    arguments: tuple[str, ...]
    trace: tuple[str, ...]
    capabilities: tuple[str, ...]
    parameters: dict[str, Value]
    held: dict[str, Value]
    short_directory: str
    limits: WaitLimits


@cache
def table() -> ReleaseTable:
    """Return what qemu.yaml says."""
    return datafile.read(resources.files(__package__).joinpath("qemu.yaml"), ReleaseTable)
