# SPDX-License-Identifier: GPL-2.0-or-later
"""What a recipe says about a release of Linux."""

from __future__ import annotations

import hashlib
from importlib import resources

from pydantic import Field

from qpatch.builds.recipe import FOLDER, RecipeModel, nearest
from qpatch.errors import UserError
from qpatch.trees.places import configuration_file


class HeaderPackage(RecipeModel):
    """Where Debian has the headers of a kernel: the package `package` of `suite`.

    `compiler` is the version of gcc that they are configured for.
    """

    suite: str
    compiler: int
    package: str = "linux-headers-amd64"


class ModulesRecipe(RecipeModel):
    """How modules are built against a distribution's headers.

    `directories` hold their sources, `headers` are patterns of the tree's headers that stand before those of the
    package, `options` are set besides the package's configuration, `packages` are the packages to choose from, the
    best first. `steps` is about how many commands a build from nothing runs, for the progress bar alone.
    """

    directories: tuple[str, ...]
    headers: tuple[str, ...] = ()
    options: dict[str, str] = Field(default_factory=dict)
    packages: tuple[HeaderPackage, ...]
    steps: int | None = None


class KernelRecipe(RecipeModel):
    """How a whole kernel is built: `configuration` names a file beside the recipes, laid over `base`.

    `options` are added to it for this release. `essential` are patterns of options that the release must accept.
    `directories` are compiled for a changed header as long as the whole was never built. `image` is the kernel, as
    make places it; for `steps` see `ModulesRecipe`.
    """

    base: str = "tinyconfig"
    configuration: str
    options: dict[str, str] = Field(default_factory=dict)
    essential: tuple[str, ...] = ()
    directories: tuple[str, ...]
    image: str
    steps: int | None = None


class LinuxRecipe(RecipeModel):
    """How a release of Linux is built; a target that is None is not for it."""

    from_: str
    kind: str
    modules: ModulesRecipe | None = None
    kernel: KernelRecipe | None = None


def linux_recipe(release: str) -> LinuxRecipe:
    """Return the recipe for `release` of Linux, such as `6.12.107`.

    Raises UserError `no-recipe` where every recipe is for a newer release, `bad-recipe` for a wrong file.
    """
    return nearest("linux", release, LinuxRecipe)


def configuration(name: str) -> bytes:
    """Return the kernel configuration `name` from among the recipes; the user's own wins.

    Raises UserError `bad-recipe` where there is none.
    """
    for folder in (configuration_file().parent / FOLDER, resources.files("qpatch.builds").joinpath(FOLDER)):
        if (file := folder.joinpath(name)).is_file():
            return file.read_bytes()
    raise UserError("bad-recipe", f"there is no kernel configuration {name} beside the recipes")


def digest(recipe: RecipeModel, *contents: bytes) -> str:
    """Return a short name for exactly this recipe, with the `contents` of the files that it names."""
    parts = (recipe.model_dump_json().encode(), *contents)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]
