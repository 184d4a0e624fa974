# SPDX-License-Identifier: GPL-2.0-or-later
"""The directory in the cache where one tree is built, again and again.

It holds the checkout, which is switched from commit to commit; build directories, each with the stamp that tells
what it was configured with; the logs; and the products. One process at a time works in it;
what is kept in its products is found without waiting for that one.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from qpatch.builds.backend import BuildDirectories
from qpatch.builds.lock import inherited_lock
from qpatch.builds.products import ProductStore
from qpatch.trees.checkout import Checkout
from qpatch.trees.places import cache_directory, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_DIGITS = 8


@dataclass(frozen=True)
class Stamp:
    """What a build directory was made with, by which command, where, and whether the base was built in it since.

    `inputs` is a digest of the files that configure is made of: ninja does not look at these.
    """

    identity: Mapping[str, str]
    configure: tuple[str, ...]
    directory: str
    inputs: str
    proven: bool = False

    def differences(self, wanted: Stamp) -> Iterator[str]:
        """Yield why a directory that is to be as `wanted` must be made anew."""
        for name, value in wanted.identity.items():
            if self.identity.get(name) != value:
                yield f"{name} was '{self.identity.get(name, '')}' and is '{value}'"
        if self.directory != wanted.directory:
            yield f"it was made in {self.directory}"
        if self.inputs != wanted.inputs:
            yield "what it is configured by has changed"


class BuildWorkspace:
    """The workspace of the tree called `name` from the repository at `repository`, in the directory `builds`."""

    def __init__(self, builds: Path, name: str, repository: Path) -> None:
        builds = builds.resolve()  # as compilers and shells print it, whatever links lead there
        origin = hashlib.sha256(str(repository).encode()).hexdigest()[:_DIGITS]
        self.directory = builds / f"{name}-{origin}"
        self.checkout = Checkout(self.directory)
        self.products = ProductStore(self.directory / "products")
        self._shared = builds / "shared"

    @contextmanager
    def locked(self, waiting: Callable[[str], None]) -> Iterator[int]:
        """Hold the workspace; see `inherited_lock`."""
        with inherited_lock(self.directory / "lock", waiting) as lock:
            yield lock

    def place(self, directory: str, target: str, log: str, lock: int) -> BuildDirectories:
        """Return the build directory of that name, for `target`, with its output in the log of that name."""
        logs = self.directory / "logs" / target
        return BuildDirectories(
            self.checkout.source, self.directory / directory, self._shared, logs / f"{log}.log", lock
        )

    def stamp(self, place: BuildDirectories) -> Stamp | None:
        """Return the stamp of a build directory, None where it was never configured to the end."""
        try:
            content = json.loads(_stamp_file(place).read_text(encoding="utf-8"))
            return Stamp(
                dict(content["identity"]),
                tuple(content["configure"]),
                content["directory"],
                content["inputs"],
                content["proven"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_stamp(self, place: BuildDirectories, stamp: Stamp) -> None:
        """Note what the build directory was made with."""
        write_whole(_stamp_file(place), json.dumps(asdict(stamp), indent=2) + "\n")

    def clear(self, place: BuildDirectories) -> None:
        """Make the build directory an empty one."""
        _stamp_file(place).unlink(missing_ok=True)
        if place.build.exists():
            shutil.rmtree(place.build)
        place.build.mkdir(parents=True)


def _stamp_file(place: BuildDirectories) -> Path:
    return place.build.with_suffix(".json")


def default_workspace(name: str, repository: Path) -> BuildWorkspace:
    """Return the workspace of a tree in the user's cache directory."""
    return BuildWorkspace(cache_directory() / "builds", name, repository)
