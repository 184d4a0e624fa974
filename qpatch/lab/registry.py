# SPDX-License-Identifier: GPL-2.0-or-later
"""The labs that there are, by their names: labs.yaml. A lab's modules are imported when it is asked for."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

import yaml

from qpatch.errors import UserError
from qpatch.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qpatch.lab.protocol import Lab


@dataclass(frozen=True)
class LabRegistry:
    """What labs.yaml says: `classes` as MODULE:CLASS by the labs' names, and names of labs that are `planned`."""

    classes: Mapping[str, str]
    planned: tuple[str, ...] = ()

    @property
    def default(self) -> str:
        """The lab where the user names none."""
        return next(iter(self.classes))

    @property
    def names(self) -> tuple[str, ...]:
        """All names, of labs that are planned as well."""
        return (*self.classes, *self.planned)

    def get(self, name: str) -> Lab:
        """Return the lab `name`. Raises UserError for one that is not there."""
        if name in self.planned:
            there = list(self.classes)
            raise UserError(
                "usage",
                f"the lab {name} is not there yet: only {' and '.join(there)} {'is' if len(there) == 1 else 'are'}",
            )
        if name not in self.classes:
            raise UserError("unknown-lab", f"there is no lab {name!r}", hint=did_you_mean(name, self.classes))
        module, _, implementation = self.classes[name].partition(":")
        return cast("Lab", getattr(importlib.import_module(module), implementation)())


@cache
def registry() -> LabRegistry:
    """Return the registry that ships."""
    text = resources.files(__package__).joinpath("labs.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return LabRegistry(content["labs"], tuple(content["planned"]))
