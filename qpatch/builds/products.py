# SPDX-License-Identifier: GPL-2.0-or-later
"""What was built, kept by the content it was built from: a second build of the same is a look-up.

A product is a directory with `metadata.json` and the files it names, each with its size and SHA-256. It appears as a
whole or not at all, and one that was damaged since counts as not there.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qpatch.trees.replacing import recover_directories, replaced_directory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

METADATA = "metadata.json"
LOG = "build.log"


@dataclass(frozen=True)
class Product:
    """A product in the store: its directory, and what its metadata.json says."""

    directory: Path
    metadata: Mapping[str, Any]

    @property
    def files(self) -> dict[str, Path]:
        """The files by their names."""
        return {name: self.directory / name for name in self.metadata["products"]}

    @property
    def log(self) -> Path:
        """The file with all that was printed when it was built."""
        return self.directory / LOG

    @property
    def metadata_file(self) -> Path:
        """The file that holds the metadata."""
        return self.directory / METADATA

    @property
    def is_whole(self) -> bool:
        """Whether every file is as it was when it was built."""
        return all(_description(path) == self.metadata["products"][name] for name, path in self.files.items())


class ProductStore:
    """The products in `directory`, each under a key: the content it was built from, and how."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, key: str) -> Product | None:
        """Return the product of `key`, None where there is none or it is damaged."""
        directory = self._directory / key
        try:
            metadata = json.loads((directory / METADATA).read_text(encoding="utf-8"))
            product = Product(directory, metadata)
            return product if product.is_whole else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, key: str, files: Mapping[str, Path], metadata: Mapping[str, Any], log: Path) -> Product:
        """Copy `files` and `log` into the store as the product of `key`, in the place of one that was there.

        Only one process at a time may do so. Raises OSError where the disk is full; the product that was there is then
        there still.
        """
        recover_directories(self._directory)
        place = self._directory / key
        with replaced_directory(place) as new:
            for name, path in files.items():
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, new / name)
            shutil.copy2(log, new / LOG)
            complete = {**metadata, "products": {name: _description(new / name) for name in files}}
            (new / METADATA).write_text(json.dumps(complete, indent=2) + "\n", encoding="utf-8")
        return Product(place, complete)


def _description(path: Path) -> dict[str, object] | None:
    """Return what tells a file from a damaged copy, None where it is not there."""
    if not path.is_file():
        return None
    with path.open("rb") as content:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(content, "sha256").hexdigest()}
