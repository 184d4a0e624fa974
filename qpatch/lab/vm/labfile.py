# SPDX-License-Identifier: GPL-2.0-or-later
"""What lab.yaml says of migrations in the vm lab."""

from __future__ import annotations

from functools import cache
from importlib import resources

from qpatch.lab.definitions import datafile
from qpatch.lab.definitions.datafile import LabModel


class LabFile(LabModel):
    """What lab.yaml says; the comments there explain each key."""

    kernel: str
    device: str
    slower: int
    memory: int


@cache
def lab_file() -> LabFile:
    """Return what lab.yaml says."""
    return datafile.read(resources.files(__package__).joinpath("lab.yaml"), LabFile)
