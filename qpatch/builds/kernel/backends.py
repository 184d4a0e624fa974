# SPDX-License-Identifier: GPL-2.0-or-later
"""The targets of a kernel tree by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.builds.kernel import lab, modules
from qpatch.builds.kernel.headers import DebianHeaders, choose
from qpatch.builds.kernel.kbuild import COMPILER
from qpatch.builds.kernel.recipe import linux_recipe
from qpatch.builds.toolchain import compiler_version
from qpatch.errors import UserError
from qpatch.trees.places import cache_directory

if TYPE_CHECKING:
    from qpatch.builds.backend import Backend


def kernel_backend(release: str, target: str, jobs: int) -> Backend:
    """Return what builds `target` of Linux `release`; '' is the recipe's first target. For `jobs` see `run_make`.

    Raises UserError `no-recipe` and `unknown-target`, EnvironmentFault `compiler-too-old`.
    """
    recipe = linux_recipe(release)
    if recipe.modules is not None and target in ("", modules.TARGET):
        chosen = choose(recipe.modules.packages, compiler_version(COMPILER))
        headers = DebianHeaders(chosen, cache_directory() / "builds" / "shared")
        return modules.ModulesBackend(recipe, recipe.modules, headers, jobs)
    if recipe.kernel is not None and target in ("", lab.TARGET):
        return lab.LabKernelBackend(recipe, recipe.kernel, jobs)
    known = {modules.TARGET: recipe.modules, lab.TARGET: recipe.kernel}
    raise UserError(
        "unknown-target",
        f"the recipe of Linux {recipe.from_} has no target {target}",
        hint=f"It has {', '.join(name for name, wanted in known.items() if wanted)}.",
    )
