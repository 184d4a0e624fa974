# SPDX-License-Identifier: GPL-2.0-or-later
"""Where strategies and their templates are looked for.

In this order: directories given by --strategies, those in QPATCH_STRATEGIES, ./strategies, the user's
data directory, and the strategies that ship with qpatch. The templates of a strategy are in `templates/`
beside the directory of the strategy; those that ship with qpatch come after them, so that shared macros
serve everybody.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

STRATEGIES = "strategies"
TEMPLATES = "templates"
VARIABLE = "QPATCH_STRATEGIES"


def shipped() -> Path:
    """Return the directory with the shipped strategies/ and templates/, in a wheel or in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "shipped"
    return installed if installed.is_dir() else package.parent


def user_strategies() -> Path:
    """Return the directory for the user's own strategies, whether it exists or not."""
    return platformdirs.user_data_path("qpatch") / STRATEGIES


def strategy_directories(extra: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """Return the existing directories to search for strategies, in order, `extra` first."""
    from_environment = (Path(entry) for entry in os.environ.get(VARIABLE, "").split(os.pathsep) if entry)
    candidates = (*extra, *from_environment, Path(STRATEGIES), user_strategies(), shipped() / STRATEGIES)
    existing: dict[Path, Path] = {}
    for candidate in candidates:
        if candidate.is_dir():
            existing.setdefault(candidate.resolve(), candidate)
    return tuple(existing.values())


def template_directories(strategy_file: Path) -> tuple[Path, ...]:
    """Return the directories to search for the templates of `strategy_file`, in order."""
    return (strategy_file.resolve().parent.parent / TEMPLATES, shipped() / TEMPLATES)


def template_file(strategy_file: Path, name: str) -> Path | None:
    """Return the file `name` beside the templates of `strategy_file`, None where there is none inside of them."""
    for directory in template_directories(strategy_file):
        file = directory / name
        if file.is_file() and file.resolve().is_relative_to(directory.resolve()):
            return file
    return None


def shown(path: Path) -> str:
    """Return `path` as messages show it: relative when it lies below the current directory."""
    resolved, here = path.resolve(), Path.cwd()
    return str(resolved.relative_to(here)) if resolved.is_relative_to(here) else str(path)
