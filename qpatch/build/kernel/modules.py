"""Modules of a kernel tree, built against the headers of a distribution's kernel, which then loads them.

All directories are built in one go, so that a module links against what another one of the tree exports. The tree's
own headers of the subsystem stand before those of the package: a struct that a patch changes is seen by all modules.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.build.kernel.kbuild import COMPILER, nothing_made, run_make, variables
from qpatch.build.kernel.mirror import update_mirror
from qpatch.build.kernel.objects import ObjectTree
from qpatch.build.kernel.recipe import digest
from qpatch.build.toolchain import compiler_version
from qpatch.requirements import require
from qpatch.trees.places import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.build.backend import Made, Place
    from qpatch.build.kernel.headers import Headers
    from qpatch.build.kernel.recipe import LinuxRecipe
    from qpatch.csource.source import SourceTree
    from qpatch.trees.progress import Progress

TARGET = "modules"
REQUIREMENTS = "build-kernel"

# The package's configuration asks for debug information, and for BTF, which takes pahole and the kernel's own image.
# C code does not see these: the layout of structures stays the kernel's.
_SMALL = {"CONFIG_DEBUG_INFO": "", "CONFIG_DEBUG_INFO_BTF_MODULES": ""}
_KBUILD = """\
# Written by qpatch. The tree's headers stand before those of the kernel that the modules are for.
LINUXINCLUDE := -I{mirror}/include -I{mirror}/include/uapi $(LINUXINCLUDE)
obj-y += {directories}
"""


@dataclass(frozen=True)
class ModulesBackend:
    """The modules of a tree by a release's `recipe`, for the kernel of `headers`; for `jobs` see `run_make`."""

    recipe: LinuxRecipe
    headers: Headers
    jobs: int = 0
    target: str = TARGET

    def overlay(self, source: SourceTree) -> Mapping[str, bytes]:
        """See `Backend.overlay`: nothing, for kbuild's own file is not in the checkout."""
        del source
        return {}

    def identity(self) -> Mapping[str, str]:
        """See `Backend.identity`."""
        return {"recipe": f"linux-{self.recipe.from_} {digest(self.recipe.modules)}", "target": self.target,
                "compiler": compiler_version(COMPILER), "headers": self.headers.version()}

    def configure(self, place: Place, progress: Progress) -> Sequence[str]:
        """See `Backend.configure`: unpack the headers; kbuild does the rest."""
        require(REQUIREMENTS)
        self.headers.directory(progress)
        mirror = _mirror(place)
        mirror.mkdir(parents=True, exist_ok=True)
        directories = " ".join(f"{directory}/" for directory in self.recipe.modules.directories)
        write_whole(mirror / "Kbuild", _KBUILD.format(mirror=mirror, directories=directories))
        return self._command(place, progress)

    def make(self, place: Place, progress: Progress) -> Made:
        """See `Backend.make`."""
        from_nothing = not (_mirror(place) / "modules.order").exists()
        progress.begin(f"building {self.target}", self.recipe.modules.steps if from_nothing else None)
        return self._make(place, ["modules"], progress)

    def make_objects(self, place: Place, files: Sequence[str], progress: Progress) -> Made:
        """See `Backend.make_objects`."""
        goals = self._objects(place).concerned(files, self.recipe.modules.directories)
        progress.begin(f"building {len(goals)} objects", None)
        return self._make(place, goals, progress) if goals else nothing_made()

    def not_compiled(self, place: Place, files: Sequence[str]) -> Sequence[str]:
        """See `Backend.not_compiled`."""
        return self._objects(place).not_compiled(files)

    def products(self, place: Place) -> Mapping[str, Path]:
        """See `Backend.products`: every module, by the name of its file."""
        return modules_made(_mirror(place))

    def reproducer(self, place: Place) -> Sequence[str]:
        """See `Backend.reproducer`."""
        recipe = self.recipe.modules
        sources = " ".join([*recipe.directories, *recipe.headers])
        kbuild = _KBUILD.format(mirror="$(CURDIR_OF_MODULES)", directories=" ".join(
            f"{directory}/" for directory in recipe.directories))
        arguments = shlex.join(variables(self._variables("MIRROR"))).replace("MIRROR", "$PWD/modules")
        return [*self.headers.reproducer(),
                "mkdir modules",
                f"(cd $SOURCE && cp --parents -R {sources} $OLDPWD/modules)",
                f"printf %s {shlex.quote(kbuild)} > modules/Kbuild",
                f"make -C $HEADERS M=$PWD/modules CURDIR_OF_MODULES=$PWD/modules {arguments} modules"]

    def _make(self, place: Place, goals: Sequence[str], progress: Progress) -> Made:
        update_mirror(_mirror(place), place.source.resolve(), self.recipe.modules)
        return run_make(place, place.build, [*self._command(place, progress)[1:], *goals], self.jobs, progress)

    def _command(self, place: Place, progress: Progress) -> list[str]:
        mirror = str(_mirror(place))
        return ["make", "-C", str(self.headers.directory(progress)), f"M={mirror}", *variables(self._variables(mirror))]

    def _variables(self, mirror: str) -> dict[str, str]:
        """Return what make is told; __FILE__ is without the place of the build, so objects do not depend on it."""
        return {**_SMALL, "KCFLAGS": f"-fmacro-prefix-map={mirror}/=", **self.recipe.modules.options}

    def _objects(self, place: Place) -> ObjectTree:
        update_mirror(_mirror(place), place.source.resolve(), self.recipe.modules)
        return ObjectTree(_mirror(place), _mirror(place))


def modules_made(directory: Path) -> dict[str, Path]:
    """Return the modules that kbuild has linked in `directory`, by the names of their files."""
    # Until 6.3 the list holds the modules themselves, since then their objects.
    entries = (directory / "modules.order").read_text(encoding="utf-8").split()
    files = [(directory / entry).with_suffix(".ko") for entry in entries]
    return {file.name: file for file in files}


def _mirror(place: Place) -> Path:
    return place.build.resolve() / "modules"
