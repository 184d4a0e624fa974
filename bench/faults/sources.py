# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies of the lab's own C sources with a fault in them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from qpatch.lab.preload.artifacts import SOURCES
from qpatch.strategy.places import shipped

if TYPE_CHECKING:
    from pathlib import Path

    from bench.faults.catalogue import Fault


def planted_sources(fault: Fault, directory: Path) -> Path:
    """Copy the sources to `directory`, make the edits of `fault`, and return it. Raises as `planted_files`."""
    if directory.exists():
        shutil.rmtree(directory)
    shutil.copytree(shipped() / SOURCES, directory)
    for file, text in planted_files(fault).items():
        (directory / file).write_text(text, encoding="utf-8")
    return directory


def planted_files(fault: Fault) -> dict[str, str]:
    """Return the files that `fault` changes, with its edits made one after the other.

    Raises ValueError where the text that an edit replaces is not there, or more than once.
    """
    files: dict[str, str] = {}
    for edit in fault.entry.edits:
        text = files.get(edit.file) or (shipped() / SOURCES / edit.file).read_text(encoding="utf-8")
        if text.count(edit.old) != 1:
            raise ValueError(f"{fault.name}: {edit.file} has {text.count(edit.old)} times {edit.old!r}")
        files[edit.file] = text.replace(edit.old, edit.new)
    return files
