# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts a new strategy from a commented skeleton, and tells what of a skeleton has not been written yet."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING

from qpatch.errors import Location, UserError
from qpatch.strategy.places import TEMPLATES, shown
from qpatch.strategy.schema import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qpatch.strategy.load import LoadedStrategy

_PLACEHOLDER = "@NAME@"
_STRATEGY = "strategy.yaml"
_TEMPLATES = ("cover.j2", "01-first-patch.j2")
_TODO = re.compile(r'TODO(?:_\w+|: [^"\n]*[^"#}\s])')


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


def untouched(loaded: LoadedStrategy) -> Iterator[UserError]:
    """Yield an error for each line of the strategy and its own templates that still says what the skeleton says.

    Other texts that begin with TODO are the user's own: a cover letter may well have some.
    """
    todo = {words for file in (_STRATEGY, *_TEMPLATES) for words in _TODO.findall(_text(file, loaded.name))}
    templates = loaded.file.resolve().parent.parent / TEMPLATES / loaded.name
    for file in (loaded.file, *sorted(templates.glob("*.j2"))):
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            left = next((words for words in _TODO.findall(line) if words in todo), None)
            if left is not None:
                message = f"still as `qpatch strategy new` wrote it: {left!r}"
                yield UserError("strategy-skeleton", message, where=Location(shown(file), number))


def _text(file: str, name: str) -> str:
    skeleton = resources.files("qpatch.strategy").joinpath("skeleton", file)
    return skeleton.read_text(encoding="utf-8").replace(_PLACEHOLDER, name)
