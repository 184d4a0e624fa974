"""The only module that runs git: reading a repository, and writing to one that is ours.

`Repository` never writes unless a method says so, and runs git with the user's configuration kept out of every
operation whose bytes matter, so that the same input gives the same output on every machine.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class GitError(EnvironmentFault):
    """git exited with an error; `stderr` is what it said."""

    def __init__(self, arguments: Sequence[str], stderr: str) -> None:
        super().__init__("git-failed", f"git {' '.join(arguments)}: {stderr.strip()}")
        self.stderr = stderr


class Repository:
    """A git repository, bare or not, at `path` (the work tree's top or the git directory)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *arguments: str, stdin: bytes | None = None, environment: Mapping[str, str] | None = None) -> bytes:
        """Run git in this repository and return its standard output.

        Raises GitError where git fails; `environment` is added to the process's own.
        """
        try:
            done = subprocess.run(["git", *arguments], cwd=self.path, input=stdin, capture_output=True, check=False,
                                  env={**isolated_environment(), **(environment or {})})
        except FileNotFoundError as error:
            raise EnvironmentFault("git-missing", "git was not found on PATH") from error
        if done.returncode:
            raise GitError(arguments, done.stderr.decode(errors="replace"))
        return done.stdout


def isolated_environment() -> dict[str, str]:
    """Return the environment for git without the user's and the system's configuration and without GIT_*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C", "TZ": "UTC"}
