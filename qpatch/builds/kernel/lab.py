# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's own kernel, whole: the release's smallest configuration and what a lab needs of it laid over."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from typing_extensions import override

from qpatch.builds.backend import BuildFailed
from qpatch.builds.kernel.kbuild import COMPILER, KbuildTarget, nothing_made, run_make, variables
from qpatch.builds.kernel.modules import REQUIREMENTS, modules_made
from qpatch.builds.kernel.objects import ObjectTree
from qpatch.builds.kernel.recipe import configuration, digest
from qpatch.builds.toolchain import compiler_version
from qpatch.requirements import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from qpatch.builds.backend import BuildDirectories, MakeResult
    from qpatch.builds.kernel.recipe import KernelRecipe, LinuxRecipe
    from qpatch.trees.progress import Progress

TARGET = "kernel"

# kbuild has configurations by their names from here (scripts/kconfig/Makefile, %.config).
_FRAGMENT = "qpatch-lab.config"
_FRAGMENTS = "kernel/configs"
_OPTION = re.compile(r"^(?:# )?(?P<name>CONFIG_\w+)(?:=(?P<value>.*)| is not set)$", re.MULTILINE)
_UNSET = "n"


@dataclass(frozen=True)
class LabKernelBackend(KbuildTarget):
    """The lab's kernel of a tree, by a release's recipe `linux`; for `jobs` see `run_make`."""

    linux: LinuxRecipe
    recipe: KernelRecipe
    jobs: int = 0
    target: str = TARGET

    @override
    def overlay(self) -> Mapping[str, bytes]:
        """Return the configuration, in the directory where kbuild looks it up by its name."""
        return {f"{_FRAGMENTS}/{_FRAGMENT}": self._configuration()}

    @override
    def identity(self) -> Mapping[str, str]:
        of_recipe = digest(self.recipe, self._configuration())
        return {
            "recipe": f"linux-{self.linux.from_} {of_recipe}",
            "target": self.target,
            "compiler": compiler_version(COMPILER),
        }

    @override
    def configure(self, place: BuildDirectories, progress: Progress) -> Sequence[str]:
        require(REQUIREMENTS)
        progress.begin(f"configuring {self.target}", None)
        made = self._configured(place, progress)
        if not made.succeeded:
            last = "\n".join(made.output.splitlines()[-10:])
            raise BuildFailed(
                "configure-failed", f"the kernel's configuration failed:\n{last}", hint=f"The whole log: {place.log}"
            )
        self._check(place, progress)
        return [*self._command(place), *self._configurations]

    @override
    def make(self, place: BuildDirectories, progress: Progress) -> MakeResult:
        from_nothing = not (place.build / self.recipe.image).exists()
        progress.begin(f"building {self.target}", self.recipe.steps if from_nothing else None)
        return self._make(place, ["bzImage", "modules"], progress)

    @override
    def make_objects(self, place: BuildDirectories, files: Sequence[str], progress: Progress) -> MakeResult:
        goals = _objects(place).concerned(files, self.recipe.directories)
        progress.begin(f"building {len(goals)} objects", None)
        return self._make(place, goals, progress) if goals else nothing_made()

    @override
    def not_compiled(self, place: BuildDirectories, files: Sequence[str]) -> Sequence[str]:
        return _objects(place).not_compiled(files)

    @override
    def products(self, place: BuildDirectories) -> Mapping[str, Path]:
        """Return the image, its configuration and the modules."""
        return {
            "bzImage": place.build / self.recipe.image,
            "config": place.build / ".config",
            **modules_made(place.build),
        }

    @override
    def reproducer(self, place: BuildDirectories) -> Sequence[str]:
        del place
        command = f"make -C $SOURCE O=$PWD {shlex.join(variables({}))}"
        return [f"{command} {' '.join(self._configurations)}", f"{command} -j$(nproc) bzImage modules"]

    @property
    def _configurations(self) -> tuple[str, str]:
        return self.recipe.base, _FRAGMENT

    def _configuration(self) -> bytes:
        of_release = "".join(f"{name}={value}\n" for name, value in self.recipe.options.items())
        return configuration(self.recipe.configuration) + of_release.encode()

    def _make(self, place: BuildDirectories, goals: Sequence[str], progress: Progress) -> MakeResult:
        """Make `goals`; where a patch has changed what can be configured, begin with that, as from nothing.

        The configuration is then a function of the tree, and not of what was built before.
        """
        if _is_outdated(place):
            configured = self._configured(place, progress)
            if not configured.succeeded:
                return configured
        return run_make(place, place.build, [*self._command(place)[1:], *goals], self.jobs, progress)

    def _configured(self, place: BuildDirectories, progress: Progress) -> MakeResult:
        return run_make(place, place.build, [*self._command(place)[1:], *self._configurations], 1, progress)

    def _command(self, place: BuildDirectories) -> list[str]:
        return ["make", "-C", str(place.source.resolve()), f"O={place.build.resolve()}", *variables({})]

    def _check(self, place: BuildDirectories, progress: Progress) -> None:
        """Tell of options that the release has refused; raise BuildFailed `option-refused` for an essential one."""
        wanted = dict(_options(self._configuration().decode()))
        chosen = dict(_options((place.build / ".config").read_text(encoding="utf-8")))
        refused = [name for name, value in wanted.items() if chosen.get(name, _UNSET) != value]
        told = [f"{name}={wanted[name]} became {chosen.get(name, _UNSET)}" for name in refused]
        essential = any(fnmatch(name, pattern) for name in refused for pattern in self.recipe.essential)
        if essential:
            raise BuildFailed(
                "option-refused",
                f"this release refuses {', '.join(told)}",
                hint=f"The configuration: {place.build / '.config'}",
            )
        for refusal in told:
            progress.note(f"the kernel's configuration: {refusal}")


def _options(text: str) -> Iterator[tuple[str, str]]:
    for option in _OPTION.finditer(text):
        yield option["name"], option["value"] or _UNSET


def _objects(place: BuildDirectories) -> ObjectTree:
    return ObjectTree(place.build.resolve(), place.source.resolve())


def _is_outdated(place: BuildDirectories) -> bool:
    """Tell whether a file that declares options is newer than the configuration, or is gone."""
    record = place.build / "include" / "config" / "auto.conf.cmd"
    if not record.exists():
        return False
    made = (place.build / ".config").stat().st_mtime_ns
    declared = record.read_text(encoding="utf-8").split("deps_config := ")[-1].split("\n\n")[0]
    files = [place.source / word for word in declared.replace("\\", " ").split()]
    return any(not file.exists() or file.stat().st_mtime_ns > made for file in files)
