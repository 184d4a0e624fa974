"""The targets of a kernel tree by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.build.kernel import lab, modules
from qpatch.build.kernel.headers import DebianHeaders, choose
from qpatch.build.kernel.kbuild import COMPILER
from qpatch.build.kernel.recipe import linux_recipe
from qpatch.build.toolchain import compiler_version
from qpatch.errors import UserError
from qpatch.trees.places import cache_directory

if TYPE_CHECKING:
    from qpatch.build.backend import Backend
    from qpatch.build.kernel.headers import Packages


def kernel_backend(release: str, target: str, jobs: int, packages: Packages) -> Backend:
    """Return what builds `target` ('' is `modules`) of Linux `release`, with headers from `packages`.

    Raises UserError `no-recipe` and `unknown-target`, EnvironmentFault `compiler-too-old`.
    """
    recipe = linux_recipe(release)
    if target in ("", modules.TARGET):
        chosen = choose(recipe.modules.packages, compiler_version(COMPILER))
        return modules.ModulesBackend(recipe, DebianHeaders(chosen, cache_directory() / "builds" / "shared", packages), jobs)
    if target == lab.TARGET and recipe.kernel is not None:
        return lab.LabKernelBackend(recipe, recipe.kernel, jobs)
    known = [modules.TARGET, *([lab.TARGET] if recipe.kernel else [])]
    raise UserError("unknown-target", f"the recipe of Linux {recipe.from_} has no target {target}",
                    hint=f"It has {', '.join(known)}.")
