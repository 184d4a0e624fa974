# SPDX-License-Identifier: GPL-2.0-or-later
"""The targets that a tree can be built for, by the names of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.builds.backend import Backend

BOTH = "both"


def backends(kind: str, release: str, target: str, jobs: int) -> Sequence[Backend]:
    """Return what builds `target` of a tree of `kind` and `release`; '' is the recipe's first, `both` all of QEMU's.

    `jobs` is how many processes run at a time, 0 for the tools' own choice. Raises UserError `no-recipe` and
    `unknown-target`.
    """
    if kind == "qemu":
        return _qemu(release, target, jobs)
    from qpatch.builds.kernel.backends import kernel_backend

    if target == BOTH:
        raise UserError("unknown-target", "`both` is for QEMU: a kernel is built for one target at a time")
    return [kernel_backend(release, target, jobs)]


def _qemu(release: str, target: str, jobs: int) -> Sequence[Backend]:
    from qpatch.builds.qemu.backend import QemuBackend
    from qpatch.builds.recipe import qemu_recipe

    recipe = qemu_recipe(release)
    known = list(recipe.targets)
    wanted = known if target == BOTH else [target or known[0]]
    return [QemuBackend(recipe, name, jobs) for name in wanted]
