# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of a kernel tree that modules are built from, as symbolic links: objects cannot lie in the checkout.

make follows links to the files' own times, so switching the checkout is seen here; and a compiler that finds a
header beside its file finds the link. (Before 6.13 kbuild cannot put the objects of modules elsewhere.)
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.builds.kernel.recipe import ModulesRecipe


def update_mirror(mirror: Path, source: Path, recipe: ModulesRecipe) -> None:
    """Make `mirror` show what the checkout `source` holds of the modules' sources and headers."""
    wanted = {str(file.relative_to(source)): file for file in _sources(source, recipe)}
    for link in _links(mirror):
        path = str(link.relative_to(mirror))
        if wanted.get(path) != link.readlink():
            link.unlink()
        else:
            del wanted[path]
    for path, file in wanted.items():
        (mirror / path).parent.mkdir(parents=True, exist_ok=True)
        (mirror / path).symlink_to(file)


def _sources(source: Path, recipe: ModulesRecipe) -> Iterator[Path]:
    for directory in recipe.directories:
        for folder, _, names in os.walk(source / directory):
            yield from (Path(folder, name) for name in names)
    for pattern in recipe.headers:
        yield from source.glob(pattern)


def _links(mirror: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(mirror):
        yield from (file for name in names if (file := Path(folder, name)).is_symlink())
