# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU as a `qpatch.builds.backend.Backend`: a recipe and a target become configure and ninja."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

from qpatch.builds.backend import Backend, BuildFailed
from qpatch.builds.qemu.ninja import run_ninja
from qpatch.builds.qemu.objects import compiled_sources, concerned_objects, is_code
from qpatch.builds.qemu.venv import python_environment
from qpatch.builds.running import Runner
from qpatch.builds.toolchain import build_environment, compiler_version, search_paths
from qpatch.errors import UserError
from qpatch.requirements import require

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from qpatch.builds.backend import BuildDirectories, MakeResult
    from qpatch.builds.recipe import QemuRecipe, QemuTarget
    from qpatch.trees.progress import Progress

REQUIREMENTS = "build-qemu"
# Makefile of 10.2 and before: configure runs again where these change, but only when make is used.
CONFIGURE_INPUTS = ("configure", "scripts/meson-buildoptions.sh", "pythondeps.toml", "python/scripts/mkvenv.py")


@dataclass(frozen=True)
class QemuBackend(Backend):
    """QEMU for one `target`, such as aarch64-softmmu, by a release's `recipe`; `jobs` is ninja's -j, 0 its default."""

    recipe: QemuRecipe
    target: str
    jobs: int = 0

    def __post_init__(self) -> None:
        if self.target not in self.recipe.targets:
            raise UserError(
                "unknown-target",
                f"the recipe of QEMU {self.recipe.from_} has no target {self.target}",
                hint=f"It has {', '.join(self.recipe.targets)}.",
            )

    @property
    @override
    def directory(self) -> str:
        """Return one directory for all targets: most objects belong to each of them."""
        return "qemu"

    @property
    @override
    def configure_inputs(self) -> Sequence[str]:
        return CONFIGURE_INPUTS

    @property
    @override
    def borrowed(self) -> Sequence[str]:
        return self.recipe.borrowed

    @override
    def overlay(self) -> Mapping[str, bytes]:
        files = [self.recipe.files, *(target.files for target in self.recipe.targets.values())]
        return {path: content.encode() for group in files for path, content in group.items()}

    @override
    def identity(self) -> Mapping[str, str]:
        return {
            "recipe": f"qemu-{self.recipe.from_} {self.recipe.digest}",
            "compiler": compiler_version(),
            "python": sys.version.split()[0],
            **search_paths(),
        }

    @override
    def configure(self, place: BuildDirectories, progress: Progress) -> Sequence[str]:
        require(REQUIREMENTS)
        progress.begin(f"configuring for {', '.join(self.recipe.targets)}", None)
        tools = python_environment(self.recipe.python, place)
        command = self._configure_command(place, tools)
        ran = Runner(build_environment(place, tools), place.log, place.lock).run(command, place.build)
        if not ran.succeeded:
            last = "\n".join(ran.output.splitlines()[-10:])
            raise BuildFailed("configure-failed", f"QEMU's configure failed:\n{last}", hint=f"The log: {place.log}")
        return command

    @override
    def make(self, place: BuildDirectories, progress: Progress) -> MakeResult:
        return run_ninja(self._runner(place), place, [self._target.goal], self.jobs, progress)

    @override
    def make_objects(self, place: BuildDirectories, files: Sequence[str], progress: Progress) -> MakeResult:
        runner = self._runner(place)
        before = self._compiled(place)
        regenerated = run_ninja(runner, place, ["build.ninja"], self.jobs, progress)  # meson again where it must
        if not regenerated.succeeded:
            return regenerated
        compiled = self._compiled(place)
        # A file that a meson.build or a Kconfig newly asks for is concerned as well.
        new = [made for source, objects in compiled.items() if source not in before for made in objects]
        concerned = concerned_objects(place, files, compiled).values()
        wanted = list(dict.fromkeys([*new, *(made for objects in concerned for made in objects)]))
        return run_ninja(runner, place, wanted, self.jobs, progress) if wanted else regenerated

    @override
    def objects(self, place: BuildDirectories) -> Collection[str]:
        return {made for objects in self._compiled(place).values() for made in objects}

    @override
    def not_compiled(self, place: BuildDirectories, files: Sequence[str]) -> Sequence[str]:
        code = [file for file in files if is_code(file)]
        concerned = concerned_objects(place, code, self._compiled(place)) if code else {}
        return [file for file, objects in concerned.items() if not objects]

    @override
    def products(self, place: BuildDirectories) -> Mapping[str, Path]:
        return {self._target.goal: place.build / self._target.goal}

    @override
    def reproducer(self, _place: BuildDirectories) -> Sequence[str]:
        install = f" && $VENV/bin/pip install {shlex.join(self.recipe.python)}" if self.recipe.python else ""
        meson = (
            ["--meson=$VENV/bin/meson", "--ninja=$(command -v ninja)"]
            if self.recipe.meson_option
            else ["--python=$VENV/bin/python3"]
        )
        return [
            f"VENV=$PWD/venv  # a path without spaces\npython3 -m venv $VENV{install}",
            f"PATH=$VENV/bin:$PATH $SOURCE/configure {' '.join([*meson, *map(shlex.quote, self._arguments())])}",
            f"PATH=$VENV/bin:$PATH ninja {self._target.goal}",
        ]

    @property
    def _target(self) -> QemuTarget:
        return self.recipe.targets[self.target]

    def _compiled(self, place: BuildDirectories) -> dict[str, list[str]]:
        """Return what ninja compiles for the goal: tests and tools, which have rules too, do not count."""
        command = ["ninja", "-t", "commands", self._target.goal]
        return compiled_sources(place, self._runner(place).ask(command, place.build))

    def _runner(self, place: BuildDirectories) -> Runner:
        tools = python_environment(self.recipe.python, place)
        return Runner(build_environment(place, tools), place.log, place.lock)

    def _configure_command(self, place: BuildDirectories, tools: Path) -> list[str]:
        # configure of 5.2 refuses --python together with --meson; of 8.1 and later it makes an environment of its own
        # from the Python that it is given.
        if self.recipe.meson_option:
            ninja = shutil.which("ninja")
            python = [f"--meson={tools / 'meson'}", f"--ninja={ninja}"]
        else:
            python = [f"--python={tools / 'python3'}"]
        return [str(place.source / "configure"), *python, *self._arguments()]

    def _arguments(self) -> list[str]:
        return [f"--target-list={','.join(self.recipe.targets)}", *self.recipe.configure]
