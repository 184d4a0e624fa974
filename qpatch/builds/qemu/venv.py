# SPDX-License-Identifier: GPL-2.0-or-later
"""The Python environments that QEMU's configure wants: meson in a version that fits the release, and its helpers."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from qpatch.builds.running import Runner
from qpatch.builds.toolchain import build_environment
from qpatch.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.builds.backend import BuildDirectories

_COMPLETE = "complete"


def python_environment(packages: Sequence[str], place: BuildDirectories) -> Path:
    """Return the directory of programs of a virtual environment with `packages`, made when first asked for.

    Releases that want the same packages share it. Raises EnvironmentFault `pip-failed`.
    """
    digest = hashlib.sha256("\n".join([sys.version, sys.executable, *packages]).encode()).hexdigest()[:12]
    directory = place.shared / f"python-{digest}"
    if not (directory / _COMPLETE).exists():
        directory.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(directory.with_suffix(".lock")):
            if not (directory / _COMPLETE).exists():
                _make(directory, packages, place)
    return directory / "bin"


def _make(directory: Path, packages: Sequence[str], place: BuildDirectories) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    runner = Runner(build_environment(place), place.log, place.lock)
    empty = [sys.executable, "-m", "venv", *([] if packages else ["--without-pip"]), str(directory)]
    install = [str(directory / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *packages]
    for command in (empty, install) if packages else (empty,):
        ran = runner.run(command, directory.parent)
        if not ran.succeeded:
            last = "\n".join(ran.output.splitlines()[-5:])
            raise EnvironmentFault(
                "pip-failed", f"{Path(command[0]).name} failed:\n{last}", hint=f"The log: {place.log}"
            )
    (directory / _COMPLETE).touch()
