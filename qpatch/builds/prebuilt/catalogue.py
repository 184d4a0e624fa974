# SPDX-License-Identifier: GPL-2.0-or-later
"""Which packages of which suite hold a release of QEMU: packages.yaml for all releases, and where each of them is.

That is told by the release's recipe, and for a release without sources, which needs no recipe, by releases.yaml.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import yaml

from qpatch.builds.recipe import RecipeModel, qemu_recipe
from qpatch.errors import UserError
from qpatch.trees.places import configuration_file
from qpatch.trees.releases import known_releases, load_configuration
from qpatch.trees.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.builds.recipe import PackagedRelease
    from qpatch.trees.releases import BinarySuites, Release


class PackagedProgram(RecipeModel):
    """QEMU for one target: the program's file name, its package, and packages taken without their dependencies."""

    program: str
    package: str
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class PackageCandidate:
    """One place where a release may be had: the suites, a shell pattern for the version, the program of each target."""

    suites: tuple[str, ...]
    version: str
    targets: Mapping[str, PackagedProgram]

    @property
    def digest(self) -> str:
        """A short name for exactly this candidate."""
        programs = {name: program.model_dump() for name, program in self.targets.items()}
        text = json.dumps([self.suites, self.version, programs], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class PackageCatalogue:
    """The targets that are packaged, and the candidates for a release, in the order to try."""

    targets: Mapping[str, PackagedProgram]
    candidates: tuple[PackageCandidate, ...]

    def target_names(self, wanted: str) -> tuple[str, ...]:
        """Return the targets that `wanted` names: one of them, `both`, or '' for the first.

        Raises UserError `unknown-target`.
        """
        names = tuple(self.targets)
        if wanted not in ("", "both", *names):
            raise UserError("unknown-target", f"there is no binary for '{wanted}'", hint=f"there is {', '.join(names)}")
        return names if wanted == "both" else (wanted or names[0],)


def load_catalogue(release: str) -> PackageCatalogue:
    """Return where QEMU's `release`, such as `7.2` or `10.0.13`, may be had.

    Raises UserError `no-prebuilt` where no distribution is known to have it: the recipe is then that of an older one.
    """
    places = _places(release)
    if not places:
        raise UserError("no-prebuilt", f"no binaries of QEMU {release} are known")
    text = resources.files(__package__).joinpath("packages.yaml").read_text(encoding="utf-8")
    targets = {name: PackagedProgram.model_validate(entry) for name, entry in yaml.load(text, yaml.CSafeLoader).items()}
    return PackageCatalogue(targets, tuple(PackageCandidate(place.suites, place.version, targets) for place in places))


def _places(release: str) -> Sequence[PackagedRelease | BinarySuites]:
    """Return where Debian has the programs of `release`."""
    known = known_releases(load_configuration(configuration_file())).values()
    listed = [place for one in known if _is_of(one, release) for place in one.binaries]
    recipe = qemu_recipe(release)
    return listed or (recipe.prebuilt if _series(recipe.from_) == _series(release) else ())


def _is_of(known: Release, release: str) -> bool:
    return known.kind == "qemu" and _series(known.release) == _series(release)


def release_of(tree: str) -> tuple[str, str]:
    """Return a tree's name, fit for a directory, and the release of QEMU that it is; a known one need not be fetched.

    Raises UserError as `resolve` does, and `not-qemu` for a tree of Linux.
    """
    found = known_releases(load_configuration(configuration_file())).get(tree) or resolve(tree)
    require_qemu(tree, found.kind)
    return found.name, found.release


def require_qemu(tree: str, kind: str) -> None:
    """Raise UserError `not-qemu` for a tree of another kind."""
    if kind != "qemu":
        raise UserError("not-qemu", f"{tree} is a tree of Linux, not of QEMU")


def _series(release: str) -> list[str]:
    return re.findall(r"\d+", release)[:2]
