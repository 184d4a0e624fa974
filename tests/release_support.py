# SPDX-License-Identifier: GPL-2.0-or-later
"""Real releases in tests: one that is not in the cache skips what needs it, and the summary of the run says so."""

from __future__ import annotations

from typing import NoReturn

import pytest

from qpatch.errors import UserError
from qpatch.trees.resolve import Tree, resolve
from qpatch.trees.store import default_store

MISSING = "release missing: "


def need(name: str) -> Tree:
    """Return a release that is in the cache; skip the test where it is not."""
    try:
        return resolve(name)
    except UserError as error:
        if error.code != "tree-not-fetched":
            raise
        skip_missing(name)


def need_all(names: set[str]) -> None:
    """Skip the test where one of the releases is not in the cache."""
    for name in sorted(names - default_store().releases().keys()):
        skip_missing(name)


def skip_missing(name: str, reason: str = "") -> NoReturn:
    """Skip the test because the release `name` is not here."""
    pytest.skip(f"{MISSING}{name}" + (f" ({reason})" if reason else f" (`qpatch tree fetch {name}` brings it)"))
