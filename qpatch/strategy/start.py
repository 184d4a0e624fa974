# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts a new strategy from a commented skeleton that passes `qpatch strategy check`."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING

from qpatch.errors import UserError
from qpatch.strategy.places import TEMPLATES
from qpatch.strategy.schema import NAME

if TYPE_CHECKING:
    from pathlib import Path

_PLACEHOLDER = "@NAME@"
_STRATEGY = "strategy.yaml"
_TEMPLATES = ("cover.j2", "01-first-patch.j2")


def new_strategy(name: str, directory: Path) -> tuple[Path, ...]:
    """Write the skeleton of the strategy `name` into `directory` and the templates/ beside it.

    Returns the files written. Raises UserError for a name that is none and for a file that exists already.
    """
    if not re.match(NAME, name):
        raise UserError(
            "strategy-name",
            f"{name!r} is no name for a strategy",
            hint="Lower-case words with hyphens between them, such as save-state.",
        )
    templates = directory.resolve().parent / TEMPLATES / name
    contents = {
        directory / f"{name}.yaml": _text(_STRATEGY, name),
        **{templates / template: _text(template, name) for template in _TEMPLATES},
    }
    for file in contents:
        if file.exists():
            raise UserError("file-exists", f"{file} exists already")
    for file, text in contents.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tuple(contents)


def _text(file: str, name: str) -> str:
    skeleton = resources.files("qpatch.strategy").joinpath("skeleton", file)
    return skeleton.read_text(encoding="utf-8").replace(_PLACEHOLDER, name)
