# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in for `qpatch.lab.definitions.release` in a bundle: the table of releases, as it was checked by qpatch."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from qpatch.lab.carried.plain import load

Value = bool | int | str
TABLE = "release.json"


@cache
def table() -> Any:
    """Return the table."""
    return load(json.loads(resources.files(__package__).joinpath(TABLE).read_text(encoding="utf-8")))
