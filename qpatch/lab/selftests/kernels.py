# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests of the uAPI on kernels that a lab boots: what was built, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qpatch.lab.selftests.results import DeviceOutcome


@dataclass(frozen=True)
class KernelBuild:
    """What was built of a kernel tree: `target` of `release` with the series of `strategy`; `products` by names.

    `options` are parameters of modules, such as `mtty.config_first`, that turn on what is off by default.
    """

    strategy: str
    tree: str
    release: str
    target: str
    products: Mapping[str, Path]
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KernelBoot:
    """One boot: the word for how the kernel ended, its lines that say so, and where its log is kept."""

    end: str
    lines: tuple[str, ...]
    seconds: float
    directory: Path


@dataclass(frozen=True)
class KernelSuite:
    """What came of the tests on a kernel: their outcome, and the boots that it took."""

    kernel: str
    outcome: DeviceOutcome
    boots: tuple[KernelBoot, ...]

    @property
    def seconds(self) -> float:
        """How long it took, from the first boot to the end of the last."""
        return sum(boot.seconds for boot in self.boots)

    def as_json(self) -> dict[str, object]:
        """Return what --json prints of the kernel."""
        boots = [
            {
                "end": boot.end,
                "lines": list(boot.lines),
                "seconds": round(boot.seconds, 1),
                "directory": str(boot.directory),
            }
            for boot in self.boots
        ]
        return {"device": self.outcome.device, "kernel": self.kernel, "boots": boots}
