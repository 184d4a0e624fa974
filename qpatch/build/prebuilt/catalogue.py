"""Which packages of which suite hold a release of QEMU: the data file recipes/prebuilt.yaml and its models."""

from __future__ import annotations

import hashlib
import re
from importlib import resources
from typing import Annotated

import yaml
from pydantic import Field

from qpatch.build.recipe import RecipeModel
from qpatch.errors import UserError


class PackagedProgram(RecipeModel):
    """QEMU for one target: the program's file name, its package, and packages taken without their dependencies."""

    program: str
    package: str
    beside: tuple[str, ...] = ()


class PackagedRelease(RecipeModel):
    """One place where a release may be had; `version` is a shell pattern."""

    suites: Annotated[tuple[str, ...], Field(min_length=1)]
    version: str
    targets: dict[str, PackagedProgram]

    @property
    def digest(self) -> str:
        """A short name for exactly this candidate."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


class PrebuiltCatalogue(RecipeModel):
    """The data file; `targets` is there to be repeated in the releases."""

    targets: dict[str, PackagedProgram]
    releases: dict[str, tuple[PackagedRelease, ...]]

    def candidates(self, release: str) -> tuple[PackagedRelease, ...]:
        """Return where `release`, such as `7.2` or `10.0.13`, may be had, in the order to try.

        Raises UserError `no-prebuilt` where no distribution is known to have it.
        """
        numbers = re.findall(r"\d+", release)
        found = self.releases.get(".".join(numbers[:2]))
        if found is None:
            raise UserError("no-prebuilt", f"no binaries of QEMU {release} are known",
                            hint=f"those of {', '.join(self.releases)} are")
        return found

    def target_names(self, wanted: str) -> tuple[str, ...]:
        """Return the targets that `wanted` names: one of them, `both`, or '' for the first.

        Raises UserError `unknown-target`.
        """
        names = tuple(self.targets)
        if wanted not in ("", "both", *names):
            raise UserError("unknown-target", f"there is no binary for '{wanted}'", hint=f"there is {', '.join(names)}")
        return names if wanted == "both" else (wanted or names[0],)


def load_catalogue() -> PrebuiltCatalogue:
    """Read the data file."""
    text = resources.files("qpatch.build").joinpath("recipes", "prebuilt.yaml").read_text(encoding="utf-8")
    return PrebuiltCatalogue.model_validate(yaml.load(text, yaml.CSafeLoader))
