# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in for `qpatch.lab.definitions.release` in a bundle: what is known of the releases of its QEMUs."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from qpatch.lab.preload.bundled.plain import Plain, load

if TYPE_CHECKING:
    from collections.abc import Iterable

Value = bool | int | str
TABLE = "release.json"


class BundledReleases(Plain):
    """The table of releases; `lacking` says why a release has not got a feature, by both their names."""

    lacking: dict[str, str]

    def missing(self, features: Iterable[str], release: tuple[int, int]) -> str:
        """Return why `release` cannot do what needs `features`, or ''."""
        return next(filter(None, (self.lacking[key_of(feature, release)] for feature in features)), "")


def key_of(feature: str, release: tuple[int, int]) -> str:
    """Return the key of `lacking`."""
    return f"{feature} {release[0]}.{release[1]}"


@cache
def table() -> Any:
    """Return the table."""
    return BundledReleases(**vars(load(json.loads(resources.files(__package__).joinpath(TABLE).read_text("utf-8")))))
