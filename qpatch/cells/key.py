# SPDX-License-Identifier: GPL-2.0-or-later
"""What a cell is called: the stage that a strategy reached on a tree, and what makes it differ from its neighbours."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Stage(enum.StrEnum):
    """How far a strategy was taken: mails written, objects compiled, programs linked, a device migrated."""

    RENDERED = "rendered"
    CHECKED = "checked"
    BUILT = "built"
    TESTED = "tested"


@dataclass(frozen=True)
class CellKey:
    """The name of a cell; what does not apply to a stage is ''.

    `strategy` and `tree` are names, `component` is 'qemu' or 'linux' ('' where the tree could not be opened), `target`
    what a build is for ('aarch64-softmmu', 'modules'). The others name the data of a test: the lab, its machine, the
    device's profile, the scenario, and as `peer` the destination where that is another build than the source.
    """

    strategy: str
    tree: str
    component: str = ""
    stage: Stage = Stage.RENDERED
    lab: str = ""
    machine: str = ""
    profile: str = ""
    scenario: str = ""
    target: str = ""
    peer: str = ""

    def __str__(self) -> str:
        """Name the cell as messages about series and builds do: `strategy on tree (target)`."""
        return f"{self.strategy} on {self.tree}{f' ({self.target})' if self.target else ''}"
