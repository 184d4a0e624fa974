# SPDX-License-Identifier: GPL-2.0-or-later
"""The catalogue of errors (qpatch/errors.yaml): the remedy for each code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import yaml


@dataclass(frozen=True)
class CatalogueEntry:
    """What is said with every error of one code: `remedy` is what the user does."""

    remedy: str


@lru_cache(maxsize=1)
def catalogue() -> dict[str, CatalogueEntry]:
    """Return the entries by their code."""
    text = resources.files("qpatch").joinpath("errors.yaml").read_text(encoding="utf-8")
    entries = yaml.load(text, yaml.CSafeLoader)
    return {code: CatalogueEntry(**entry) for code, entry in entries.items()}
