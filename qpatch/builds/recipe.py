# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipes: one data file per release that says how it is configured; a new release is one more file.

A tree is built by the recipe of its kind whose release is the nearest that is not newer than the tree's own: the next
stable release and a developer's branch need none of their own. Recipes in the folder `recipes` beside the user's
config.yaml are known too: a vendor's tree may need options of its own.
"""

from __future__ import annotations

import hashlib
import re
from importlib import resources
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qpatch.errors import Location, UserError
from qpatch.trees.places import configuration_file
from qpatch.yamltext import read_yaml_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

FOLDER = "recipes"


class RecipeModel(BaseModel):
    """What all parts of a recipe have in common: keys are written with dashes, unknown ones are errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        alias_generator=lambda name: name.rstrip("_").replace("_", "-"),
    )


Model = TypeVar("Model", bound=RecipeModel)


class QemuTarget(RecipeModel):
    """One target of QEMU: the file that ninja makes, files that only the build needs."""

    goal: str
    files: dict[str, str] = Field(default_factory=dict)


class PackagedRelease(RecipeModel):
    """Debian suites that have a release's binaries; `version` is a shell pattern.

    A backport needs the suite it was made for beside it.
    """

    suites: Annotated[tuple[str, ...], Field(min_length=1)]
    version: str


class QemuRecipe(RecipeModel):
    """How a release of QEMU is configured, for all its targets at once, and what is built.

    `python` lists what pip installs into the virtual environment that configure runs in; `meson_option` says that
    configure takes `--meson` and `--ninja`; `files` are those that only the build needs, whatever the target.
    `borrowed` lists directories that release archives have and git has not: submodules and subprojects.
    `prebuilt` tells where a distribution's own binaries are to be had, in the order to try.
    """

    from_: str
    kind: str
    python: tuple[str, ...]
    meson_option: bool = False
    configure: tuple[str, ...]
    targets: dict[str, QemuTarget]
    files: dict[str, str] = Field(default_factory=dict)
    borrowed: tuple[str, ...] = ()
    prebuilt: tuple[PackagedRelease, ...] = ()

    @property
    def digest(self) -> str:
        """A short name for exactly this recipe; where binaries are to be had is no part of it."""
        return hashlib.sha256(self.model_dump_json(exclude={"prebuilt"}).encode()).hexdigest()[:12]


def qemu_recipe(release: str) -> QemuRecipe:
    """Return the recipe for QEMU's `release`, such as `10.2.2`.

    Raises UserError `no-recipe` where every recipe is for a newer release, `bad-recipe` for a wrong file.
    """
    return nearest("qemu", release, QemuRecipe)


def nearest(kind: str, release: str, model: type[Model]) -> Model:
    """Return the recipe of `kind` (qemu, linux) for `release`; see the head of this module, and `qemu_recipe`."""
    known = sorted(
        ((_numbers(content["from"]), file, content) for file, content in _contents() if content.get("kind") == kind),
        key=itemgetter(0),
    )
    fitting = [(file, content) for oldest, file, content in known if oldest <= _numbers(release)]
    if not fitting:
        raise UserError(
            "no-recipe",
            f"there is no recipe to build {kind} {release}",
            hint=f"The oldest is for {known[0][2]['from']}." if known else "",
        )
    file, content = fitting[-1]
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise UserError("bad-recipe", _validation_message(error), where=Location(str(file))) from error


def _validation_message(error: ValidationError) -> str:
    """Return what is wrong, one line for each thing."""
    return "\n".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())


def _contents() -> Iterator[tuple[Path | Traversable, dict[str, Any]]]:
    """Yield the recipes: those that ship, then the user's own, which win where both are as near."""
    own = configuration_file().parent / FOLDER
    for folder in (resources.files(__package__).joinpath(FOLDER), own):
        for file in sorted(folder.iterdir(), key=str) if folder.is_dir() else ():
            if file.name.endswith(".yaml"):
                yield file, _read(file)


def _read(file: Path | Traversable) -> dict[str, Any]:
    content = read_yaml_file(file, "bad-recipe")
    if not isinstance(content, dict) or not {"kind", "from"} <= content.keys():
        raise UserError("bad-recipe", "a recipe has the keys `kind` and `from`", where=Location(str(file)))
    if not isinstance(content["from"], str) or not _numbers(content["from"]):
        raise UserError(
            "bad-recipe",
            f'`from: {content["from"]}` is no release: write it as in `from: "10.2"`',
            where=Location(str(file)),
        )
    return content


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", release)[:3])
