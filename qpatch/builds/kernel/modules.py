# SPDX-License-Identifier: GPL-2.0-or-later
"""Modules of a kernel tree, built against the headers of a distribution's kernel, which then loads them.

All directories are built in one go, so that a module links against what another one of the tree exports. The tree's
own headers of the subsystem stand before those of the package: a struct that a patch changes is seen by all modules.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from typing_extensions import override

from qpatch.builds.kernel.kbuild import COMPILER, KbuildTarget, nothing_made, run_make, variables
from qpatch.builds.kernel.mirror import update_mirror
from qpatch.builds.kernel.objects import ObjectTree
from qpatch.builds.kernel.recipe import digest
from qpatch.builds.toolchain import compiler_version
from qpatch.requirements import require
from qpatch.trees.places import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from qpatch.builds.backend import BuildDirectories, MakeResult
    from qpatch.builds.kernel.headers import Headers
    from qpatch.builds.kernel.recipe import LinuxRecipe, ModulesRecipe
    from qpatch.trees.progress import Progress

TARGET = "modules"
REQUIREMENTS = "build-kernel"

# The package's configuration asks for debug information, and for BTF, which takes pahole and the kernel's own image.
# C code does not see these: the layout of structures stays the kernel's.
_SMALL = {"CONFIG_DEBUG_INFO": "", "CONFIG_DEBUG_INFO_BTF_MODULES": ""}
_KBUILD = """\
# Written by qpatch. Headers of the tree stand before those of the kernel that loads the modules.
LINUXINCLUDE := -I$(M)/include -I$(M)/include/uapi $(LINUXINCLUDE)
obj-y += {directories}
"""


@dataclass(frozen=True)
class ModulesBackend(KbuildTarget):
    """The modules of a tree by a release's recipe `linux`, for the kernel of `headers`; for `jobs` see `run_make`."""

    linux: LinuxRecipe
    recipe: ModulesRecipe
    headers: Headers
    jobs: int = 0
    target: str = TARGET

    @override
    def overlay(self) -> Mapping[str, bytes]:
        """Return nothing: kbuild's own file is outside of the checkout."""
        return {}

    @override
    def identity(self) -> Mapping[str, str]:
        return {
            "recipe": f"linux-{self.linux.from_} {digest(self.recipe)}",
            "target": self.target,
            "compiler": compiler_version(COMPILER),
            "headers": self.headers.version(),
        }

    @override
    def configure(self, place: BuildDirectories, progress: Progress) -> Sequence[str]:
        """Unpack the headers; kbuild does the rest."""
        require(REQUIREMENTS)
        self.headers.prepare(progress)
        mirror = _mirror(place)
        mirror.mkdir(parents=True, exist_ok=True)
        write_whole(mirror / "Kbuild", self._kbuild())
        return self._command(place)

    @override
    def make(self, place: BuildDirectories, progress: Progress) -> MakeResult:
        from_nothing = not (_mirror(place) / "modules.order").exists()
        progress.begin(f"building {self.target}", self.recipe.steps if from_nothing else None)
        return self._make(place, ["modules"], progress)

    @override
    def make_objects(self, place: BuildDirectories, files: Sequence[str], progress: Progress) -> MakeResult:
        goals = self._objects(place).concerned(files, self.recipe.directories)
        progress.begin(f"building {len(goals)} objects", None)
        return self._make(place, goals, progress) if goals else nothing_made()

    @override
    def not_compiled(self, place: BuildDirectories, files: Sequence[str]) -> Sequence[str]:
        return self._objects(place).not_compiled(files)

    @override
    def products(self, place: BuildDirectories) -> Mapping[str, Path]:
        """Return every module by the name of its file."""
        return modules_made(_mirror(place))

    @override
    def reproducer(self, place: BuildDirectories) -> Sequence[str]:
        headers = [pattern for pattern in self.recipe.headers if any(place.source.glob(pattern))]
        sources = " ".join([*self.recipe.directories, *headers])
        arguments = shlex.join(variables(self._variables("MIRROR"))).replace("MIRROR", "$PWD/modules")
        return [
            *self.headers.reproducer(),
            "mkdir modules",
            f"(cd $SOURCE && cp --parents -R {sources} $OLDPWD/modules)",
            f"printf %s {shlex.quote(self._kbuild())} > modules/Kbuild",
            f"make -C $HEADERS M=$PWD/modules {arguments} modules",
        ]

    def _make(self, place: BuildDirectories, goals: Sequence[str], progress: Progress) -> MakeResult:
        """Make `goals`; messages name the checkout's files, and not the links to them."""
        source, mirror = place.source.resolve(), _mirror(place)
        update_mirror(mirror, source, self.recipe)
        made = run_make(place, place.build, [*self._command(place)[1:], *goals], self.jobs, progress)
        return replace(made, output=made.output.replace(f"{mirror}/", f"{source}/"))

    def _command(self, place: BuildDirectories) -> list[str]:
        mirror = str(_mirror(place))
        return ["make", "-C", str(self.headers.directory()), f"M={mirror}", *variables(self._variables(mirror))]

    def _kbuild(self) -> str:
        return _KBUILD.format(directories=" ".join(f"{directory}/" for directory in self.recipe.directories))

    def _variables(self, mirror: str) -> dict[str, str]:
        """Return the variables for make; __FILE__ is without the place of the build, so objects do not depend on it."""
        return {**_SMALL, "KCFLAGS": f"-fmacro-prefix-map={mirror}/=", **self.recipe.options}

    def _objects(self, place: BuildDirectories) -> ObjectTree:
        update_mirror(_mirror(place), place.source.resolve(), self.recipe)
        return ObjectTree(_mirror(place), _mirror(place))


def modules_made(directory: Path) -> dict[str, Path]:
    """Return the modules that kbuild has linked in `directory`, by the names of their files."""
    # Until 6.3 the list holds the modules themselves, since then their objects.
    entries = (directory / "modules.order").read_text(encoding="utf-8").split()
    files = [(directory / entry).with_suffix(".ko") for entry in entries]
    return {file.name: file for file in files}


def _mirror(place: BuildDirectories) -> Path:
    return place.build.resolve() / "modules"
